//! The connection to a broker, and its end.

use std::time::Duration;

use async_nats::{
    Client, ConnectOptions, Event,
    jetstream::{Context, context::ContextBuilder},
};
use tokio::sync::watch;

use super::address::{Address, Login};
use crate::store::StoreError;

/// How long the broker may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A connection, which is made again when it ends.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) context: Context,
    /// How often it has ended.
    ends: watch::Receiver<u64>,
}

impl Connection {
    pub(super) async fn open(address: &Address) -> Result<Self, StoreError> {
        let (count, ends) = watch::channel(0);
        let options = ConnectOptions::new()
            .name("hms-webhook")
            .connection_timeout(ANSWER_WITHIN)
            .request_timeout(Some(ANSWER_WITHIN))
            .ping_interval(Duration::from_secs(5))
            .reconnect_delay_callback(|attempts| Duration::from_millis(100).saturating_mul(attempts.min(10) as u32))
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected) {
                    count.send_modify(|ends| *ends += 1);
                }
                std::future::ready(())
            });
        let options = match &address.login {
            Some(Login::User { name, password }) => options.user_and_password(name.clone(), password.clone()),
            Some(Login::Token(token)) => options.token(token.clone()),
            None => options,
        };
        let hosts: Vec<String> = address.hosts.iter().map(|host| format!("nats://{host}")).collect();
        let client = options.connect(hosts).await.map_err(|error| {
            StoreError::new(format!("no broker at {address} lets this server in: see that it runs, and who may log in"))
                .because(error)
        })?;
        let context = ContextBuilder::new().timeout(ANSWER_WITHIN).build(client.clone());
        Ok(Self { client, context, ends })
    }

    pub(super) fn interruption(&self) -> Interruption {
        let mut ends = self.ends.clone();
        ends.mark_unchanged();
        Interruption(ends)
    }
}

/// That the connection ends from now on: what was asked by it is not answered any more.
pub(super) struct Interruption(watch::Receiver<u64>);

impl Interruption {
    /// What `work` comes to; `None` if the connection ends before.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            _ = self.0.changed() => None,
        }
    }
}

//! Files that are read anew while requests are answered.

use std::time::Duration;

use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::settings::PreparedServing;
use crate::service::WebhookService;

const EVERY: Duration = Duration::from_secs(1);

/// Reads secrets and certificates anew every second, until what it returns is dropped. `None` where no file is read.
pub(super) fn every_second(service: &WebhookService, serving: &PreparedServing) -> Option<Rereading> {
    if !service.has_secret_files() && !serving.has_files() {
        return None;
    }
    let (service, serving) = (service.clone(), serving.clone());
    Some(Rereading(tokio::spawn(async move {
        let mut clock = interval(EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let (service, serving) = (service.clone(), serving.clone());
            // A file may be on a disk that hangs.
            let read = move || {
                service.reread_secrets();
                serving.reread();
            };
            let _ = tokio::task::spawn_blocking(read).await;
        }
    })))
}

/// Ends with this value.
pub(super) struct Rereading(JoinHandle<()>);

impl Drop for Rereading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! What a connection hears that is over a limit.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
};

use super::transport::Transport;
use crate::rejection::Rejection;

/// How many refused connections are told so at a time. Further ones are closed without a word.
const REFUSALS: usize = 128;
/// How long a refused peer may take to read the answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much of its request is thrown away meanwhile.
const REQUEST: u64 = 64 * 1024;

/// Tells refused connections so, without holding up the others.
#[derive(Debug, Clone)]
pub(super) struct Refuser(Arc<Semaphore>);

impl Default for Refuser {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(REFUSALS)))
    }
}

impl Refuser {
    /// Answers the first request of a connection, whatever it is, with `rejection`, and closes it.
    pub(super) fn refuse(&self, transport: Transport, rejection: Rejection) {
        let Ok(permit) = self.0.clone().try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _ = tokio::time::timeout(PATIENCE, tell(transport, rejection)).await;
            drop(permit);
        });
    }
}

async fn tell(mut transport: Transport, rejection: Rejection) -> std::io::Result<()> {
    let answer = rejection.into_http_1();
    transport.write_all(answer.as_bytes()).await?;
    transport.shutdown().await?;
    // Closing it with unread bytes would take the answer back.
    tokio::io::copy(&mut transport.take(REQUEST), &mut tokio::io::sink()).await?;
    Ok(())
}

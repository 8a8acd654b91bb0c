//! Files that are read anew while requests are answered.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::service::WebhookService;

const EVERY: Duration = Duration::from_secs(1);

/// Reads the secrets anew every second, until what it returns is dropped.
pub(super) fn every_second(service: WebhookService) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut clock = interval(EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let service = service.clone();
            // A file may be on a disk that hangs.
            let _ = tokio::task::spawn_blocking(move || service.reread_secrets()).await;
        }
    }))
}

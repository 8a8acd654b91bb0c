//! How many requests are worked on at a time.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{limits::Limits, rejection::Rejection};

/// Places for requests. Nobody waits for one: without a free place a request is refused at once.
#[derive(Debug)]
pub(crate) struct Capacity {
    uploads: Semaphore,
    requests: Semaphore,
    /// What requests that the platform waits for may take of all places. The rest is kept for notifications.
    waited_for: Semaphore,
}

/// Places that are free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    _waited_for: Option<SemaphorePermit<'a>>,
    _request: SemaphorePermit<'a>,
}

impl Capacity {
    pub(crate) fn new(limits: &Limits) -> Self {
        let places = |count: usize| Semaphore::new(count.min(Semaphore::MAX_PERMITS));
        Self {
            uploads: places(limits.uploads),
            requests: places(limits.requests),
            waited_for: places(limits.requests - limits.requests / 8),
        }
    }

    /// A place for a request whose body is arriving.
    pub(crate) fn upload(&self) -> Result<SemaphorePermit<'_>, Rejection> {
        self.uploads.try_acquire().map_err(|_| Rejection::BodiesFull)
    }

    /// A place for a signed request.
    pub(crate) fn admit(&self, is_waited_for: bool) -> Result<Place<'_>, Rejection> {
        Ok(Place {
            _waited_for: is_waited_for.then(|| take(&self.waited_for)).transpose()?,
            _request: take(&self.requests)?,
        })
    }
}

fn take(places: &Semaphore) -> Result<SemaphorePermit<'_>, Rejection> {
    places.try_acquire().map_err(|_| Rejection::Overloaded)
}

//! How many requests are worked on at a time.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::{limits::Limits, rejection::Rejection};

/// Places for requests. Nobody waits for one: without a free place a request is refused at once.
#[derive(Debug)]
pub(crate) struct Capacity {
    uploads: Places,
    requests: Places,
    /// What requests that the platform waits for may take of all places. The rest is kept for notifications.
    waited_for: Places,
}

/// Places that are free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    _waited_for: Option<Place<'a>>,
    _request: Place<'a>,
}

impl Capacity {
    pub(crate) fn new(limits: &Limits) -> Self {
        let places = |count: usize| Places(AtomicUsize::new(count));
        Self {
            uploads: places(limits.uploads),
            requests: places(limits.requests),
            waited_for: places(limits.requests - limits.requests / 8),
        }
    }

    /// A place for a request whose body is arriving.
    pub(crate) fn upload(&self) -> Result<Place<'_>, Rejection> {
        self.uploads.take().ok_or(Rejection::BodiesFull)
    }

    /// A place for a signed request.
    pub(crate) fn admit(&self, is_waited_for: bool) -> Result<Admitted<'_>, Rejection> {
        let waited_for = is_waited_for.then(|| self.waited_for.take().ok_or(Rejection::Overloaded)).transpose()?;
        let request = self.requests.take().ok_or(Rejection::Overloaded)?;
        Ok(Admitted { _waited_for: waited_for, _request: request })
    }
}

/// A number of places; that of the free ones. A semaphore would keep a list of those who wait, and nobody does.
#[derive(Debug)]
struct Places(AtomicUsize);

/// A place, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Places);

impl Places {
    fn take(&self) -> Option<Place<'_>> {
        self.0.fetch_update(Relaxed, Relaxed, |free| free.checked_sub(1)).ok()?;
        Some(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Relaxed);
    }
}

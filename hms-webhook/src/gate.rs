//! How many calls of one tool run at a time, and whether one more would be answered in time.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::deadline::Deadline;

/// The entrance of a tool that has `concurrency`.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Arc<Semaphore>,
    most: u32,
    /// Calls that were admitted and have not entered yet.
    waiting: AtomicUsize,
    /// How long a call takes, in microseconds: an average in which a call counts half as much after five more.
    typical: AtomicU64,
}

impl Gate {
    pub(crate) fn new(most: NonZeroU32) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(most.get() as usize)),
            most: most.get(),
            waiting: AtomicUsize::new(0),
            typical: AtomicU64::new(0),
        })
    }

    /// A ticket for a call that is waited for until `deadline`; or by how much it would be late.
    ///
    /// Who finds a free place is always let in: otherwise a tool that was too slow once would never run again.
    pub(crate) fn admit(self: &Arc<Self>, deadline: Deadline) -> Result<Ticket, Duration> {
        let queue = self.waiting.load(Relaxed);
        let free = self.places.available_permits();
        if queue >= free {
            let typical = Duration::from_micros(self.typical.load(Relaxed));
            let before = u32::try_from(queue - free).unwrap_or(u32::MAX).saturating_add(1);
            let expected = (typical / self.most).saturating_mul(before).saturating_add(typical);
            let late = expected.saturating_sub(deadline.remaining());
            if !late.is_zero() {
                return Err(late);
            }
        }
        self.waiting.fetch_add(1, Relaxed);
        Ok(Ticket(self.clone()))
    }

    fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let _ = self.typical.fetch_update(Relaxed, Relaxed, |typical| {
            Some(if typical == 0 { took } else { typical - typical / 8 + took / 8 })
        });
    }
}

/// The right to wait for a place.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<Gate>);

impl Ticket {
    /// Waits for a place. Those that wait enter in their order.
    pub(crate) async fn enter(self) -> Entered {
        let place = self.0.places.clone().acquire_owned().await.ok();
        Entered { gate: self.0.clone(), since: Instant::now(), _place: place }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

/// A place, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Entered {
    gate: Arc<Gate>,
    since: Instant,
    /// `None` never happens: nobody closes the semaphore.
    _place: Option<OwnedSemaphorePermit>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.gate.note(self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(most: u32) -> Arc<Gate> {
        Gate::new(NonZeroU32::new(most).unwrap())
    }

    fn within(milliseconds: u64) -> Deadline {
        Deadline::after(Duration::from_millis(milliseconds))
    }

    async fn pass(gate: &Arc<Gate>, milliseconds: u64) {
        let entered = gate.admit(Deadline::never()).unwrap().enter().await;
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
        drop(entered);
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_are_admitted_as_can_be_answered_in_time() {
        let gate = gate(2);
        pass(&gate, 100).await;
        let _running =
            [gate.admit(within(1000)).unwrap().enter().await, gate.admit(within(1000)).unwrap().enter().await];
        // Two at a time of 100 ms each: the place of the n-th that waits is free after n times 50 ms.
        let mut tickets = Vec::new();
        let late = loop {
            match gate.admit(within(300)) {
                Ok(ticket) => tickets.push(ticket),
                Err(late) => break late,
            }
        };
        assert_eq!((tickets.len(), late), (4, Duration::from_millis(50)));
        tickets.pop();
        assert!(gate.admit(within(300)).is_ok(), "who gives up makes room");
        assert!(gate.admit(Deadline::never()).is_ok(), "who has time waits");
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_was_too_slow_is_tried_again() {
        let gate = gate(1);
        pass(&gate, 60_000).await;
        let running = gate.admit(within(100)).unwrap().enter().await;
        assert!(gate.admit(within(100)).is_err());
        drop(running);
        assert!(gate.admit(within(100)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_average_follows_what_happens() {
        let gate = gate(1);
        pass(&gate, 800).await;
        for _ in 0..60 {
            pass(&gate, 8).await;
        }
        let typical = gate.typical.load(Relaxed);
        assert!((8_000..9_000).contains(&typical), "{typical}");
    }
}

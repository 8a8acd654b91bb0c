//! How many connections are open, in total and per address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::limits::Limits;

/// Places for connections.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    most_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The place of one connection; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections,
            most_per_address: limits.connections_per_address,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection, whoever it comes from; `None` when all are taken.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.lock();
        if taken.total >= self.most {
            return None;
        }
        taken.total += 1;
        Some(Place { places: self.clone(), address: None })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Counts the connection among those of `address`; `None`, and the place free again, when they are too many.
    pub(super) fn belongs_to(mut self, address: IpAddr) -> Option<Self> {
        let address = network(address);
        if !self.places.lock().count(address, self.places.most_per_address) {
            return None;
        }
        self.address = Some(address);
        Some(self)
    }
}

impl Taken {
    fn count(&mut self, address: IpAddr, most: usize) -> bool {
        let count = self.by_address.entry(address).or_default();
        let is_free = *count < most;
        *count += usize::from(is_free);
        is_free
    }
}

/// One sender has a whole /64 of IPv6 to choose addresses from.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() >> 64 << 64).into()),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.total -= 1;
        if let Some(address) = self.address
            && let Some(count) = taken.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

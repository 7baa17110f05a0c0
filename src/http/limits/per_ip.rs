//! How much of something one address has, so that no caller takes all of it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// What addresses have.
pub(in crate::http) struct Shares {
    most: u64,
    taken: Mutex<HashMap<IpAddr, u64>>,
}

/// A share of an address, until it is dropped.
pub(in crate::http) struct Share {
    shares: Arc<Shares>,
    address: IpAddr,
}

impl Shares {
    /// Each address may have so many.
    pub(in crate::http) fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// One more for an address; nothing where it has as many as it may.
    pub(in crate::http) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(&address).copied().unwrap_or(0);
        if count >= self.most {
            return None;
        }
        taken.insert(address, count + 1);
        Some(Share { shares: self.clone(), address })
    }

    #[cfg(test)]
    pub(in crate::http) fn is_empty(&self) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

//! Bounded counter per client IP: a slot is released when it is dropped.
//!
//! Used for the limits on connections and on streams.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// The number of slots in use, by client IP.
pub(in crate::http) struct PerIpCounter {
    limit: u64,
    counts: Mutex<HashMap<IpAddr, u64>>,
}

/// A slot of an address, released when it is dropped.
pub(in crate::http) struct IpSlot {
    counter: Arc<PerIpCounter>,
    address: IpAddr,
}

impl PerIpCounter {
    /// Creates a counter with a limit per client IP.
    pub(in crate::http) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, counts: Mutex::default() })
    }

    /// Takes a slot for a client IP, or returns `None` if it has reached its limit.
    pub(in crate::http) fn try_acquire(self: &Arc<Self>, address: IpAddr) -> Option<IpSlot> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&address).copied().unwrap_or(0);
        if count >= self.limit {
            return None;
        }
        counts.insert(address, count + 1);
        Some(IpSlot { counter: self.clone(), address })
    }

    #[cfg(test)]
    pub(in crate::http) fn is_empty(&self) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for IpSlot {
    fn drop(&mut self) {
        let mut counts = self.counter.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

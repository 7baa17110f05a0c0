//! Counter of slots per client IP, with a limit. A slot is released when it is dropped.
//!
//! The limits on open connections and on streams use this counter.

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

/// A slot that a client IP has taken. It is released when it is dropped.
pub(in crate::http) struct IpSlot {
    counter: Arc<PerIpCounter>,
    address: IpAddr,
}

impl PerIpCounter {
    /// Creates a counter. `limit` is the maximum number of slots for each client IP.
    pub(in crate::http) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, counts: Mutex::default() })
    }

    /// Takes a slot for a client IP. Returns `None` if the client IP has reached its limit.
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

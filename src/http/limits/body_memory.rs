//! Memory limit for request and response bodies, in total and per client IP (`limits.bodies_bytes`).
//!
//! A reservation is released when it is dropped. A response keeps its reservation until its last byte was handed to
//! the socket. Otherwise clients that read slowly could fill the server's memory.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;

use crate::{error_code, http::error::HttpError};

/// Divisor of the total limit. The quotient is the limit for one client IP.
const PER_IP_SHARE: u64 = 4;

/// Counts the memory that request and response bodies take, in total and per client IP.
pub(in crate::http) struct BodyMemory {
    limit: u64,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    total: u64,
    by_ip: HashMap<IpAddr, u64>,
}

/// Body memory that is reserved for a client IP. It is released when the reservation is dropped.
pub(in crate::http) struct Reservation {
    memory: Arc<BodyMemory>,
    address: IpAddr,
    bytes: u64,
}

impl BodyMemory {
    pub(in crate::http) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, counts: Mutex::default() })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an error if the bodies of a client IP, or all bodies together, take more memory than their limit.
    pub(in crate::http) fn check_capacity(&self, address: IpAddr) -> Result<(), HttpError> {
        let counts = self.counts();
        let own = counts.by_ip.get(&address).copied().unwrap_or(0);
        let reason = match () {
            () if own > self.limit / PER_IP_SHARE => {
                "this client IP has too much data in flight, or reads its responses too slowly"
            }
            () if counts.total > self.limit => "the server has too much data in flight",
            () => return Ok(()),
        };
        Err(HttpError::too_many_requests(
            error_code::OVERLOADED,
            format!("{reason} (limits.bodies_bytes): retry in a moment"),
            1,
        ))
    }

    /// Returns an empty reservation for a client IP.
    pub(in crate::http) fn reserve(self: &Arc<Self>, address: IpAddr) -> Reservation {
        Reservation { memory: self.clone(), address, bytes: 0 }
    }

    /// Reserves memory for the bytes of a response, until the last clone of the returned bytes is dropped.
    pub(in crate::http) fn track(self: &Arc<Self>, address: IpAddr, bytes: Bytes) -> Bytes {
        if bytes.is_empty() {
            return bytes;
        }
        let mut reservation = self.reserve(address);
        reservation.grow(bytes.len());
        Bytes::from_owner(TrackedBytes { bytes, _reservation: reservation })
    }

    #[cfg(test)]
    pub(in crate::http) fn is_empty(&self) -> bool {
        let counts = self.counts();
        counts.total == 0 && counts.by_ip.is_empty()
    }
}

impl Reservation {
    /// Adds bytes to the reservation without checking the limit.
    pub(in crate::http) fn grow(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.bytes += bytes;
        let mut counts = self.memory.counts();
        counts.total += bytes;
        *counts.by_ip.entry(self.address).or_insert(0) += bytes;
    }

    /// Adds received bytes to the reservation. Fails if more memory than the limit is reserved.
    pub(in crate::http) fn try_grow(&mut self, bytes: usize) -> Result<(), HttpError> {
        self.grow(bytes);
        self.memory.check_capacity(self.address)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut counts = self.memory.counts();
        counts.total -= self.bytes;
        if let Some(own) = counts.by_ip.get_mut(&self.address) {
            *own -= self.bytes;
            if *own == 0 {
                counts.by_ip.remove(&self.address);
            }
        }
    }
}

/// Response bytes, with the reservation of their memory.
struct TrackedBytes {
    bytes: Bytes,
    _reservation: Reservation,
}

impl AsRef<[u8]> for TrackedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_limited_in_total_and_per_ip() {
        let memory = BodyMemory::new(100);
        let address = |last: u8| IpAddr::from([1, 1, 1, last]);
        let message = |error: Result<(), HttpError>| error.unwrap_err().message().to_owned();
        let mut first = memory.reserve(address(1));
        assert!(first.try_grow(25).is_ok());
        let error = message(first.try_grow(1));
        assert!(error.contains("this client IP") && error.contains("limits.bodies_bytes"), "{error}");
        let others: Vec<Reservation> = (2..6)
            .map(|last| {
                let mut reservation = memory.reserve(address(last));
                reservation.grow(20);
                reservation
            })
            .collect();
        assert!(message(memory.check_capacity(address(9))).contains("the server has too much data in flight"));
        drop(first);
        assert!(memory.check_capacity(address(9)).is_ok() && memory.check_capacity(address(1)).is_ok());
        drop(others);
        assert!(memory.is_empty());
    }

    #[test]
    fn a_response_is_counted_until_its_last_bytes_are_dropped() {
        let (memory, address) = (BodyMemory::new(100), IpAddr::from([1, 1, 1, 1]));
        let mut body = memory.track(address, Bytes::from_static(&[7; 30]));
        assert!(memory.check_capacity(address).is_err());
        let beginning = body.split_to(10);
        drop(beginning);
        assert!(memory.check_capacity(address).is_err());
        drop(body);
        assert!(memory.check_capacity(address).is_ok() && memory.is_empty());
        assert!(memory.track(address, Bytes::new()).is_empty() && memory.is_empty());
    }
}

//! The bytes of bodies that are held, of requests that come and of answers that go: all together, and of one address, so that
//! those who send or take slowly do not fill the memory.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;

use crate::http::graphql::request_error::Refusal;

/// The part of the whole that one address may have.
const PART: u64 = 4;

/// What is held.
pub(in crate::http) struct Memory {
    most: u64,
    held: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: u64,
    of: HashMap<IpAddr, u64>,
}

/// Bytes that are held for an address, until this is dropped.
pub(in crate::http) struct Held {
    memory: Arc<Memory>,
    address: IpAddr,
    bytes: u64,
}

impl Memory {
    pub(in crate::http) fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for more, for an address.
    pub(in crate::http) fn has_room(&self, address: IpAddr) -> Result<(), Refusal> {
        let counts = self.counts();
        let own = counts.of.get(&address).copied().unwrap_or(0);
        let told = match () {
            () if own > self.most / PART => "your address is sending too much at once, or is slow to take its answers",
            () if counts.all > self.most => "too much is sent and asked for at once",
            () => return Ok(()),
        };
        Err(Refusal::too_often("OVERLOADED", format!("{told} (limits.bodies_bytes): try again in a moment"), 1))
    }

    /// Nothing yet, for an address.
    pub(in crate::http) fn hold(self: &Arc<Self>, address: IpAddr) -> Held {
        Held { memory: self.clone(), address, bytes: 0 }
    }

    /// An answer for an address: it is held for as long as somebody has these bytes, or some of them.
    pub(in crate::http) fn hand_out(self: &Arc<Self>, address: IpAddr, bytes: Bytes) -> Bytes {
        if bytes.is_empty() {
            return bytes;
        }
        let mut held = self.hold(address);
        held.grow(bytes.len());
        Bytes::from_owner(Answer { bytes, _held: held })
    }

    #[cfg(test)]
    pub(in crate::http) fn is_empty(&self) -> bool {
        let counts = self.counts();
        counts.all == 0 && counts.of.is_empty()
    }
}

impl Held {
    /// More is held.
    pub(in crate::http) fn grow(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.bytes += bytes;
        let mut counts = self.memory.counts();
        counts.all += bytes;
        *counts.of.entry(self.address).or_insert(0) += bytes;
    }

    /// More has come; an error where there was no room for it.
    pub(in crate::http) fn take_in(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.grow(bytes);
        self.memory.has_room(self.address)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut counts = self.memory.counts();
        counts.all -= self.bytes;
        if let Some(own) = counts.of.get_mut(&self.address) {
            *own -= self.bytes;
            if *own == 0 {
                counts.of.remove(&self.address);
            }
        }
    }
}

/// Bytes, and that they are held.
struct Answer {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_have_room_together_and_each_a_part_of_it() {
        let memory = Memory::new(100);
        let address = |last: u8| IpAddr::from([1, 1, 1, last]);
        let told = |refused: Result<(), Refusal>| refused.unwrap_err().told().1.to_owned();
        let mut first = memory.hold(address(1));
        assert!(first.take_in(25).is_ok());
        let refused = told(first.take_in(1));
        assert!(refused.contains("your address") && refused.contains("limits.bodies_bytes"), "{refused}");
        let others: Vec<Held> = (2..6)
            .map(|last| {
                let mut held = memory.hold(address(last));
                held.grow(20);
                held
            })
            .collect();
        assert!(told(memory.has_room(address(9))).contains("too much is sent"));
        drop(first);
        assert!(memory.has_room(address(9)).is_ok() && memory.has_room(address(1)).is_ok());
        drop(others);
        assert!(memory.is_empty());
    }

    #[test]
    fn an_answer_is_held_until_its_last_bytes_are_gone() {
        let (memory, address) = (Memory::new(100), IpAddr::from([1, 1, 1, 1]));
        let mut answer = memory.hand_out(address, Bytes::from_static(&[7; 30]));
        assert!(memory.has_room(address).is_err());
        let beginning = answer.split_to(10);
        drop(beginning);
        assert!(memory.has_room(address).is_err());
        drop(answer);
        assert!(memory.has_room(address).is_ok() && memory.is_empty());
        assert!(memory.hand_out(address, Bytes::new()).is_empty() && memory.is_empty());
    }
}

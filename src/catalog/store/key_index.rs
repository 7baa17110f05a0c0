//! Hash index from a unique key of a release (id or slug) to its ordinal.
//!
//! The index stores only ordinals, in five bytes per entry, and reads the keys from their column. It is split into
//! shards, and a change copies one shard. The hash seed is random, so clients cannot choose colliding slugs (hash
//! flooding).

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

use hashbrown::HashTable;

/// Number of shards. A change of the index copies one shard.
const SHARDS: usize = 512;

/// Hash index from keys to ordinals.
#[derive(Clone)]
pub(crate) struct KeyIndex {
    shards: Arc<Vec<Arc<HashTable<u32>>>>,
    // The random seed prevents clients from choosing colliding keys.
    hasher: RandomState,
}

impl std::fmt::Debug for KeyIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyIndex")
            .field("len", &self.shards.iter().map(|shard| shard.len()).sum::<usize>())
            .finish_non_exhaustive()
    }
}

impl Default for KeyIndex {
    fn default() -> Self {
        Self { shards: Arc::new(vec![Arc::default(); SHARDS]), hasher: RandomState::new() }
    }
}

impl KeyIndex {
    /// Returns the ordinal of a key, or `None` if the key is not in the index. `key_of` returns the key of an
    /// ordinal.
    pub(crate) fn get<'a, K: Hash + Eq + ?Sized + 'a>(&self, key: &K, key_of: impl Fn(u32) -> &'a K) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.shards[shard(hash)].find(hash, |&ordinal| key_of(ordinal) == key).copied()
    }

    /// Adds an ordinal under a key that is not in the index yet. `key_of` returns the key of an ordinal.
    pub(crate) fn insert<'a, K: Hash + Eq + ?Sized + 'a>(
        &mut self,
        key: &K,
        ordinal: u32,
        key_of: impl Fn(u32) -> &'a K,
    ) {
        let hash = self.hasher.hash_one(key);
        let shards = Arc::make_mut(&mut self.shards);
        let hasher = &self.hasher;
        Arc::make_mut(&mut shards[shard(hash)]).insert_unique(hash, ordinal, |&other| hasher.hash_one(key_of(other)));
    }

    /// Removes an ordinal that was added under a key.
    pub(crate) fn remove<K: Hash + ?Sized>(&mut self, key: &K, ordinal: u32) {
        let hash = self.hasher.hash_one(key);
        let shards = Arc::make_mut(&mut self.shards);
        let table = Arc::make_mut(&mut shards[shard(hash)]);
        if let Ok(entry) = table.find_entry(hash, |&other| other == ordinal) {
            entry.remove();
        }
    }
}

/// Returns the shard for a hash. The hash bits used here are not the bits with which the hash tables distinguish
/// slots.
fn shard(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_keys_are_not_found_and_clones_are_unaffected() {
        let keys: Vec<String> = (0..10_000).map(|n| format!("key-{n}")).collect();
        let key_of = |ordinal: u32| keys[ordinal as usize].as_str();
        let mut index = KeyIndex::default();
        for (ordinal, key) in keys.iter().enumerate() {
            index.insert(key.as_str(), ordinal as u32, key_of);
        }
        let before = index.clone();
        index.remove("key-77", 77);
        assert_eq!(index.get("key-77", key_of), None);
        assert_eq!(before.get("key-77", key_of), Some(77));
        assert!((0..10_000).filter(|&n| n != 77).all(|n| index.get(key_of(n), key_of) == Some(n)));
        assert_eq!(index.get("key-10000", key_of), None);
    }
}

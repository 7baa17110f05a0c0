//! Rows by key, gathered: whatever fields of one answer ask for at a time is fetched in one statement.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use async_graphql::dataloader::{DataLoader, Loader};
use uuid::Uuid;

use super::error::ApiError;
use crate::{
    catalog::{Handle, ReleaseSet},
    newsroom::{
        self, Newsroom,
        list::{Found, Rows},
        revision,
    },
};

/// Fetches releases that were found beside the page: samples of buckets, related ones.
pub type Releases = DataLoader<ReleaseRows>;

/// Fetches bodies that were not fetched with their rows.
pub type Bodies = DataLoader<BodyRows>;

/// One request's way to bodies.
pub struct BodyRows {
    room: Newsroom,
}

/// A revision's body, and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BodyKey {
    pub(super) revision: Uuid,
    pub(super) bytes: usize,
}

/// One request's way to rows.
pub struct ReleaseRows {
    room: Newsroom,
    set: ReleaseSet,
}

/// A release of the viewer's set, and what is wanted of it.
#[derive(Clone)]
pub struct Key {
    item: Handle,
    rows: Rows,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        (self.item.revision_id(), self.rows) == (other.item.revision_id(), other.rows)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.item.revision_id().hash(state);
    }
}

/// The loader of a request, for what a viewer may see.
pub fn releases(room: &Newsroom, set: ReleaseSet) -> Releases {
    DataLoader::new(ReleaseRows { room: room.clone(), set }, tokio::spawn).delay(std::time::Duration::ZERO)
}

/// The loader of a request's bodies. It does not cache them; what is made of them is cached.
pub fn bodies(room: &Newsroom) -> Bodies {
    let loader = DataLoader::new(BodyRows { room: room.clone() }, tokio::spawn).delay(std::time::Duration::ZERO);
    loader.enable_all_cache(false);
    loader
}

impl Loader<BodyKey> for BodyRows {
    type Value = Arc<str>;
    type Error = Arc<newsroom::Error>;

    async fn load(&self, keys: &[BodyKey]) -> Result<HashMap<BodyKey, Arc<str>>, Self::Error> {
        let lengths: Vec<(Uuid, usize)> = keys.iter().map(|key| (key.revision, key.bytes)).collect();
        let mut found = revision::bodies(&self.room, &lengths).await.map_err(Arc::new)?;
        Ok(keys.iter().filter_map(|key| Some((*key, found.remove(&key.revision)?))).collect())
    }
}

/// The rows of some releases, in their order; those whose text was purged meanwhile drop out.
#[expect(clippy::mutable_key_type, reason = "of a key only ids are looked at, which never change")]
pub async fn fetch(loader: &Releases, items: Vec<Handle>, rows: Rows) -> Result<Vec<Found>, ApiError> {
    let keys: Vec<Key> = items.into_iter().map(|item| Key { item, rows }).collect();
    let mut found = loader.load_many(keys.iter().cloned()).await.map_err(|error| ApiError::from((*error).clone()))?;
    Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
}

impl Loader<Key> for ReleaseRows {
    type Value = Found;
    type Error = Arc<newsroom::Error>;

    #[expect(clippy::mutable_key_type, reason = "of a key only ids are looked at, which never change")]
    async fn load(&self, keys: &[Key]) -> Result<HashMap<Key, Found>, Self::Error> {
        let mut by_rows: Vec<(Rows, Vec<Handle>)> = Vec::new();
        for key in keys {
            match by_rows.iter_mut().find(|(rows, _)| *rows == key.rows) {
                Some((_, items)) => items.push(key.item.clone()),
                None => by_rows.push((key.rows, vec![key.item.clone()])),
            }
        }
        let mut found = HashMap::new();
        for (rows, items) in by_rows {
            let fetched = self.room.fetch(&self.set, &items, rows).await.map_err(Arc::new)?;
            found.extend(fetched.into_iter().map(|found| (Key { item: found.item.clone(), rows }, found)));
        }
        Ok(found)
    }
}

//! Data loaders: collect the release rows and bodies that the fields of one request need, and load them in batches.
//!
//! Batches avoid N+1 queries for release bodies, and for releases outside a page (fields `samples` and `related`).
//! Each request has its own loaders. The release loader is restricted to the releases that the viewer may see. The
//! body loader does not cache bodies.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use async_graphql::dataloader::{DataLoader, Loader};
use tokio::task::JoinHandle;
use tracing::Instrument;
use uuid::Uuid;

use super::error::ApiError;
use crate::{
    catalog::{Handle, ReleaseSet},
    newsroom::{
        self, Newsroom,
        reading::list::{FetchedRelease, Projection},
        release::revision,
    },
};

/// Loader of releases that were not loaded with a page: samples of facet buckets, and related releases.
pub type ReleaseLoader = DataLoader<ReleaseFetcher>;

/// Loader of bodies. A page loads only the lengths of bodies with its rows.
pub type BodyLoader = DataLoader<BodyFetcher>;

/// Fetches batches of bodies for one request.
pub struct BodyFetcher {
    newsroom: Newsroom,
}

/// Key for loading a body: the id of its revision, and the length of the body in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BodyKey {
    pub(in crate::graphql) revision: Uuid,
    pub(in crate::graphql) bytes: usize,
}

/// Fetches batches of release rows for one request.
pub struct ReleaseFetcher {
    newsroom: Newsroom,
    set: ReleaseSet,
}

/// Key for loading a release: a release that the viewer may see, and the columns to load.
#[derive(Clone)]
pub struct ReleaseLoadKey {
    item: Handle,
    projection: Projection,
}

impl PartialEq for ReleaseLoadKey {
    fn eq(&self, other: &Self) -> bool {
        (self.item.revision_id(), self.projection) == (other.item.revision_id(), other.projection)
    }
}

impl Eq for ReleaseLoadKey {}

impl Hash for ReleaseLoadKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.item.revision_id().hash(state);
    }
}

/// Creates the release loader of a request, for the releases in `set`.
pub fn release_loader(newsroom: &Newsroom, set: ReleaseSet) -> ReleaseLoader {
    DataLoader::new(ReleaseFetcher { newsroom: newsroom.clone(), set }, spawn).delay(std::time::Duration::ZERO)
}

/// Creates the body loader of a request. The loader does not cache bodies, because the HTML and plain text made from
/// them are cached already.
pub fn body_loader(newsroom: &Newsroom) -> BodyLoader {
    let loader = DataLoader::new(BodyFetcher { newsroom: newsroom.clone() }, spawn).delay(std::time::Duration::ZERO);
    loader.enable_all_cache(false);
    loader
}

/// Spawns the loading of a batch, in the tracing span of the request.
fn spawn(batch: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(batch.in_current_span())
}

impl Loader<BodyKey> for BodyFetcher {
    type Value = Arc<str>;
    type Error = Arc<newsroom::Error>;

    async fn load(&self, keys: &[BodyKey]) -> Result<HashMap<BodyKey, Arc<str>>, Self::Error> {
        let lengths: Vec<(Uuid, usize)> = keys.iter().map(|key| (key.revision, key.bytes)).collect();
        let mut loaded = revision::bodies(&self.newsroom, &lengths).await.map_err(Arc::new)?;
        Ok(keys.iter().filter_map(|key| Some((*key, loaded.remove(&key.revision)?))).collect())
    }
}

/// Loads the rows of releases, in the order of `items`. Leaves out releases that were purged since the request began.
#[expect(clippy::mutable_key_type, reason = "keys are compared by revision and projection, which never change")]
pub async fn load_releases(
    loader: &ReleaseLoader,
    items: Vec<Handle>,
    projection: Projection,
) -> Result<Vec<FetchedRelease>, ApiError> {
    let keys: Vec<ReleaseLoadKey> = items.into_iter().map(|item| ReleaseLoadKey { item, projection }).collect();
    let mut found = loader.load_many(keys.iter().cloned()).await.map_err(|error| ApiError::from((*error).clone()))?;
    Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
}

impl Loader<ReleaseLoadKey> for ReleaseFetcher {
    type Value = FetchedRelease;
    type Error = Arc<newsroom::Error>;

    #[expect(clippy::mutable_key_type, reason = "keys are compared by revision and projection, which never change")]
    async fn load(&self, keys: &[ReleaseLoadKey]) -> Result<HashMap<ReleaseLoadKey, FetchedRelease>, Self::Error> {
        let mut by_projection: Vec<(Projection, Vec<Handle>)> = Vec::new();
        for key in keys {
            match by_projection.iter_mut().find(|(projection, _)| *projection == key.projection) {
                Some((_, items)) => items.push(key.item.clone()),
                None => by_projection.push((key.projection, vec![key.item.clone()])),
            }
        }
        let mut loaded = HashMap::new();
        for (projection, items) in by_projection {
            let fetched = self.newsroom.fetch(&self.set, &items, projection).await.map_err(Arc::new)?;
            loaded.extend(
                fetched.into_iter().map(|loaded| (ReleaseLoadKey { item: loaded.item.clone(), projection }, loaded)),
            );
        }
        Ok(loaded)
    }
}

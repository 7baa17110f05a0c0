//! The request context of resolvers: viewer, current time, pinned snapshot, data loaders and execution state.
//!
//! Time is read once and the snapshot is pinned, so all fields of a response agree. `ResponseMetadata` collects what
//! decides whether the response may be cached: secrets, preview content, expiry time and the releases it contains.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::Context;
use chrono::{DateTime, Utc};
use entity::api_token::Role;
use uuid::Uuid;

use super::{
    response_budget::ResponseBudget,
    scheduler::{Execution, Permits},
};
use crate::{
    auth::viewer::Viewer,
    catalog::{ReleaseSet, View},
    graphql::base::{
        error::ApiError,
        loaders::{self, BodyLoader, ReleaseLoader},
    },
    newsroom::{Newsroom, access::public_id::IdCodec},
};

/// One request: who asks, when, and of what. `now` is read once, and the snapshot is pinned, so all of an answer agrees.
#[derive(Clone)]
pub struct RequestContext {
    /// Who asks.
    pub viewer: Viewer,
    /// When this happened.
    pub now: DateTime<Utc>,
    /// Of what.
    pub snapshot: Arc<View>,
    /// The way to rows of releases that no page holds.
    pub release_loader: Arc<ReleaseLoader>,
    /// The way to bodies that were not fetched with their rows.
    pub body_loader: Arc<BodyLoader>,
    /// What the answer turns out to hold.
    pub response_metadata: Arc<ResponseMetadata>,
    /// What its execution has used, and its permit.
    pub execution: Arc<Execution>,
}

/// What an answer holds that decides how it may be kept.
#[derive(Debug, Default)]
pub struct ResponseMetadata {
    /// A secret that is told once.
    pub has_secret: AtomicBool,
    /// Something that only the holder of a preview link may see.
    pub has_preview: AtomicBool,
    /// The instant from which a number in it is another, though nothing was written.
    pub valid_until: Mutex<Option<DateTime<Utc>>>,
    /// The releases in it.
    pub releases: Mutex<BTreeSet<Uuid>>,
}

impl std::fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestContext").field("viewer", &self.viewer).field("now", &self.now).finish_non_exhaustive()
    }
}

impl RequestContext {
    /// A request of a newsroom as it is now.
    pub fn new(newsroom: &Newsroom, viewer: Viewer, now: DateTime<Utc>) -> Self {
        let snapshot = newsroom.catalog.snapshot_at(now);
        let release_loader = Arc::new(loaders::release_loader(newsroom, snapshot.visible_to(&viewer, now)));
        let body_loader = Arc::new(loaders::body_loader(newsroom));
        Self {
            viewer,
            now,
            snapshot,
            release_loader,
            body_loader,
            response_metadata: Arc::default(),
            execution: Arc::default(),
        }
    }

    /// The same, with a permit needed once its execution is long.
    #[must_use]
    pub fn with_permits(self, permits: Permits) -> Self {
        Self { execution: Arc::new(Execution::new(Some(permits))), ..self }
    }

    /// The answer holds a secret that is told once.
    pub fn mark_secret(&self) {
        self.response_metadata.has_secret.store(true, Ordering::Relaxed);
    }

    /// The answer holds what a preview link shows.
    pub fn mark_preview(&self) {
        self.response_metadata.has_preview.store(true, Ordering::Relaxed);
    }

    /// The answer holds a number that is another from an instant on, though nothing is written.
    pub fn limit_validity(&self, instant: DateTime<Utc>) {
        let mut valid_until = self.response_metadata.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        *valid_until = Some(valid_until.map_or(instant, |earlier| earlier.min(instant)));
    }

    /// The answer shows a release: noted for answers that others may keep.
    pub fn record_release(&self, release: Uuid) {
        if self.viewer.role != Role::Public {
            return;
        }
        self.response_metadata.releases.lock().unwrap_or_else(PoisonError::into_inner).insert(release);
    }

    /// Everything the viewer may see.
    pub fn visible(&self) -> ReleaseSet {
        self.snapshot.visible_to(&self.viewer, self.now)
    }
}

/// What the schema and its requests carry.
pub trait ContextExt {
    /// The newsroom, of the schema.
    fn newsroom(&self) -> &Newsroom;
    /// How keys are told to clients.
    fn ids(&self) -> &IdCodec {
        &self.newsroom().ids
    }
    /// The request's own data.
    fn request(&self) -> &RequestContext;
    /// What its execution has used, and its permit.
    fn execution(&self) -> &Arc<Execution> {
        &self.request().execution
    }
    /// What the answer may hold.
    fn budget(&self) -> &ResponseBudget;
    /// The same text, where there is room for it.
    fn reserve_text<T: AsRef<str>>(&self, text: Option<T>) -> Result<Option<T>, ApiError> {
        let bytes = text.as_ref().map_or(0, |text| text.as_ref().len());
        self.budget().reserve_bytes(bytes).map(|()| text)
    }
}

impl ContextExt for Context<'_> {
    fn newsroom(&self) -> &Newsroom {
        self.data_unchecked::<Newsroom>()
    }

    fn request(&self) -> &RequestContext {
        self.data_unchecked::<RequestContext>()
    }

    fn budget(&self) -> &ResponseBudget {
        self.data_unchecked::<Arc<ResponseBudget>>()
    }
}

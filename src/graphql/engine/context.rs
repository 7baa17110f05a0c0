//! The request context of resolvers: viewer, current time, pinned snapshot, data loaders and execution state.
//!
//! A request reads the time once and pins one catalog snapshot, so all fields of its response agree.
//! `ResponseMetadata` collects the facts that decide whether and how long a response may be cached: whether it
//! contains secrets or preview content, when it becomes stale, and which releases it contains.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
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

/// The context that all resolvers of one request share. They use the same instant and the same snapshot, so all parts
/// of the response agree.
#[derive(Clone)]
pub struct RequestContext {
    /// The caller with its role.
    pub viewer: Viewer,
    /// The instant for which the request is evaluated.
    pub now: DateTime<Utc>,
    /// The catalog snapshot that the whole request reads.
    pub snapshot: Arc<View>,
    /// Loads rows of releases that were not loaded with a page, in batches.
    pub release_loader: Arc<ReleaseLoader>,
    /// Loads bodies that were not loaded with their rows, in batches.
    pub body_loader: Arc<BodyLoader>,
    /// Facts about the response, collected during execution.
    pub response_metadata: Arc<ResponseMetadata>,
    /// CPU time and reads of the operation so far, and its permit if it is a long operation.
    pub execution: Arc<Execution>,
}

/// Facts about a response that decide whether and how long it may be cached.
#[derive(Debug, Default)]
pub struct ResponseMetadata {
    /// Whether the response contains a secret that is shown only once, such as a new token.
    pub has_secret: AtomicBool,
    /// Whether the response contains content that only the holder of a preview link may see.
    pub has_preview: AtomicBool,
    /// The first instant at which a value in the response changes although nothing is written, such as a count that
    /// depends on the current day. None if there is no such instant.
    pub valid_until: Mutex<Option<DateTime<Utc>>>,
    /// Keys of the releases in the response.
    pub releases: Mutex<BTreeSet<Uuid>>,
}

impl std::fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestContext").field("viewer", &self.viewer).field("now", &self.now).finish_non_exhaustive()
    }
}

impl RequestContext {
    /// Creates the context of a request that reads the newsroom as it is at `now`.
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

    /// Makes the operation require a permit once it becomes a long operation. `permits` is the source of the permit.
    #[must_use]
    pub fn with_permits(self, permits: Permits) -> Self {
        Self { execution: Arc::new(Execution::new(Some(permits))), ..self }
    }

    /// Records that the response contains a secret that is shown only once.
    pub fn mark_secret(&self) {
        self.response_metadata.has_secret.store(true, Ordering::Relaxed);
    }

    /// Records that the response contains content that only the holder of a preview link may see.
    pub fn mark_preview(&self) {
        self.response_metadata.has_preview.store(true, Ordering::Relaxed);
    }

    /// Records that a value in the response changes at `instant` even if nothing is written.
    pub fn limit_validity(&self, instant: DateTime<Utc>) {
        let mut valid_until = self.response_metadata.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        *valid_until = Some(valid_until.map_or(instant, |earlier| earlier.min(instant)));
    }

    /// Records that the response contains a release. Does nothing unless the viewer is public, because only public
    /// responses may be stored in shared caches.
    pub fn record_release(&self, release: Uuid) {
        if self.viewer.role != Role::Public {
            return;
        }
        self.response_metadata.releases.lock().unwrap_or_else(PoisonError::into_inner).insert(release);
    }

    /// Returns all releases that the viewer may see.
    pub fn visible(&self) -> ReleaseSet {
        self.snapshot.visible_to(&self.viewer, self.now)
    }
}

/// Gives resolvers access to the newsroom, the request context and the response budget.
pub trait ContextExt {
    /// Returns the newsroom, which is attached to the schema.
    fn newsroom(&self) -> &Newsroom;
    /// Returns the codec that converts keys to public ids and back.
    fn ids(&self) -> &IdCodec {
        &self.newsroom().ids
    }
    /// Returns the context of the request.
    fn request(&self) -> &RequestContext;
    /// Returns the state of the operation's execution: CPU time and reads so far, and the permit.
    fn execution(&self) -> &Arc<Execution> {
        &self.request().execution
    }
    /// Returns a callback that adds the duration of work on another thread to the operation's processor time. The
    /// callback keeps the operation's permit until the work ends, even if the client no longer waits for the response.
    fn cpu_timer(&self) -> impl FnOnce(Duration) + Send + 'static {
        let execution = self.execution().clone();
        move |time| execution.add_time(time)
    }
    /// Returns the remaining size limits of the response.
    fn budget(&self) -> &ResponseBudget;
    /// Reserves space for a text in the response and returns the text. Fails if too little space is left.
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

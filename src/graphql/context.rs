//! What every resolver may ask of its request: the newsroom, the viewer, the pinned snapshot and the instant.

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
    budget::Budget,
    error::ApiError,
    execution::{Execution, Permits},
    loaders::{self, Bodies, Releases},
};
use crate::{
    catalog::{ReleaseSet, Snapshot},
    newsroom::{Newsroom, ids::Ids},
    viewer::Viewer,
};

/// One request: who asks, when, and of what. `now` is read once, and the snapshot is pinned, so all of an answer agrees.
#[derive(Clone)]
pub struct Asked {
    /// Who asks.
    pub viewer: Viewer,
    /// When.
    pub now: DateTime<Utc>,
    /// Of what.
    pub snapshot: Arc<Snapshot>,
    /// The way to rows of releases that no page holds.
    pub releases: Arc<Releases>,
    /// The way to bodies that were not fetched with their rows.
    pub bodies: Arc<Bodies>,
    /// What the answer turns out to hold.
    pub told: Arc<Told>,
    /// What its execution has used, and its permit.
    pub execution: Arc<Execution>,
}

/// What an answer holds that decides how it may be kept.
#[derive(Debug, Default)]
pub struct Told {
    /// A secret that is told once.
    pub secret: AtomicBool,
    /// Something that only the holder of a preview link may see.
    pub preview: AtomicBool,
    /// The instant from which a number in it is another, though nothing was written.
    pub until: Mutex<Option<DateTime<Utc>>>,
    /// The releases in it.
    pub releases: Mutex<BTreeSet<Uuid>>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("viewer", &self.viewer).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Asked {
    /// A request of a newsroom as it is now.
    pub fn new(room: &Newsroom, viewer: Viewer, now: DateTime<Utc>) -> Self {
        let snapshot = room.catalog.snapshot_at(now);
        let releases = Arc::new(loaders::releases(room, snapshot.visible_to(&viewer, now)));
        let bodies = Arc::new(loaders::bodies(room));
        Self { viewer, now, snapshot, releases, bodies, told: Arc::default(), execution: Arc::default() }
    }

    /// The same, with a permit needed once its execution is long.
    #[must_use]
    pub fn with_permits(self, permits: Permits) -> Self {
        Self { execution: Arc::new(Execution::new(Some(permits))), ..self }
    }

    /// The answer holds a secret that is told once.
    pub fn tells_a_secret(&self) {
        self.told.secret.store(true, Ordering::Relaxed);
    }

    /// The answer holds what a preview link shows.
    pub fn shows_a_preview(&self) {
        self.told.preview.store(true, Ordering::Relaxed);
    }

    /// The answer holds a number that is another from an instant on, though nothing is written.
    pub fn holds_until(&self, instant: DateTime<Utc>) {
        let mut until = self.told.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = Some(until.map_or(instant, |earlier| earlier.min(instant)));
    }

    /// The answer shows a release: noted for answers that others may keep.
    pub fn shows(&self, release: Uuid) {
        if self.viewer.role != Role::Public {
            return;
        }
        self.told.releases.lock().unwrap_or_else(PoisonError::into_inner).insert(release);
    }

    /// Everything the viewer may see.
    pub fn visible(&self) -> ReleaseSet {
        self.snapshot.visible_to(&self.viewer, self.now)
    }
}

/// What the schema and its requests carry.
pub trait ContextExt {
    /// The newsroom, of the schema.
    fn room(&self) -> &Newsroom;
    /// How keys are told to clients.
    fn ids(&self) -> &Ids {
        &self.room().ids
    }
    /// The request's own data.
    fn asked(&self) -> &Asked;
    /// What its execution has used, and its permit.
    fn execution(&self) -> &Arc<Execution> {
        &self.asked().execution
    }
    /// What the answer may hold.
    fn budget(&self) -> &Budget;
    /// The same text, where there is room for it.
    fn room_for<T: AsRef<str>>(&self, text: Option<T>) -> Result<Option<T>, ApiError> {
        let bytes = text.as_ref().map_or(0, |text| text.as_ref().len());
        self.budget().spend(bytes).map(|()| text)
    }
}

impl ContextExt for Context<'_> {
    fn room(&self) -> &Newsroom {
        self.data_unchecked::<Newsroom>()
    }

    fn asked(&self) -> &Asked {
        self.data_unchecked::<Asked>()
    }

    fn budget(&self) -> &Budget {
        self.data_unchecked::<Arc<Budget>>()
    }
}

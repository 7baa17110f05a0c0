//! What every resolver may ask of its request: the newsroom, the viewer, the pinned snapshot and the instant.

use std::sync::Arc;

use async_graphql::Context;
use chrono::{DateTime, Utc};

use crate::{
    catalog::{ReleaseSet, Snapshot},
    newsroom::Newsroom,
    viewer::Viewer,
};

/// One request: who asks, when, and of what. `now` is read once, and the snapshot is pinned, so all of an answer agrees.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who asks.
    pub viewer: Viewer,
    /// When.
    pub now: DateTime<Utc>,
    /// Of what.
    pub snapshot: Arc<Snapshot>,
}

impl Asked {
    /// Everything the viewer may see.
    pub fn visible(&self) -> ReleaseSet {
        self.snapshot.visible_to(&self.viewer, self.now)
    }
}

/// What the schema and its requests carry.
pub trait ContextExt {
    /// The newsroom, of the schema.
    fn room(&self) -> &Newsroom;
    /// The request's own data.
    fn asked(&self) -> &Asked;
}

impl ContextExt for Context<'_> {
    fn room(&self) -> &Newsroom {
        self.data_unchecked::<Newsroom>()
    }

    fn asked(&self) -> &Asked {
        self.data_unchecked::<Asked>()
    }
}

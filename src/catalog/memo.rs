//! Answers worked out once for a snapshot and kept with it. They die with it, so they can never be stale.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use super::{
    bits::Bits,
    tally::{FacetField, Tally},
};

/// What is worked out at most once.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// For each topic the releases that bear it or a narrower one.
    pub(super) rolled_up: OnceLock<Vec<OnceLock<Bits>>>,
    /// What counts for which value, by facet field. As many as there are fields: roles, levels, topics to look under.
    pub(super) tallies: Mutex<HashMap<FacetField, Arc<Tally>>>,
}

impl Clone for Memo {
    /// A copied snapshot is about to change: it begins without answers.
    fn clone(&self) -> Self {
        Self::default()
    }
}

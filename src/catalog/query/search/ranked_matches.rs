//! The matches of a search, with the relevance of each release once it was computed.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use search::Matches;

/// What the relevance of a release depends on besides its match: whether newer releases rank higher, and the day.
type RankingKey = (bool, i32);

/// The matches of a search, and their relevance. A view keeps them for the next request with the same search.
#[derive(Debug)]
pub(in crate::catalog) struct RankedMatches {
    matches: Matches,
    relevances: Mutex<Option<(RankingKey, Arc<Vec<i64>>)>>,
}

impl RankedMatches {
    /// Wraps the matches of a search.
    pub(super) fn new(matches: Matches) -> Self {
        Self { matches, relevances: Mutex::default() }
    }

    /// Returns the relevance of each match, in the order of slots. Computes it if it is not known for this key.
    pub(super) fn relevances(&self, key: RankingKey, compute: impl FnOnce() -> Vec<i64>) -> Arc<Vec<i64>> {
        let mut known = self.relevances.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((known_key, relevances)) if *known_key == key => relevances.clone(),
            _ => {
                let relevances = Arc::new(compute());
                *known = Some((key, relevances.clone()));
                relevances
            }
        }
    }
}

impl Deref for RankedMatches {
    type Target = Matches;

    fn deref(&self) -> &Matches {
        &self.matches
    }
}

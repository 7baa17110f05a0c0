//! Evaluates a search in a release set, and tells how well and where a release matches.

use std::sync::{Arc, PoisonError};

use search::{Field, Highlight, Hit, Search, highlight, suggest};

use super::request::{SearchRequest, SearchResult};
use crate::catalog::{
    query::{handle::Handle, release_set::ReleaseSet},
    store::units::days,
};

/// Maximum number of cached results of one view. Each takes up to 12 bytes for each release that matches.
const MAX_CACHED: usize = 64;

/// Days after which a release counts half as much as one of today, with an equal score.
const HALF_LIFE_DAYS: f64 = 3652.5;

/// How well a release matches.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseMatch {
    /// A number that is higher for better matches of the same search.
    pub score: f64,
    /// The fields that contain a word of the search.
    pub fields: Vec<Field>,
}

impl ReleaseSet {
    /// Returns the releases of the set that match a search. The filter of the set, if any, is applied before.
    pub fn search(&self, request: Arc<SearchRequest>) -> std::io::Result<Self> {
        let (view, index) = (self.snapshot(), self.snapshot().index());
        let key = (self.audience(), request.query.clone(), request.fields.clone(), request.mode);
        let cached = || index.matches.lock().unwrap_or_else(PoisonError::into_inner);
        let found = cached().get(&key).cloned();
        let matches = match found {
            Some(matches) => matches,
            None => {
                let names = index.names(view, &request.language);
                let search =
                    Search { query: &request.query, fields: &request.fields, mode: request.mode, names: &names };
                let matches = search::search(&index.segments, &index.domain(view, self.audience()), search)?;
                let matches = Arc::new(matches);
                let mut cached = cached();
                if cached.len() >= MAX_CACHED {
                    cached.clear();
                }
                cached.insert(key, matches.clone());
                matches
            }
        };
        let today = days(self.now().date_naive());
        let members = &*self.members & &matches.slots;
        Ok(self.with_members(members).with_search(SearchResult { request, matches, today }))
    }

    /// Returns whether the index was complete at any time since the program started.
    pub fn is_index_built(&self) -> bool {
        self.snapshot().index().is_built()
    }

    /// Returns the share of the viewer's releases whose present text a search can find, 0 to 1.
    pub fn index_coverage(&self) -> f64 {
        let pending = self.snapshot().index().pending_releases();
        let visible = self.snapshot().visible_bitmap(self.audience());
        1.0 - visible.intersection_len(&pending) as f64 / visible.len().max(1) as f64
    }

    /// Returns how well a release of the set matches the search that narrowed the set. `None` without a search.
    pub fn match_of(&self, item: &Handle) -> Option<ReleaseMatch> {
        let hit = self.search_result()?.matches.hit(item.ordinal())?;
        let fields = Field::ALL.into_iter().filter(|&field| hit.fields & 1 << field as u8 != 0).collect();
        Some(ReleaseMatch { score: f64::from_bits(self.relevance(item.ordinal()) as u64), fields })
    }

    /// Returns where the search that narrowed the set matches in a text.
    pub fn highlight(&self, text: &str, language: &str, max_chars: usize) -> Option<Highlight> {
        let result = self.search_result()?;
        highlight(text, language, &result.request.query, &result.matches, max_chars)
    }

    /// Returns another text for the search that narrowed the set, if it contains words that no release has.
    pub fn did_you_mean(&self) -> std::io::Result<Option<String>> {
        let Some(SearchResult { request, .. }) = self.search_result() else { return Ok(None) };
        let (view, index) = (self.snapshot(), self.snapshot().index());
        let domain = index.domain(view, self.audience());
        suggest(
            &index.segments,
            &domain,
            &request.fields,
            &index.names(view, &request.language),
            &request.query,
            &request.text,
        )
    }

    /// Returns the relevance of a release as a number that sorts like its score: 0 without a search.
    ///
    /// Fewer missing words come first, then the better tier, then BM25 with a factor for recency. The factor halves
    /// in ten years, so the order of two releases does not depend on the day of the request.
    pub(in crate::catalog) fn relevance(&self, ordinal: u32) -> i64 {
        let Some(SearchResult { request, matches, today }) = self.search_result() else { return 0 };
        let Some(Hit { missing, tier, score, .. }) = matches.hit(ordinal) else { return 0 };
        let level = f64::from(255 - u16::from(missing)) * 4.0 + f64::from(3 - tier.min(3));
        let age = f64::from(today - *self.snapshot().release_dates.get(ordinal));
        let recency = if request.recency { (-age / HALF_LIFE_DAYS).exp2() } else { 1.0 };
        let score = f64::from(score) * recency;
        // The bits of positive numbers sort like the numbers.
        (level + score / (1.0 + score)).to_bits() as i64
    }
}

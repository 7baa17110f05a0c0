//! Evaluates a search in a release set, and tells how well and where a release matches.

use std::sync::{Arc, PoisonError};

use search::{Field, Highlight, Hit, Search, highlight, suggest};

use super::{
    index_state::IndexState,
    ranked_matches::RankedMatches,
    request::{SearchRequest, SearchResult},
};
use crate::catalog::{
    query::{handle::Handle, release_set::ReleaseSet},
    store::units::days,
};

/// Maximum number of cached results of one view, and of the releases in them. Each release takes about 20 bytes.
const MAX_CACHED: usize = 64;
const MAX_CACHED_HITS: u64 = 2_000_000;

/// Days after which a release counts half as much as one of today, with an equal score.
const HALF_LIFE_DAYS: f64 = 3652.5;

/// Why a search cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index is being built for the first time since the program started.
    #[error("the search index is being built")]
    NotBuilt {
        /// Share of the viewer's revisions that are in the index, 0 to 1.
        coverage: f64,
    },
    /// The index cannot be read.
    #[error("the search index cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}

/// How well a release matches.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseMatch {
    /// A number that is higher for better matches of the same search.
    pub score: f64,
    /// The fields that contain a word of the search.
    pub fields: Vec<Field>,
}

impl ReleaseSet {
    /// Returns the releases of the set that match a search. Which words must match is decided by all releases that
    /// the viewer may see, whether the set was narrowed or not.
    pub fn search(&self, request: Arc<SearchRequest>) -> Result<Self, SearchError> {
        let (view, index) = (self.snapshot(), self.snapshot().index());
        let is_complete = index.pending_for(view, self.audience()).is_empty();
        if !is_complete && !index.is_built() {
            return Err(SearchError::NotBuilt { coverage: self.coverage_by(&index) });
        }
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
                let matches = Arc::new(RankedMatches::new(matches));
                let mut cached = cached();
                let hits: u64 = cached.values().map(|matches| matches.slots.len()).sum();
                if cached.len() >= MAX_CACHED || hits + matches.slots.len() > MAX_CACHED_HITS {
                    cached.clear();
                }
                cached.insert(key, matches.clone());
                matches
            }
        };
        let today = days(self.now().date_naive());
        let members = &*self.members & &matches.slots;
        let coverage = if is_complete { 1.0 } else { self.coverage_by(&index) };
        Ok(self.with_members(members).with_search(SearchResult { request, matches, today, coverage }))
    }

    /// Returns whether the search that narrowed the set read all releases that the viewer may see. `true` without a
    /// search.
    pub fn is_search_complete(&self) -> bool {
        self.search_result().is_none_or(|result| result.coverage >= 1.0)
    }

    /// Returns the share of the viewer's revisions that the search of the set could find, 0 to 1. Without a search,
    /// returns what a search could find now.
    pub fn index_coverage(&self) -> f64 {
        self.search_result().map_or_else(|| self.coverage_by(&self.snapshot().index()), |result| result.coverage)
    }

    fn coverage_by(&self, index: &IndexState) -> f64 {
        let lag = index.lag(self.snapshot(), self.audience());
        let visible = self.snapshot().visible_bitmap(self.audience()).len().max(lag).max(1);
        1.0 - lag as f64 / visible as f64
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
        let Some(result) = self.search_result() else { return 0 };
        result.matches.hit(ordinal).map_or(0, |hit| self.relevance_of(result, ordinal, hit))
    }

    /// Returns the relevance of each member, in the order of ordinals. Much faster than asking for one after the other.
    pub(in crate::catalog) fn relevances(&self) -> Vec<(i64, u32)> {
        let Some(result) = self.search_result() else { return self.ordinals().map(|ordinal| (0, ordinal)).collect() };
        let compute = || result.matches.hits().map(|(ordinal, hit)| self.relevance_of(result, ordinal, hit)).collect();
        let relevances = result.matches.relevances((result.request.recency, result.today), compute);
        // All members are matches, and both are in the order of ordinals.
        let mut matches = relevances.iter().copied().zip(&result.matches.slots);
        self.ordinals().filter_map(|ordinal| matches.find(|&(_, slot)| slot == ordinal)).collect()
    }

    fn relevance_of(&self, result: &SearchResult, ordinal: u32, hit: Hit) -> i64 {
        let level = f64::from(255 - u16::from(hit.missing)) * 4.0 + f64::from(3 - hit.tier.min(3));
        let age = f64::from(result.today - *self.snapshot().release_dates.get(ordinal));
        let recency = if result.request.recency { (-age / HALF_LIFE_DAYS).exp2() } else { 1.0 };
        let score = f64::from(hit.score) * recency;
        // The bits of positive numbers sort like the numbers.
        (level + score / (1.0 + score)).to_bits() as i64
    }
}

//! A search in a release set and its result, as data. `matching` evaluates it.

use std::sync::Arc;

use search::{Field, Mode, ParseError, Query, parse};

use super::ranked_matches::RankedMatches;

/// A search text and how to search.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    pub(super) text: String,
    pub(super) query: Query,
    pub(super) fields: Vec<Field>,
    pub(super) mode: Mode,
    pub(super) recency: bool,
    /// Language of names that specify none.
    pub(super) language: String,
}

/// A release set was narrowed by this search.
#[derive(Clone, Debug)]
pub struct SearchResult {
    pub(super) request: Arc<SearchRequest>,
    pub(super) matches: Arc<RankedMatches>,
    /// The day of the request, from which the age of a release counts.
    pub(super) today: i32,
    /// Share of the releases that the viewer may see that the index contained, 0 to 1.
    pub(super) coverage: f64,
}

impl SearchRequest {
    /// Parses a search text. `fields`: the fields to search. `recency`: whether newer releases rank higher.
    /// `language`: the language of names that specify none.
    pub fn new(text: &str, fields: &[Field], mode: Mode, recency: bool, language: &str) -> Result<Self, ParseError> {
        let fields = Field::ALL.into_iter().filter(|field| fields.contains(field)).collect();
        Ok(Self { text: text.to_owned(), query: parse(text)?, fields, mode, recency, language: language.to_owned() })
    }

    /// Returns whether newer releases rank higher, so that scores depend on the day.
    pub fn has_recency(&self) -> bool {
        self.recency
    }

    /// Returns what distinguishes the cursors of this search from those of others.
    pub fn scope(&self) -> String {
        format!("{:?} {:?} {:?} {}", self.fields, self.mode, self.text, self.recency)
    }
}

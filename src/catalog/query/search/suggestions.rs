//! Suggestions while somebody types: topics, places and releases whose name or headline continues the text.

use std::sync::Arc;

use search::fold;

use super::{matching::SearchError, request::SearchRequest};
use crate::catalog::{
    query::{handle::Handle, page::PageWindow, release_set::ReleaseSet},
    sort::BEST_FIRST,
    store::vocabulary::{Concept, Vocabulary},
};

/// One suggestion.
#[derive(Clone, Debug)]
pub enum Suggestion {
    /// A topic, by its number in the vocabulary.
    Topic(u32),
    /// A place, by its number in the vocabulary.
    Place(u32),
    /// A release.
    Release(Handle),
}

impl ReleaseSet {
    /// Returns at most `size` suggestions for a text: first topics and places that releases of the set have, those
    /// with most releases first; then the releases that `request` finds, best first. Each kind gets half of the list,
    /// and what the other leaves of it. `request` is a search in headlines for the same text.
    pub fn suggestions(
        &self,
        prefix: &str,
        request: SearchRequest,
        size: usize,
    ) -> Result<Vec<Suggestion>, SearchError> {
        let prefix = fold(prefix.trim());
        if !prefix.contains(char::is_alphanumeric) {
            return Ok(Vec::new());
        }
        let snapshot = self.snapshot();
        let mut named = Vec::new();
        collect(snapshot.topics(), &prefix, |number| {
            named.push((self.with_topic(number, true).count(), Suggestion::Topic(number)));
        });
        collect(snapshot.places(), &prefix, |number| {
            named.push((self.with_place(number, true).count(), Suggestion::Place(number)));
        });
        named.retain(|(releases, _)| *releases > 0);
        // A stable sort: suggestions with equal numbers stay in the order of their names.
        named.sort_by_key(|(releases, _)| std::cmp::Reverse(*releases));
        let window = PageWindow { size, from_end: false, after: None, before: None };
        let releases = self.search(Arc::new(request))?.slice(&BEST_FIRST, &window).items;
        let room = size.div_ceil(2).max(size.saturating_sub(releases.len()));
        let named = named.into_iter().map(|(_, suggestion)| suggestion).take(room);
        Ok(named.chain(releases.into_iter().map(Suggestion::Release)).take(size).collect())
    }
}

/// Calls a function with each concept, in the order of names, that has a name with a word that continues a folded
/// text.
fn collect<T: Concept>(vocabulary: &Vocabulary<T>, prefix: &str, mut each: impl FnMut(u32)) {
    let continues = |name: &str| {
        let name = fold(name);
        let is_start = |at: usize| !name[..at].ends_with(char::is_alphanumeric);
        name.match_indices(prefix).any(|(at, _)| is_start(at))
    };
    for &number in vocabulary.by_label() {
        let concept = vocabulary.get(number);
        if concept.retired_at.is_none() && concept.all_names().any(continues) {
            each(number);
        }
    }
}

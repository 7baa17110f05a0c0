//! Filter on topics or places: selects concepts by name, place in the hierarchy, kind and retirement.

use roaring::RoaringBitmap;
use search::fold;
use serde::Serialize;

use super::{concept_filter::ConceptRef, error::FilterError};
use crate::catalog::store::vocabulary::{Concept, Vocabulary};

/// Selects topics or places. All conditions that are set must hold.
#[derive(Debug)]
pub struct VocabularyFilter<T: Concept> {
    /// Text that a name of the concept must contain, in any language, ignoring case and accents.
    pub search: Option<String>,
    /// The concept that must be directly or indirectly broader.
    pub below: Option<ConceptRef>,
    /// The condition that only topics or only places have.
    pub own: Option<T::Condition>,
    /// Whether the concept must be retired (true) or in use (false).
    pub retired: Option<bool>,
}

impl<T: Concept> VocabularyFilter<T> {
    /// Returns the concepts that match, sorted by label, then the filter as written and in canonical form. Cursors are
    /// bound to the JSON of the two forms, so it must stay stable. Fails if the concept `below` does not exist.
    pub fn apply(
        &self,
        vocabulary: &Vocabulary<T>,
    ) -> Result<(Vec<u32>, impl Serialize + use<'_, T>, impl Serialize + use<'_, T>), FilterError> {
        let top = self.below.as_ref().map(|reference| vocabulary.find_existing(reference)).transpose();
        let top = top.map_err(|error| error.at(T::BELOW))?;
        let below = top.map(|top| vocabulary.closure(top) - RoaringBitmap::from([top]));
        // Every name contains an empty text.
        let search = self.search.as_deref().map(fold).filter(|text| !text.is_empty());
        let matches = |number: u32| {
            let concept = vocabulary.get(number);
            search.as_ref().is_none_or(|text| concept.all_names().any(|name| fold(name).contains(text)))
                && below.as_ref().is_none_or(|below| below.contains(number))
                && self.own.as_ref().is_none_or(|own| concept.meets(own))
                && self.retired.is_none_or(|retired| retired == concept.retired_at.is_some())
        };
        let matching = vocabulary.by_label().iter().copied().filter(|&number| matches(number)).collect();
        let written = (&self.search, &self.below, &self.own, self.retired);
        Ok((matching, written, (search, top.map(|top| vocabulary.get(top).id), &self.own, self.retired)))
    }
}

//! Index of topics or places during an import, by slug and code. It contains the stored concepts and those that the
//! import created.
//!
//! The index resolves slugs to ids. It also detects cycles in the hierarchy, and codes that already belong to another
//! concept.

use std::collections::HashMap;

use uuid::Uuid;

use super::concept_record::{ConceptRecord, identity};
use crate::{
    catalog::{Concept, ExternalCode, Vocabulary},
    newsroom::taxonomy::hierarchy::has_path,
};

/// The topics or places that are stored or that this import created.
#[derive(Debug)]
pub(super) struct ConceptIndex<T> {
    pub(super) vocabulary: Vocabulary<T>,
    by_slug: HashMap<String, u32>,
    by_code: HashMap<ExternalCode, u32>,
}

impl<T: Concept> ConceptIndex<T> {
    /// Builds the index from the stored concepts.
    pub(super) fn new(images: Vec<T>) -> Self {
        let mut index = Self { vocabulary: Vocabulary::default(), by_slug: HashMap::new(), by_code: HashMap::new() };
        images.into_iter().for_each(|image| index.insert(image));
        index
    }

    /// Adds a concept with its slugs and codes, or replaces the concept with the same id.
    pub(super) fn insert(&mut self, image: T) {
        let codes_before = self.vocabulary.by_id(image.id).map(|number| self.vocabulary.get(number).codes());
        for code in codes_before.iter().flatten() {
            self.by_code.remove(code);
        }
        let number = self.vocabulary.upsert(image);
        let image = self.vocabulary.get(number);
        for slug in &image.former_slugs {
            self.by_slug.entry(slug.clone()).or_insert(number);
        }
        self.by_slug.insert(image.slug.clone(), number);
        self.by_code.extend(image.codes().into_iter().map(|code| (code, number)));
    }

    /// Returns the concept that has or had a slug.
    pub(super) fn by_slug(&self, slug: &str) -> Option<&T> {
        self.by_slug.get(slug).map(|&number| &**self.vocabulary.get(number))
    }

    /// Returns the identities of a record: its slug, the id of the concept that has or had that slug, and its codes.
    /// The slug is always included, because records of a concept that does not exist yet can only be matched by slug
    /// or code.
    pub(super) fn identities<I>(&self, record: &ConceptRecord<I>) -> Vec<String> {
        let existing = self.by_slug(&record.slug).map(|concept| identity(concept.id));
        std::iter::once(format!("slug {}", record.slug)).chain(existing).chain(record.codes.iter().cloned()).collect()
    }

    /// Returns whether every slug belongs to a concept.
    pub(super) fn has_all(&self, slugs: &[String]) -> bool {
        slugs.iter().all(|slug| self.by_slug(slug).is_some())
    }

    /// Resolves slugs to ids. Returns a message for the first slug that does not exist.
    pub(super) fn ids(&self, slugs: &[String]) -> Result<Vec<Uuid>, String> {
        let id = |slug: &String| {
            self.by_slug(slug).map(|concept| concept.id).ok_or_else(|| {
                let shown: String = slug.chars().take(80).collect();
                let word = T::WORD;
                format!("there is no {word} with the slug \"{shown}\": add it to the file, or correct the slug")
            })
        };
        slugs.iter().map(id).collect()
    }

    /// Returns a message if another concept already has a code or URI of `image`.
    pub(super) fn code_conflict(&self, image: &T) -> Option<String> {
        let (code, owner) = image.codes().into_iter().find_map(|code| {
            let owner = self.vocabulary.get(*self.by_code.get(&code)?);
            (owner.id != image.id).then_some((code, owner))
        })?;
        let code = match code {
            ExternalCode::Uri(uri) => format!("uri \"{uri}\""),
            ExternalCode::Iso3166(code) => format!("ISO 3166 code \"{code}\""),
            ExternalCode::M49(code) => format!("m49 \"{code}\""),
            ExternalCode::Geonames(id) => format!("geonamesId {id}"),
        };
        Some(format!("the {code} already belongs to \"{}\": correct one of them", owner.slug))
    }

    /// Returns a message if a concept would become its own ancestor.
    pub(super) fn cycle_error(&self, image: &T) -> Option<String> {
        let parents =
            |id| self.vocabulary.by_id(id).map(|number| self.vocabulary.get(number).broader()).unwrap_or_default();
        image
            .broader()
            .into_iter()
            .any(|parent| has_path(parent, image.id, parents))
            .then(|| format!("this {} would become its own ancestor: correct its parents", T::WORD))
    }
}

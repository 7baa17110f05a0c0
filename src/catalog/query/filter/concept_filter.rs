//! Filter conditions on topics and places: any, all, none, missing; including narrower concepts; near a point.
//!
//! `ConceptRef` refers to a topic or place by id, slug, URI, or ISO 3166, M49 or GeoNames code. A reference to a
//! concept that does not exist is an error.

use roaring::RoaringBitmap;
use serde::Serialize;
use uuid::Uuid;

use super::{error::FilterError, near::Near};
use crate::catalog::{
    query::{facet_field::PlaceRoleFilter, view::View},
    store::{
        bitmap::{Candidates, SharedBitmap},
        vocabulary::{Concept, ExternalCode, Vocabulary},
    },
};

/// A reference to a topic or place in a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ConceptRef {
    /// The id of a topic or place.
    Id(Uuid),
    /// The present slug of a topic or place, or a former slug.
    Slug(String),
    /// The URI of a topic or place.
    Uri(String),
    /// The ISO 3166-1 code of a place, two or three letters.
    Iso3166(String),
    /// The UN M49 code of a place, three digits.
    M49(String),
    /// The GeoNames id of a place.
    Geonames(i32),
}

/// Conditions on the topics of a release. All conditions that are set must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicSetFilter {
    /// The release must have at least one of these topics.
    pub any: Option<Vec<ConceptRef>>,
    /// The release must have all of these topics.
    pub all: Option<Vec<ConceptRef>>,
    /// The release must have none of these topics.
    pub none: Option<Vec<ConceptRef>>,
    /// True: the release must have no topic. False: the release must have at least one topic.
    pub missing: Option<bool>,
    /// Whether topics narrower than the listed topics count, too.
    pub include_narrower: bool,
}

/// Conditions on the places of a release. All conditions that are set must hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceSetFilter {
    /// The release must have at least one of these places.
    pub any: Option<Vec<ConceptRef>>,
    /// The release must have all of these places.
    pub all: Option<Vec<ConceptRef>>,
    /// The release must have none of these places.
    pub none: Option<Vec<ConceptRef>>,
    /// True: the release must have no place in the role `role`. False: the release must have at least one.
    pub missing: Option<bool>,
    /// The role that the places must have in the release.
    pub role: PlaceRoleFilter,
    /// Whether places within the listed places count, too.
    pub include_within: bool,
    /// The release must have a place whose location is near a point.
    pub near: Option<Near>,
}

impl<T: Concept> Vocabulary<T> {
    /// Returns the number of the concept that a reference names, or `None` if there is no such concept.
    pub fn find(&self, reference: &ConceptRef) -> Option<u32> {
        match reference {
            ConceptRef::Id(id) => self.by_id(*id),
            ConceptRef::Slug(slug) => self.by_slug(slug),
            ConceptRef::Uri(uri) => self.by_code(&ExternalCode::Uri(uri.clone())),
            ConceptRef::Iso3166(code) => self.by_code(&ExternalCode::Iso3166(code.to_ascii_uppercase())),
            ConceptRef::M49(code) => self.by_code(&ExternalCode::M49(code.clone())),
            ConceptRef::Geonames(id) => self.by_code(&ExternalCode::Geonames(*id)),
        }
    }

    /// Returns the number of the concept that a reference names. Fails if there is no such concept.
    pub fn find_existing(&self, reference: &ConceptRef) -> Result<u32, FilterError> {
        let word = T::WORD;
        self.find(reference).ok_or_else(|| {
            FilterError::unknown(format!("there is no {word} with {reference}; `{word}s` lists the existing ones"))
        })
    }
}

impl std::fmt::Display for ConceptRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, value) = match self {
            // An id is never shown, because its UUID reveals when the concept was created.
            Self::Id(_) => return f.write_str("this id"),
            Self::Slug(slug) => ("slug", slug.clone()),
            Self::Uri(uri) => ("URI", uri.clone()),
            Self::Iso3166(code) => ("ISO 3166 code", code.clone()),
            Self::M49(code) => ("M49 code", code.clone()),
            Self::Geonames(id) => ("GeoNames id", id.to_string()),
        };
        write!(f, "the {kind} \"{}\"", value.chars().take(80).collect::<String>())
    }
}

impl TopicSetFilter {
    pub(in crate::catalog) fn apply_to(&self, candidates: &mut Candidates<'_>, view: &View) -> Result<(), FilterError> {
        let bitmap_of = |number| {
            if self.include_narrower {
                view.rolled_up(number)
            } else {
                view.by_topic.get(number).cloned().unwrap_or_default()
            }
        };
        apply_concept_lists(candidates, [&self.any, &self.all, &self.none], view.topics(), bitmap_of)?;
        apply_presence(candidates, self.missing, || view.with_topics.clone());
        Ok(())
    }
}

impl PlaceSetFilter {
    pub(in crate::catalog) fn apply_to(&self, candidates: &mut Candidates<'_>, view: &View) -> Result<(), FilterError> {
        let places = view.places();
        let bitmap_of = |number| {
            let numbers = if self.include_within { places.closure(number) } else { RoaringBitmap::from([number]) };
            view.with_places(self.role, &numbers)
        };
        apply_concept_lists(candidates, [&self.any, &self.all, &self.none], places, bitmap_of)?;
        apply_presence(candidates, self.missing, || view.with_any_place(self.role));
        if let Some(near) = &self.near {
            near.check().map_err(|error| error.at("near"))?;
            let find = || view.with_places(self.role, &near.places(places));
            candidates.retain(&view.cache.near_or_insert(self.role, near, find));
        }
        Ok(())
    }
}

/// Applies the conditions `any`, `all` and `none`. `bitmap_of` returns the releases that have a concept.
fn apply_concept_lists<T: Concept>(
    candidates: &mut Candidates<'_>,
    [any, all, none]: [&Option<Vec<ConceptRef>>; 3],
    vocabulary: &Vocabulary<T>,
    bitmap_of: impl Fn(u32) -> SharedBitmap,
) -> Result<(), FilterError> {
    let find = |list: &'static str, index: usize, reference: &ConceptRef| {
        vocabulary.find_existing(reference).map(&bitmap_of).map_err(|error| error.at(index.to_string()).at(list))
    };
    if let Some(references) = any {
        if let [reference] = references.as_slice() {
            candidates.retain(&find("any", 0, reference)?);
        } else {
            let mut union = RoaringBitmap::new();
            for (index, reference) in references.iter().enumerate() {
                union |= &*find("any", index, reference)?;
            }
            candidates.retain(&SharedBitmap::new(union));
        }
    }
    for (index, reference) in all.iter().flatten().enumerate() {
        candidates.retain(&find("all", index, reference)?);
    }
    for (index, reference) in none.iter().flatten().enumerate() {
        candidates.exclude(&*find("none", index, reference)?);
    }
    Ok(())
}

/// Applies the condition `missing`. `with` returns the releases that have at least one concept.
fn apply_presence(candidates: &mut Candidates<'_>, missing: Option<bool>, with: impl Fn() -> SharedBitmap) {
    match missing {
        Some(true) => candidates.exclude(&with()),
        Some(false) => candidates.retain(&with()),
        None => {}
    }
}

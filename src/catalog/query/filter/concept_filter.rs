//! Filter conditions on topics and places: any, all, none, missing, with narrower concepts, within places, near a
//! point.
//!
//! `ConceptRef` is a reference to a topic or place by id, slug, URI, ISO 3166, M49 or GeoNames code. An unknown
//! reference is an error.

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

/// A reference to a topic or place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ConceptRef {
    /// By key.
    Id(Uuid),
    /// By its present or a former slug.
    Slug(String),
    /// By URI (topics and places).
    Uri(String),
    /// By ISO 3166-1 code, two or three letters (places).
    Iso3166(String),
    /// By UN M49 code, three digits (places).
    M49(String),
    /// By GeoNames id (places).
    Geonames(i32),
}

/// Conditions on the topics of a release. All given conditions must match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicSetFilter {
    /// The release has at least one of these.
    pub any: Option<Vec<ConceptRef>>,
    /// The release has all of these.
    pub all: Option<Vec<ConceptRef>>,
    /// The release has none of these.
    pub none: Option<Vec<ConceptRef>>,
    /// True: the release has no topic; false: it has at least one.
    pub missing: Option<bool>,
    /// Whether a narrower topic counts as the topic.
    pub include_narrower: bool,
}

/// Conditions on the places of a release. All given conditions must match.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceSetFilter {
    /// The release has at least one of these.
    pub any: Option<Vec<ConceptRef>>,
    /// The release has all of these.
    pub all: Option<Vec<ConceptRef>>,
    /// The release has none of these.
    pub none: Option<Vec<ConceptRef>>,
    /// True: the release has no place in this role; false: it has at least one.
    pub missing: Option<bool>,
    /// The role of the places.
    pub role: PlaceRoleFilter,
    /// Whether a place within counts as the place.
    pub include_within: bool,
    /// The release has a place whose own location is near a point.
    pub near: Option<Near>,
}

impl<T: Concept> Vocabulary<T> {
    /// The concept of a reference.
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
}

impl std::fmt::Display for ConceptRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, value) = match self {
            // Never the key, because it contains the creation time.
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
        let bitmap_of = |reference: &ConceptRef| {
            let number = view.topics().find(reference).ok_or_else(|| {
                FilterError::unknown(format!("there is no topic with {reference}; `topics` lists the existing ones"))
            })?;
            Ok(if self.include_narrower {
                view.rolled_up(number)
            } else {
                view.by_topic.get(number).cloned().unwrap_or_default()
            })
        };
        apply_concept_lists(candidates, [&self.any, &self.all, &self.none], bitmap_of)?;
        apply_presence(candidates, self.missing, || view.with_topics.clone());
        Ok(())
    }
}

impl PlaceSetFilter {
    pub(in crate::catalog) fn apply_to(&self, candidates: &mut Candidates<'_>, view: &View) -> Result<(), FilterError> {
        let bitmap_of = |reference: &ConceptRef| {
            let places = view.places();
            let number = places.find(reference).ok_or_else(|| {
                FilterError::unknown(format!("there is no place with {reference}; `places` lists the existing ones"))
            })?;
            let numbers = if self.include_within { places.closure(number) } else { RoaringBitmap::from([number]) };
            Ok(view.with_places(self.role, &numbers))
        };
        apply_concept_lists(candidates, [&self.any, &self.all, &self.none], bitmap_of)?;
        apply_presence(candidates, self.missing, || view.with_any_place(self.role));
        if let Some(near) = &self.near {
            near.check().map_err(|error| error.at("near"))?;
            let find = || view.with_places(self.role, &near.places(view.places()));
            candidates.retain(&view.cache.near_or_insert(self.role, near, find));
        }
        Ok(())
    }
}

/// Applies the conditions that topics and places share.
fn apply_concept_lists(
    candidates: &mut Candidates<'_>,
    [any, all, none]: [&Option<Vec<ConceptRef>>; 3],
    bitmap_of: impl Fn(&ConceptRef) -> Result<SharedBitmap, FilterError>,
) -> Result<(), FilterError> {
    let find = |list: &'static str, index: usize, reference: &ConceptRef| {
        bitmap_of(reference).map_err(|error| error.at(index.to_string()).at(list))
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

/// Applies the condition on whether there is a value.
fn apply_presence(candidates: &mut Candidates<'_>, missing: Option<bool>, with: impl Fn() -> SharedBitmap) {
    match missing {
        Some(true) => candidates.exclude(&with()),
        Some(false) => candidates.retain(&with()),
        None => {}
    }
}

//! Lookup inputs (`ReleaseRef`, `TopicRef`, `PlaceRef`): exactly one key out of id, slug or external code.
//!
//! They are `@oneOf` input objects. A former slug is accepted; the catalog resolves redirects.

use async_graphql::{ID, OneofObject};
use entity::Noun;

use crate::{
    catalog::{ConceptRef, Snapshot},
    graphql::base::{
        error::ApiError,
        global_id,
        scalars::{Slug, Url},
    },
    newsroom::access::public_id::IdCodec,
};

/// Identifies a release by exactly one of these fields.
#[derive(Clone, Debug, OneofObject)]
pub enum ReleaseRef {
    /// By id.
    Id(ID),
    /// By its present or a former slug.
    Slug(Slug),
    /// By its id in another system.
    ExternalId(String),
}

/// Identifies a topic by exactly one of these fields.
#[derive(Clone, Debug, OneofObject)]
pub enum TopicRef {
    /// By id.
    Id(ID),
    /// By its present or a former slug.
    Slug(Slug),
    /// By its URI in a public vocabulary.
    Uri(Url),
}

/// Identifies a place by exactly one of these fields.
#[derive(Clone, Debug, OneofObject)]
pub enum PlaceRef {
    /// By id.
    Id(ID),
    /// By its present or a former slug.
    Slug(Slug),
    /// By ISO 3166-1 code, two or three letters.
    #[graphql(name = "iso3166")]
    Iso3166(String),
    /// By UN M49 code, three digits.
    #[graphql(name = "m49")]
    M49(String),
    /// By GeoNames id.
    GeonamesId(i32),
}

impl TopicRef {
    /// Returns the number of the topic. Fails if there is no such topic.
    pub fn find(self, ids: &IdCodec, snapshot: &Snapshot) -> Result<u32, ApiError> {
        let reference = self.resolve(ids)?;
        snapshot.topics().find(&reference).ok_or_else(|| concept_not_found("topic", &reference))
    }

    /// Converts to a reference of the catalog.
    pub fn resolve(self, ids: &IdCodec) -> Result<ConceptRef, ApiError> {
        Ok(match self {
            Self::Id(id) => ConceptRef::Id(global_id::decode_as(ids, Noun::Topic, &id)?),
            Self::Slug(slug) => ConceptRef::Slug(slug.0),
            Self::Uri(uri) => ConceptRef::Uri(uri.0),
        })
    }
}

impl PlaceRef {
    /// Converts to a reference of the catalog.
    pub fn resolve(self, ids: &IdCodec) -> Result<ConceptRef, ApiError> {
        Ok(match self {
            Self::Id(id) => ConceptRef::Id(global_id::decode_as(ids, Noun::Place, &id)?),
            Self::Slug(slug) => ConceptRef::Slug(slug.0),
            Self::Iso3166(code) => ConceptRef::Iso3166(code),
            Self::M49(code) => ConceptRef::M49(code),
            Self::GeonamesId(id) => ConceptRef::Geonames(id),
        })
    }
}

/// Creates the error for a reference to a topic or place that does not exist.
pub fn concept_not_found(noun: &str, reference: &ConceptRef) -> ApiError {
    ApiError::not_found(format!("there is no {noun} with {reference}; `{noun}s` lists the existing ones"))
}

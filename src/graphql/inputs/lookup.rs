//! Lookup inputs (`ReleaseRef`, `TopicRef`, `PlaceRef`): each identifies an object by one key, for example its id or
//! slug.
//!
//! These inputs are `@oneOf` input objects. They accept a former slug, because the catalog resolves redirects.

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
    /// The global id of the release.
    Id(ID),
    /// The present slug of the release, or a former slug.
    Slug(Slug),
    /// The id of the release in another system.
    ExternalId(String),
}

/// Identifies a topic by exactly one of these fields.
#[derive(Clone, Debug, OneofObject)]
pub enum TopicRef {
    /// The global id of the topic.
    Id(ID),
    /// The present slug of the topic, or a former slug.
    Slug(Slug),
    /// The URI of the topic in a public vocabulary.
    Uri(Url),
}

/// Identifies a place by exactly one of these fields.
#[derive(Clone, Debug, OneofObject)]
pub enum PlaceRef {
    /// The global id of the place.
    Id(ID),
    /// The present slug of the place, or a former slug.
    Slug(Slug),
    /// The ISO 3166-1 code of the place: two or three letters.
    #[graphql(name = "iso3166")]
    Iso3166(String),
    /// The UN M49 code of the place: three digits.
    #[graphql(name = "m49")]
    M49(String),
    /// The GeoNames id of the place.
    GeonamesId(i32),
}

impl TopicRef {
    /// Returns the number of the topic in the vocabulary. Fails if the topic does not exist.
    pub fn find(self, ids: &IdCodec, snapshot: &Snapshot) -> Result<u32, ApiError> {
        snapshot.topics().find_existing(&self.resolve(ids)?).map_err(ApiError::from_filter)
    }

    /// Converts this input to a catalog reference.
    pub fn resolve(self, ids: &IdCodec) -> Result<ConceptRef, ApiError> {
        Ok(match self {
            Self::Id(id) => ConceptRef::Id(global_id::decode_as(ids, Noun::Topic, &id)?),
            Self::Slug(slug) => ConceptRef::Slug(slug.0),
            Self::Uri(uri) => ConceptRef::Uri(uri.0),
        })
    }
}

impl PlaceRef {
    /// Converts this input to a catalog reference.
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

//! The GraphQL type `Place` with its input and filter: a place in the tree of world, regions, countries and cities.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::Noun;

use super::{
    connection::{ListArguments, PlaceConnection, ReleaseConnection},
    release_set::ReleaseStats,
};
use crate::{
    catalog::{Concept, ReleaseSet, View, VocabularyFilter},
    graphql::{
        base::{
            enums::PlaceKind,
            error::ApiError,
            global_id,
            scalars::{DateTime, LanguageTag, Slug, Url},
        },
        engine::{context::ContextExt, serial_list::SerialList},
        inputs::{
            filter::{ReleaseFilter, ReleaseOrder},
            lookup::PlaceRef,
            patch::{NameInput, patch, patch_names, patch_with},
            search::ReleaseSearch,
        },
    },
    journal::PlaceImage,
    newsroom::{Patch, access::public_id::IdCodec, reading::pagination::PageRequest, taxonomy::place},
};

/// A place in a hierarchy of world, regions, countries and cities.
pub struct Place {
    snapshot: Arc<View>,
    number: u32,
}

impl Place {
    /// Returns the place with a number of the vocabulary.
    pub fn new(snapshot: Arc<View>, number: u32) -> Self {
        Self { snapshot, number }
    }

    fn image(&self) -> &PlaceImage {
        self.snapshot.places().get(self.number)
    }

    /// Returns the releases of this place that the viewer may see.
    fn set(&self, ctx: &Context<'_>, include_within: bool) -> ReleaseSet {
        let request = ctx.request();
        self.snapshot.visible_to(&request.viewer, request.now).with_place(self.number, include_within)
    }
}

/// A place in a hierarchy of world, regions, countries and cities.
#[Object(serial)]
impl Place {
    /// The global id. It never changes.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Place, self.image().id)
    }

    /// The last segment of the public URL of the place.
    async fn slug(&self) -> Slug {
        self.image().slug.as_str().into()
    }

    /// The name in the given language. If there is none, the name in the nearest less specific language (`pt` for
    /// `pt-BR`), or else in the newsroom's language.
    async fn name(
        &self,
        #[graphql(desc = "The language of the name. Default: the newsroom's language.")] language: Option<LanguageTag>,
    ) -> &str {
        self.image().name_in(language.as_ref().map(|tag| tag.0.as_str()))
    }

    /// Alternative names in the given language, or in all languages if no language is given.
    async fn alt_names(
        &self,
        #[graphql(desc = "Only names in this language. Default: all languages.")] language: Option<LanguageTag>,
    ) -> Vec<&str> {
        self.image().alt_names_in(language.as_ref().map(|tag| tag.0.as_str()))
    }

    /// The kind of place.
    async fn kind(&self) -> PlaceKind {
        self.image().kind.into()
    }

    /// The URI of the place in a public gazetteer. null if it has none.
    async fn uri(&self) -> Option<Url> {
        self.image().uri.as_deref().map(Url::from)
    }

    /// ISO 3166-1 alpha-2 code, for example KH. null if it has none.
    #[graphql(name = "iso3166Alpha2")]
    async fn iso3166_alpha2(&self) -> Option<&str> {
        self.image().iso3166_alpha2.as_deref()
    }

    /// ISO 3166-1 alpha-3 code, for example KHM. null if it has none.
    #[graphql(name = "iso3166Alpha3")]
    async fn iso3166_alpha3(&self) -> Option<&str> {
        self.image().iso3166_alpha3.as_deref()
    }

    /// UN M49 code, three digits, for example 116. null if it has none.
    async fn m49(&self) -> Option<&str> {
        self.image().m49.as_deref()
    }

    /// GeoNames id. null if it has none.
    async fn geonames_id(&self) -> Option<i32> {
        self.image().geonames_id
    }

    /// The location of the place. null if it is unknown.
    async fn location(&self) -> Option<GeoPoint> {
        self.image().location.map(|(latitude, longitude)| GeoPoint { latitude, longitude })
    }

    /// The place that directly contains this place. null if there is none, as for the world.
    async fn within(&self) -> Option<Place> {
        let broader = self.snapshot.places().broader(self.number).first()?;
        Some(Self::new(self.snapshot.clone(), *broader))
    }

    /// The places directly within this place, sorted by name.
    async fn contains(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<PlaceConnection>, ApiError> {
        let (places, page_request) = (self.snapshot.places(), PageRequest { first, after, last, before });
        let page = ctx.newsroom().narrower_page(places, self.number, "within", &page_request)?;
        Ok(Some(PlaceConnection::new(&self.snapshot, page)))
    }

    /// All places that contain this place, nearest first.
    async fn ancestors(&self) -> Option<SerialList<Place>> {
        let ancestors = self.snapshot.places().ancestors(self.number);
        Some(ancestors.into_iter().map(|number| Self::new(self.snapshot.clone(), number)).collect())
    }

    /// When the place was retired. null if it is in use. A retired place can no longer be added to releases, but
    /// releases that have it keep it.
    async fn retired_at(&self) -> Option<DateTime> {
        self.image().retired_at.map(DateTime)
    }

    /// The place to use instead of this retired place. null if there is none.
    async fn replaced_by(&self) -> Option<Place> {
        let number = self.snapshot.places().by_id(self.image().replaced_by?)?;
        Some(Self::new(self.snapshot.clone(), number))
    }

    /// The revision number of the place, to pass as `expectedRevision`.
    async fn revision(&self) -> i32 {
        self.image().revision
    }

    /// The releases that were filed in this place or are about it.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn releases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this search.")] search: Option<ReleaseSearch>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "Sort keys, the most important first. Default: best match first with `search`, otherwise latest release date first. Releases with equal keys are in the order of their creation."
        )]
        order_by: Option<Vec<ReleaseOrder>>,
        #[graphql(default = true, desc = "Whether to include releases of places within this place.")]
        include_within: bool,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<ReleaseConnection>, ApiError> {
        let page_request = PageRequest { first, after, last, before };
        let scope = format!("place {} {include_within}", self.image().id);
        let arguments = ListArguments { search, filter, order_by };
        ReleaseConnection::load(ctx, self.set(ctx, include_within), &scope, arguments, &page_request).await.map(Some)
    }

    /// Counts, facets and timelines of the releases of this place and of all places within it.
    async fn stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this search.")] search: Option<ReleaseSearch>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
    ) -> Result<Option<ReleaseStats>, ApiError> {
        ReleaseStats::narrowed(ctx, self.set(ctx, true), search, filter).await.map(Some)
    }
}

/// A point on the globe (WGS 84).
#[derive(Clone, Copy, SimpleObject)]
#[graphql(serial)]
pub struct GeoPoint {
    /// Degrees north, -90 to 90.
    latitude: f64,
    /// Degrees east, -180 to 180.
    longitude: f64,
}

/// The fields of a place. An absent field keeps the stored value, and null clears an optional field. Any other value
/// replaces the stored value; a list replaces the whole stored list.
#[derive(InputObject)]
pub struct PlaceInput {
    /// The last segment of the public URL. Default for a new place: made from the name. Former slugs still lead to
    /// the place.
    slug: MaybeUndefined<Slug>,
    /// The name in the newsroom's language, at most 300 characters. Required for a new place.
    name: MaybeUndefined<String>,
    /// Preferred names in languages other than the newsroom's, one per language, at most 200.
    names: MaybeUndefined<Vec<NameInput>>,
    /// Alternative names in any language, at most 200.
    alt_names: MaybeUndefined<Vec<NameInput>>,
    /// The URI of the place in a public gazetteer.
    uri: MaybeUndefined<Url>,
    /// The kind of place. Required for a new place.
    kind: MaybeUndefined<PlaceKind>,
    /// ISO 3166-1 alpha-2 code: two capital letters.
    #[graphql(name = "iso3166Alpha2")]
    iso3166_alpha2: MaybeUndefined<String>,
    /// ISO 3166-1 alpha-3 code: three capital letters.
    #[graphql(name = "iso3166Alpha3")]
    iso3166_alpha3: MaybeUndefined<String>,
    /// UN M49 code: three digits.
    m49: MaybeUndefined<String>,
    /// GeoNames id, greater than 0.
    geonames_id: MaybeUndefined<i32>,
    /// Degrees north, -90 to 90. Requires `longitude`.
    latitude: MaybeUndefined<f64>,
    /// Degrees east, -180 to 180. Requires `latitude`.
    longitude: MaybeUndefined<f64>,
    /// The place that directly contains this place. A cycle in the hierarchy is refused.
    within: MaybeUndefined<PlaceRef>,
}

impl PlaceInput {
    /// Converts this input to an input of the newsroom.
    pub fn resolve(self, ids: &IdCodec) -> Result<place::PlaceInput, ApiError> {
        Ok(place::PlaceInput {
            slug: patch_with(self.slug, |slug| slug.0),
            name: patch(self.name),
            names: patch_names(self.names),
            alt_names: patch_names(self.alt_names),
            uri: patch_with(self.uri, |uri| uri.0),
            kind: patch_with(self.kind, Into::into),
            iso3166_alpha2: patch(self.iso3166_alpha2),
            iso3166_alpha3: patch(self.iso3166_alpha3),
            m49: patch(self.m49),
            geonames_id: patch(self.geonames_id),
            latitude: patch(self.latitude),
            longitude: patch(self.longitude),
            within: match self.within {
                MaybeUndefined::Undefined => Patch::Keep,
                MaybeUndefined::Null => Patch::Clear,
                MaybeUndefined::Value(reference) => {
                    Patch::Set(reference.resolve(ids).map_err(|error| error.at("within"))?)
                }
            },
            retired_at: Patch::Keep,
        })
    }
}

/// Selects places. All given conditions must match.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PlaceFilter {
    /// Only places with a name that contains this text, ignoring case and accents. The search covers alternative
    /// names and names in all languages.
    search: Option<String>,
    /// Places of one of these kinds.
    kinds: Option<Vec<PlaceKind>>,
    /// Only places within the given place, at any depth.
    within: Option<PlaceRef>,
    /// true: only retired places. false: only places in use. Default: both.
    retired: Option<bool>,
}

impl PlaceFilter {
    /// Converts this input to a catalog filter.
    pub fn resolve(self, ids: &IdCodec) -> Result<VocabularyFilter<PlaceImage>, ApiError> {
        let below = self.within.map(|within| within.resolve(ids)).transpose().map_err(|error| error.at("within"))?;
        let own = self.kinds.map(|kinds| kinds.into_iter().map(Into::into).collect());
        Ok(VocabularyFilter { search: self.search, below, own, retired: self.retired })
    }
}

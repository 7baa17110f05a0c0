//! The GraphQL type `Place` with its input and filter: a location in the tree world, region, country, city.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::Noun;

use super::{
    connection::{PlaceConnection, ReleaseConnection},
    release_set::ReleaseStats,
};
use crate::{
    catalog::{Concept, ReleaseSet, View},
    graphql::{
        base::{
            enums::PlaceKind,
            error::ApiError,
            global_id,
            names::alt_names,
            scalars::{DateTime, LanguageTag, Slug, Url},
        },
        engine::{context::ContextExt, serial_list::SerialList},
        inputs::{
            filter::{self, ReleaseFilter, ReleaseOrder},
            lookup::PlaceRef,
            patch::{NameInput, patch, patch_names, patch_with},
        },
    },
    journal::PlaceImage,
    newsroom::{
        Patch,
        access::public_id::IdCodec,
        reading::{
            list::{concept_cursor_key, concept_page},
            pagination::PageRequest,
        },
        taxonomy::place,
    },
};

/// A place: a node of the tree world, region, country, city.
pub struct Place {
    snapshot: Arc<View>,
    number: u32,
}

impl Place {
    /// The place of a number.
    pub fn new(snapshot: Arc<View>, number: u32) -> Self {
        Self { snapshot, number }
    }

    fn image(&self) -> &PlaceImage {
        self.snapshot.places().get(self.number)
    }

    /// Everything that the viewer may see of the releases with this place.
    fn set(&self, ctx: &Context<'_>, include_within: bool) -> ReleaseSet {
        let request = ctx.request();
        self.snapshot.visible_to(&request.viewer, request.now).with_place(self.number, include_within)
    }
}

/// A place: a node of the tree world, region, country, city.
#[Object(serial)]
impl Place {
    /// Its global id; never changes.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Place, self.image().id)
    }

    /// The last part of its public address.
    async fn slug(&self) -> Slug {
        self.image().slug.as_str().into()
    }

    /// Its name in a language; where it has none there, in the nearest less specific one, or in the newsroom's own.
    async fn name(
        &self,
        #[graphql(desc = "The language wanted; the newsroom's own where none is given.")] language: Option<LanguageTag>,
    ) -> &str {
        self.image().name_in(language.as_ref().map(|tag| tag.0.as_str()))
    }

    /// What else it is called, in one language or in all.
    async fn alt_names(
        &self,
        #[graphql(desc = "Only names of this language.")] language: Option<LanguageTag>,
    ) -> Vec<&str> {
        alt_names(self.image(), language.as_ref())
    }

    /// What sort of place it is.
    async fn kind(&self) -> PlaceKind {
        self.image().kind.into()
    }

    /// Its id in a public gazetteer.
    async fn uri(&self) -> Option<Url> {
        self.image().uri.as_deref().map(Url::from)
    }

    /// ISO 3166-1 alpha-2 code: KH.
    #[graphql(name = "iso3166Alpha2")]
    async fn iso3166_alpha2(&self) -> Option<&str> {
        self.image().iso3166_alpha2.as_deref()
    }

    /// ISO 3166-1 alpha-3 code: KHM.
    #[graphql(name = "iso3166Alpha3")]
    async fn iso3166_alpha3(&self) -> Option<&str> {
        self.image().iso3166_alpha3.as_deref()
    }

    /// UN M49 code, three digits: 116.
    async fn m49(&self) -> Option<&str> {
        self.image().m49.as_deref()
    }

    /// GeoNames id.
    async fn geonames_id(&self) -> Option<i32> {
        self.image().geonames_id
    }

    /// Where it lies on the globe.
    async fn location(&self) -> Option<GeoPoint> {
        self.image().location.map(|(latitude, longitude)| GeoPoint { latitude, longitude })
    }

    /// The place it lies in.
    async fn within(&self) -> Option<Place> {
        let broader = self.snapshot.places().broader(self.number).first()?;
        Some(Self::new(self.snapshot.clone(), *broader))
    }

    /// The places directly within this one, by name.
    async fn contains(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "That many from the beginning, 1 to 200; 20 where neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, 1 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<PlaceConnection>, ApiError> {
        let (places, page_request) = (self.snapshot.places(), PageRequest { first, after, last, before });
        let scope = ("within", self.image().id);
        let key = concept_cursor_key(&ctx.newsroom().token_cipher, "places", &scope, &scope);
        let page = concept_page(places, &key, places.narrower(self.number), &page_request)?;
        Ok(Some(PlaceConnection::new(&self.snapshot, page)))
    }

    /// Every place it lies in, nearest first.
    async fn ancestors(&self) -> Option<SerialList<Place>> {
        let ancestors = self.snapshot.places().ancestors(self.number);
        Some(ancestors.into_iter().map(|number| Self::new(self.snapshot.clone(), number)).collect())
    }

    /// Since when it is no longer given to releases; those that have it keep it. null while it is in use.
    async fn retired_at(&self) -> Option<DateTime> {
        self.image().retired_at.map(DateTime)
    }

    /// The place to use instead of a retired one.
    async fn replaced_by(&self) -> Option<Place> {
        let number = self.snapshot.places().by_id(self.image().replaced_by?)?;
        Some(Self::new(self.snapshot.clone(), number))
    }

    /// The number to give as `expectedRevision`.
    async fn revision(&self) -> i32 {
        self.image().revision
    }

    /// The releases that were filed there or are about it.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn releases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them to keep.")] filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "In which order; newest release date first where none is given. Ties are broken by the order in which they were created."
        )]
        order_by: Option<Vec<ReleaseOrder>>,
        #[graphql(default = true, desc = "Those of places within it, too.")] include_within: bool,
        #[graphql(desc = "That many from the beginning, 1 to 200; 20 where neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, 1 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<ReleaseConnection>, ApiError> {
        let page_request = PageRequest { first, after, last, before };
        let scope = format!("place {} {include_within}", self.image().id);
        let filter = ReleaseFilter::resolve_argument(filter, ctx.ids())?;
        ReleaseConnection::load(
            ctx,
            &self.set(ctx, include_within),
            &scope,
            filter,
            &filter::resolve_order(order_by)?,
            &page_request,
        )
        .await
        .map(Some)
    }

    /// The same releases, places within it included, as numbers.
    async fn stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them to count.")] filter: Option<ReleaseFilter>,
    ) -> Result<Option<ReleaseStats>, ApiError> {
        ReleaseStats::narrowed(ctx, &self.set(ctx, true), filter).await.map(Some)
    }
}

/// A point on the globe, WGS 84.
#[derive(Clone, Copy, SimpleObject)]
#[graphql(serial)]
pub struct GeoPoint {
    /// Degrees north, -90 to 90.
    latitude: f64,
    /// Degrees east, -180 to 180.
    longitude: f64,
}

/// What to make or change of a place. Given fields replace, missing ones stay, null clears where null is allowed; a list
/// replaces the whole list.
#[derive(InputObject)]
pub struct PlaceInput {
    /// The last part of its public address; made from the name where a new place gives none. The former one keeps answering.
    slug: MaybeUndefined<Slug>,
    /// Its name in the newsroom's own language, at most 300 characters. Required of a new place.
    name: MaybeUndefined<String>,
    /// Its preferred names in other languages, one a language.
    names: MaybeUndefined<Vec<NameInput>>,
    /// What else it is called.
    alt_names: MaybeUndefined<Vec<NameInput>>,
    /// Its id in a public gazetteer.
    uri: MaybeUndefined<Url>,
    /// What sort of place it is. Required of a new place.
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
    /// Degrees north, -90 to 90; together with `longitude`.
    latitude: MaybeUndefined<f64>,
    /// Degrees east, -180 to 180; together with `latitude`.
    longitude: MaybeUndefined<f64>,
    /// The place it lies in. A cycle is refused.
    within: MaybeUndefined<PlaceRef>,
}

impl PlaceInput {
    /// As the newsroom has it.
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

/// Which places to list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PlaceFilter {
    /// A name of theirs contains this, without regard to case and accents.
    pub search: Option<String>,
    /// They are of one of these kinds.
    pub kinds: Option<Vec<PlaceKind>>,
    /// They lie within this one, at any depth.
    pub within: Option<PlaceRef>,
    /// true: they are retired; false: they are in use.
    pub retired: Option<bool>,
}

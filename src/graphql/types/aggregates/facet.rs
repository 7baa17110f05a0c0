//! GraphQL types of facets, which count releases by topic, place, kind or language. Each bucket is also a release
//! set.
//!
//! `catalog::query::aggregates` computes the counts; this file converts requests and results.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object};
use entity::{Noun, release::ReleaseKind as Kind};

use super::super::{place::Place, release::Release, release_set::ReleaseStats, topic::Topic};
use crate::{
    catalog::{self, Bucket, FacetField, FacetRequest, NEWEST_FIRST, PageWindow, ReleaseSet},
    graphql::{
        base::{
            enums::{FacetScope, ReleaseKind},
            error::ApiError,
            global_id, loaders,
            projection::projection_of_field,
            scalars::LanguageTag,
        },
        engine::{context::ContextExt, serial_list::SerialList},
        inputs::{
            facet::{FacetInput, PlaceFacetInput, TopicFacetInput},
            pagination::page_size,
        },
    },
    newsroom::{access::public_id::IdCodec, reading::pagination::DEFAULT_SIZE},
};

/// Counts of a set of releases by topic, place, kind and language.
pub struct ReleaseFacets {
    pub(in crate::graphql) set: ReleaseSet,
}

/// Counts of a set of releases by topic, place, kind and language.
#[Object(serial)]
impl ReleaseFacets {
    /// Counts by topic.
    async fn topics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which buckets to return, and in which order.")] input: Option<TopicFacetInput>,
    ) -> Result<Option<TopicFacet>, ApiError> {
        self.build_facet(ctx, input.unwrap_or_default().request(ctx.ids(), &self.set), TopicFacet).await
    }

    /// Counts by place.
    async fn places(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which buckets to return, and in which order.")] input: Option<PlaceFacetInput>,
    ) -> Result<Option<PlaceFacet>, ApiError> {
        self.build_facet(ctx, input.unwrap_or_default().request(), PlaceFacet).await
    }

    /// Counts by kind.
    async fn kinds(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which buckets to return, and in which order.")] input: Option<FacetInput>,
    ) -> Result<Option<KindFacet>, ApiError> {
        self.build_facet(ctx, input.unwrap_or_default().request(FacetField::Kinds), KindFacet).await
    }

    /// Counts by language.
    async fn languages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which buckets to return, and in which order.")] input: Option<FacetInput>,
    ) -> Result<Option<LanguageFacet>, ApiError> {
        self.build_facet(ctx, input.unwrap_or_default().request(FacetField::Languages), LanguageFacet).await
    }
}

impl ReleaseFacets {
    async fn build_facet<T>(
        &self,
        ctx: &Context<'_>,
        request: Result<FacetRequest, ApiError>,
        wrap: impl Fn(Arc<catalog::Facet>) -> T,
    ) -> Result<Option<T>, ApiError> {
        let request = request.map_err(|error| error.at("input"))?;
        ctx.execution().yield_if_due().await;
        Ok(Some(wrap(Arc::new(self.set.facet(&request)))))
    }
}

/// Returns the topics with the most releases, for `topicAggregates`.
pub fn topic_buckets(set: &ReleaseSet, field: FacetField, first: i32) -> Result<SerialList<TopicBucket>, ApiError> {
    let input = FacetInput::with_first(first, FacetScope::AllFilters);
    let facet = Arc::new(set.facet(&input.request(field)?));
    Ok(facet.buckets.iter().map(|&bucket| TopicBucket { facet: facet.clone(), bucket }).collect())
}

/// Counts of a set of releases by the values of one field, for example by topic.
#[derive(Interface)]
#[expect(clippy::duplicated_attributes, reason = "each field has its own type and description")]
#[graphql(
    field(
        name = "distinct_values",
        ty = "u64",
        desc = "Number of values that match the arguments of the facet, including values that were not returned because of `first`."
    ),
    field(
        name = "missing",
        ty = "u64",
        desc = "Number of releases that are not counted under any value, for example because they have no topic."
    ),
    field(
        name = "other",
        ty = "u64",
        desc = "Number of releases that count for at least one value, but for none of the returned buckets."
    ),
    field(
        name = "overlapping",
        ty = "bool",
        desc = "Whether a release can be in several buckets, as with topics and places."
    )
)]
pub enum Facet {
    /// Counts by topic.
    Topics(TopicFacet),
    /// Counts by place.
    Places(PlaceFacet),
    /// Counts by kind.
    Kinds(KindFacet),
    /// Counts by language.
    Languages(LanguageFacet),
}

/// A facet bucket: one value, for example a topic, and the releases that have it.
#[derive(Interface)]
#[graphql(
    field(
        name = "key",
        ty = "ID",
        desc = "Identifies the value: the global id of a topic or place, the name of a kind, or a language tag."
    ),
    field(name = "label", ty = "String", desc = "The text to show for the value."),
    field(name = "count", ty = "u64", desc = "Number of releases in this bucket. Each release counts once."),
    field(
        name = "share",
        ty = "f64",
        desc = "`count` as a fraction of all releases that the facet counts, from 0 to 1."
    ),
    field(
        name = "selected",
        ty = "bool",
        desc = "Whether the release filter asks for this value, for example with `kinds` or `topics.any`. Conditions inside `or` and `not` are ignored here."
    ),
    field(
        name = "stats",
        ty = "Option<ReleaseStats>",
        desc = "Counts, facets and timelines of the releases in this bucket. These facets start without a filter: `selected` is always false, and `scope` has no effect."
    ),
    field(
        name = "samples",
        ty = "Option<Vec<Release>>",
        desc = "The releases in this bucket with the latest release dates, latest first.",
        arg(name = "first", ty = "i32", default_with = "DEFAULT_SIZE", desc = "Maximum number of releases, 1 to 200.")
    )
)]
pub enum FacetBucket {
    /// A topic.
    Topic(TopicBucket),
    /// A place.
    Place(PlaceBucket),
    /// A kind.
    Kind(KindBucket),
    /// A language.
    Language(LanguageBucket),
}

/// Loads the releases of a bucket that have the latest release dates.
async fn samples(
    ctx: &Context<'_>,
    facet: &catalog::Facet,
    bucket: &Bucket,
    first: i32,
) -> Result<Vec<Release>, ApiError> {
    let size = page_size(first)?;
    let set = facet.bucket_set(bucket);
    let window = PageWindow { size, from_end: false, after: None, before: None };
    let items = set.slice(&NEWEST_FIRST, &window).items;
    ctx.execution().before_reading(items.len(), 0).await;
    let loaded = loaders::load_releases(&ctx.request().release_loader, items, projection_of_field(ctx)).await?;
    Ok(loaded.into_iter().map(|loaded| Release::new(ctx.request(), &set, loaded)).collect())
}

macro_rules! facet {
    ($facet:ident, $bucket:ident, $what:literal, $key:expr, { $($more:tt)* }) => {
        #[doc = concat!("Counts of a set of releases by ", $what, ".")]
        pub struct $facet(Arc<catalog::Facet>);

        #[doc = concat!("Counts of a set of releases by ", $what, ".")]
        #[Object(serial)]
        impl $facet {
            /// The requested buckets, in the requested order.
            pub(in crate::graphql) async fn buckets(&self) -> SerialList<$bucket> {
                self.0.buckets.iter().map(|&bucket| $bucket { facet: self.0.clone(), bucket }).collect()
            }

            /// Number of values that match the arguments of the facet, including values that were not returned
            /// because of `first`.
            pub(in crate::graphql) async fn distinct_values(&self) -> u64 {
                self.0.distinct_values
            }

            /// Number of releases that are not counted under any value, for example because they have no topic.
            pub(in crate::graphql) async fn missing(&self) -> u64 {
                self.0.missing()
            }

            /// Number of releases that count for at least one value, but for none of the returned buckets.
            pub(in crate::graphql) async fn other(&self) -> u64 {
                self.0.other()
            }

            /// Whether a release can be in several buckets, as with topics and places.
            pub(in crate::graphql) async fn overlapping(&self) -> bool {
                self.0.overlapping()
            }
        }

        #[doc = concat!("A facet bucket: one ", $what, " and the releases of a set that have it.")]
        pub struct $bucket {
            facet: Arc<catalog::Facet>,
            bucket: Bucket,
        }

        #[doc = concat!("A facet bucket: one ", $what, " and the releases of a set that have it.")]
        #[Object(serial)]
        impl $bucket {
            /// Identifies the value: the global id of a topic or place, the name of a kind, or a language tag.
            pub(in crate::graphql) async fn key(&self, ctx: &Context<'_>) -> ID {
                let key: fn(&Self, &IdCodec) -> ID = $key;
                key(self, ctx.ids())
            }

            /// The text to show for the value.
            pub(in crate::graphql) async fn label(&self) -> String {
                self.facet.set().snapshot().label(self.facet.field(), self.bucket.value).to_owned()
            }

            /// Number of releases in this bucket. Each release counts once.
            pub(in crate::graphql) async fn count(&self) -> u64 {
                self.bucket.count
            }

            /// `count` as a fraction of all releases that the facet counts, from 0 to 1.
            pub(in crate::graphql) async fn share(&self) -> f64 {
                self.facet.share(&self.bucket)
            }

            /// Whether the release filter asks for this value, for example with `kinds` or `topics.any`. Conditions
            /// inside `or` and `not` are ignored here.
            pub(in crate::graphql) async fn selected(&self) -> bool {
                self.bucket.selected
            }

            /// Counts, facets and timelines of the releases in this bucket. These facets start without a filter:
            /// `selected` is always false, and `scope` has no effect.
            pub(in crate::graphql) async fn stats(&self) -> Option<ReleaseStats> {
                Some(ReleaseStats { set: self.facet.bucket_set(&self.bucket) })
            }

            /// The releases in this bucket with the latest release dates, latest first.
            pub(in crate::graphql) async fn samples(
                &self,
                ctx: &Context<'_>,
                #[graphql(default_with = "DEFAULT_SIZE", desc = "Maximum number of releases, 1 to 200.")] first: i32,
            ) -> Result<Option<Vec<Release>>, ApiError> {
                samples(ctx, &self.facet, &self.bucket, first).await.map(Some)
            }

            $($more)*
        }
    };
}

facet!(
    TopicFacet,
    TopicBucket,
    "topic",
    |bucket, ids| global_id::encode(
        ids,
        Noun::Topic,
        bucket.facet.set().snapshot().topics().get(bucket.bucket.value).id
    ),
    {
        /// The topic.
        async fn topic(&self) -> Topic {
            Topic::new(self.facet.set().snapshot().clone(), self.bucket.value)
        }

        /// Number of releases that have exactly this topic. With `rollUp`, `count` also includes releases that have
        /// only a narrower topic.
        async fn direct_count(&self) -> u64 {
            self.facet.direct_count(&self.bucket)
        }
    }
);

facet!(
    PlaceFacet,
    PlaceBucket,
    "place",
    |bucket, ids| global_id::encode(
        ids,
        Noun::Place,
        bucket.facet.set().snapshot().places().get(bucket.bucket.value).id
    ),
    {
        /// The place.
        async fn place(&self) -> Place {
            Place::new(self.facet.set().snapshot().clone(), self.bucket.value)
        }

        /// Number of releases that have exactly this place. With `level`, `count` also includes releases that have
        /// only a place within this place.
        async fn direct_count(&self) -> u64 {
            self.facet.direct_count(&self.bucket)
        }
    }
);

facet!(KindFacet, KindBucket, "kind", |bucket, _| ID(bucket.kind_name()), {
    /// The kind of the releases in this bucket.
    async fn kind(&self) -> ReleaseKind {
        self.kind_of().into()
    }
});

facet!(
    LanguageFacet,
    LanguageBucket,
    "language",
    |bucket, _| ID(bucket.facet.set().snapshot().language(bucket.bucket.value).to_owned()),
    {
        /// The language of the releases in this bucket.
        async fn language(&self) -> LanguageTag {
            self.facet.set().snapshot().language(self.bucket.value).into()
        }
    }
);

impl KindBucket {
    fn kind_of(&self) -> Kind {
        Kind::ALL[self.bucket.value as usize]
    }

    fn kind_name(&self) -> String {
        match async_graphql::InputType::to_value(&ReleaseKind::from(self.kind_of())) {
            async_graphql::Value::Enum(name) => name.to_string(),
            _ => String::new(),
        }
    }
}

//! The GraphQL type `Topic` with its input and filter: a SKOS concept that releases are about.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use entity::Noun;

use super::{
    connection::{ReleaseConnection, TopicConnection},
    release_set::ReleaseStats,
};
use crate::{
    catalog::{Concept, View},
    graphql::{
        base::{
            error::ApiError,
            global_id,
            names::alt_names,
            scalars::{DateTime, LanguageTag, Slug, Url},
        },
        engine::{context::ContextExt, serial_list::SerialList},
        inputs::{
            filter::{self, ReleaseFilter, ReleaseOrder},
            lookup::TopicRef,
            patch::{NameInput, patch, patch_names, patch_references, patch_with},
        },
    },
    journal::TopicImage,
    newsroom::{
        Patch,
        access::public_id::IdCodec,
        reading::{
            list::{concept_cursor_key, concept_page},
            pagination::PageRequest,
        },
        taxonomy::topic,
    },
};

/// A topic that releases are about (SKOS `Concept`). All topics are public, even if only unpublished releases have
/// them.
pub struct Topic {
    snapshot: Arc<View>,
    number: u32,
}

impl Topic {
    /// Returns the topic with a number.
    pub fn new(snapshot: Arc<View>, number: u32) -> Self {
        Self { snapshot, number }
    }

    fn image(&self) -> &TopicImage {
        self.snapshot.topics().get(self.number)
    }

    fn topics_of(&self, numbers: impl IntoIterator<Item = u32>) -> SerialList<Self> {
        numbers.into_iter().map(|number| Self::new(self.snapshot.clone(), number)).collect()
    }
}

/// A topic that releases are about (SKOS `Concept`). All topics are public, even if only unpublished releases have
/// them.
#[Object(serial)]
impl Topic {
    /// The global id. It never changes.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Topic, self.image().id)
    }

    /// The last segment of its public URL.
    async fn slug(&self) -> Slug {
        self.image().slug.as_str().into()
    }

    /// The name in a language. If there is none in that language, the name in the nearest less specific language (`pt`
    /// for `pt-BR`), or else in the newsroom's language.
    async fn name(
        &self,
        #[graphql(desc = "The language of the name. Default: the newsroom's language.")] language: Option<LanguageTag>,
    ) -> &str {
        self.image().name_in(language.as_ref().map(|tag| tag.0.as_str()))
    }

    /// Alternative names, in one language or in all languages.
    async fn alt_names(
        &self,
        #[graphql(desc = "Only names in this language.")] language: Option<LanguageTag>,
    ) -> Vec<&str> {
        alt_names(self.image(), language.as_ref())
    }

    /// The definition of the topic. null if it has none.
    async fn definition(&self) -> Option<&str> {
        self.image().definition.as_deref()
    }

    /// Its URI in a public vocabulary. null if it has none.
    async fn uri(&self) -> Option<Url> {
        self.image().uri.as_deref().map(Url::from)
    }

    /// The topics directly above this one. SKOS allows several.
    async fn broader(&self) -> Option<SerialList<Topic>> {
        Some(self.topics_of(self.snapshot.topics().broader(self.number).to_vec()))
    }

    /// The topics directly below this one, sorted by name.
    async fn narrower(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of entries from the start of the list, 1 to 200. Default without `last`: 20.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of entries from the end of the list, 1 to 200. Not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<TopicConnection>, ApiError> {
        let (topics, page_request) = (self.snapshot.topics(), PageRequest { first, after, last, before });
        let scope = ("narrower", self.image().id);
        let key = concept_cursor_key(&ctx.newsroom().token_cipher, "topics", &scope, &scope);
        let page = concept_page(topics, &key, topics.narrower(self.number), &page_request)?;
        Ok(Some(TopicConnection::new(&self.snapshot, page)))
    }

    /// All topics above this one, nearest first.
    async fn ancestors(&self) -> Option<SerialList<Topic>> {
        Some(self.topics_of(self.snapshot.topics().ancestors(self.number)))
    }

    /// When the topic was retired. It can no longer be added to releases; releases that have it keep it. null while
    /// it is in use.
    async fn retired_at(&self) -> Option<DateTime> {
        self.image().retired_at.map(DateTime)
    }

    /// The topic to use instead, if this one is retired. null if there is none.
    async fn replaced_by(&self) -> Option<Topic> {
        let number = self.snapshot.topics().by_id(self.image().replaced_by?)?;
        Some(Self::new(self.snapshot.clone(), number))
    }

    /// The number to pass as `expectedRevision`.
    async fn revision(&self) -> i32 {
        self.image().revision
    }

    /// The releases that have this topic.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn releases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "Sort keys in order of precedence. Default: newest release date first. Ties are in the order of creation."
        )]
        order_by: Option<Vec<ReleaseOrder>>,
        #[graphql(default = true, desc = "Include releases of narrower topics.")] include_narrower: bool,
        #[graphql(desc = "Number of entries from the start of the list, 1 to 200. Default without `last`: 20.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of entries from the end of the list, 1 to 200. Not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<ReleaseConnection>, ApiError> {
        let (request, page_request) = (ctx.request(), PageRequest { first, after, last, before });
        let set = self.snapshot.visible_to(&request.viewer, request.now).with_topic(self.number, include_narrower);
        let scope = format!("topic {} {include_narrower}", self.image().id);
        let filter = ReleaseFilter::resolve_argument(filter, ctx.ids())?;
        ReleaseConnection::load(ctx, &set, &scope, filter, &filter::resolve_order(order_by)?, &page_request)
            .await
            .map(Some)
    }

    /// Counts, facets and timelines of the releases that have this topic or a narrower one.
    async fn stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
    ) -> Result<Option<ReleaseStats>, ApiError> {
        let request = ctx.request();
        let set = self.snapshot.visible_to(&request.viewer, request.now).with_topic(self.number, true);
        ReleaseStats::narrowed(ctx, &set, filter).await.map(Some)
    }
}

/// The fields of a topic. A field with a value replaces the stored value, an absent field leaves it unchanged, and
/// null clears it if the field is optional. A list replaces the whole stored list.
#[derive(InputObject)]
pub struct TopicInput {
    /// The last segment of its public URL. Default for a new topic: made from the name. Former slugs still lead to the
    /// topic.
    slug: MaybeUndefined<Slug>,
    /// The name in the newsroom's language, at most 300 characters. Required for a new topic.
    name: MaybeUndefined<String>,
    /// Preferred names in other languages, one per language, at most 200.
    names: MaybeUndefined<Vec<NameInput>>,
    /// Alternative names, at most 200.
    alt_names: MaybeUndefined<Vec<NameInput>>,
    /// The definition of the topic, at most 5,000 characters.
    definition: MaybeUndefined<String>,
    /// Its URI in a public vocabulary.
    uri: MaybeUndefined<Url>,
    /// The topics directly above this one. A cycle is refused.
    broader: MaybeUndefined<Vec<TopicRef>>,
}

impl TopicInput {
    /// Converts to an input of the newsroom.
    pub fn resolve(self, ids: &IdCodec) -> Result<topic::TopicInput, ApiError> {
        Ok(topic::TopicInput {
            slug: patch_with(self.slug, |slug| slug.0),
            name: patch(self.name),
            names: patch_names(self.names),
            alt_names: patch_names(self.alt_names),
            definition: patch(self.definition),
            uri: patch_with(self.uri, |uri| uri.0),
            broader: patch_references(self.broader, |topic: TopicRef| topic.resolve(ids))
                .map_err(|error| error.at("broader"))?,
            retired_at: Patch::Keep,
        })
    }
}

/// Selects topics. All given conditions must match.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TopicFilter {
    /// One of the names contains this text, ignoring case and accents.
    pub search: Option<String>,
    /// Topics below this one, at any depth.
    pub under: Option<TopicRef>,
    /// true: only topics without a broader topic; false: only topics with one. Default: both.
    pub top_level: Option<bool>,
    /// true: only retired ones; false: only those in use. Default: both.
    pub retired: Option<bool>,
}

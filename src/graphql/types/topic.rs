//! The GraphQL type `Topic` with its input and filter: a SKOS concept that releases are about.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use entity::Noun;

use super::{
    connection::{ListArguments, ReleaseConnection, TopicConnection},
    release_set::ReleaseStats,
};
use crate::{
    catalog::{Concept, View, VocabularyFilter},
    graphql::{
        base::{
            error::ApiError,
            global_id,
            scalars::{DateTime, LanguageTag, Slug, Url},
        },
        engine::{context::ContextExt, serial_list::SerialList},
        inputs::{
            filter::{ReleaseFilter, ReleaseOrder},
            lookup::TopicRef,
            patch::{NameInput, patch, patch_names, patch_references, patch_with},
            search::ReleaseSearch,
        },
    },
    journal::TopicImage,
    newsroom::{Patch, access::public_id::IdCodec, reading::pagination::PageRequest, taxonomy::topic},
};

/// A topic that releases are about (SKOS `Concept`). All topics are public, even those that only unpublished releases
/// have.
pub struct Topic {
    snapshot: Arc<View>,
    number: u32,
}

impl Topic {
    /// Returns the topic with a number of the vocabulary.
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

/// A topic that releases are about (SKOS `Concept`). All topics are public, even those that only unpublished releases
/// have.
#[Object(serial)]
impl Topic {
    /// The global id. It never changes.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Topic, self.image().id)
    }

    /// The last segment of the public URL of the topic.
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

    /// The definition of the topic. null if it has none.
    async fn definition(&self) -> Option<&str> {
        self.image().definition.as_deref()
    }

    /// The URI of the topic in a public vocabulary. null if it has none.
    async fn uri(&self) -> Option<Url> {
        self.image().uri.as_deref().map(Url::from)
    }

    /// The topics directly above this topic. There can be several, as in SKOS.
    async fn broader(&self) -> Option<SerialList<Topic>> {
        Some(self.topics_of(self.snapshot.topics().broader(self.number).to_vec()))
    }

    /// The topics directly below this topic, sorted by name.
    async fn narrower(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<TopicConnection>, ApiError> {
        let (topics, page_request) = (self.snapshot.topics(), PageRequest { first, after, last, before });
        let page = ctx.newsroom().narrower_page(topics, self.number, "narrower", &page_request)?;
        Ok(Some(TopicConnection::new(&self.snapshot, page)))
    }

    /// All topics above this topic, nearest first.
    async fn ancestors(&self) -> Option<SerialList<Topic>> {
        Some(self.topics_of(self.snapshot.topics().ancestors(self.number)))
    }

    /// When the topic was retired. null if it is in use. A retired topic can no longer be added to releases, but
    /// releases that have it keep it.
    async fn retired_at(&self) -> Option<DateTime> {
        self.image().retired_at.map(DateTime)
    }

    /// The topic to use instead of this retired topic. null if there is none.
    async fn replaced_by(&self) -> Option<Topic> {
        let number = self.snapshot.topics().by_id(self.image().replaced_by?)?;
        Some(Self::new(self.snapshot.clone(), number))
    }

    /// The revision number of the topic, to pass as `expectedRevision`.
    async fn revision(&self) -> i32 {
        self.image().revision
    }

    /// The releases that have this topic.
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
        #[graphql(default = true, desc = "Whether to include releases of narrower topics.")] include_narrower: bool,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<ReleaseConnection>, ApiError> {
        let (request, page_request) = (ctx.request(), PageRequest { first, after, last, before });
        let set = self.snapshot.visible_to(&request.viewer, request.now).with_topic(self.number, include_narrower);
        let scope = format!("topic {} {include_narrower}", self.image().id);
        let arguments = ListArguments { search, filter, order_by };
        ReleaseConnection::load(ctx, set, &scope, arguments, &page_request).await.map(Some)
    }

    /// Counts, facets and timelines of the releases that have this topic or a narrower one.
    async fn stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this search.")] search: Option<ReleaseSearch>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
    ) -> Result<Option<ReleaseStats>, ApiError> {
        let request = ctx.request();
        let set = self.snapshot.visible_to(&request.viewer, request.now).with_topic(self.number, true);
        ReleaseStats::narrowed(ctx, set, search, filter).await.map(Some)
    }
}

/// The fields of a topic. An absent field keeps the stored value, and null clears an optional field. Any other value
/// replaces the stored value; a list replaces the whole stored list.
#[derive(InputObject)]
pub struct TopicInput {
    /// The last segment of the public URL. Default for a new topic: made from the name. Former slugs still lead to
    /// the topic.
    slug: MaybeUndefined<Slug>,
    /// The name in the newsroom's language, at most 300 characters. Required for a new topic.
    name: MaybeUndefined<String>,
    /// Preferred names in languages other than the newsroom's, one per language, at most 200.
    names: MaybeUndefined<Vec<NameInput>>,
    /// Alternative names in any language, at most 200.
    alt_names: MaybeUndefined<Vec<NameInput>>,
    /// The definition of the topic, at most 5,000 characters.
    definition: MaybeUndefined<String>,
    /// The URI of the topic in a public vocabulary.
    uri: MaybeUndefined<Url>,
    /// The topics directly above this topic. A cycle in the hierarchy is refused.
    broader: MaybeUndefined<Vec<TopicRef>>,
}

impl TopicInput {
    /// Converts this input to an input of the newsroom.
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
    /// Only topics with a name that contains this text, ignoring case and accents. The search covers alternative
    /// names and names in all languages.
    search: Option<String>,
    /// Only topics below the given topic, at any depth.
    under: Option<TopicRef>,
    /// true: only topics without a broader topic. false: only topics with a broader topic. Default: both.
    top_level: Option<bool>,
    /// true: only retired topics. false: only topics in use. Default: both.
    retired: Option<bool>,
}

impl TopicFilter {
    /// Converts this input to a catalog filter.
    pub fn resolve(self, ids: &IdCodec) -> Result<VocabularyFilter<TopicImage>, ApiError> {
        let below = self.under.map(|under| under.resolve(ids)).transpose().map_err(|error| error.at("under"))?;
        Ok(VocabularyFilter { search: self.search, below, own: self.top_level, retired: self.retired })
    }
}

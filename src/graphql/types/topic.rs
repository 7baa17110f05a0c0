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

/// A topic: a concept that releases are about (SKOS `Concept`). Topics have no secret names: what topics there are is public,
/// also where only unpublished releases bear one.
pub struct Topic {
    snapshot: Arc<View>,
    number: u32,
}

impl Topic {
    /// The topic of a number.
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

/// A topic: a concept that releases are about (SKOS `Concept`). Topics have no secret names: what topics there are is public,
/// also where only unpublished releases bear one.
#[Object(serial)]
impl Topic {
    /// Its global id; never changes.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Topic, self.image().id)
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

    /// What it means.
    async fn definition(&self) -> Option<&str> {
        self.image().definition.as_deref()
    }

    /// Its id in a public vocabulary.
    async fn uri(&self) -> Option<Url> {
        self.image().uri.as_deref().map(Url::from)
    }

    /// The topics right above it; SKOS allows several.
    async fn broader(&self) -> Option<SerialList<Topic>> {
        Some(self.topics_of(self.snapshot.topics().broader(self.number).to_vec()))
    }

    /// The topics directly below this one, by name.
    async fn narrower(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "That many from the beginning, 1 to 200; 20 where neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, 1 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<TopicConnection>, ApiError> {
        let (topics, page_request) = (self.snapshot.topics(), PageRequest { first, after, last, before });
        let scope = ("narrower", self.image().id);
        let key = concept_cursor_key(&ctx.newsroom().token_cipher, "topics", &scope, &scope);
        let page = concept_page(topics, &key, topics.narrower(self.number), &page_request)?;
        Ok(Some(TopicConnection::new(&self.snapshot, page)))
    }

    /// Every topic above it, nearest first.
    async fn ancestors(&self) -> Option<SerialList<Topic>> {
        Some(self.topics_of(self.snapshot.topics().ancestors(self.number)))
    }

    /// Since when it is no longer given to releases; those that have it keep it. null while it is in use.
    async fn retired_at(&self) -> Option<DateTime> {
        self.image().retired_at.map(DateTime)
    }

    /// The topic to use instead of a retired one.
    async fn replaced_by(&self) -> Option<Topic> {
        let number = self.snapshot.topics().by_id(self.image().replaced_by?)?;
        Some(Self::new(self.snapshot.clone(), number))
    }

    /// The number to give as `expectedRevision`.
    async fn revision(&self) -> i32 {
        self.image().revision
    }

    /// The releases that bear it.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn releases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them to keep.")] filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "In which order; newest release date first where none is given. Ties are broken by the order in which they were created."
        )]
        order_by: Option<Vec<ReleaseOrder>>,
        #[graphql(default = true, desc = "Those of narrower topics, too.")] include_narrower: bool,
        #[graphql(desc = "That many from the beginning, 1 to 200; 20 where neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, 1 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<ReleaseConnection>, ApiError> {
        let (request, page_request) = (ctx.request(), PageRequest { first, after, last, before });
        let set = self.snapshot.visible_to(&request.viewer, request.now).with_topic(self.number, include_narrower);
        let scope = format!("topic {} {include_narrower}", self.image().id);
        let filter = ReleaseFilter::resolve_argument(filter, ctx.ids())?;
        ReleaseConnection::load(ctx, &set, &scope, filter, &filter::resolve_order(order_by)?, &page_request)
            .await
            .map(Some)
    }

    /// The same releases, narrower topics included, as numbers.
    async fn stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them to count.")] filter: Option<ReleaseFilter>,
    ) -> Result<Option<ReleaseStats>, ApiError> {
        let request = ctx.request();
        let set = self.snapshot.visible_to(&request.viewer, request.now).with_topic(self.number, true);
        ReleaseStats::narrowed(ctx, &set, filter).await.map(Some)
    }
}

/// What to make or change of a topic. Given fields replace, missing ones stay, null clears where null is allowed; a list
/// replaces the whole list.
#[derive(InputObject)]
pub struct TopicInput {
    /// The last part of its public address; made from the name where a new topic gives none. The former one keeps answering.
    slug: MaybeUndefined<Slug>,
    /// Its name in the newsroom's own language, at most 300 characters. Required of a new topic.
    name: MaybeUndefined<String>,
    /// Its preferred names in other languages, one a language.
    names: MaybeUndefined<Vec<NameInput>>,
    /// What else it is called.
    alt_names: MaybeUndefined<Vec<NameInput>>,
    /// What it means, at most 5,000 characters.
    definition: MaybeUndefined<String>,
    /// Its id in a public vocabulary.
    uri: MaybeUndefined<Url>,
    /// The topics right above it. A cycle is refused.
    broader: MaybeUndefined<Vec<TopicRef>>,
}

impl TopicInput {
    /// As the newsroom has it.
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

/// Which topics to list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TopicFilter {
    /// A name of theirs contains this, without regard to case and accents.
    pub search: Option<String>,
    /// They are narrower than this one, at any depth.
    pub under: Option<TopicRef>,
    /// true: they have no broader topic; false: they have one.
    pub top_level: Option<bool>,
    /// true: they are retired; false: they are in use.
    pub retired: Option<bool>,
}

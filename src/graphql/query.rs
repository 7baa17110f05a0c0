//! The root type `Query`: one resolver for each read of the API.
//!
//! Resolvers convert arguments, call the newsroom or the catalog, and wrap the result in a type of `types`.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::{
    base::{
        error::ApiError,
        global_id,
        projection::projection_of_field,
        scalars::{Date, Duration},
    },
    engine::{
        context::ContextExt,
        serial_list::{SerialList, SerialObject},
    },
    inputs::{
        filter::{ReleaseFilter, ReleaseOrder},
        lookup::{PlaceRef, ReleaseRef, TopicRef},
        pagination::page_size,
        search::ReleaseSearch,
    },
    types::{
        access::{AccessLogConnection, AccessLogEntry, Token, TokenConnection, Viewer},
        aggregates::{
            facet::{TopicBucket, topic_buckets},
            trend::{TopicTrend, trending},
        },
        connection::{ListArguments, PlaceConnection, ReleaseConnection, TopicConnection},
        history::{JournalConnection, JournalEntry, JournalFilter},
        node::{self, SerialNode},
        place::{Place, PlaceFilter},
        release::{Release, ReleaseLookup},
        release_set::{ReleaseStats, narrow},
        revision::ReleaseRevision,
        search::SearchSuggestion,
        topic::{Topic, TopicFilter},
    },
};
use crate::{
    catalog::{FacetField, ReleaseKey, TrendRequest},
    newsroom::{
        self,
        reading::pagination::{DEFAULT_SIZE, PageRequest},
    },
};

/// Read operations. All fields of a request read the same snapshot of the newsroom's data.
pub struct Query;

/// Read operations. All fields of a request read the same snapshot of the newsroom's data.
#[Object]
impl Query {
    /// A release, topic or place by its global id. null if it does not exist or you may not see it.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of the release, topic or place.")] id: ID,
    ) -> Result<Option<SerialNode>, ApiError> {
        let loaded = node::nodes(ctx, &[id], projection_of_field(ctx)).await.map_err(|error| error.at("id"))?;
        Ok(loaded.into_iter().next().flatten())
    }

    /// Several releases, topics or places by their global ids, in the given order. An entry is null if the object does
    /// not exist or you may not see it.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids of releases, topics and places, at most 200.")] ids: Vec<ID>,
    ) -> Result<Option<Vec<Option<SerialNode>>>, ApiError> {
        if ids.len() > 200 {
            return Err(ApiError::bad_input(format!("`ids` has {} entries; the maximum is 200", ids.len())).at("ids"));
        }
        node::nodes(ctx, &ids, projection_of_field(ctx)).await.map(Some).map_err(|error| error.at("ids"))
    }

    /// A release. null if it does not exist or you may not see it; a client cannot distinguish these two cases.
    async fn release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Identifies the release by id, slug or external id.")] r#ref: ReleaseRef,
    ) -> Result<Option<SerialObject<Release>>, ApiError> {
        let Some(key) = release_key(ctx, r#ref).await? else { return Ok(None) };
        Release::load(ctx, &key).await
    }

    /// What a website needs to answer a request for the URL of a release: the release, the former slug to redirect
    /// from, or the tombstone of a withdrawn or retracted release. All three are null if the release does not exist
    /// or you may not see it.
    async fn release_lookup(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Identifies the release by id, slug or external id.")] r#ref: ReleaseRef,
    ) -> Result<ReleaseLookup, ApiError> {
        Ok(ReleaseLookup::new(release_key(ctx, r#ref).await?))
    }

    /// The newest revision of a release, read through a preview link. null if the token is invalid, if the link has
    /// expired or was revoked, or if the release was deleted, purged or retracted; a client cannot distinguish these
    /// cases. Each successful use is logged.
    async fn preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token of the preview link.")] token: String,
    ) -> Result<Option<ReleaseRevision>, ApiError> {
        let request = ctx.request();
        ctx.execution().before_reading(1, 0).await;
        let loaded = ctx.newsroom().preview(&token, request.now).await?;
        request.mark_preview();
        Ok(loaded.map(|preview| ReleaseRevision::new(&request.snapshot, preview.version, false)))
    }

    /// The releases that you may see, page by page.
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
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<ReleaseConnection>, ApiError> {
        let (set, page_request) = (ctx.request().visible(), PageRequest { first, after, last, before });
        let arguments = ListArguments { search, filter, order_by };
        ReleaseConnection::load(ctx, set, "", arguments, &page_request).await.map(Some)
    }

    /// Counts, facets and timelines of the releases that `releases` lists with the same filter.
    async fn release_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this search.")] search: Option<ReleaseSearch>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
    ) -> Result<Option<ReleaseStats>, ApiError> {
        ReleaseStats::narrowed(ctx, ctx.request().visible(), search, filter).await.map(Some)
    }

    /// Suggestions while somebody types a search: topics and places with most releases first, then releases whose
    /// headlines match best. A topic or place is suggested if one of its names, in any language, has a word that
    /// begins with the text.
    async fn search_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The beginning of a search text, at most 1,000 characters.")] prefix: String,
        #[graphql(default = 10, desc = "Maximum number of suggestions, 1 to 200.")] first: i32,
    ) -> Result<Option<SerialList<SearchSuggestion>>, ApiError> {
        SearchSuggestion::load(ctx, &prefix, page_size(first)?).await.map(Some)
    }

    /// Topics with their number of releases, largest first. Topics with equal numbers are sorted by name. Topics
    /// without releases are omitted.
    async fn topic_aggregates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
        #[graphql(default_with = "DEFAULT_SIZE", desc = "Maximum number of topics, 1 to 200.")] first: i32,
        #[graphql(
            default = true,
            desc = "Whether a topic also counts the releases of its narrower topics. Each release counts once per topic."
        )]
        roll_up: bool,
        #[graphql(desc = "Only topics directly below the given topic.")] under: Option<TopicRef>,
    ) -> Result<Option<SerialList<TopicBucket>>, ApiError> {
        let set = narrow(ctx, &ctx.request().visible(), filter).await?;
        let under =
            under.map(|under| under.find(ctx.ids(), set.snapshot())).transpose().map_err(|error| error.at("under"))?;
        topic_buckets(&set, FacetField::Topics { roll_up, under }, first).map(Some)
    }

    /// Trending topics: topics with more releases in a recent window than expected from the baseline period before
    /// it. Highest `score` first.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a trend")]
    async fn trending_topics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this filter.")] filter: Option<ReleaseFilter>,
        #[graphql(default_with = "Duration::from(\"P30D\")", desc = "Length of the window, at least one day.")]
        window: Duration,
        #[graphql(
            default_with = "Duration::from(\"P365D\")",
            desc = "Length of the baseline, which ends where the window starts, at least one day."
        )]
        baseline: Duration,
        #[graphql(desc = "Last day of the window. Default: today in the newsroom's time zone.")] until: Option<Date>,
        #[graphql(default_with = "DEFAULT_SIZE", desc = "Maximum number of topics, 1 to 200.")] first: i32,
        #[graphql(
            default = true,
            desc = "Whether a topic also counts the releases of its narrower topics. Each release counts once per topic."
        )]
        roll_up: bool,
    ) -> Result<Option<SerialList<TopicTrend>>, ApiError> {
        let first = page_size(first)?;
        let set = narrow(ctx, &ctx.request().visible(), filter).await?;
        let today = || {
            let (today, day_end) =
                newsroom::text::local_time::today(ctx.newsroom().settings.time_zone, ctx.request().now);
            ctx.request().limit_validity(day_end);
            today
        };
        let trend_request = TrendRequest {
            window: window.resolve().map_err(|error| error.at("window"))?,
            baseline: baseline.resolve().map_err(|error| error.at("baseline"))?,
            until: until.map_or_else(today, |until| until.0),
            first,
            roll_up,
        };
        trending(&set, &trend_request).map(Some)
    }

    /// A topic. null if it does not exist.
    async fn topic(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Identifies the topic by id, slug or URI.")] r#ref: TopicRef,
    ) -> Result<Option<Topic>, ApiError> {
        let (snapshot, reference) =
            (&ctx.request().snapshot, r#ref.resolve(ctx.ids()).map_err(|error| error.at("ref"))?);
        Ok(snapshot.topics().find(&reference).map(|number| Topic::new(snapshot.clone(), number)))
    }

    /// Topics, sorted by name, page by page.
    async fn topics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only topics that match this filter.")] filter: Option<TopicFilter>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<TopicConnection>, ApiError> {
        ctx.execution().yield_if_due().await;
        let (snapshot, page_request) = (&ctx.request().snapshot, PageRequest { first, after, last, before });
        let filter = filter.unwrap_or_default().resolve(ctx.ids()).map_err(|error| error.at("filter"))?;
        let page = ctx.newsroom().concept_page(snapshot.topics(), &filter, &page_request)?;
        Ok(Some(TopicConnection::new(snapshot, page)))
    }

    /// A place. null if it does not exist.
    async fn place(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Identifies the place by id, slug or code.")] r#ref: PlaceRef,
    ) -> Result<Option<Place>, ApiError> {
        let (snapshot, reference) =
            (&ctx.request().snapshot, r#ref.resolve(ctx.ids()).map_err(|error| error.at("ref"))?);
        Ok(snapshot.places().find(&reference).map(|number| Place::new(snapshot.clone(), number)))
    }

    /// Places, sorted by name, page by page.
    async fn places(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only places that match this filter.")] filter: Option<PlaceFilter>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<PlaceConnection>, ApiError> {
        ctx.execution().yield_if_due().await;
        let (snapshot, page_request) = (&ctx.request().snapshot, PageRequest { first, after, last, before });
        let filter = filter.unwrap_or_default().resolve(ctx.ids()).map_err(|error| error.at("filter"))?;
        let page = ctx.newsroom().concept_page(snapshot.places(), &filter, &page_request)?;
        Ok(Some(PlaceConnection::new(snapshot, page)))
    }

    /// The caller and its permissions.
    async fn viewer(&self, ctx: &Context<'_>) -> Viewer {
        Viewer(ctx.request().viewer.clone())
    }

    /// The journal: all changes in the newsroom, newest first. Requires the role ADMIN.
    async fn journal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only journal entries that match this filter.")] filter: Option<JournalFilter>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<JournalConnection>, ApiError> {
        let filter = filter.map(|filter| filter.resolve(ctx.ids())).transpose().map_err(|error| error.at("filter"))?;
        let page_request = PageRequest { first, after, last, before };
        ctx.execution().before_reading(page_request.size()?.0, 0).await;
        let page = ctx.newsroom().journal(&ctx.request().viewer, &filter.unwrap_or_default(), &page_request).await?;
        Ok(Some(JournalConnection::new(page, |row| JournalEntry::new(ctx.ids(), row))))
    }

    /// The access log, newest first: reads of embargoed content by the press, and uses of preview links. Requires the
    /// role ADMIN.
    async fn access_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only reads of the release with this id.")] release_id: Option<ID>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<AccessLogConnection>, ApiError> {
        let release = release_id.map(|id| global_id::decode_as(ctx.ids(), Noun::Release, &id)).transpose();
        let release = release.map_err(|error| error.at("releaseId"))?;
        let page_request = PageRequest { first, after, last, before };
        ctx.execution().before_reading(page_request.size()?.0, 0).await;
        let page = ctx.newsroom().access_log(&ctx.request().viewer, release, &page_request).await?;
        Ok(Some(AccessLogConnection::new(page, |row| AccessLogEntry::new(ctx.ids(), row))))
    }

    /// The access tokens, including expired and revoked ones, newest first. Requires the role ADMIN.
    async fn tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<TokenConnection>, ApiError> {
        let page_request = PageRequest { first, after, last, before };
        ctx.execution().before_reading(page_request.size()?.0, 0).await;
        let page = ctx.newsroom().tokens(&ctx.request().viewer, &page_request).await?;
        Ok(Some(TokenConnection::new(page, |row| Token::new(ctx.ids(), row))))
    }
}

/// Converts a reference to a release key. Returns `None` if no release has the external id.
async fn release_key(ctx: &Context<'_>, reference: ReleaseRef) -> Result<Option<ReleaseKey>, ApiError> {
    Ok(match reference {
        ReleaseRef::Id(id) => {
            Some(ReleaseKey::Id(global_id::decode_as(ctx.ids(), Noun::Release, &id).map_err(|error| error.at("ref"))?))
        }
        ReleaseRef::Slug(slug) => Some(ReleaseKey::Slug(slug.0)),
        ReleaseRef::ExternalId(id) => ctx.newsroom().release_by_external_id(&id).await?,
    })
}

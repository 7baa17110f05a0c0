//! Relay connections of releases, topics and places: `edges`, `nodes`, `pageInfo` and `totalCount`.
//!
//! Release connections load only the columns that the query selects (look-ahead). `newsroom::reading::pagination`
//! implements cursors and keyset pagination.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};

use super::{
    aggregates::{
        facet::ReleaseFacets,
        timeline::{Delta, Timeline, TimelineArgs, compare, timeline},
    },
    page_info::PageInfo,
    place::Place,
    release::Release,
    release_set::DataVersion,
    search::ReleaseMatch,
    topic::Topic,
};
use crate::{
    catalog::{ReleaseSet, View},
    graphql::{
        base::{
            enums::{ComparisonPeriod, GapFill, ReleaseDateField, TimeInterval, Weekday},
            error::ApiError,
            projection::release_projection,
            scalars::{Date, TimeZone},
        },
        engine::{
            context::ContextExt,
            serial_list::{SerialList, SerialObject},
        },
        inputs::{
            filter::{DateRange, ReleaseFilter, ReleaseOrder},
            search::ReleaseSearch,
        },
    },
    newsroom::reading::{
        list::{ConceptPage, Projection, ReleasePage},
        pagination::PageRequest,
    },
};

/// A page of releases, with counts, facets and timelines of the releases on all pages.
pub struct ReleaseConnection {
    page: ReleasePage,
}

/// A page of releases, with counts, facets and timelines of the releases on all pages.
#[Object(serial)]
impl ReleaseConnection {
    /// The releases of this page with their cursors.
    async fn edges(&self, ctx: &Context<'_>) -> SerialList<ReleaseEdge> {
        self.page
            .entries
            .iter()
            .map(|(cursor, loaded)| ReleaseEdge {
                cursor: cursor.clone(),
                node: SerialObject(Release::new(ctx.request(), &self.page.set, loaded.clone())),
                matched: ReleaseMatch::new(&self.page.set, &loaded.item, &loaded.revision).map(SerialObject),
            })
            .collect()
    }

    /// The releases of this page, without cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> SerialList<Release> {
        self.page
            .entries
            .iter()
            .map(|(_, loaded)| Release::new(ctx.request(), &self.page.set, loaded.clone()))
            .collect()
    }

    /// Whether the list has entries before or after this page, and the cursors of the first and last entry on this
    /// page.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(self.page.entries.iter().map(|(cursor, _)| cursor), self.page.has_previous, self.page.has_next)
    }

    /// The exact number of releases on all pages.
    async fn total_count(&self) -> Option<u64> {
        Some(self.page.set.count())
    }

    /// A similar text for `search`, if it contains words that no release has. null without a search, or if all words
    /// are known.
    async fn did_you_mean(&self, ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
        ctx.execution().yield_if_due().await;
        ctx.newsroom().did_you_mean(&self.page.set, ctx.cpu_timer()).await.map_err(ApiError::from)
    }

    /// Number of releases on all pages. The same as `totalCount`.
    pub(in crate::graphql) async fn count(&self) -> Option<u64> {
        Some(self.page.set.count())
    }

    /// Counts of these releases by topic, place, kind and language.
    pub(in crate::graphql) async fn facets(&self) -> Option<ReleaseFacets> {
        Some(ReleaseFacets { set: self.page.set.clone() })
    }

    /// The number of releases in each period, for example in each month. A timeline can have at most 4,000 periods;
    /// with `fill: OMIT`, periods without releases do not count towards this limit.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a timeline")]
    pub(in crate::graphql) async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The length of each period.")] interval: TimeInterval,
        #[graphql(default_with = "TimeZone::from(\"UTC\")", desc = "The time zone in which days start and end.")]
        time_zone: TimeZone,
        #[graphql(
            default_with = "ReleaseDateField::ReleaseDate",
            desc = "The date of a release that decides to which period it belongs."
        )]
        date_field: ReleaseDateField,
        #[graphql(
            desc = "Count only releases of these days. Default for an absent end: the first or last day on which there are releases. If a period extends beyond this range, the whole period is returned, but only releases within the range are counted."
        )]
        range: Option<DateRange>,
        #[graphql(
            default_with = "Weekday::Monday",
            desc = "The day on which a week starts. Only the interval WEEK uses it."
        )]
        week_start: Weekday,
        #[graphql(default_with = "GapFill::Zero", desc = "How a timeline treats periods without releases.")]
        fill: GapFill,
    ) -> Result<Option<Timeline>, ApiError> {
        ctx.execution().yield_if_due().await;
        let args = TimelineArgs { interval, time_zone, date_field, range, week_start, fill };
        timeline(&self.page.set, args, ctx.request()).map(Some)
    }

    /// Compares the number of releases in `range` with the number in an earlier period, by release date. Do not also
    /// restrict the release date in the filter, because the filter applies to both periods.
    pub(in crate::graphql) async fn compare(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The earlier period to compare `range` with.")] to: ComparisonPeriod,
        #[graphql(desc = "The period to compare. Both `from` and `until` are required.")] range: DateRange,
    ) -> Result<Option<Delta>, ApiError> {
        ctx.execution().yield_if_due().await;
        compare(&self.page.set, to, range).map(Some)
    }

    /// The earliest release date among these releases. null if there are no releases.
    pub(in crate::graphql) async fn earliest(&self) -> Option<Date> {
        self.page.set.date_span().map(|(earliest, _)| Date(earliest))
    }

    /// The latest release date among these releases. null if there are no releases.
    pub(in crate::graphql) async fn latest(&self) -> Option<Date> {
        self.page.set.date_span().map(|(_, latest)| Date(latest))
    }

    /// The version of the data from which these numbers were computed.
    pub(in crate::graphql) async fn as_of(&self, ctx: &Context<'_>) -> DataVersion {
        DataVersion::of(ctx, &self.page.set)
    }
}

/// A release on a page, with its cursor.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct ReleaseEdge {
    /// The cursor of this entry. To continue the list from here, pass it as `after` or `before`, with the same filter
    /// and sort order.
    cursor: String,
    /// The release.
    node: SerialObject<Release>,
    /// How well the release matches `search`. null without a search.
    #[graphql(name = "match")]
    matched: Option<SerialObject<ReleaseMatch>>,
}

impl ReleaseConnection {
    /// Narrows a set with a search and a filter and loads a page of it. Reads only the columns that the query selects.
    pub async fn load(
        ctx: &Context<'_>,
        set: ReleaseSet,
        scope: &str,
        arguments: ListArguments,
        page_request: &PageRequest,
    ) -> Result<Self, ApiError> {
        let order = ReleaseSearch::order(arguments.search.is_some(), arguments.order_by)?;
        let filter = ReleaseFilter::resolve_argument(arguments.filter, ctx.ids())?;
        let (set, search) = ReleaseSearch::apply(ctx, arguments.search, set).await?;
        let scope = search.map_or_else(|| scope.to_owned(), |search| format!("{scope}\n{search}"));
        let projection = connection_projection(ctx);
        if projection.fetch_rows {
            ctx.execution().before_reading(page_request.size()?.0, 0).await;
        }
        let filter = filter.map(Arc::new);
        let page = ctx.newsroom().release_page(&set, &scope, filter.as_ref(), &order, page_request, projection).await?;
        Ok(Self { page })
    }
}

/// The fields of a release whose texts can be highlighted.
const HIGHLIGHTED: [&str; 5] = ["headline", "subheadline", "summary", "body", "dateline"];

/// The arguments that select and sort the releases of a list.
pub struct ListArguments {
    /// The argument `search`.
    pub search: Option<ReleaseSearch>,
    /// The argument `filter`.
    pub filter: Option<ReleaseFilter>,
    /// The argument `orderBy`.
    pub order_by: Option<Vec<ReleaseOrder>>,
}

/// Returns what to load for the releases of a connection, given the fields that the query selects.
fn connection_projection(ctx: &Context<'_>) -> Projection {
    let lookahead = ctx.look_ahead();
    let nodes = [lookahead.field("nodes"), lookahead.field("edges").field("node")];
    let page_info = lookahead.field("pageInfo");
    let is_highlighted = lookahead.field("edges").field("match").field("highlights").exists();
    let selects = |name: &str| {
        (is_highlighted && HIGHLIGHTED.contains(&name)) || nodes.iter().any(|node| node.field(name).exists())
    };
    Projection {
        fetch_rows: lookahead.field("nodes").exists() || lookahead.field("edges").exists() || page_info.exists(),
        cursors: lookahead.field("edges").field("cursor").exists()
            || page_info.field("startCursor").exists()
            || page_info.field("endCursor").exists(),
        ..release_projection(selects)
    }
}

macro_rules! concept_connection {
    ($connection:ident, $edge:ident, $object:ident, $what:literal) => {
        #[doc = concat!("A page of ", $what, "s, sorted by name.")]
        #[derive(SimpleObject)]
        #[graphql(serial)]
        pub struct $connection {
            /// The entries of this page with their cursors.
            edges: SerialList<$edge>,
            /// The entries of this page, without cursors.
            nodes: SerialList<$object>,
            /// Whether the list has entries before or after this page, and the cursors of the first and last entry on
            /// this page.
            page_info: PageInfo,
            /// Number of entries on all pages.
            total_count: Option<usize>,
        }

        #[doc = concat!("A ", $what, " on a page, with its cursor.")]
        #[derive(SimpleObject)]
        #[graphql(serial)]
        pub struct $edge {
            /// The cursor of this entry. To continue the list from here, pass it as `after` or `before`, with the
            /// same filter.
            cursor: String,
            #[doc = concat!("The ", $what, ".")]
            node: SerialObject<$object>,
        }

        impl $connection {
            /// Creates the connection from a page of vocabulary numbers.
            pub fn new(snapshot: &Arc<View>, page: ConceptPage) -> Self {
                let object = |number: u32| $object::new(snapshot.clone(), number);
                Self {
                    nodes: page.entries.iter().map(|&(_, number)| object(number)).collect(),
                    page_info: PageInfo::new(
                        page.entries.iter().map(|(cursor, _)| cursor),
                        page.has_previous,
                        page.has_next,
                    ),
                    total_count: Some(page.total),
                    edges: page
                        .entries
                        .into_iter()
                        .map(|(cursor, number)| $edge { cursor, node: SerialObject(object(number)) })
                        .collect(),
                }
            }
        }
    };
}

concept_connection!(TopicConnection, TopicEdge, Topic, "topic");
concept_connection!(PlaceConnection, PlaceEdge, Place, "place");

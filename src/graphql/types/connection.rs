//! Relay connections of releases, topics and places: `edges`, `nodes`, `pageInfo` and `totalCount`.
//!
//! Loads only the columns that the query selects (look-ahead). Cursor encoding and keyset pagination are in
//! `newsroom::reading::pagination`.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};

use super::{
    facet::ReleaseFacets,
    page_info::PageInfo,
    place::Place,
    release::Release,
    release_set::DataVersion,
    timeline::{Delta, Timeline, TimelineArgs, compare, timeline},
    topic::Topic,
};
use crate::{
    catalog::{OrderBy, ReleaseFilter, ReleaseSet, View},
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
        inputs::filter::DateRange,
    },
    newsroom::reading::{
        list::{ConceptPage, Projection, ReleasePage},
        pagination::PageRequest,
    },
};

/// A page of releases, and the set of all releases it is a page of.
pub struct ReleaseConnection {
    page: ReleasePage,
}

/// A page of releases, and the set of all releases it is a page of.
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

    /// Where this page lies.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(self.page.entries.iter().map(|(cursor, _)| cursor), self.page.has_previous, self.page.has_next)
    }

    /// How many releases there are on all pages. Exact, and costs no statement.
    async fn total_count(&self) -> Option<u64> {
        Some(self.page.set.count())
    }

    /// How many releases are in the set; the same as `totalCount`.
    pub(in crate::graphql) async fn count(&self) -> Option<u64> {
        Some(self.page.set.count())
    }

    /// How the set parts: by topic, place, kind or language.
    pub(in crate::graphql) async fn facets(&self) -> Option<ReleaseFacets> {
        Some(ReleaseFacets { set: self.page.set.clone() })
    }

    /// The set over time, at most 4,000 periods; with `fill: OMIT` only those that have releases count.
    #[expect(clippy::too_many_arguments, reason = "each says one thing about the drawing")]
    pub(in crate::graphql) async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How long each period is.")] interval: TimeInterval,
        #[graphql(default_with = "TimeZone::from(\"UTC\")", desc = "In which zone days begin and end.")]
        time_zone: TimeZone,
        #[graphql(default_with = "ReleaseDateField::ReleaseDate", desc = "Which date counts.")]
        date_field: ReleaseDateField,
        #[graphql(
            desc = "Only releases of these days; where an end is open, the set's own first or last day. Periods that \
                    reach beyond are drawn whole and counted in part."
        )]
        range: Option<DateRange>,
        #[graphql(default_with = "Weekday::Monday", desc = "Which day weeks begin with.")] week_start: Weekday,
        #[graphql(default_with = "GapFill::Zero", desc = "What to do about periods without a release.")] fill: GapFill,
    ) -> Result<Option<Timeline>, ApiError> {
        ctx.execution().yield_if_due().await;
        let args = TimelineArgs { interval, time_zone, date_field, range, week_start, fill };
        timeline(&self.page.set, args, ctx.request()).map(Some)
    }

    /// One period of the set, by release date, against another. Give the dates here and not in the filter, which would empty
    /// the other period.
    pub(in crate::graphql) async fn compare(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "With which period.")] to: ComparisonPeriod,
        #[graphql(desc = "The period; both ends are needed.")] range: DateRange,
    ) -> Result<Option<Delta>, ApiError> {
        ctx.execution().yield_if_due().await;
        compare(&self.page.set, to, range).map(Some)
    }

    /// The earliest release date in the set; null for an empty one.
    pub(in crate::graphql) async fn earliest(&self) -> Option<Date> {
        self.page.set.date_span().map(|(earliest, _)| Date(earliest))
    }

    /// The latest release date in the set; null for an empty one.
    pub(in crate::graphql) async fn latest(&self) -> Option<Date> {
        self.page.set.date_span().map(|(_, latest)| Date(latest))
    }

    /// What the set's numbers depend on.
    pub(in crate::graphql) async fn as_of(&self, ctx: &Context<'_>) -> DataVersion {
        DataVersion::of(ctx, &self.page.set)
    }
}

/// A release of a page.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct ReleaseEdge {
    /// Where it stands: give it as `after` or `before` under the same order and filter.
    cursor: String,
    /// The release.
    node: SerialObject<Release>,
}

impl ReleaseConnection {
    /// A page of a set, narrowed; only what the query asks for is fetched.
    pub async fn load(
        ctx: &Context<'_>,
        set: &ReleaseSet,
        scope: &str,
        filter: Option<ReleaseFilter>,
        order: &[OrderBy],
        page_request: &PageRequest,
    ) -> Result<Self, ApiError> {
        let projection = connection_projection(ctx);
        if projection.fetch_rows {
            ctx.execution().before_reading(page_request.size()?.0, 0).await;
        }
        let filter = filter.map(Arc::new);
        let page = ctx.newsroom().release_page(set, scope, filter.as_ref(), order, page_request, projection).await?;
        Ok(Self { page })
    }
}

/// What a query wants of the rows of a connection's releases.
fn connection_projection(ctx: &Context<'_>) -> Projection {
    let lookahead = ctx.look_ahead();
    let nodes = [lookahead.field("nodes"), lookahead.field("edges").field("node")];
    let page_info = lookahead.field("pageInfo");
    Projection {
        fetch_rows: lookahead.field("nodes").exists() || lookahead.field("edges").exists() || page_info.exists(),
        cursors: lookahead.field("edges").field("cursor").exists()
            || page_info.field("startCursor").exists()
            || page_info.field("endCursor").exists(),
        ..release_projection(|name| nodes.iter().any(|node| node.field(name).exists()))
    }
}

macro_rules! concept_connection {
    ($connection:ident, $edge:ident, $object:ident, $what:literal) => {
        #[doc = concat!("A page of ", $what, "s, by name.")]
        #[derive(SimpleObject)]
        #[graphql(serial)]
        pub struct $connection {
            /// The entries of this page with their cursors.
            edges: SerialList<$edge>,
            /// The entries of this page, without cursors.
            nodes: SerialList<$object>,
            /// Where this page lies.
            page_info: PageInfo,
            /// How many there are on all pages.
            total_count: Option<usize>,
        }

        #[doc = concat!("A ", $what, " of a page.")]
        #[derive(SimpleObject)]
        #[graphql(serial)]
        pub struct $edge {
            /// Where it stands: give it as `after` or `before` under the same filter.
            cursor: String,
            #[doc = concat!("The ", $what, ".")]
            node: SerialObject<$object>,
        }

        impl $connection {
            /// From a page of numbers.
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

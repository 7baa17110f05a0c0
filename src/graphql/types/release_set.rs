//! The GraphQL interface `ReleaseSet` and the type `ReleaseStats`: counts, facets and timelines of a set of releases.
//!
//! `DataVersion` is an encrypted token that identifies the data from which these numbers were computed.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, SimpleObject};

use super::{
    aggregates::{
        facet::ReleaseFacets,
        timeline::{Delta, Timeline, TimelineArgs, compare, timeline},
    },
    connection::ReleaseConnection,
};
use crate::{
    catalog::ReleaseSet as Set,
    graphql::{
        base::{
            enums::{ComparisonPeriod, GapFill, ReleaseDateField, TimeInterval, Weekday},
            error::ApiError,
            scalars::{Date, DateTime, TimeZone},
        },
        engine::context::ContextExt,
        inputs::{
            filter::{DateRange, ReleaseFilter},
            search::ReleaseSearch,
        },
    },
    newsroom::access::resume_token::JournalPosition,
};

/// A set of releases with counts, facets and timelines: a page of a list (`ReleaseConnection`) or statistics
/// (`ReleaseStats`).
#[derive(Interface)]
#[expect(clippy::duplicated_attributes, reason = "each field has its own type and description")]
#[graphql(
    field(name = "count", ty = "Option<u64>", desc = "Number of releases in this set."),
    field(
        name = "facets",
        ty = "Option<ReleaseFacets>",
        desc = "Counts of these releases by topic, place, kind and language."
    ),
    field(
        name = "timeline",
        ty = "Option<Timeline>",
        desc = "The number of releases in each period, for example in each month. A timeline can have at most 4,000 periods; with `fill: OMIT`, periods without releases do not count towards this limit.",
        arg(name = "interval", ty = "TimeInterval", desc = "The length of each period."),
        arg(
            name = "time_zone",
            ty = "TimeZone",
            default_with = "utc()",
            desc = "The time zone in which days start and end."
        ),
        arg(
            name = "date_field",
            ty = "ReleaseDateField",
            default_with = "ReleaseDateField::ReleaseDate",
            desc = "The date of a release that decides to which period it belongs."
        ),
        arg(
            name = "range",
            ty = "Option<DateRange>",
            desc = "Count only releases of these days. Default for an absent end: the first or last day on which there are releases. If a period extends beyond this range, the whole period is returned, but only releases within the range are counted."
        ),
        arg(
            name = "week_start",
            ty = "Weekday",
            default_with = "Weekday::Monday",
            desc = "The day on which a week starts. Only the interval WEEK uses it."
        ),
        arg(
            name = "fill",
            ty = "GapFill",
            default_with = "GapFill::Zero",
            desc = "How a timeline treats periods without releases."
        )
    ),
    field(
        name = "compare",
        ty = "Option<Delta>",
        desc = "Compares the number of releases whose release date is in `range` with the number in an earlier period. Do not also restrict the release date in the filter, because the filter applies to both periods.",
        arg(name = "to", ty = "ComparisonPeriod", desc = "The earlier period to compare `range` with."),
        arg(name = "range", ty = "DateRange", desc = "The period to compare. Both `from` and `until` are required.")
    ),
    field(
        name = "earliest",
        ty = "Option<Date>",
        desc = "The earliest release date among these releases. null if there are no releases."
    ),
    field(
        name = "latest",
        ty = "Option<Date>",
        desc = "The latest release date among these releases. null if there are no releases."
    ),
    field(
        name = "as_of",
        ty = "DataVersion",
        desc = "The version of the data from which these numbers were computed."
    )
)]
pub enum ReleaseSet {
    /// The set as numbers only.
    Stats(ReleaseStats),
    /// The set with a page of its releases.
    Connection(ReleaseConnection),
}

/// Identifies the data from which the numbers of a response were computed. If viewers of the same audience (public,
/// press or desk) get equal versions in two responses to the same query, the numbers in these responses are equal.
/// Exceptions are the numbers that depend on the current day: `complete` of a timeline, the default window of a trend
/// and `score` of a match.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct DataVersion {
    /// An opaque token. It changes whenever something that you may see changes, and sometimes at other times, too. To
    /// receive all changes since this response, pass it to `releaseChanged` as `after`.
    version: ID,
    /// The instant at which the query was evaluated.
    at: DateTime,
    /// Share of the releases you may see whose present text the search index contains, 0 to 1. It is less than 1 while
    /// the index is built, and for a moment after many releases changed at once.
    search_coverage: f64,
}

impl DataVersion {
    /// Returns the data version of a set, as of the instant of the request.
    pub fn of(ctx: &Context<'_>, set: &Set) -> Self {
        // The token is encrypted, because a plain sequence would reveal the number of hidden changes.
        let (epoch, audience, (sequence, as_of_micros)) = set.data_version();
        let position = JournalPosition { audience: audience as u8, sequence, as_of_micros };
        let search_coverage = set.index_coverage();
        if search_coverage < 1.0 {
            // The coverage changes without a change of the data, so the response must not be cached.
            ctx.request().limit_validity(ctx.request().now);
        }
        Self {
            version: ID(ctx.newsroom().token_cipher.encrypt_position(epoch, position)),
            at: DateTime(ctx.request().now),
            search_coverage,
        }
    }
}

fn utc() -> TimeZone {
    "UTC".into()
}

/// Counts, facets and timelines of a set of releases.
pub struct ReleaseStats {
    pub(in crate::graphql) set: Set,
}

impl ReleaseStats {
    /// Creates the statistics of a set that is narrowed with a search and a filter.
    pub async fn narrowed(
        ctx: &Context<'_>,
        set: Set,
        search: Option<ReleaseSearch>,
        filter: Option<ReleaseFilter>,
    ) -> Result<Self, ApiError> {
        let (set, _) = ReleaseSearch::apply(ctx, search, set).await?;
        Ok(Self { set: narrow(ctx, &set, filter).await? })
    }
}

/// Counts, facets and timelines of a set of releases.
#[Object(serial)]
impl ReleaseStats {
    /// Number of releases in this set.
    pub(in crate::graphql) async fn count(&self) -> Option<u64> {
        Some(self.set.count())
    }

    /// Counts of these releases by topic, place, kind and language.
    pub(in crate::graphql) async fn facets(&self) -> Option<ReleaseFacets> {
        Some(ReleaseFacets { set: self.set.clone() })
    }

    /// The number of releases in each period, for example in each month. A timeline can have at most 4,000 periods;
    /// with `fill: OMIT`, periods without releases do not count towards this limit.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a timeline")]
    pub(in crate::graphql) async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The length of each period.")] interval: TimeInterval,
        #[graphql(default_with = "utc()", desc = "The time zone in which days start and end.")] time_zone: TimeZone,
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
        timeline(&self.set, args, ctx.request()).map(Some)
    }

    /// Compares the number of releases whose release date is in `range` with the number in an earlier period. Do not
    /// also restrict the release date in the filter, because the filter applies to both periods.
    pub(in crate::graphql) async fn compare(
        &self,
        #[graphql(desc = "The earlier period to compare `range` with.")] to: ComparisonPeriod,
        #[graphql(desc = "The period to compare. Both `from` and `until` are required.")] range: DateRange,
    ) -> Result<Option<Delta>, ApiError> {
        compare(&self.set, to, range).map(Some)
    }

    /// The earliest release date among these releases. null if there are no releases.
    pub(in crate::graphql) async fn earliest(&self) -> Option<Date> {
        self.set.date_span().map(|(earliest, _)| Date(earliest))
    }

    /// The latest release date among these releases. null if there are no releases.
    pub(in crate::graphql) async fn latest(&self) -> Option<Date> {
        self.set.date_span().map(|(_, latest)| Date(latest))
    }

    /// The version of the data from which these numbers were computed.
    pub(in crate::graphql) async fn as_of(&self, ctx: &Context<'_>) -> DataVersion {
        DataVersion::of(ctx, &self.set)
    }
}

/// Narrows a set of releases with a filter.
pub async fn narrow(ctx: &Context<'_>, set: &Set, filter: Option<ReleaseFilter>) -> Result<Set, ApiError> {
    ctx.execution().yield_if_due().await;
    match ReleaseFilter::resolve_argument(filter, ctx.ids())? {
        Some(filter) => set.narrow(&Arc::new(filter)).map_err(|error| ApiError::from_filter(error).at("filter")),
        None => Ok(set.clone()),
    }
}

//! The GraphQL interface `ReleaseSet` and the type `ReleaseStats`: counts, facets and timelines of a set of releases.
//!
//! `DataVersion` identifies the data that the numbers depend on, as an encrypted token.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, SimpleObject};

use super::{
    connection::ReleaseConnection,
    facet::ReleaseFacets,
    timeline::{Delta, Timeline, TimelineArgs, compare, timeline},
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
        inputs::filter::{DateRange, ReleaseFilter},
    },
    newsroom::access::resume_token::JournalPosition,
};

/// A set of releases: a list, a dashboard or a bucket.
#[derive(Interface)]
#[expect(clippy::duplicated_attributes, reason = "each field has its own type and description")]
#[graphql(
    field(name = "count", ty = "Option<u64>", desc = "Number of releases in the set."),
    field(name = "facets", ty = "Option<ReleaseFacets>", desc = "Facets: counts by topic, place, kind and language."),
    field(
        name = "timeline",
        ty = "Option<Timeline>",
        desc = "The number of releases in each period of time.",
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
            desc = "The date by which releases are counted."
        ),
        arg(
            name = "range",
            ty = "Option<DateRange>",
            desc = "Only releases of these days. Default for each end: the first or last day of the set. A period that extends beyond the range is returned whole, but only the releases within the range are counted."
        ),
        arg(name = "week_start", ty = "Weekday", default_with = "Weekday::Monday", desc = "The first day of a week."),
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
        desc = "Compares the number of releases in two periods, by release date. Give the dates as `range`, not in the filter, because the filter applies to both periods.",
        arg(name = "to", ty = "ComparisonPeriod", desc = "The period to compare it with."),
        arg(name = "range", ty = "DateRange", desc = "The period to compare. Both ends are required.")
    ),
    field(
        name = "earliest",
        ty = "Option<Date>",
        desc = "The earliest release date in the set. null for an empty set."
    ),
    field(name = "latest", ty = "Option<Date>", desc = "The latest release date in the set. null for an empty set."),
    field(name = "as_of", ty = "DataVersion", desc = "The data version that the numbers of this set depend on.")
)]
pub enum ReleaseSet {
    /// The set as numbers only.
    Stats(ReleaseStats),
    /// The set with a page of its releases.
    Connection(ReleaseConnection),
}

/// The version of the data that the numbers of a response depend on. If two responses to the same query by viewers of
/// the same audience have equal versions, their numbers are equal, except for those that depend on the current day:
/// `complete` of a timeline and the default window of a trend.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct DataVersion {
    /// Opaque token. It changes when something changes that you may see, and sometimes without such a change. Pass it
    /// as `after` to `releaseChanged` to receive all changes since this response.
    version: ID,
    /// The instant at which the query was evaluated.
    at: DateTime,
}

impl DataVersion {
    /// Returns the data version of a set for the response to a request.
    pub fn of(ctx: &Context<'_>, set: &Set) -> Self {
        // The token is encrypted, because a plain sequence would reveal the number of hidden changes.
        let (epoch, audience, (sequence, as_of_micros)) = set.data_version();
        let position = JournalPosition { audience: audience as u8, sequence, as_of_micros };
        Self {
            version: ID(ctx.newsroom().token_cipher.encrypt_position(epoch, position)),
            at: DateTime(ctx.request().now),
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
    /// Narrows a set with a filter.
    pub async fn narrowed(ctx: &Context<'_>, set: &Set, filter: Option<ReleaseFilter>) -> Result<Self, ApiError> {
        Ok(Self { set: narrow(ctx, set, filter).await? })
    }
}

/// Counts, facets and timelines of a set of releases.
#[Object(serial)]
impl ReleaseStats {
    /// Number of releases in the set.
    pub(in crate::graphql) async fn count(&self) -> Option<u64> {
        Some(self.set.count())
    }

    /// Facets: counts by topic, place, kind and language.
    pub(in crate::graphql) async fn facets(&self) -> Option<ReleaseFacets> {
        Some(ReleaseFacets { set: self.set.clone() })
    }

    /// The number of releases in each period of time. There can be at most 4,000 periods; with `fill: OMIT`, periods
    /// without releases do not count.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a timeline")]
    pub(in crate::graphql) async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The length of each period.")] interval: TimeInterval,
        #[graphql(default_with = "utc()", desc = "The time zone in which days start and end.")] time_zone: TimeZone,
        #[graphql(default_with = "ReleaseDateField::ReleaseDate", desc = "The date by which releases are counted.")]
        date_field: ReleaseDateField,
        #[graphql(
            desc = "Only releases of these days. Default for each end: the first or last day of the set. A period that extends beyond the range is returned whole, but only the releases within the range are counted."
        )]
        range: Option<DateRange>,
        #[graphql(default_with = "Weekday::Monday", desc = "The first day of a week.")] week_start: Weekday,
        #[graphql(default_with = "GapFill::Zero", desc = "How a timeline treats periods without releases.")]
        fill: GapFill,
    ) -> Result<Option<Timeline>, ApiError> {
        ctx.execution().yield_if_due().await;
        let args = TimelineArgs { interval, time_zone, date_field, range, week_start, fill };
        timeline(&self.set, args, ctx.request()).map(Some)
    }

    /// Compares the number of releases in two periods, by release date. Give the dates as `range`, not in the filter,
    /// because the filter applies to both periods.
    pub(in crate::graphql) async fn compare(
        &self,
        #[graphql(desc = "The period to compare it with.")] to: ComparisonPeriod,
        #[graphql(desc = "The period to compare. Both ends are required.")] range: DateRange,
    ) -> Result<Option<Delta>, ApiError> {
        compare(&self.set, to, range).map(Some)
    }

    /// The earliest release date in the set. null for an empty set.
    pub(in crate::graphql) async fn earliest(&self) -> Option<Date> {
        self.set.date_span().map(|(earliest, _)| Date(earliest))
    }

    /// The latest release date in the set. null for an empty set.
    pub(in crate::graphql) async fn latest(&self) -> Option<Date> {
        self.set.date_span().map(|(_, latest)| Date(latest))
    }

    /// The data version that the numbers of this set depend on.
    pub(in crate::graphql) async fn as_of(&self, ctx: &Context<'_>) -> DataVersion {
        DataVersion::of(ctx, &self.set)
    }
}

/// Narrows a set with a filter.
pub async fn narrow(ctx: &Context<'_>, set: &Set, filter: Option<ReleaseFilter>) -> Result<Set, ApiError> {
    ctx.execution().yield_if_due().await;
    match ReleaseFilter::resolve_argument(filter, ctx.ids())? {
        Some(filter) => set.narrow(&Arc::new(filter)).map_err(|error| ApiError::from_filter(error).at("filter")),
        None => Ok(set.clone()),
    }
}

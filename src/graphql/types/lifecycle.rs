//! GraphQL types of the lifecycle of a release: `Embargo`, `Schedule`, `Correction`, `Withdrawal` and `Tombstone`.

use async_graphql::SimpleObject;

use crate::graphql::base::{
    enums::{ReleaseState, ScheduleState, WithdrawalKind},
    scalars::{DateTime, LocalDateTime, Slug, TimeZone, Url},
};

/// An embargo: until it ends, only viewers with the role PRESS or higher see the published release.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Embargo {
    /// The instant at which the embargo ends and the release becomes public.
    pub until: DateTime,
    /// A note for the press. null if there is none.
    pub note: Option<String>,
}

/// A scheduled publication, pending or past.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Schedule {
    /// The local date and time of the publication in `timeZone`.
    pub local_time: LocalDateTime,
    /// The time zone of `localTime`.
    pub time_zone: TimeZone,
    /// The instant of the publication, which is `localTime` in `timeZone`.
    pub at: DateTime,
    /// Whether the publication is pending, was recorded in time, or was recorded late.
    pub state: ScheduleState,
    /// When the journal recorded the publication. null if the journal has not recorded it yet.
    pub recorded_at: Option<DateTime>,
}

/// A note for readers that published content was wrong and has been corrected.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Correction {
    /// When the correction was published.
    pub at: DateTime,
    /// What was wrong.
    pub note: String,
}

/// How a release was withdrawn or retracted.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Withdrawal {
    /// What the former URL of the release returns.
    pub kind: WithdrawalKind,
    /// When the release was withdrawn or retracted.
    pub at: DateTime,
    /// The notice for readers. The former URL of the release shows it only if `kind` is WITH_NOTICE. null if there is
    /// none.
    pub notice: Option<String>,
    /// The URL to which the former URL of the release redirects. null unless `kind` is REDIRECT.
    pub redirect_to: Option<Url>,
}

/// A tombstone: what the former URL of a withdrawn or retracted release should return. A release that was withdrawn
/// with VANISH, or was never public, has no tombstone.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Tombstone {
    /// The last slug of the release.
    pub slug: Slug,
    /// The state of the release: WITHDRAWN or RETRACTED.
    pub state: ReleaseState,
    /// What the former URL should do. WITH_NOTICE: show `notice`. GONE: return status 410. REDIRECT: redirect to
    /// `redirectTo`.
    pub kind: WithdrawalKind,
    /// When the release was withdrawn or retracted.
    pub at: DateTime,
    /// The notice to show at the former URL. null unless `kind` is WITH_NOTICE.
    pub notice: Option<String>,
    /// The URL to which the former URL should redirect. null unless `kind` is REDIRECT.
    pub redirect_to: Option<Url>,
}

//! GraphQL types of the lifecycle of a release: `Embargo`, `Schedule`, `Correction`, `Withdrawal` and `Tombstone`.

use async_graphql::SimpleObject;

use crate::graphql::base::{
    enums::{ReleaseState, ScheduleState, WithdrawalKind},
    scalars::{DateTime, LocalDateTime, Slug, TimeZone, Url},
};

/// An embargo: until an instant, the published release is visible to the press and the desk only.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Embargo {
    /// The instant at which the embargo ends and the release becomes public.
    pub until: DateTime,
    /// A note for the press. null if there is none.
    pub note: Option<String>,
}

/// The schedule of a publication, pending or past.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Schedule {
    /// Local date and time of the publication in `timeZone`.
    pub local_time: LocalDateTime,
    /// The time zone of `localTime`.
    pub time_zone: TimeZone,
    /// The instant of `localTime` in `timeZone`. The release is published at this instant.
    pub at: DateTime,
    /// Whether the publication is pending or has happened.
    pub state: ScheduleState,
    /// When the journal recorded the publication. null until then.
    pub recorded_at: Option<DateTime>,
}

/// A public notice that published content was wrong.
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
    /// What its former URL returns.
    pub kind: WithdrawalKind,
    /// When it was withdrawn or retracted.
    pub at: DateTime,
    /// The notice for readers. Its former URL shows it only if `kind` is WITH_NOTICE. null if there is none.
    pub notice: Option<String>,
    /// The URL that its former URL redirects to. null unless `kind` is REDIRECT.
    pub redirect_to: Option<Url>,
}

/// What the former URL of a withdrawn or retracted release should return. Releases that were withdrawn with VANISH or
/// were never public have no tombstone.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Tombstone {
    /// The last slug of the release.
    pub slug: Slug,
    /// WITHDRAWN or RETRACTED.
    pub state: ReleaseState,
    /// WITH_NOTICE: show the notice. GONE: return status 410. REDIRECT: redirect to `redirectTo`.
    pub kind: WithdrawalKind,
    /// When it was withdrawn or retracted.
    pub at: DateTime,
    /// The notice to show. null unless `kind` is WITH_NOTICE.
    pub notice: Option<String>,
    /// The URL to redirect to. null unless `kind` is REDIRECT.
    pub redirect_to: Option<Url>,
}

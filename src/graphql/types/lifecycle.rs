//! GraphQL types of the lifecycle of a release: `Embargo`, `Schedule`, `Correction`, `Withdrawal` and `Tombstone`.

use async_graphql::SimpleObject;

use crate::graphql::base::{
    enums::{ReleaseState, ScheduleState, WithdrawalKind},
    scalars::{DateTime, LocalDateTime, Slug, TimeZone, Url},
};

/// What is published is for the press and the desk alone, until an instant.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Embargo {
    /// The instant it ends at, by itself.
    pub until: DateTime,
    /// What its recipients are told.
    pub note: Option<String>,
}

/// When a publication is or was scheduled for.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Schedule {
    /// Local date and time of the publication in `timeZone`.
    pub local_time: LocalDateTime,
    /// The zone.
    pub time_zone: TimeZone,
    /// The instant that they stand for: from then on it is public.
    pub at: DateTime,
    /// How it stands.
    pub state: ScheduleState,
    /// When it was put down in the journal; null while it is to come.
    pub recorded_at: Option<DateTime>,
}

/// Something that was wrong in what had been public.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Correction {
    /// When it was put right.
    pub at: DateTime,
    /// What was wrong.
    pub note: String,
}

/// How a release was taken back.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Withdrawal {
    /// In which way.
    pub kind: WithdrawalKind,
    /// When.
    pub at: DateTime,
    /// What its former address says.
    pub notice: Option<String>,
    /// Where its former address leads.
    pub redirect_to: Option<Url>,
}

/// What a former public address should answer now. Never for what vanished or never was public.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Tombstone {
    /// The last slug it had.
    pub slug: Slug,
    /// WITHDRAWN or RETRACTED.
    pub state: ReleaseState,
    /// WITH_NOTICE: show the notice; GONE: answer 410; REDIRECT: send to `redirectTo`.
    pub kind: WithdrawalKind,
    /// When it was taken back.
    pub at: DateTime,
    /// What to say; with WITH_NOTICE.
    pub notice: Option<String>,
    /// Where to send; with REDIRECT.
    pub redirect_to: Option<Url>,
}

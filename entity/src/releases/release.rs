//! Table `release`: identity, workflow state, schedule, embargo and withdrawal of a release.
//!
//! The content is in `revision`; `live_revision_id` and `working_revision_id` point to the published and the edited
//! version.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What sort of item a release is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseKind {
    /// News that the organisation itself gives to the press.
    #[sea_orm(string_value = "PRESS_RELEASE")]
    PressRelease,
    /// A position or reaction, usually in somebody's name.
    #[sea_orm(string_value = "STATEMENT")]
    Statement,
    /// A news article.
    #[sea_orm(string_value = "ARTICLE")]
    Article,
    /// A longer story, not bound to the day.
    #[sea_orm(string_value = "FEATURE")]
    Feature,
    /// A notice to the media of something to come.
    #[sea_orm(string_value = "MEDIA_ADVISORY")]
    MediaAdvisory,
    /// A speech as held or as written.
    #[sea_orm(string_value = "SPEECH")]
    Speech,
    /// A signed opinion.
    #[sea_orm(string_value = "OPINION")]
    Opinion,
}

impl ReleaseKind {
    /// Every value, in order.
    pub const ALL: [Self; 7] = [
        Self::PressRelease,
        Self::Statement,
        Self::Article,
        Self::Feature,
        Self::MediaAdvisory,
        Self::Speech,
        Self::Opinion,
    ];
}

/// Where a release is in its life.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseState {
    /// Being written; never public so far.
    #[sea_orm(string_value = "DRAFT")]
    Draft,
    /// Handed to a reviewer.
    #[sea_orm(string_value = "IN_REVIEW")]
    InReview,
    /// Reviewed and fit to be published.
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    /// Will be published at a set instant.
    #[sea_orm(string_value = "SCHEDULED")]
    Scheduled,
    /// Public.
    #[sea_orm(string_value = "PUBLISHED")]
    Published,
    /// Was public and was taken back.
    #[sea_orm(string_value = "WITHDRAWN")]
    Withdrawn,
    /// Was public and was declared wrong; never comes back.
    #[sea_orm(string_value = "RETRACTED")]
    Retracted,
}

impl ReleaseState {
    /// Every value, in order.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::InReview,
        Self::Approved,
        Self::Scheduled,
        Self::Published,
        Self::Withdrawn,
        Self::Retracted,
    ];
}

/// How the former address of a withdrawn release answers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WithdrawalKind {
    /// With a notice that says why.
    #[sea_orm(string_value = "WITH_NOTICE")]
    WithNotice,
    /// With the bare fact that it is gone.
    #[sea_orm(string_value = "GONE")]
    Gone,
    /// With another address to go to.
    #[sea_orm(string_value = "REDIRECT")]
    Redirect,
    /// As if it had never been.
    #[sea_orm(string_value = "VANISH")]
    Vanish,
}

impl WithdrawalKind {
    /// Every value, in order.
    pub const ALL: [Self; 4] = [Self::WithNotice, Self::Gone, Self::Redirect, Self::Vanish];
}

/// One release.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release")]
pub struct Model {
    /// UUIDv7: sorts by creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The address it has now; every address it ever had is in [`slug`](crate::slug).
    #[sea_orm(unique)]
    pub slug: String,
    /// The id that another system knows it by; of the live revision, or of the working one where there is none.
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    /// Where it is in its life.
    pub state: ReleaseState,
    /// The revision that is or was last public; none while never public.
    pub live_revision_id: Option<Uuid>,
    /// The revision being worked on, where it differs from the live one.
    pub working_revision_id: Option<Uuid>,
    /// Number of the newest revision; what a writer must have seen to change anything.
    pub revision: i32,
    /// Subject of the token that created it.
    pub author: String,
    /// When it was created.
    pub created_at: DateTimeUtc,
    /// When what its readers see last changed: the live version where there is one, else the working one.
    pub modified_at: DateTimeUtc,
    /// When it was public for the first time.
    pub first_published_at: Option<DateTimeUtc>,
    /// When it was last made public.
    pub published_at: Option<DateTimeUtc>,
    /// How it was withdrawn, if it is.
    pub withdrawal_kind: Option<WithdrawalKind>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<DateTimeUtc>,
    /// What its former address says.
    #[sea_orm(column_type = "Text", nullable)]
    pub withdrawal_notice: Option<String>,
    /// Where its former address leads.
    #[sea_orm(column_type = "Text", nullable)]
    pub withdrawal_redirect: Option<String>,
    /// The local time that its publication is or was scheduled for, ISO 8601 without an offset: `2026-03-29T02:30:00`.
    pub schedule_local: Option<String>,
    /// The zone of that time (IANA).
    pub schedule_zone: Option<String>,
    /// The instant that time and zone stand for.
    pub schedule_at: Option<DateTimeUtc>,
    /// When the publication at that instant was put down in the journal; none while it is to come, or nobody has yet.
    pub schedule_recorded_at: Option<DateTimeUtc>,
    /// Until when only the press and the desk see it once it is published; none: no embargo, or one that is over and put down.
    pub embargo_until: Option<DateTimeUtc>,
    /// What its recipients are told about the embargo.
    #[sea_orm(column_type = "Text", nullable)]
    pub embargo_note: Option<String>,
    /// True where the live version was corrected since the one being worked on was begun.
    pub working_outdated: bool,
    /// True while it is exactly as the last import left it; any act of an editor makes it false.
    pub as_imported: bool,
    /// What it says and said.
    #[sea_orm(has_many)]
    pub revisions: HasMany<super::revision::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

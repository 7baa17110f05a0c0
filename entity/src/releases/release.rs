//! Table `release`: identity, workflow state, schedule, embargo and withdrawal of a release. The content is in
//! `revision`; `live_revision_id` and `working_revision_id` refer to the published revision and to the one being
//! edited.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Kind of a release.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseKind {
    /// News that the organisation issues to the press.
    #[sea_orm(string_value = "PRESS_RELEASE")]
    PressRelease,
    /// A position or reaction, usually in the name of a person.
    #[sea_orm(string_value = "STATEMENT")]
    Statement,
    /// A news article.
    #[sea_orm(string_value = "ARTICLE")]
    Article,
    /// A longer story that is not tied to a date.
    #[sea_orm(string_value = "FEATURE")]
    Feature,
    /// An announcement of an event to the media.
    #[sea_orm(string_value = "MEDIA_ADVISORY")]
    MediaAdvisory,
    /// A speech as delivered or as written.
    #[sea_orm(string_value = "SPEECH")]
    Speech,
    /// A signed opinion.
    #[sea_orm(string_value = "OPINION")]
    Opinion,
}

impl ReleaseKind {
    /// All values, in order.
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

/// Workflow state of a release.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseState {
    /// In preparation, and never published.
    #[sea_orm(string_value = "DRAFT")]
    Draft,
    /// Submitted for review.
    #[sea_orm(string_value = "IN_REVIEW")]
    InReview,
    /// Reviewed and ready for publication.
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    /// Scheduled for publication.
    #[sea_orm(string_value = "SCHEDULED")]
    Scheduled,
    /// Published. During an embargo, visible to press and desk only.
    #[sea_orm(string_value = "PUBLISHED")]
    Published,
    /// Withdrawn after publication. It can be published again.
    #[sea_orm(string_value = "WITHDRAWN")]
    Withdrawn,
    /// Retracted after publication. Final.
    #[sea_orm(string_value = "RETRACTED")]
    Retracted,
}

impl ReleaseState {
    /// All values, in order.
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

/// How the public URL of a withdrawn release responds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WithdrawalKind {
    /// With a notice that gives the reason.
    #[sea_orm(string_value = "WITH_NOTICE")]
    WithNotice,
    /// With status 410 and no reason.
    #[sea_orm(string_value = "GONE")]
    Gone,
    /// With a redirect to another URL.
    #[sea_orm(string_value = "REDIRECT")]
    Redirect,
    /// As if the release had never existed.
    #[sea_orm(string_value = "VANISH")]
    Vanish,
}

impl WithdrawalKind {
    /// All values, in order.
    pub const ALL: [Self; 4] = [Self::WithNotice, Self::Gone, Self::Redirect, Self::Vanish];
}

/// One release.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release")]
pub struct Model {
    /// UUIDv7, so it sorts by creation time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The current slug: of the live revision, or of the working one if there is no live one. All current and former
    /// slugs are in [`slug`](crate::slug).
    #[sea_orm(unique)]
    pub slug: String,
    /// Id in another system, of the live revision, or of the working one if there is no live one.
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    /// Workflow state.
    pub state: ReleaseState,
    /// The revision that is public, or was before the withdrawal; `None` if the release was never published.
    pub live_revision_id: Option<Uuid>,
    /// The revision being edited, if it differs from the live one.
    pub working_revision_id: Option<Uuid>,
    /// Number of the newest revision, for optimistic concurrency control.
    pub revision: i32,
    /// Subject of the token that created it.
    pub author: String,
    /// Creation time.
    pub created_at: DateTimeUtc,
    /// Last change of what readers see: of the live revision, or of the working one if there is no live one.
    pub modified_at: DateTimeUtc,
    /// Time at which the release first became public, without embargo; `None` if it never was.
    pub first_published_at: Option<DateTimeUtc>,
    /// Time of the last publication, or the end of its embargo. Corrections and new revisions of a published release do
    /// not change it.
    pub published_at: Option<DateTimeUtc>,
    /// Kind of the withdrawal; `None` unless the release is withdrawn or retracted.
    pub withdrawal_kind: Option<WithdrawalKind>,
    /// Time of the withdrawal or retraction.
    pub withdrawn_at: Option<DateTimeUtc>,
    /// Notice that the public URL shows after a withdrawal or retraction.
    #[sea_orm(column_type = "Text", nullable)]
    pub withdrawal_notice: Option<String>,
    /// Redirect target of the public URL after a withdrawal.
    #[sea_orm(column_type = "Text", nullable)]
    pub withdrawal_redirect: Option<String>,
    /// Scheduled local time of publication, ISO 8601 without an offset: `2026-03-29T02:30:00`. Kept after
    /// publication.
    pub schedule_local: Option<String>,
    /// IANA time zone of that local time.
    pub schedule_zone: Option<String>,
    /// Instant of that local time in that time zone. While it is pending, each start of the server computes it again,
    /// because the rules of time zones change.
    pub schedule_at: Option<DateTimeUtc>,
    /// Time at which the journal recorded the scheduled publication; `None` while it is pending or not recorded yet.
    pub schedule_recorded_at: Option<DateTimeUtc>,
    /// End of the embargo. Until then only the press and the desk can see the published release. `None` without an
    /// embargo, or after its end was recorded.
    pub embargo_until: Option<DateTimeUtc>,
    /// Note to the recipients about the embargo.
    #[sea_orm(column_type = "Text", nullable)]
    pub embargo_note: Option<String>,
    /// True if the live revision was corrected after the working one was written, so that publishing the working one
    /// would undo the correction.
    pub working_outdated: bool,
    /// True if nothing has changed since the last import; any action of an editor clears it.
    pub as_imported: bool,
    /// Revisions of the release.
    #[sea_orm(has_many)]
    pub revisions: HasMany<super::revision::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `release`: identity, workflow state, schedule, embargo and withdrawal of a release. The content is in
//! `revision`: `live_revision_id` refers to the published revision, and `working_revision_id` to the revision that
//! is being edited.

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
    /// The release is in preparation and was never published.
    #[sea_orm(string_value = "DRAFT")]
    Draft,
    /// The release is submitted for review.
    #[sea_orm(string_value = "IN_REVIEW")]
    InReview,
    /// The release is reviewed and ready for publication.
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    /// The release is scheduled for publication.
    #[sea_orm(string_value = "SCHEDULED")]
    Scheduled,
    /// The release is published. During an embargo, only the press and the desk can see it.
    #[sea_orm(string_value = "PUBLISHED")]
    Published,
    /// The release was withdrawn after publication. It can be published again.
    #[sea_orm(string_value = "WITHDRAWN")]
    Withdrawn,
    /// The release was retracted after publication. This state is final.
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
    /// The public URL of the release shows a notice with the reason for the withdrawal.
    #[sea_orm(string_value = "WITH_NOTICE")]
    WithNotice,
    /// The public URL of the release responds with status 410, without a reason.
    #[sea_orm(string_value = "GONE")]
    Gone,
    /// The public URL of the release redirects to another URL.
    #[sea_orm(string_value = "REDIRECT")]
    Redirect,
    /// The public URL responds as if the release had never existed.
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
    /// The current slug. It is the slug of the live revision, or of the working revision if no revision is live.
    /// All current and former slugs are in [`slug`](crate::slug).
    #[sea_orm(unique)]
    pub slug: String,
    /// Id of the release in another system. It is taken from the live revision, or from the working revision if no
    /// revision is live.
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    /// Workflow state.
    pub state: ReleaseState,
    /// The live revision: the content that is published, or that was published before a withdrawal. `None` if the
    /// release was never published.
    pub live_revision_id: Option<Uuid>,
    /// The working revision: the revision that the desk edits. `None` if the live revision is the newest revision.
    pub working_revision_id: Option<Uuid>,
    /// Number of the newest revision, for optimistic concurrency control.
    pub revision: i32,
    /// Subject of the token that created the release.
    pub author: String,
    /// Creation time.
    pub created_at: DateTimeUtc,
    /// Time of the last change to what readers see. If no revision is live, the time of the last change to the
    /// release.
    pub modified_at: DateTimeUtc,
    /// Time at which the release first became visible to the public (after an embargo, if it had one). `None` if it
    /// never became public.
    pub first_published_at: Option<DateTimeUtc>,
    /// Time of the last publication. When an embargo ends, the end of the embargo replaces this time. Corrections
    /// and new revisions of a release that is already public do not change it.
    pub published_at: Option<DateTimeUtc>,
    /// Kind of the withdrawal; `None` unless the release is withdrawn or retracted.
    pub withdrawal_kind: Option<WithdrawalKind>,
    /// Time of the withdrawal or retraction; `None` unless the release is withdrawn or retracted.
    pub withdrawn_at: Option<DateTimeUtc>,
    /// Notice that the public URL shows after a withdrawal or retraction.
    #[sea_orm(column_type = "Text", nullable)]
    pub withdrawal_notice: Option<String>,
    /// Redirect target of the public URL after a withdrawal.
    #[sea_orm(column_type = "Text", nullable)]
    pub withdrawal_redirect: Option<String>,
    /// Scheduled local time of publication, ISO 8601 without an offset: `2026-03-29T02:30:00`. The value is kept
    /// after the scheduled publication.
    pub schedule_local: Option<String>,
    /// IANA time zone of `schedule_local`.
    pub schedule_zone: Option<String>,
    /// Instant of the scheduled publication: `schedule_local` in the time zone `schedule_zone`. While the
    /// publication is pending, each start of the server computes the instant again, because the rules of time zones
    /// change.
    pub schedule_at: Option<DateTimeUtc>,
    /// Time at which the journal recorded the scheduled publication; `None` while the publication is pending or not
    /// yet recorded.
    pub schedule_recorded_at: Option<DateTimeUtc>,
    /// End of the embargo. Until then, only the press and the desk can see the published release. `None` if there
    /// is no embargo, or if its end has been recorded.
    pub embargo_until: Option<DateTimeUtc>,
    /// Note to the recipients about the embargo.
    #[sea_orm(column_type = "Text", nullable)]
    pub embargo_note: Option<String>,
    /// True if the live revision was corrected after the working revision was written. Publishing the working
    /// revision would then undo the correction.
    pub working_outdated: bool,
    /// True if the release is as the last import left it. Any action of an editor clears this flag. The flag is
    /// never set for a release that was created in Dateline, unless an import updates the release.
    pub as_imported: bool,
    /// Revisions of the release.
    #[sea_orm(has_many)]
    pub revisions: HasMany<super::revision::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `revision`: the content of one revision of a release. Rows are immutable.

use sea_orm::entity::prelude::*;

use super::release::ReleaseKind;

/// One revision of a release's content.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revision")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The release.
    pub release_id: Uuid,
    /// Number of the revision within its release, from 1.
    pub number: i32,
    /// Creation time.
    pub created_at: DateTimeUtc,
    /// Subject of the author of this revision.
    pub created_by: String,
    /// Number of the revision that this revision is based on; `None` for the first revision of a release.
    pub based_on: Option<i32>,
    /// Requested slug of the release. It takes effect when the revision is published.
    pub slug: String,
    /// Id of the release in another system.
    pub external_id: Option<String>,
    /// Kind of the release.
    pub kind: ReleaseKind,
    /// BCP 47 language tag in canonical case.
    pub language: String,
    /// Calendar date printed on the release.
    pub release_date: Date,
    /// Headline, one line.
    #[sea_orm(column_type = "Text")]
    pub headline: String,
    /// Subheadline, one line.
    #[sea_orm(column_type = "Text", nullable)]
    pub subheadline: Option<String>,
    /// Summary in plain text, for lists of releases.
    #[sea_orm(column_type = "Text", nullable)]
    pub summary: Option<String>,
    /// Body in Markdown (CommonMark with tables, strikethrough and footnotes).
    #[sea_orm(column_type = "Text", nullable)]
    pub body_markdown: Option<String>,
    /// Place in the dateline as printed, for example "PHNOM PENH".
    #[sea_orm(column_type = "Text", nullable)]
    pub dateline_text: Option<String>,
    /// Note for the desk and receiving editors, not for publication.
    #[sea_orm(column_type = "Text", nullable)]
    pub editorial_note: Option<String>,
    /// Reason for this revision, shown to the desk only.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// The release.
    #[sea_orm(belongs_to, from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
    /// Topics of the revision.
    #[sea_orm(has_many)]
    pub topics: HasMany<super::revision_topic::Entity>,
    /// Places of the revision: those in its dateline, and those that the release is about.
    #[sea_orm(has_many)]
    pub places: HasMany<super::revision_place::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

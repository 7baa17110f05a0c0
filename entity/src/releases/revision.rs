//! Table `revision`: the content of one version of a release. Rows are inserted once and never changed.

use sea_orm::entity::prelude::*;

use super::release::ReleaseKind;

/// One version of a release's content.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revision")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose content it is.
    pub release_id: Uuid,
    /// 1, 2, 3 … within the release.
    pub number: i32,
    /// When it was written.
    pub created_at: DateTimeUtc,
    /// Subject of the token that wrote it.
    pub created_by: String,
    /// The number of the revision it was made from; none for the first.
    pub based_on: Option<i32>,
    /// The address that this version asks for; it becomes the release's when the version goes live.
    pub slug: String,
    /// The id that another system knows the release by.
    pub external_id: Option<String>,
    /// What sort of item it is.
    pub kind: ReleaseKind,
    /// BCP 47, canonical case.
    pub language: String,
    /// The calendar date printed on it.
    pub release_date: Date,
    /// One line.
    #[sea_orm(column_type = "Text")]
    pub headline: String,
    /// One line.
    #[sea_orm(column_type = "Text", nullable)]
    pub subheadline: Option<String>,
    /// Plain text for lists.
    #[sea_orm(column_type = "Text", nullable)]
    pub summary: Option<String>,
    /// Markdown (CommonMark with tables, strikethrough and footnotes).
    #[sea_orm(column_type = "Text", nullable)]
    pub body_markdown: Option<String>,
    /// The place part of the dateline as printed: "PHNOM PENH".
    #[sea_orm(column_type = "Text", nullable)]
    pub dateline_text: Option<String>,
    /// For the desk and receiving editors, never for print.
    #[sea_orm(column_type = "Text", nullable)]
    pub editorial_note: Option<String>,
    /// Why it was written, where somebody said so: for the desk.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// The release.
    #[sea_orm(belongs_to, from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
    /// What it is about.
    #[sea_orm(has_many)]
    pub topics: HasMany<super::revision_topic::Entity>,
    /// Where it was filed and what places it is about.
    #[sea_orm(has_many)]
    pub places: HasMany<super::revision_place::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

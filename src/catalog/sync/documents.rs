//! Reads the texts of revisions from the database for the search index.

use entity::revision::{Column, Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QuerySelect,
};
use search::{Document, Key};
use uuid::Uuid;

/// Maximum number of revisions in one statement.
pub(super) const MAX_PER_STATEMENT: usize = 500;

/// The columns of a revision that are searched.
#[derive(FromQueryResult)]
struct Texts {
    id: Uuid,
    language: String,
    headline: String,
    subheadline: Option<String>,
    summary: Option<String>,
    body_markdown: Option<String>,
    dateline_text: Option<String>,
}

/// Reads the documents with some keys, at most `MAX_PER_STATEMENT`. Revisions that no longer exist are left out. The
/// bodies are Markdown: `as_plain_text` must follow.
pub(super) async fn read<C: ConnectionTrait>(connection: &C, keys: &[Key]) -> Result<Vec<Document>, DbErr> {
    let columns = [
        Column::Id,
        Column::Language,
        Column::Headline,
        Column::Subheadline,
        Column::Summary,
        Column::BodyMarkdown,
        Column::DatelineText,
    ];
    let ids = keys.iter().map(|&key| Uuid::from_u128(key));
    let rows: Vec<Texts> = Entity::find()
        .select_only()
        .columns(columns)
        .filter(Column::Id.is_in(ids))
        .into_model()
        .all(connection)
        .await?;
    let document = |row: Texts| Document {
        key: row.id.as_u128(),
        language: row.language,
        texts: [
            row.headline,
            row.subheadline.unwrap_or_default(),
            row.summary.unwrap_or_default(),
            row.body_markdown.unwrap_or_default(),
            row.dateline_text.unwrap_or_default(),
        ],
    };
    Ok(rows.into_iter().map(document).collect())
}

/// Returns how many of some revisions exist, at most `MAX_PER_STATEMENT`.
pub(super) async fn count<C: ConnectionTrait>(connection: &C, keys: &[Key]) -> Result<u64, DbErr> {
    Entity::find().filter(Column::Id.is_in(keys.iter().map(|&key| Uuid::from_u128(key)))).count(connection).await
}

/// Renders the body of a document as plain text. Takes processor time.
pub(super) fn as_plain_text(mut document: Document) -> Document {
    let body = &mut document.texts[search::Field::Body as usize];
    *body = markup::to_text(body);
    document
}

//! Table `topic`: topics, the subjects of releases (SKOS `Concept`).

use sea_orm::entity::prelude::*;

/// One topic.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "topic")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The current slug.
    #[sea_orm(unique)]
    pub slug: String,
    /// Its name in the default language of the newsroom.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Definition of the topic.
    #[sea_orm(column_type = "Text", nullable)]
    pub definition: Option<String>,
    /// URI of the topic in a public vocabulary.
    #[sea_orm(unique)]
    pub uri: Option<String>,
    /// Number of changes, from 1, for optimistic concurrency control.
    pub revision: i32,
    /// Creation time.
    pub created_at: DateTimeUtc,
    /// Time of the last change.
    pub modified_at: DateTimeUtc,
    /// Time of the retirement. A retired topic cannot be assigned to releases any more; releases that have it keep it.
    pub retired_at: Option<DateTimeUtc>,
    /// The replacement of a retired topic.
    pub replaced_by_id: Option<Uuid>,
    /// True if nothing has changed since the last import.
    pub as_imported: bool,
    /// Names by language.
    #[sea_orm(has_many)]
    pub names: HasMany<super::topic_name::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

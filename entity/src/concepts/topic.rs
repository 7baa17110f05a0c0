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
    /// Name of the topic in the newsroom's default language.
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
    /// Time of the retirement; `None` if the topic is not retired. A retired topic can no longer be assigned to
    /// releases, but releases that already have the topic keep it.
    pub retired_at: Option<DateTimeUtc>,
    /// Id of the topic that replaces this topic after its retirement.
    pub replaced_by_id: Option<Uuid>,
    /// True if the topic is as the last import left it. A change in Dateline clears this flag.
    pub as_imported: bool,
    /// Names of the topic by language.
    #[sea_orm(has_many)]
    pub names: HasMany<super::topic_name::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

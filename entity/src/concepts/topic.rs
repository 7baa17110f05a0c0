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
    /// The address it has now.
    #[sea_orm(unique)]
    pub slug: String,
    /// Its name in the newsroom's default language.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What it means.
    #[sea_orm(column_type = "Text", nullable)]
    pub definition: Option<String>,
    /// Its id in a public vocabulary.
    #[sea_orm(unique)]
    pub uri: Option<String>,
    /// 1, 2, 3 …: what a writer must have seen to change it.
    pub revision: i32,
    /// When it was created.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub modified_at: DateTimeUtc,
    /// Since when it is no longer given to releases.
    pub retired_at: Option<DateTimeUtc>,
    /// The topic to use instead of a retired one.
    pub replaced_by_id: Option<Uuid>,
    /// True while it is exactly as the last import left it.
    pub as_imported: bool,
    /// Its names per language.
    #[sea_orm(has_many)]
    pub names: HasMany<super::topic_name::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

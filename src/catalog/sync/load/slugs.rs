//! Reads the former slugs of releases, topics and places, from which slug redirects are made.

use std::collections::HashMap;

use entity::{Noun, slug};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

/// Reads the slugs that were public and are no longer current. The map's keys are the ids of the owners. For topics
/// and places, these are all former slugs, because all their slugs were public.
pub(super) async fn former_slugs<C: ConnectionTrait>(
    connection: &C,
    noun: Noun,
    ids: Option<&[Uuid]>,
) -> Result<HashMap<Uuid, Vec<String>>, DbErr> {
    let table = match noun {
        Noun::Release => "release",
        Noun::Topic => "topic",
        _ => "place",
    };
    let owner = Expr::col((slug::Entity, slug::Column::OwnerId));
    let present_slug = sea_orm::sea_query::Query::select()
        .column("slug")
        .from(table)
        .and_where(Expr::col((table, "id")).eq(owner.clone()))
        .to_owned();
    let select = slug::Entity::find()
        .filter(slug::Column::Noun.eq(noun))
        .filter(slug::Column::PublicAt.is_not_null())
        .filter(Expr::col((slug::Entity, slug::Column::Slug)).not_in_subquery(present_slug))
        .apply_if(ids, |select, ids| select.filter(slug::Column::OwnerId.is_in(ids.to_vec())))
        .order_by_asc(slug::Column::OwnerId)
        .order_by_asc(slug::Column::PublicAt)
        .order_by_asc(slug::Column::Slug);
    let mut by_owner: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in select.all(connection).await? {
        by_owner.entry(row.owner_id).or_default().push(row.slug);
    }
    Ok(by_owner)
}

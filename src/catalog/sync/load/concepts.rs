//! Reads images of topics and places from the database: all of them for the initial load, or some of them for a
//! journal entry.
//!
//! The images include names, broader concepts and merged concepts. `slugs` reads the former slugs.

use std::collections::HashMap;

use entity::{NameRole, Noun, merged_concept, place, place_name, topic, topic_broader, topic_name};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryTrait};
use uuid::Uuid;

use super::{
    out_of_range::{OutOfRangeLog, RowRef},
    slugs::former_slugs,
};
use crate::journal::{ConceptFields, Merged, Name, PlaceImage, TopicImage};

/// Reads the images of all topics, or of the topics with the given ids, oldest first.
pub(crate) async fn topics<C: ConnectionTrait>(connection: &C, ids: Option<&[Uuid]>) -> Result<Vec<TopicImage>, DbErr> {
    topics_reporting(connection, ids, &mut OutOfRangeLog::default()).await
}

/// Reads images of topics as `topics` does. Records stored instants outside the years 0001 to 9999 in `out_of_range`.
pub(super) async fn topics_reporting<C: ConnectionTrait>(
    connection: &C,
    ids: Option<&[Uuid]>,
    out_of_range: &mut OutOfRangeLog,
) -> Result<Vec<TopicImage>, DbErr> {
    let rows = topic::Entity::find()
        .apply_if(ids, |select, ids| select.filter(topic::Column::Id.is_in(ids.to_vec())))
        .order_by_asc(topic::Column::Id)
        .all(connection)
        .await?;
    let mut broader: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let broader_rows = topic_broader::Entity::find()
        .apply_if(ids, |select, ids| select.filter(topic_broader::Column::TopicId.is_in(ids.to_vec())))
        .order_by_asc(topic_broader::Column::TopicId)
        .order_by_asc(topic_broader::Column::Position);
    for step in broader_rows.all(connection).await? {
        broader.entry(step.topic_id).or_default().push(step.broader_id);
    }
    let mut names: HashMap<Uuid, [Vec<Name>; 2]> = HashMap::new();
    let all_names = topic_name::Entity::find()
        .apply_if(ids, |select, ids| select.filter(topic_name::Column::TopicId.is_in(ids.to_vec())))
        .order_by_asc(topic_name::Column::TopicId)
        .order_by_asc(topic_name::Column::Position);
    for row in all_names.all(connection).await? {
        names.entry(row.topic_id).or_default()[usize::from(row.role == NameRole::Alternative)]
            .push(Name { language: row.language, name: row.name });
    }
    let mut former = former_slugs(connection, Noun::Topic, ids).await?;
    let mut merged = merged(connection, Noun::Topic, ids).await?;
    let image = |row: topic::Model| {
        let [preferred, alternative] = names.remove(&row.id).unwrap_or_default();
        let row_ref = RowRef { table: "topic", id: row.id, slug: &row.slug };
        let retired_at = row.retired_at.map(|at| out_of_range.clamped_value(row_ref, "retired_at", at));
        let id = row.id;
        let fields = ConceptFields {
            id,
            former_slugs: former.remove(&row.id).unwrap_or_default(),
            slug: row.slug,
            name: row.name,
            names: preferred,
            alt_names: alternative,
            uri: row.uri,
            merged: merged.remove(&row.id).unwrap_or_default(),
            retired_at,
            replaced_by: row.replaced_by_id,
            revision: row.revision,
        };
        TopicImage { fields, definition: row.definition, broader: broader.remove(&id).unwrap_or_default() }
    };
    Ok(rows.into_iter().map(image).collect())
}

/// Reads the images of all places, or of the places with the given ids, oldest first.
pub(crate) async fn places<C: ConnectionTrait>(connection: &C, ids: Option<&[Uuid]>) -> Result<Vec<PlaceImage>, DbErr> {
    places_reporting(connection, ids, &mut OutOfRangeLog::default()).await
}

/// Reads images of places as `places` does. Records stored instants outside the years 0001 to 9999 in `out_of_range`.
pub(super) async fn places_reporting<C: ConnectionTrait>(
    connection: &C,
    ids: Option<&[Uuid]>,
    out_of_range: &mut OutOfRangeLog,
) -> Result<Vec<PlaceImage>, DbErr> {
    let rows = place::Entity::find()
        .apply_if(ids, |select, ids| select.filter(place::Column::Id.is_in(ids.to_vec())))
        .order_by_asc(place::Column::Id)
        .all(connection)
        .await?;
    let mut names: HashMap<Uuid, [Vec<Name>; 2]> = HashMap::new();
    let all_names = place_name::Entity::find()
        .apply_if(ids, |select, ids| select.filter(place_name::Column::PlaceId.is_in(ids.to_vec())))
        .order_by_asc(place_name::Column::PlaceId)
        .order_by_asc(place_name::Column::Position);
    for row in all_names.all(connection).await? {
        names.entry(row.place_id).or_default()[usize::from(row.role == NameRole::Alternative)]
            .push(Name { language: row.language, name: row.name });
    }
    let mut former = former_slugs(connection, Noun::Place, ids).await?;
    let mut merged = merged(connection, Noun::Place, ids).await?;
    let image = |row: place::Model| {
        let [preferred, alternative] = names.remove(&row.id).unwrap_or_default();
        let row_ref = RowRef { table: "place", id: row.id, slug: &row.slug };
        let retired_at = row.retired_at.map(|at| out_of_range.clamped_value(row_ref, "retired_at", at));
        let fields = ConceptFields {
            id: row.id,
            former_slugs: former.remove(&row.id).unwrap_or_default(),
            slug: row.slug,
            name: row.name,
            names: preferred,
            alt_names: alternative,
            uri: row.uri,
            merged: merged.remove(&row.id).unwrap_or_default(),
            retired_at,
            replaced_by: row.replaced_by_id,
            revision: row.revision,
        };
        PlaceImage {
            fields,
            kind: row.kind,
            within: row.within_id,
            iso3166_alpha2: row.iso3166_alpha2,
            iso3166_alpha3: row.iso3166_alpha3,
            m49: row.m49,
            geonames_id: row.geonames_id,
            location: row.latitude.zip(row.longitude),
        }
    };
    Ok(rows.into_iter().map(image).collect())
}

/// Reads the concepts that were merged, oldest merge first. The map's keys are the ids of the concepts that they were
/// merged into.
async fn merged<C: ConnectionTrait>(
    connection: &C,
    noun: Noun,
    ids: Option<&[Uuid]>,
) -> Result<HashMap<Uuid, Vec<Merged>>, DbErr> {
    let select = merged_concept::Entity::find()
        .filter(merged_concept::Column::Noun.eq(noun))
        .apply_if(ids, |select, ids| select.filter(merged_concept::Column::IntoId.is_in(ids.to_vec())))
        .order_by_asc(merged_concept::Column::At)
        .order_by_asc(merged_concept::Column::Id);
    let mut by_target: HashMap<Uuid, Vec<Merged>> = HashMap::new();
    for row in select.all(connection).await? {
        by_target.entry(row.into_id).or_default().push(Merged { id: row.id, uri: row.uri });
    }
    Ok(by_target)
}

//! Commands that merge and retire topics and places.
//!
//! A merge moves the assignments, narrower concepts, names and codes of one concept to another concept, the target.
//! It redirects the id, slugs and URI of the merged concept to the target (`redirect_identifiers`, table
//! `merged_concept`). The catalog resolves these redirects (`catalog::store::vocabulary`).
//!
//! A retired concept can no longer be assigned to releases. Releases that already have the concept keep it. A retired
//! concept may name a replacement.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{Noun, merged_concept, place, slug, topic, topic_broader};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement, Value, sea_query::Expr,
};
use uuid::Uuid;

use super::{hierarchy::has_path, place as places, topic as topics};
use crate::{
    auth::viewer::Viewer,
    catalog::{Concept, ExternalCode},
    journal::{Image, Name, PlaceImage, TopicImage},
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        unit_of_work::UnitOfWork,
        workflow::{self, Resource},
    },
};

impl Newsroom {
    /// Merges the topic `from` into the topic `into`. The releases and narrower topics of `from` move to `into`. The
    /// names of `from` become alternative names of `into`.
    pub async fn topic_merge(
        &self,
        viewer: &Viewer,
        from: Uuid,
        into: Uuid,
        now: DateTime<Utc>,
    ) -> topics::ConceptResult {
        workflow::check_manage(Resource::Topics, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let from = topic_image(&unit_of_work, from, "from").await?;
        let mut into = topic_image(&unit_of_work, into, "into").await?;
        let parents = topic_broader::Entity::find().all(unit_of_work.tx()).await?;
        let parents_of =
            |id: Uuid| parents.iter().filter(|row| row.topic_id == id).map(|row| row.broader_id).collect::<Vec<_>>();
        check_merge("topic", from.id, into.id, parents_of)?;
        unit_of_work.move_assignments("revision_topic", "topic_id", None, from.id, into.id).await?;
        unit_of_work.move_narrower(from.id, into.id).await?;
        repoint_replacements(&unit_of_work, "topic", from.id, into.id).await?;
        unit_of_work.redirect_identifiers(Noun::Topic, &*from, into.id).await?;
        topic::Entity::delete_by_id(from.id).exec(unit_of_work.tx()).await?;
        add_alt_names(&mut into.alt_names, &*from, into.name.as_str(), &self.settings.language);
        into.uri = into.uri.or_else(|| from.uri.clone());
        into.replaced_by = into.replaced_by.filter(|&by| by != from.id);
        into.revision += 1;
        into.update_rows(unit_of_work.tx(), &unit_of_work, false).await?;
        let note = format!("\"{}\" was merged into \"{}\"", from.slug, into.slug);
        let Some(Image::Topic(after)) = unit_of_work.image(Noun::Topic, into.id).await? else {
            return Err(Error::NotFound("topic"));
        };
        topics::record_and_commit(unit_of_work, "topic.merge", Some(note), Some(*from), *after).await
    }

    /// Merges the place `from` into the place `into`. The releases of `from` and the places within it move to `into`.
    /// The names of `from` become alternative names of `into`. Codes and coordinates that `into` lacks are copied
    /// from `from`.
    pub async fn place_merge(
        &self,
        viewer: &Viewer,
        from: Uuid,
        into: Uuid,
        now: DateTime<Utc>,
    ) -> places::ConceptResult {
        workflow::check_manage(Resource::Places, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let from = place_image(&unit_of_work, from, "from").await?;
        let mut into = place_image(&unit_of_work, into, "into").await?;
        let parents: HashMap<Uuid, Option<Uuid>> = place::Entity::find()
            .all(unit_of_work.tx())
            .await?
            .into_iter()
            .map(|row| (row.id, row.within_id))
            .collect();
        check_merge("place", from.id, into.id, |id| parents.get(&id).copied().flatten().into_iter().collect())?;
        unit_of_work.move_assignments("revision_place", "place_id", Some("role"), from.id, into.id).await?;
        place::Entity::update_many()
            .col_expr(place::Column::WithinId, Expr::value(into.id))
            .filter(place::Column::WithinId.eq(from.id))
            .filter(place::Column::Id.ne(into.id))
            .exec(unit_of_work.tx())
            .await?;
        repoint_replacements(&unit_of_work, "place", from.id, into.id).await?;
        unit_of_work.redirect_identifiers(Noun::Place, &*from, into.id).await?;
        place::Entity::delete_by_id(from.id).exec(unit_of_work.tx()).await?;
        add_alt_names(&mut into.alt_names, &*from, into.name.as_str(), &self.settings.language);
        into.uri = into.uri.or_else(|| from.uri.clone());
        into.iso3166_alpha2 = into.iso3166_alpha2.or_else(|| from.iso3166_alpha2.clone());
        into.iso3166_alpha3 = into.iso3166_alpha3.or_else(|| from.iso3166_alpha3.clone());
        into.m49 = into.m49.or_else(|| from.m49.clone());
        into.geonames_id = into.geonames_id.or(from.geonames_id);
        into.location = into.location.or(from.location);
        into.replaced_by = into.replaced_by.filter(|&by| by != from.id);
        into.revision += 1;
        into.update_rows(unit_of_work.tx(), &unit_of_work, false).await?;
        let note = format!("\"{}\" was merged into \"{}\"", from.slug, into.slug);
        let Some(Image::Place(after)) = unit_of_work.image(Noun::Place, into.id).await? else {
            return Err(Error::NotFound("place"));
        };
        places::record_and_commit(unit_of_work, "place.merge", Some(note), Some(*from), *after).await
    }

    /// Retires a topic. A retired topic can no longer be assigned to releases, but releases that already have the
    /// topic keep it.
    pub async fn topic_retire(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        replaced_by: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> topics::ConceptResult {
        workflow::check_manage(Resource::Topics, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let before = topic_image(&unit_of_work, id, "id").await?;
        if before.revision != expected {
            return Err(Error::StaleRevision(unit_of_work.last_change(id, before.revision).await?));
        }
        if let Some(by) = replaced_by {
            let other = topic_image(&unit_of_work, by, "replacedBy").await?;
            check_replacement("topic", id, by, other.retired_at)?;
        }
        let mut after = (*before).clone();
        after.retired_at = after.retired_at.or(Some(unit_of_work.at()));
        after.replaced_by = replaced_by;
        after.revision += 1;
        after.update_rows(unit_of_work.tx(), &unit_of_work, false).await?;
        topics::record_and_commit(unit_of_work, "topic.retire", None, Some(*before), after).await
    }

    /// Retires a place. A retired place can no longer be assigned to releases, but releases that already have the
    /// place keep it.
    pub async fn place_retire(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        replaced_by: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> places::ConceptResult {
        workflow::check_manage(Resource::Places, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let before = place_image(&unit_of_work, id, "id").await?;
        if before.revision != expected {
            return Err(Error::StaleRevision(unit_of_work.last_change(id, before.revision).await?));
        }
        if let Some(by) = replaced_by {
            let other = place_image(&unit_of_work, by, "replacedBy").await?;
            check_replacement("place", id, by, other.retired_at)?;
        }
        let mut after = (*before).clone();
        after.retired_at = after.retired_at.or(Some(unit_of_work.at()));
        after.replaced_by = replaced_by;
        after.revision += 1;
        after.update_rows(unit_of_work.tx(), &unit_of_work, false).await?;
        places::record_and_commit(unit_of_work, "place.retire", None, Some(*before), after).await
    }
}

impl UnitOfWork {
    /// Moves all assignments of the concept `from` to the concept `into`. If a revision already has `into`, the
    /// assignment of `from` is deleted instead.
    async fn move_assignments(
        &self,
        table: &str,
        column: &str,
        extra_key: Option<&str>,
        from: Uuid,
        into: Uuid,
    ) -> Result<(), Error> {
        let same_role = extra_key.map_or_else(String::new, |column| format!(" AND other.{column} = {table}.{column}"));
        let delete_duplicates = format!(
            "DELETE FROM {table} WHERE {column} = $1 AND EXISTS (SELECT 1 FROM {table} other \
             WHERE other.revision_id = {table}.revision_id AND other.{column} = $2{same_role})"
        );
        self.execute(&delete_duplicates, [from, into]).await?;
        self.execute(&format!("UPDATE {table} SET {column} = $2 WHERE {column} = $1"), [from, into]).await
    }

    /// Moves the narrower topics of the topic `from` to the topic `into`.
    async fn move_narrower(&self, from: Uuid, into: Uuid) -> Result<(), Error> {
        let delete_duplicates = "DELETE FROM topic_broader WHERE broader_id = $1 AND (topic_id = $2 OR EXISTS (SELECT 1 FROM \
                    topic_broader other WHERE other.topic_id = topic_broader.topic_id AND other.broader_id = $2))";
        self.execute(delete_duplicates, [from, into]).await?;
        self.execute("UPDATE topic_broader SET broader_id = $2 WHERE broader_id = $1", [from, into]).await
    }

    async fn execute(&self, sql: &str, [from, into]: [Uuid; 2]) -> Result<(), Error> {
        let backend = self.tx().get_database_backend();
        let values = [Value::from(from), Value::from(into)];
        self.tx().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(())
    }

    /// Redirects the slugs, id and URI of the concept `from` to the concept `into`. Concepts that were merged into
    /// `from` earlier are redirected to `into` too.
    async fn redirect_identifiers<T: Concept>(&self, noun: Noun, from: &T, into: Uuid) -> Result<(), Error> {
        slug::Entity::update_many()
            .col_expr(slug::Column::OwnerId, Expr::value(into))
            .filter(slug::Column::Noun.eq(noun))
            .filter(slug::Column::OwnerId.eq(from.id()))
            .exec(self.tx())
            .await?;
        merged_concept::Entity::update_many()
            .col_expr(merged_concept::Column::IntoId, Expr::value(into))
            .filter(merged_concept::Column::Noun.eq(noun))
            .filter(merged_concept::Column::IntoId.eq(from.id()))
            .exec(self.tx())
            .await?;
        let uri = from.codes().into_iter().find_map(|code| match code {
            ExternalCode::Uri(uri) => Some(uri),
            _ => None,
        });
        let merged = merged_concept::ActiveModel {
            noun: Set(noun),
            id: Set(from.id()),
            uri: Set(uri),
            into_id: Set(into),
            at: Set(self.at()),
        };
        merged_concept::Entity::insert(merged).exec_without_returning(self.tx()).await?;
        Ok(())
    }
}

/// Updates retired concepts whose replacement was merged: the replacement `from` becomes `into`. If `into` itself
/// names `from` as its replacement, the replacement is cleared, because a concept cannot replace itself.
async fn repoint_replacements(unit_of_work: &UnitOfWork, table: &str, from: Uuid, into: Uuid) -> Result<(), Error> {
    let clear_self_reference =
        format!("UPDATE {table} SET replaced_by_id = NULL WHERE replaced_by_id = $1 AND id = $2");
    unit_of_work.execute(&clear_self_reference, [from, into]).await?;
    unit_of_work
        .execute(&format!("UPDATE {table} SET replaced_by_id = $2 WHERE replaced_by_id = $1"), [from, into])
        .await
}

async fn topic_image(unit_of_work: &UnitOfWork, id: Uuid, field: &str) -> Result<Box<TopicImage>, Error> {
    match unit_of_work.image(Noun::Topic, id).await? {
        Some(Image::Topic(image)) => Ok(image),
        _ => {
            Err(Error::field(&[field], ErrorCode::NotFound, "there is no such topic; `topics` lists the existing ones"))
        }
    }
}

async fn place_image(unit_of_work: &UnitOfWork, id: Uuid, field: &str) -> Result<Box<PlaceImage>, Error> {
    match unit_of_work.image(Noun::Place, id).await? {
        Some(Image::Place(image)) => Ok(image),
        _ => {
            Err(Error::field(&[field], ErrorCode::NotFound, "there is no such place; `places` lists the existing ones"))
        }
    }
}

/// Checks that a concept is not merged into itself or into one of its narrower concepts at any level.
fn check_merge(noun: &str, from: Uuid, into: Uuid, parents_of: impl Fn(Uuid) -> Vec<Uuid>) -> Result<(), Error> {
    if from == into {
        let message = format!("a {noun} cannot be merged into itself: choose another {noun}");
        return Err(Error::field(&["into"], ErrorCode::Invalid, message));
    }
    if has_path(into, from, parents_of) {
        let message = format!(
            "this {noun} lies below the {noun} to be merged, so the merge would create a cycle: swap `from` and `into`, \
             or move this {noun} first"
        );
        return Err(Error::field(&["into"], ErrorCode::Cycle, message));
    }
    Ok(())
}

fn check_replacement(noun: &str, id: Uuid, by: Uuid, retired: Option<DateTime<Utc>>) -> Result<(), Error> {
    let message = if by == id {
        format!("a {noun} cannot replace itself: choose another {noun}, or omit replacedBy")
    } else if retired.is_some() {
        format!("this {noun} is retired too: choose one that is not retired")
    } else {
        return Ok(());
    };
    Err(Error::field(&["replacedBy"], ErrorCode::Invalid, message))
}

/// Adds all names of the concept `from` to the alternative names of another concept. Skips names that equal `name`,
/// the main name of that concept, and names that the list already contains.
fn add_alt_names(alternatives: &mut Vec<Name>, from: &impl Concept, name: &str, language: &str) {
    let main_name = Name { language: language.to_owned(), name: from.name().to_owned() };
    for other in std::iter::once(&main_name).chain(from.names()).chain(from.alt_names()) {
        if other.name != name && !alternatives.contains(other) {
            alternatives.push(other.clone());
        }
    }
}

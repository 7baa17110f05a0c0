//! Commands that merge and retire topics and places.
//!
//! A merge moves the assignments, narrower concepts, names and codes of one concept to another concept, the target.
//! It redirects the id, slugs and URI of the merged concept to the target (`redirect_identifiers`, table
//! `merged_concept`). The catalog resolves these redirects (`catalog::store::vocabulary`).
//!
//! A retired concept can no longer be assigned to releases. Releases that already have the concept keep it. A retired
//! concept may name a replacement.

use chrono::{DateTime, Utc};
use entity::{merged_concept, slug};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement, Value, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    concept::{ConceptImage, ConceptResult, check_revision, commit, record, stored, write},
    hierarchy::{has_path, parents},
};
use crate::{
    auth::viewer::Viewer,
    catalog::{Concept, ExternalCode},
    journal::Name,
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        unit_of_work::UnitOfWork,
        workflow,
    },
};

impl Newsroom {
    /// Merges the concept `from` into the concept `into`. The releases and narrower concepts of `from` move to `into`.
    /// The names of `from` become alternative names of `into`. A URI, codes and coordinates that `into` lacks are
    /// copied from `from`.
    pub async fn concept_merge<C: ConceptImage>(
        &self,
        viewer: &Viewer,
        from: Uuid,
        into: Uuid,
        now: DateTime<Utc>,
    ) -> ConceptResult {
        workflow::check_manage(C::RESOURCE, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let from: C = named(&unit_of_work, from, "from").await?;
        let mut into: C = named(&unit_of_work, into, "into").await?;
        let (from_id, into_id) = (from.id, into.id);
        check_merge(C::WORD, from_id, into_id, parents(&C::all_broader(&unit_of_work).await?))?;
        unit_of_work.redirect_identifiers(&from, into_id).await?;
        C::move_and_delete(&unit_of_work, from_id, into_id).await?;
        let name = into.name.clone();
        add_alt_names(&mut into.alt_names, &from, &name, &self.settings.language);
        into.copy_codes(&from);
        into.uri = into.uri.take().or_else(|| from.uri.clone());
        into.replaced_by = into.replaced_by.filter(|&by| by != from_id);
        into.revision += 1;
        into.update_rows(&unit_of_work, false).await?;
        let note = format!("\"{}\" was merged into \"{}\"", from.slug, into.slug);
        let after: C = stored(&unit_of_work, into_id).await?.ok_or(Error::NotFound(C::WORD))?;
        record(&mut unit_of_work, "merge", Some(note), Some(from), after.clone()).await?;
        commit(unit_of_work, &after).await
    }

    /// Retires a concept. A retired concept can no longer be assigned to releases, but releases that already have the
    /// concept keep it.
    pub async fn concept_retire<C: ConceptImage>(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        replaced_by: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> ConceptResult {
        workflow::check_manage(C::RESOURCE, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let before: C = named(&unit_of_work, id, "id").await?;
        check_revision(&unit_of_work, &before, expected).await?;
        if let Some(by) = replaced_by {
            let other: C = named(&unit_of_work, by, "replacedBy").await?;
            check_replacement(C::WORD, id, by, other.retired_at)?;
        }
        let mut after = before.clone();
        after.retired_at = after.retired_at.or(Some(unit_of_work.at()));
        after.replaced_by = replaced_by;
        let after = write(&mut unit_of_work, "retire", Some(before), after, false).await?;
        commit(unit_of_work, &after).await
    }
}

impl UnitOfWork {
    /// Moves all assignments of the concept `from` to the concept `into`. If a revision already has `into`, the
    /// assignment of `from` is deleted instead.
    pub(super) async fn move_assignments(
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

    /// Executes a statement with two ids.
    pub(super) async fn execute(&self, sql: &str, [from, into]: [Uuid; 2]) -> Result<(), Error> {
        let backend = self.tx().get_database_backend();
        let values = [Value::from(from), Value::from(into)];
        self.tx().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(())
    }

    /// Redirects the slugs, id and URI of the concept `from` to the concept `into`. Concepts that were merged into
    /// `from` earlier are redirected to `into` too.
    async fn redirect_identifiers<C: ConceptImage>(&self, from: &C, into: Uuid) -> Result<(), Error> {
        slug::Entity::update_many()
            .col_expr(slug::Column::OwnerId, Expr::value(into))
            .filter(slug::Column::Noun.eq(C::NOUN))
            .filter(slug::Column::OwnerId.eq(from.id))
            .exec(self.tx())
            .await?;
        merged_concept::Entity::update_many()
            .col_expr(merged_concept::Column::IntoId, Expr::value(into))
            .filter(merged_concept::Column::Noun.eq(C::NOUN))
            .filter(merged_concept::Column::IntoId.eq(from.id))
            .exec(self.tx())
            .await?;
        let uri = from.codes().into_iter().find_map(|code| match code {
            ExternalCode::Uri(uri) => Some(uri),
            _ => None,
        });
        let merged = merged_concept::ActiveModel {
            noun: Set(C::NOUN),
            id: Set(from.id),
            uri: Set(uri),
            into_id: Set(into),
            at: Set(self.at()),
        };
        merged_concept::Entity::insert(merged).exec_without_returning(self.tx()).await?;
        Ok(())
    }

    /// Updates retired concepts whose replacement was merged: the replacement `from` becomes `into`. If `into` itself
    /// names `from` as its replacement, the replacement is cleared, because a concept cannot replace itself.
    pub(super) async fn repoint_replacements(&self, table: &str, from: Uuid, into: Uuid) -> Result<(), Error> {
        let clear_self_reference =
            format!("UPDATE {table} SET replaced_by_id = NULL WHERE replaced_by_id = $1 AND id = $2");
        self.execute(&clear_self_reference, [from, into]).await?;
        self.execute(&format!("UPDATE {table} SET replaced_by_id = $2 WHERE replaced_by_id = $1"), [from, into]).await
    }
}

/// Reads the concept that an argument names.
async fn named<C: ConceptImage>(unit_of_work: &UnitOfWork, id: Uuid, argument: &str) -> Result<C, Error> {
    stored(unit_of_work, id).await?.ok_or_else(|| {
        let word = C::WORD;
        let message = format!("there is no such {word}; `{word}s` lists the existing ones");
        Error::field(&[argument], ErrorCode::NotFound, message)
    })
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
    let main_name = Name { language: language.to_owned(), name: from.name.clone() };
    for other in std::iter::once(&main_name).chain(&from.names).chain(&from.alt_names) {
        if other.name != name && !alternatives.contains(other) {
            alternatives.push(other.clone());
        }
    }
}

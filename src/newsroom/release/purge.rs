//! Erasure: permanent deletion of a release with all its revisions, for court orders and data protection (GDPR).
//!
//! A purge deletes the release with its revisions, assignments, corrections and preview links. It also deletes the
//! images and notes of the release's journal entries, and stored idempotent responses that name the release.
//!
//! A purge keeps a journal entry with actor, time and reason. The entry also says which audiences could see the
//! release, so that change streams can report its removal. A digest of each public slug is kept, so that the slug is
//! never assigned again.

use chrono::{DateTime, Utc};
use entity::{Noun, idempotency, journal, release, slug};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::{
    auth::viewer::Viewer,
    newsroom::{error::Error, service::Newsroom, slug_registry, validation::required_note, workflow::ReleaseAction},
};

impl Newsroom {
    /// Purges a release permanently. The journal keeps the reason.
    pub async fn release_purge(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        reason: String,
        now: DateTime<Utc>,
    ) -> Result<Uuid, Error> {
        let transition = self.begin_transition(ReleaseAction::Purge, viewer, id, expected, now).await?;
        let reason = required_note("reason", reason, "say who demanded the removal and why; it stays in the journal")?;
        let tx = transition.unit_of_work.tx();
        let slugs = slug::Entity::find()
            .filter(slug::Column::Noun.eq(Noun::Release))
            .filter(slug::Column::OwnerId.eq(id))
            .all(tx)
            .await?;
        slug::Entity::delete_many()
            .filter(slug::Column::Noun.eq(Noun::Release))
            .filter(slug::Column::OwnerId.eq(id))
            .exec(tx)
            .await?;
        for row in slugs.into_iter().filter(|row| row.public_at.is_some()) {
            let digest_row = slug::ActiveModel {
                noun: Set(Noun::Release),
                slug: Set(slug_registry::digest(&row.slug)),
                owner_id: Set(id),
                public_at: Set(row.public_at),
            };
            slug::Entity::insert(digest_row).exec_without_returning(tx).await?;
        }
        journal::Entity::update_many()
            .col_expr(journal::Column::Before, Expr::value(Option::<String>::None))
            .col_expr(journal::Column::After, Expr::value(Option::<String>::None))
            .col_expr(journal::Column::Note, Expr::value(Option::<String>::None))
            .filter(journal::Column::NounId.eq(id))
            .exec(tx)
            .await?;
        // Responses that earlier program versions stored contain the release's key instead of its public id.
        let mentions = |id: String| Expr::col(idempotency::Column::Answer).like(format!("%{id}%"));
        idempotency::Entity::update_many()
            .col_expr(idempotency::Column::Answer, Expr::value(Option::<String>::None))
            .filter(mentions(self.ids.encode(Noun::Release, id)).or(mentions(id.simple().to_string())))
            .exec(tx)
            .await?;
        // Deleting the release also deletes its revisions and their assignments (cascade).
        release::Entity::delete_by_id(id).exec(tx).await?;
        transition.commit_deleted(Some(reason)).await?;
        // Overwrite deleted data in the database file. The release is deleted even if this fails.
        self.db.scrub().await;
        Ok(id)
    }
}

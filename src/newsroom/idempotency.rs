//! Requests that come twice: a client that got no answer sends the same again under the same `Idempotency-Key`, and gets the
//! first answer; nothing is done twice.
//!
//! The key is put down in the transaction of the first act of its request, so that it is there if and only if something was
//! done; the answer follows when it is known. Keys belong to whoever sent them and are kept for a day.

use chrono::{DateTime, TimeDelta, Utc};
use entity::idempotency;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr, sea_query::OnConflict};
use uuid::Uuid;

use super::{Error, Newsroom, write::Write};
use crate::viewer::{Repeatable, Viewer};

/// How long keys are kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// It is new.
    Nothing,
    /// It was answered so.
    Answered(String),
    /// It was done, and how it was answered is not known, or was a secret.
    Done,
    /// Another request came under this key.
    Other,
}

impl Newsroom {
    /// What is known of a request under its key. One statement.
    pub async fn earlier(&self, viewer: &Viewer, request: &Repeatable) -> Result<Earlier, Error> {
        let key = (holder(viewer), request.key.clone());
        let found = idempotency::Entity::find_by_id(key).one(self.db.reader()).await?;
        Ok(match found {
            None => Earlier::Nothing,
            Some(row) if row.request_hash != request.hash => Earlier::Other,
            Some(idempotency::Model { answer: Some(answer), .. }) => Earlier::Answered(answer),
            Some(_) => Earlier::Done,
        })
    }

    /// Keeps the answer to a request; without one only that it was answered.
    pub async fn keep_answer(
        &self,
        viewer: &Viewer,
        request: &Repeatable,
        answer: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let tx = self.db.begin_write().await?;
        let row = row(holder(viewer), request, now, answer.clone());
        idempotency::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([idempotency::Column::Subject, idempotency::Column::Key])
                    .value(idempotency::Column::Answer, Expr::value(answer))
                    .to_owned(),
            )
            .exec_without_returning(&tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Forgets keys that are older than a day.
    pub async fn forget_keys(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let tx = self.db.begin_write().await?;
        idempotency::Entity::delete_many().filter(idempotency::Column::At.lt(now - KEPT)).exec(&tx).await?;
        Ok(tx.commit().await?)
    }
}

impl Write {
    /// Puts down that something is done under a key; refuses where another execution did something under it.
    pub(super) async fn once(&self, viewer: &Viewer) -> Result<(), Error> {
        let Some(request) = viewer.request.as_deref() else { return Ok(()) };
        let key = (holder(viewer), request.key.clone());
        match idempotency::Entity::find_by_id(key).one(self.tx()).await? {
            Some(row) if row.request_id == request.id => Ok(()),
            Some(_) => Err(Error::Repeated),
            None => {
                let row = row(holder(viewer), request, self.at(), None);
                idempotency::Entity::insert(row).exec_without_returning(self.tx()).await?;
                Ok(())
            }
        }
    }
}

fn row(subject: String, request: &Repeatable, at: DateTime<Utc>, answer: Option<String>) -> idempotency::ActiveModel {
    idempotency::ActiveModel {
        subject: Set(subject),
        key: Set(request.key.clone()),
        request_id: Set(request.id),
        request_hash: Set(request.hash.clone()),
        at: Set(at),
        answer: Set(answer),
    }
}

/// Whose a key is: a person's in one role, so that an answer is never told to a token that may see less.
pub fn holder(viewer: &Viewer) -> String {
    format!("{:?} {}", viewer.role, viewer.subject)
}

impl Repeatable {
    /// An execution of a request under a key.
    pub fn new(key: String, hash: String) -> Self {
        Self { id: Uuid::now_v7(), key, hash }
    }
}

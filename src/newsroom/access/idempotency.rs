//! Stored results of idempotent requests (`Idempotency-Key`). A repeated mutation returns the response of the first
//! execution and changes nothing.
//!
//! `UnitOfWork::claim_key` inserts the key in the transaction of the request's first write, so no change is committed
//! without its key. `store_response` adds the response after the mutation, even if the mutation changed nothing. A
//! key belongs to one subject in one role and is deleted after 24 hours. The HTTP header is handled in
//! `http::graphql::idempotency`.

use chrono::{DateTime, TimeDelta, Utc};
use entity::idempotency;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    auth::viewer::{IdempotentRequest, Viewer},
    newsroom::{error::Error, service::Newsroom, unit_of_work::UnitOfWork},
};

/// How long idempotency keys are stored.
const RETENTION: TimeDelta = TimeDelta::hours(24);

/// What is stored about a request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredResult {
    /// Nothing: the request is new.
    Absent,
    /// The request was executed, with this response.
    Response(String),
    /// The request was executed, but its response is not available: it was too long, contained a secret, was deleted
    /// by a purge, or the server stopped before storing it.
    ResponseNotStored,
    /// The key was used for a different request.
    OtherRequest,
}

impl Newsroom {
    /// Looks up the stored result of a request by its idempotency key. Runs one SQL statement.
    pub async fn stored_result(&self, request: &IdempotentRequest) -> Result<StoredResult, Error> {
        let key = (request.owner.clone(), request.key.clone());
        let stored = idempotency::Entity::find_by_id(key).one(self.db.reader()).await?;
        Ok(match stored {
            None => StoredResult::Absent,
            Some(row) if row.request_hash != request.hash => StoredResult::OtherRequest,
            Some(idempotency::Model { answer: Some(answer), .. }) => StoredResult::Response(answer),
            Some(_) => StoredResult::ResponseNotStored,
        })
    }

    /// Stores the response of a request. If `answer` is `None`, stores only that the request was executed.
    pub async fn store_response(
        &self,
        request: &IdempotentRequest,
        answer: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let tx = self.db.begin_write().await?;
        let row = key_row(request, now, answer.clone());
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

    /// Deletes idempotency keys that are older than 24 hours.
    pub async fn delete_expired_keys(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let tx = self.db.begin_write().await?;
        idempotency::Entity::delete_many().filter(idempotency::Column::At.lt(now - RETENTION)).exec(&tx).await?;
        Ok(tx.commit().await?)
    }
}

impl UnitOfWork {
    /// Claims the idempotency key of the viewer's request, if the request has a key. Does nothing if an earlier write
    /// of the same execution has claimed the key. Fails if another execution has used the key.
    pub(in crate::newsroom) async fn claim_key(&self, viewer: &Viewer) -> Result<(), Error> {
        let Some(request) = viewer.idempotent_request.as_deref() else { return Ok(()) };
        let key = (request.owner.clone(), request.key.clone());
        match idempotency::Entity::find_by_id(key).one(self.tx()).await? {
            Some(row) if row.request_id == request.id => Ok(()),
            Some(_) => Err(Error::DuplicateRequest),
            None => {
                let row = key_row(request, self.at(), None);
                idempotency::Entity::insert(row).exec_without_returning(self.tx()).await?;
                Ok(())
            }
        }
    }
}

fn key_row(request: &IdempotentRequest, at: DateTime<Utc>, answer: Option<String>) -> idempotency::ActiveModel {
    idempotency::ActiveModel {
        subject: Set(request.owner.clone()),
        key: Set(request.key.clone()),
        request_id: Set(request.id),
        request_hash: Set(request.hash.clone()),
        at: Set(at),
        answer: Set(answer),
    }
}

/// Returns the owner of the viewer's idempotency keys: the viewer's role and subject. The role is included so that a
/// token with a lower role never receives a response that was stored for a higher role of the same subject.
pub fn key_owner(viewer: &Viewer) -> String {
    format!("{:?} {}", viewer.role, viewer.subject)
}

impl IdempotentRequest {
    /// Creates the record of one execution of a request, with a new id that distinguishes it from other executions
    /// with the same key.
    pub fn new(owner: String, key: String, hash: String) -> Self {
        Self { id: Uuid::now_v7(), owner, key, hash }
    }
}

//! Table `idempotency`: idempotency keys of requests, with a hash of the request and its stored answer.

use sea_orm::entity::prelude::*;

/// One request.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Role and subject of who sent it: nobody meets a key of somebody else.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// The key, as sent.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Which execution did it: one request may be several acts.
    pub request_id: Uuid,
    /// SHA-256 of the request, lower-case hex: the key belongs to this request only.
    pub request_hash: String,
    /// When its first act was done.
    pub at: DateTimeUtc,
    /// The answer as JSON; none while it is not known, and where it must not be kept.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `idempotency`: idempotency keys of requests, with a hash of the request and its stored response.

use sea_orm::entity::prelude::*;

/// One request.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Role and subject of the sender, so that keys of different senders do not collide.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// The key, as sent.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Id of the execution. One request may have several journal entries.
    pub request_id: Uuid,
    /// SHA-256 of the request, lower-case hex. The key is valid for this request only.
    pub request_hash: String,
    /// Time of the first write; if the request wrote nothing, the time at which the response was stored.
    pub at: DateTimeUtc,
    /// The response as JSON. `None` while it is unknown, if it is too long or contains a secret, or if it mentioned a
    /// release that was purged since.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

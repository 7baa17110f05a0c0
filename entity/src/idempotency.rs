//! Table `idempotency`: idempotency keys of requests, each with a hash of its request and the stored response.

use sea_orm::entity::prelude::*;

/// One request with an idempotency key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Role and subject of the sender, so that keys of different senders do not collide.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// Idempotency key, as the client sent it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Id of the execution that uses the key. One execution may write several journal entries.
    pub request_id: Uuid,
    /// SHA-256 of the request body, lower-case hex. The key is valid for this request only.
    pub request_hash: String,
    /// Time of the request's first write. If the request wrote nothing, the time at which its response was stored.
    pub at: DateTimeUtc,
    /// The response as JSON. `None` while the response is not known, if it is too long or contains a secret, or if
    /// it mentioned a release that was purged later.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

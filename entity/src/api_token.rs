//! Table `api_token`: access tokens with role, subject, expiry and revocation. Only the SHA-256 of the secret is
//! stored.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Role of a token's holder. Each role includes the permissions of the roles before it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// The public.
    #[default]
    #[sea_orm(string_value = "PUBLIC")]
    Public,
    /// An accredited journalist.
    #[sea_orm(string_value = "PRESS")]
    Press,
    /// Writes releases.
    #[sea_orm(string_value = "AUTHOR")]
    Author,
    /// Decides what is published.
    #[sea_orm(string_value = "EDITOR")]
    Editor,
    /// Administers topics, places and tokens.
    #[sea_orm(string_value = "ADMIN")]
    Admin,
}

/// One access token.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_token")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Person or system that uses the token.
    pub subject: String,
    /// Purpose of the token, as entered by its creator.
    pub name: String,
    /// Role of the token, which determines its permissions.
    pub role: Role,
    /// SHA-256 of the secret, lower-case hex.
    #[sea_orm(unique)]
    pub secret_hash: String,
    /// Creation time.
    pub created_at: DateTimeUtc,
    /// Subject of the creator.
    pub created_by: String,
    /// Expiry: the token is rejected from this instant on. `None` if the token does not expire.
    pub expires_at: Option<DateTimeUtc>,
    /// Time of the last use, with a precision of ten minutes; `None` if the token was never used.
    pub last_used_at: Option<DateTimeUtc>,
    /// Time of the revocation; `None` if the token is not revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

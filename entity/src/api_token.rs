//! Table `api_token`: access tokens with role, subject, expiry and revocation. Only the SHA-256 of the secret is
//! stored.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What the holder of a token is to the newsroom. Each role may do all that the ones before it may.
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
    /// Anybody.
    #[default]
    #[sea_orm(string_value = "PUBLIC")]
    Public,
    /// An accredited journalist.
    #[sea_orm(string_value = "PRESS")]
    Press,
    /// Writes.
    #[sea_orm(string_value = "AUTHOR")]
    Author,
    /// Decides what is published.
    #[sea_orm(string_value = "EDITOR")]
    Editor,
    /// Keeps the house: topics, places, tokens.
    #[sea_orm(string_value = "ADMIN")]
    Admin,
}

/// One token.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_token")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The person or system that acts with it.
    pub subject: String,
    /// What it is for, in the words of whoever made it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of the secret, lower-case hex.
    #[sea_orm(unique)]
    pub secret_hash: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// Subject of who made it.
    pub created_by: String,
    /// From this instant on it is refused; none: never.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was last used, to ten minutes.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

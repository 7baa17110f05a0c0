//! The GraphQL type `Token` (access token) and the input of `tokenCreate`. The secret is only in `TokenPayload`.

use async_graphql::{ID, InputObject, SimpleObject};
use entity::{Noun, api_token};

use crate::{
    graphql::base::{enums::Role, global_id, scalars::DateTime},
    newsroom::access::{public_id::IdCodec, tokens},
};

/// An access token. Its secret is shown once, when it is made.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Token {
    /// Its global id.
    id: ID,
    /// The person or system that acts with it.
    subject: String,
    /// What it is for.
    name: String,
    /// What it may do.
    role: Role,
    /// When it was made.
    created_at: DateTime,
    /// From this instant on it is refused; null: never.
    expires_at: Option<DateTime>,
    /// When it was last used, to ten minutes.
    last_used_at: Option<DateTime>,
    /// When it was revoked.
    revoked_at: Option<DateTime>,
}

impl Token {
    /// From a row.
    pub fn new(ids: &IdCodec, row: api_token::Model) -> Self {
        Self {
            id: global_id::encode(ids, Noun::Token, row.id),
            subject: row.subject,
            name: row.name,
            role: row.role.into(),
            created_at: DateTime(row.created_at),
            expires_at: row.expires_at.map(DateTime),
            last_used_at: row.last_used_at.map(DateTime),
            revoked_at: row.revoked_at.map(DateTime),
        }
    }
}

/// What token to make.
#[derive(InputObject)]
pub struct TokenInput {
    /// The person or system that will act with it; it stands in the journal as who did what.
    subject: String,
    /// What it is for.
    name: String,
    /// What it may do.
    role: Role,
    /// From this instant on it is refused; never where it is left out.
    expires_at: Option<DateTime>,
}

impl From<TokenInput> for tokens::TokenInput {
    fn from(input: TokenInput) -> Self {
        Self {
            subject: input.subject,
            name: input.name,
            role: input.role.into(),
            expires_at: input.expires_at.map(|at| at.0),
        }
    }
}

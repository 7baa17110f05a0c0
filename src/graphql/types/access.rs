//! GraphQL types for access: `Viewer`, `Token` with the input of `tokenCreate`, and the access log.
//!
//! Capabilities follow from the rules in `newsroom::workflow`. Only `TokenPayload` contains the secret of a token.

use async_graphql::{ID, InputObject, Object, SimpleObject};
use entity::{
    Noun,
    access_log::{self, AccessKind as Kind},
    api_token,
};

use super::page_info::{PageInfo, row_connection};
use crate::{
    auth::viewer,
    graphql::base::{
        actor::Actor,
        enums::{AccessKind, Capability, Role},
        global_id,
        scalars::DateTime,
    },
    newsroom::{
        access::{public_id::IdCodec, tokens},
        reading::row_page::RowPage,
        workflow::{self, ReleaseAction, Resource},
    },
};

/// The caller of the API, as identified by its access token.
pub struct Viewer(pub viewer::Viewer);

/// The caller of the API, as identified by its access token.
#[Object(serial)]
impl Viewer {
    /// The subject of the caller's token, as in `Actor.id`. "public" if the request has no token.
    async fn name(&self) -> &str {
        if self.0.subject.is_empty() { "public" } else { &self.0.subject }
    }

    /// The role of the caller.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// What the caller is allowed to do.
    async fn capabilities(&self) -> Vec<Capability> {
        let embargoed = (self.0.role >= entity::api_token::Role::Press).then_some(Capability::ReadEmbargoed);
        let actions = [
            (ReleaseAction::Create, Capability::WriteDrafts),
            (ReleaseAction::Approve, Capability::Approve),
            (ReleaseAction::Publish, Capability::Publish),
            (ReleaseAction::Withdraw, Capability::Withdraw),
            (ReleaseAction::Purge, Capability::Purge),
        ];
        let resources = [
            (Resource::Topics, Capability::ManageTopics),
            (Resource::Places, Capability::ManagePlaces),
            (Resource::Tokens, Capability::ManageTokens),
            (Resource::Journal, Capability::ReadJournal),
        ];
        let actions = actions
            .into_iter()
            .filter(|&(action, _)| workflow::check_role(action, &self.0).is_ok())
            .map(|(_, capability)| capability);
        let resources = resources
            .into_iter()
            .filter(|&(resource, _)| workflow::check_manage(resource, &self.0).is_ok())
            .map(|(_, capability)| capability);
        embargoed.into_iter().chain(actions).chain(resources).collect()
    }
}

/// An access token. Only the response of `tokenCreate` contains its secret.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct Token {
    /// The global id of the token.
    id: ID,
    /// The person or system that uses the token.
    subject: String,
    /// What the token is for.
    name: String,
    /// The role of the token.
    role: Role,
    /// When the token was created.
    created_at: DateTime,
    /// When the token expires. null if it never expires.
    expires_at: Option<DateTime>,
    /// When the token was last used, accurate to ten minutes. null if it was never used.
    last_used_at: Option<DateTime>,
    /// When the token was revoked. null if it was not revoked.
    revoked_at: Option<DateTime>,
}

impl Token {
    /// Converts a database row.
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

/// The fields of a new token.
#[derive(InputObject)]
pub struct TokenInput {
    /// The person or system that uses the token, at most 200 characters. The journal names this subject as the actor
    /// of all changes made with the token. "dateline" and "command line" are reserved.
    subject: String,
    /// What the token is for, at most 200 characters.
    name: String,
    /// The role of the token. PUBLIC is refused, because public reads need no token.
    role: Role,
    /// When the token expires. It must be in the future. Default: the token never expires.
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

row_connection!(TokenConnection, TokenEdge, Token, "the access tokens, newest first", "An access token");

/// A logged read: embargoed content that the press read, or a release that was read through a preview link.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct AccessLogEntry {
    /// When the read happened.
    at: DateTime,
    /// Who read the release.
    by: Actor,
    /// Why the read is logged.
    kind: AccessKind,
    /// The id of the release that was read. The release may have been deleted since then.
    release_id: ID,
}

impl AccessLogEntry {
    /// Converts a database row.
    pub fn new(ids: &IdCodec, row: access_log::Model) -> Self {
        Self {
            at: DateTime(row.at),
            by: if row.kind == Kind::Preview { Actor::preview_link(row.by) } else { Actor::of(row.by) },
            kind: row.kind.into(),
            release_id: global_id::encode(ids, Noun::Release, row.release_id),
        }
    }
}

row_connection!(AccessLogConnection, AccessLogEdge, AccessLogEntry, "the access log, newest first", "A logged read");

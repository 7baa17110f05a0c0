//! GraphQL types of access: `Viewer`, `Token` with the input of `tokenCreate`, and the access log.
//!
//! Capabilities are read from the rules in `newsroom::workflow`. The secret of a token is only in `TokenPayload`.

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

/// Who asks: what their token says of them.
pub struct Viewer(pub viewer::Viewer);

/// Who asks: what their token says of them.
#[Object(serial)]
impl Viewer {
    /// The person or system that the token names; "public" without a token.
    async fn name(&self) -> &str {
        if self.0.subject.is_empty() { "public" } else { &self.0.subject }
    }

    /// What they are to the newsroom.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// What they may do.
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

/// An access token. Its secret is shown once, when it is made.
#[derive(Clone, SimpleObject)]
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

row_connection!(TokenConnection, TokenEdge, Token, "the access tokens, newest first", "An access token");

/// A read that is logged: of embargoed content by the press, or with a preview link.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct AccessLogEntry {
    /// When the read happened.
    at: DateTime,
    /// Who read.
    by: Actor,
    /// Why the read is logged.
    kind: AccessKind,
    /// The id of the release that was read. The release may have been deleted since.
    release_id: ID,
}

impl AccessLogEntry {
    /// The entry of a row.
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

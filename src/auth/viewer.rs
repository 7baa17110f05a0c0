//! The authenticated caller of a request: role, subject, idempotency key and mutation deadline.
//!
//! Every read and write takes a `Viewer`. Permissions depend on its role. Its subject decides which releases are an
//! author's own, and whether the four-eyes policy (approval by a second person) allows an approval.
//! `App::authenticate` turns a token into a viewer.

use std::{sync::Arc, time::Instant};

use entity::api_token::Role;
use uuid::Uuid;

/// The person or system behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Role in the newsroom.
    pub role: Role,
    /// Subject of the token; empty for the public.
    pub subject: String,
    /// Idempotency key and id of the request; `None` if the client sent no key.
    pub idempotent_request: Option<Arc<IdempotentRequest>>,
    /// Deadline of a mutation: no write starts after this time. `None` for queries, commands and jobs.
    pub deadline: Option<Instant>,
}

/// A request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Id of this execution of the request.
    pub id: Uuid,
    /// Owner of the key: role and subject of the caller. Different owners may use equal keys.
    pub owner: String,
    /// The idempotency key.
    pub key: String,
    /// SHA-256 of the request body, lower-case hex.
    pub hash: String,
}

impl Viewer {
    /// Returns the viewer of a request without a token.
    pub const fn public() -> Self {
        Self { role: Role::Public, subject: String::new(), idempotent_request: None, deadline: None }
    }

    /// Returns a viewer with the role and subject of a token.
    pub fn new(role: Role, subject: impl Into<String>) -> Self {
        Self { role, subject: subject.into(), idempotent_request: None, deadline: None }
    }

    /// Returns true for authors, editors and admins, who can see every release in every state.
    pub fn is_desk(&self) -> bool {
        self.role >= Role::Author
    }
}

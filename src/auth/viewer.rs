//! The authenticated caller of a request: role, subject, idempotency key and mutation deadline.
//!
//! Every read and write takes a `Viewer`. Permissions follow from the role; only an author's own releases are
//! recognized by the subject. How a token becomes a viewer is in `App::authenticate`.

use std::{sync::Arc, time::Instant};

use entity::api_token::Role;
use uuid::Uuid;

/// The person or system behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// What they are to the newsroom.
    pub role: Role,
    /// Who they are, as their token says; empty for the public.
    pub subject: String,
    /// The request they make, where they may make it again.
    pub idempotent_request: Option<Arc<IdempotentRequest>>,
    /// After this nothing that changes something is begun for their request.
    pub deadline: Option<Instant>,
}

/// A request that may come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// This execution of it.
    pub id: Uuid,
    /// Whose the key is: keys of several owners may be equal.
    pub owner: String,
    /// The key that it came under.
    pub key: String,
    /// What it asks for, as a digest.
    pub hash: String,
}

impl Viewer {
    /// Anybody: no token, no name.
    pub const fn public() -> Self {
        Self { role: Role::Public, subject: String::new(), idempotent_request: None, deadline: None }
    }

    /// Somebody known.
    pub fn new(role: Role, subject: impl Into<String>) -> Self {
        Self { role, subject: subject.into(), idempotent_request: None, deadline: None }
    }

    /// True for those who make the news: they see every release in every state.
    pub fn is_desk(&self) -> bool {
        self.role >= Role::Author
    }
}

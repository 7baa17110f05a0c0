//! Who asks. Every read and every write takes one of these; what it may see and do follows from the role alone, except that
//! an author's own work is told by the subject.

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
    pub request: Option<Arc<Repeatable>>,
    /// After this nothing that changes something is begun for their request.
    pub deadline: Option<Instant>,
}

/// A request that may come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeatable {
    /// This execution of it.
    pub id: Uuid,
    /// The key that it came under.
    pub key: String,
    /// What it asks for, as a digest.
    pub hash: String,
}

impl Viewer {
    /// Anybody: no token, no name.
    pub const fn public() -> Self {
        Self { role: Role::Public, subject: String::new(), request: None, deadline: None }
    }

    /// Somebody known.
    pub fn new(role: Role, subject: impl Into<String>) -> Self {
        Self { role, subject: subject.into(), request: None, deadline: None }
    }

    /// True for those who make the news: they see every release in every state.
    pub fn is_desk(&self) -> bool {
        self.role >= Role::Author
    }
}

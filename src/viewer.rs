//! Who asks. Every read and every write takes one of these; what it may see and do follows from the role alone, except that
//! an author's own work is told by the subject.

use entity::api_token::Role;

/// The person or system behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// What they are to the newsroom.
    pub role: Role,
    /// Who they are, as their token says; empty for the public.
    pub subject: String,
}

impl Viewer {
    /// Anybody: no token, no name.
    pub const fn public() -> Self {
        Self { role: Role::Public, subject: String::new() }
    }

    /// Somebody known.
    pub fn new(role: Role, subject: impl Into<String>) -> Self {
        Self { role, subject: subject.into() }
    }

    /// True for those who make the news: they see every release in every state.
    pub fn is_desk(&self) -> bool {
        self.role >= Role::Author
    }
}

//! The GraphQL type `Actor`: who made a change or read something.

use async_graphql::{Enum, ID, SimpleObject};

use crate::journal::{COMMAND_LINE_ACTOR, SYSTEM_ACTOR};

/// Who did something: a person, a system, or Dateline itself.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct Actor {
    /// Identifies the actor in filters (`authors`, `by`). For an ACCOUNT it is the subject of its token; for a
    /// PREVIEW_LINK the id of the link.
    id: ID,
    /// The display name.
    name: String,
    /// The kind of actor.
    kind: ActorKind,
}

/// Kinds of actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ActorKind {
    /// A person or system with a token.
    Account,
    /// An operator who ran a command of `dateline`.
    CommandLine,
    /// The holder of a preview link.
    PreviewLink,
    /// Dateline itself, for example a scheduled publication.
    System,
}

impl Actor {
    /// Returns the actor with a subject, as stored in rows.
    pub fn of(subject: String) -> Self {
        let (kind, name) = match subject.as_str() {
            SYSTEM_ACTOR => (ActorKind::System, "Dateline"),
            COMMAND_LINE_ACTOR => (ActorKind::CommandLine, "Command line"),
            name => (ActorKind::Account, name),
        };
        Self { name: name.to_owned(), kind, id: ID(subject) }
    }

    /// Returns the holder of the preview link with this id.
    pub fn preview_link(id: String) -> Self {
        Self { id: ID(id), name: "Preview link".to_owned(), kind: ActorKind::PreviewLink }
    }
}

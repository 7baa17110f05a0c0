//! The GraphQL type `Actor`: the person or system that changed or read something.

use async_graphql::{Enum, ID, SimpleObject};

use crate::journal::{COMMAND_LINE_ACTOR, SYSTEM_ACTOR};

/// Who did something: a person or system with a token, the holder of a preview link, an operator, or Dateline itself.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct Actor {
    /// Identifies the actor in the filters `ReleaseFilter.authors` and `JournalFilter.by`. For the kind ACCOUNT, this
    /// is the subject of the token; for PREVIEW_LINK, it is the id of the link.
    id: ID,
    /// The display name of the actor.
    name: String,
    /// The kind of actor.
    kind: ActorKind,
}

/// Kinds of actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ActorKind {
    /// A person or system with a token.
    Account,
    /// An operator who ran a `dateline` command.
    CommandLine,
    /// The holder of a preview link.
    PreviewLink,
    /// Dateline itself, for example for a scheduled publication.
    System,
}

impl Actor {
    /// Converts a subject, as stored in database rows, to an actor.
    pub fn of(subject: String) -> Self {
        let (kind, name) = match subject.as_str() {
            SYSTEM_ACTOR => (ActorKind::System, "Dateline"),
            COMMAND_LINE_ACTOR => (ActorKind::CommandLine, "Command line"),
            name => (ActorKind::Account, name),
        };
        Self { name: name.to_owned(), kind, id: ID(subject) }
    }

    /// Returns the actor for the holder of a preview link. `id` is the id of the link.
    pub fn preview_link(id: String) -> Self {
        Self { id: ID(id), name: "Preview link".to_owned(), kind: ActorKind::PreviewLink }
    }
}

//! GraphQL types of history: revisions of a release, the diff of two revisions, and the journal.

use async_graphql::{ID, InputObject, SimpleObject};
use entity::journal;

use super::{
    page_info::{PageInfo, row_connection},
    revision::ReleaseRevision,
};
use crate::{
    graphql::base::{actor::Actor, error::ApiError, global_id, scalars::DateTime},
    newsroom::{
        access::public_id::IdCodec,
        reading::{history, row_page::RowPage},
        release::diff,
    },
};

row_connection!(
    RevisionConnection,
    RevisionEdge,
    ReleaseRevision,
    "the revisions of a release, newest first",
    "A revision"
);

/// A field with different values in two revisions of a release.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct FieldChange {
    /// The name of the field, as in `ReleaseInput`. If the field is a list of topics or places, `before` and `after`
    /// contain their slugs, separated by commas.
    field: String,
    /// The value in the revision that `diff` compares with (argument `against`). null if that revision has no value.
    before: Option<String>,
    /// The value in the revision whose `diff` was requested. null if that revision has no value.
    after: Option<String>,
}

impl From<diff::FieldChange> for FieldChange {
    fn from(change: diff::FieldChange) -> Self {
        Self { field: change.field.to_owned(), before: change.before, after: change.after }
    }
}

/// A recorded change: who did what to which object, when and why.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct JournalEntry {
    /// The position of the entry in the journal: 1, 2, 3 … without gaps, in the order of commits.
    sequence: ID,
    /// When the journal recorded the change.
    at: DateTime,
    /// Who made the change. For a scheduled publication and the end of an embargo, this is an actor of the kind
    /// SYSTEM.
    by: Actor,
    /// The action, for example `release.publish` or `topic.merge`.
    action: String,
    /// The id of the changed object. The object may have been deleted since then.
    subject: ID,
    /// A note about the change, for example the reason for it. null if there is none.
    note: Option<String>,
}

impl JournalEntry {
    /// Converts a database row.
    pub fn new(ids: &IdCodec, row: journal::Model) -> Self {
        Self {
            sequence: ID(row.sequence.to_string()),
            at: DateTime(row.at),
            by: Actor::of(row.by),
            action: row.act,
            subject: global_id::encode(ids, row.noun, row.noun_id),
            note: row.note,
        }
    }
}

row_connection!(JournalConnection, JournalEdge, JournalEntry, "the journal, newest first", "A journal entry");

/// Selects journal entries. All given conditions must match.
#[derive(Clone, Debug, InputObject)]
pub struct JournalFilter {
    /// Entries with one of these actions, for example `release.publish`.
    actions: Option<Vec<String>>,
    /// Entries by the actor with this id.
    by: Option<ID>,
    /// Entries recorded at or after this instant.
    from: Option<DateTime>,
    /// Entries recorded at or before this instant.
    until: Option<DateTime>,
    /// Entries about the object with this id.
    subject: Option<ID>,
}

impl JournalFilter {
    /// Converts this input to a filter of the newsroom.
    pub fn resolve(self, ids: &IdCodec) -> Result<history::JournalFilter, ApiError> {
        let subject = self.subject.map(|subject| global_id::decode(ids, &subject)).transpose();
        Ok(history::JournalFilter {
            actions: self.actions,
            by: self.by.map(|by| by.0),
            from: self.from.map(|at| at.0),
            until: self.until.map(|at| at.0),
            noun_id: subject.map_err(|error| error.at("subject"))?.map(|(_, key)| key),
        })
    }
}

//! GraphQL types of the past: revisions of a release, the diff of two revisions, and the journal.

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

/// A field that two versions have differently.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct FieldChange {
    /// Its name, as in ReleaseInput; lists as slugs, parted by commas.
    field: String,
    /// What the other version says; null where it says nothing.
    before: Option<String>,
    /// What this version says; null where it says nothing.
    after: Option<String>,
}

impl From<diff::FieldChange> for FieldChange {
    fn from(change: diff::FieldChange) -> Self {
        Self { field: change.field.to_owned(), before: change.before, after: change.after }
    }
}

/// One act: who did what, when and why.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct JournalEntry {
    /// Its number: 1, 2, 3 … without holes, in the order in which acts happened.
    sequence: ID,
    /// When it was put down.
    at: DateTime,
    /// Who did it. SYSTEM for scheduled publications and ends of embargoes.
    by: Actor,
    /// What was done: `release.publish`, `topic.merge` …
    action: String,
    /// The id of what it was done to, which may be no more.
    subject: ID,
    /// Why, where somebody said so.
    note: Option<String>,
}

impl JournalEntry {
    /// The entry of a row.
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

/// Which entries of the journal; all that is given holds together.
#[derive(Clone, Debug, InputObject)]
pub struct JournalFilter {
    /// With one of these actions: `release.publish`.
    actions: Option<Vec<String>>,
    /// By the actor with this id.
    by: Option<ID>,
    /// Not before this.
    from: Option<DateTime>,
    /// Not after this.
    until: Option<DateTime>,
    /// Done to what has this id.
    subject: Option<ID>,
}

impl JournalFilter {
    /// As the newsroom has it.
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

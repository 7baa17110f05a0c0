//! GraphQL types of the past: revisions of a release, the diff of two revisions, the journal and the access log.

use async_graphql::{ID, InputObject, SimpleObject};
use entity::{access_log, journal};

use super::{page_info::PageInfo, revision::ReleaseRevision};
use crate::{
    graphql::{
        base::{enums::AccessKind, error::ApiError, global_id, scalars::DateTime},
        engine::serial_list::{SerialList, SerialObject},
    },
    newsroom::{
        access::public_id::IdCodec,
        reading::history::{self, RowPage},
        release::{diff, revision::ReleaseVersion},
    },
};

/// A page of the versions of a release, newest first.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct RevisionConnection {
    /// The entries of this page with their cursors.
    edges: Vec<RevisionEdge>,
    /// The entries of this page, without cursors.
    nodes: Vec<ReleaseRevision>,
    /// Where this page lies.
    page_info: PageInfo,
}

/// A version of a page.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct RevisionEdge {
    /// Where it stands: give it as `after` or `before`.
    cursor: String,
    /// The version.
    node: ReleaseRevision,
}

impl RevisionConnection {
    /// From a page of rows.
    pub fn new(page: RowPage<ReleaseVersion>, revision: impl Fn(ReleaseVersion) -> ReleaseRevision) -> Self {
        let page_info = PageInfo::of(&page);
        let nodes: Vec<ReleaseRevision> = page.entries.iter().map(|(_, loaded)| revision(loaded.clone())).collect();
        let edges = page.entries.into_iter().map(|(cursor, loaded)| RevisionEdge { cursor, node: revision(loaded) });
        Self { edges: edges.collect(), nodes, page_info }
    }
}

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
    /// Who did it; "dateline" for what happened by itself.
    by: String,
    /// What was done: `release.publish`, `topic.merge` …
    act: String,
    /// The id of what it was done to, which may be no more.
    subject: ID,
    /// Why, where somebody said so.
    note: Option<String>,
}

impl JournalEntry {
    fn new(ids: &IdCodec, row: journal::Model) -> Self {
        Self {
            sequence: ID(row.sequence.to_string()),
            at: DateTime(row.at),
            by: row.by,
            act: row.act,
            subject: global_id::encode(ids, row.noun, row.noun_id),
            note: row.note,
        }
    }
}

/// A page of the journal, newest first.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct JournalConnection {
    /// The entries of this page with their cursors.
    edges: SerialList<JournalEdge>,
    /// The entries of this page, without cursors.
    nodes: SerialList<JournalEntry>,
    /// Where this page lies.
    page_info: PageInfo,
}

/// An entry of a page.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct JournalEdge {
    /// Where it stands: give it as `after` or `before` under the same filter.
    cursor: String,
    /// The entry.
    node: SerialObject<JournalEntry>,
}

impl JournalConnection {
    /// From a page of rows.
    pub fn new(ids: &IdCodec, page: RowPage<journal::Model>) -> Self {
        let page_info = PageInfo::of(&page);
        let entries: Vec<(String, JournalEntry)> =
            page.entries.into_iter().map(|(cursor, row)| (cursor, JournalEntry::new(ids, row))).collect();
        Self {
            nodes: entries.iter().map(|(_, entry)| entry.clone()).collect(),
            edges: entries
                .into_iter()
                .map(|(cursor, entry)| JournalEdge { cursor, node: SerialObject(entry) })
                .collect(),
            page_info,
        }
    }
}

/// Which entries of the journal; all that is given holds together.
#[derive(Clone, Debug, InputObject)]
pub struct JournalFilter {
    /// Of one of these acts: `release.publish`.
    acts: Option<Vec<String>>,
    /// By this person or system.
    by: Option<String>,
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
            acts: self.acts,
            by: self.by,
            from: self.from.map(|at| at.0),
            until: self.until.map(|at| at.0),
            noun_id: subject.map_err(|error| error.at("subject"))?.map(|(_, key)| key),
        })
    }
}

/// One read that must be known of.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Access {
    /// When.
    at: DateTime,
    /// Who read: the subject of a token, or the id of a preview link.
    by: String,
    /// Why it is in the log.
    kind: AccessKind,
    /// The id of the release that was read, which may be no more.
    release_id: ID,
}

impl Access {
    /// From a row.
    pub fn new(ids: &IdCodec, row: access_log::Model) -> Self {
        Self {
            at: DateTime(row.at),
            by: row.by,
            kind: row.kind.into(),
            release_id: global_id::encode(ids, entity::Noun::Release, row.release_id),
        }
    }
}

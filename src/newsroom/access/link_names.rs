//! Names of preview links in journal notes and in the access log. Stored texts contain the link's key. Before a text
//! is shown, the key is replaced by the link's public id.
//!
//! A fixed prefix precedes the key, both in journal notes and in the reader column of the access log. `preview_links`
//! writes these texts. `access_log` and `reading::history` show them.

use entity::Noun;
use uuid::Uuid;

use crate::newsroom::{service::Newsroom, workflow::ReleaseAction};

/// Text before a preview link's key in the note of a journal entry.
pub(super) const NOTE_PREFIX: &str = "preview link ";

/// Text before a preview link's key in the reader column of the access log.
pub(super) const READER_PREFIX: &str = "preview_";

/// Journal action that records the revocation of a preview link.
pub(super) const REVOKE_ACTION: &str = "release.preview_revoke";

/// Whether the journal notes of an action name a preview link.
pub(in crate::newsroom) fn is_link_action(action: &str) -> bool {
    action == ReleaseAction::Preview.name() || action == REVOKE_ACTION
}

impl Newsroom {
    /// Replaces the key of a preview link in a journal note by its public id.
    pub(in crate::newsroom) fn note_with_public_id(&self, note: &str) -> String {
        let named = note.strip_prefix(NOTE_PREFIX).and_then(|rest| {
            let (key, rest) = rest.split_at_checked(32)?;
            Some((Uuid::try_parse(key).ok()?, rest))
        });
        match named {
            Some((key, rest)) => format!("{NOTE_PREFIX}{}{rest}", self.ids.encode(Noun::PreviewLink, key)),
            None => note.to_owned(),
        }
    }

    /// Replaces the key of a preview link in the reader column of the access log by its public id.
    pub(in crate::newsroom) fn reader_with_public_id(&self, by: &str) -> String {
        let key = by.strip_prefix(READER_PREFIX).and_then(|key| Uuid::try_parse(key).ok());
        key.map_or_else(|| by.to_owned(), |key| self.ids.encode(Noun::PreviewLink, key))
    }
}

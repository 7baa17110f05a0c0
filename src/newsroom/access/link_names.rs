//! Names of preview links in stored texts. Rows name a link by its key, which is replaced by the public id before the
//! text is shown.
//!
//! Journal notes and readers in the access log have a fixed prefix before the key. `preview_links` writes them,
//! `access_log` and `reading::history` show them.

use entity::Noun;
use uuid::Uuid;

use crate::newsroom::{service::Newsroom, workflow::ReleaseAction};

/// Prefix of the link's key in the note of a journal entry.
pub(super) const NOTE_PREFIX: &str = "preview link ";

/// Prefix of the link's key in the reader column of the access log.
pub(super) const READER_PREFIX: &str = "preview_";

/// Journal action of a revocation.
pub(super) const REVOKE_ACTION: &str = "release.preview_revoke";

/// Whether the notes of an action name a preview link.
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

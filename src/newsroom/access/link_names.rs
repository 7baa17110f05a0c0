//! Names of preview links in stored texts: rows name a link by its key, which is replaced by the public id before it is
//! shown.
//!
//! Notes of the journal and readers in the access log have a fixed prefix before the key. `preview_links` writes them,
//! `access_log` and `reading::history` show them.

use entity::Noun;
use uuid::Uuid;

use crate::newsroom::{service::Newsroom, workflow::ReleaseAction};

/// Before the key of a link, in the note of an entry of the journal.
pub(super) const NOTE_PREFIX: &str = "preview link ";

/// Before the key of a link, where the access log says who read.
pub(super) const READER_PREFIX: &str = "preview_";

/// The act of taking a link back, in the journal.
pub(super) const REVOKE_ACTION: &str = "release.preview_revoke";

/// Whether an act's note names a preview link.
pub(in crate::newsroom) fn is_link_action(action: &str) -> bool {
    action == ReleaseAction::Preview.name() || action == REVOKE_ACTION
}

impl Newsroom {
    /// A note of the journal as it is shown: rows name a preview link by its key.
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

    /// Who read by a preview link, as it is shown: rows name the link by its key.
    pub(in crate::newsroom) fn reader_with_public_id(&self, by: &str) -> String {
        let key = by.strip_prefix(READER_PREFIX).and_then(|key| Uuid::try_parse(key).ok());
        key.map_or_else(|| by.to_owned(), |key| self.ids.encode(Noun::PreviewLink, key))
    }
}

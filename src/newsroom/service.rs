//! `Newsroom`: the service handle whose methods are all commands and reads of the domain layer, and its settings.
//!
//! `Newsroom` holds the state that all commands share: database, catalog, ciphers, pending reads and rendered bodies.
//! The `impl Newsroom` blocks are in the files of the commands.

use std::sync::Arc;

use super::{
    access::{pending_reads::PendingReads, public_id::IdCodec, resume_token::TokenCipher},
    release::rendition::Renditions,
    workflow::WorkflowPolicy,
};
use crate::{
    catalog::{Catalog, IndexLocation},
    db::Db,
};

/// A newsroom: its database, its catalog and its settings. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Newsroom {
    /// The database: source of truth.
    pub db: Db,
    /// The catalog: in-memory read model.
    pub catalog: Arc<Catalog>,
    /// Settings of the newsroom.
    pub settings: NewsroomSettings,
    /// Encrypts journal positions, cursors and preview links for clients.
    pub token_cipher: TokenCipher,
    /// Encrypts database keys to public ids, and decrypts public ids.
    pub ids: IdCodec,
    /// Access log entries that are not yet written to the database.
    pub pending_reads: Arc<PendingReads>,
    /// Cache of release bodies rendered as HTML and plain text.
    pub renditions: Arc<Renditions>,
}

/// Settings of a newsroom.
#[derive(Clone, Debug)]
pub struct NewsroomSettings {
    /// Language of a release or name that specifies no language: a BCP 47 tag in canonical case.
    pub language: String,
    /// Time zone that defines when a day begins and ends.
    pub time_zone: chrono_tz::Tz,
    /// Template for the public URL of a release, with the placeholder `{slug}` or `{id}`.
    pub url_template: Option<String>,
    /// Template for the URL of a preview, with the placeholder `{token}`.
    pub preview_template: Option<String>,
    /// Where the search index is kept.
    pub search_index: IndexLocation,
    /// Configurable rules of the workflow.
    pub workflow_policy: WorkflowPolicy,
}

impl Default for NewsroomSettings {
    fn default() -> Self {
        Self {
            language: "en".to_owned(),
            time_zone: chrono_tz::UTC,
            url_template: None,
            preview_template: None,
            search_index: IndexLocation::Memory,
            workflow_policy: WorkflowPolicy::default(),
        }
    }
}

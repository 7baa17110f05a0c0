//! `Newsroom`: the service handle whose methods are all commands and reads of the domain layer, and its settings.
//!
//! It holds the state that they share: database, catalog, ciphers, pending reads and rendered bodies. Each command is
//! in the file of its subject (`impl Newsroom`).

use std::sync::Arc;

use super::{
    access::{pending_reads::PendingReads, public_id::IdCodec, resume_token::TokenCipher},
    release::rendition::Renditions,
    workflow::WorkflowPolicy,
};
use crate::{catalog::Catalog, db::Db};

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
    /// Encrypts keys to public ids.
    pub ids: IdCodec,
    /// Entries of the access log that are not yet written.
    pub pending_reads: Arc<PendingReads>,
    /// Cache of rendered bodies.
    pub renditions: Arc<Renditions>,
}

/// Settings of a newsroom.
#[derive(Clone, Debug)]
pub struct NewsroomSettings {
    /// Language of releases and names that specify none. BCP 47, canonical case.
    pub language: String,
    /// Time zone that defines when a day begins and ends.
    pub time_zone: chrono_tz::Tz,
    /// Public URL of a release, with the placeholder `{slug}` or `{id}`.
    pub url_template: Option<String>,
    /// URL of a preview, with the placeholder `{token}`.
    pub preview_template: Option<String>,
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
            workflow_policy: WorkflowPolicy::default(),
        }
    }
}

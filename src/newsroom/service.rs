//! `Newsroom`: the service handle that all commands and reads of the domain layer are methods of, and its settings.
//!
//! It holds what they share: database, catalog, ciphers, pending reads and rendered bodies. Each command is in the file
//! of its subject (`impl Newsroom`).

use std::sync::Arc;

use super::{
    access::{pending_reads::PendingReads, public_id::IdCodec, resume_token::TokenCipher},
    release::rendition::Renditions,
    workflow::WorkflowPolicy,
};
use crate::{catalog::Catalog, db::Db};

/// A newsroom at work: its database, its catalog and its settings.
#[derive(Clone, Debug)]
pub struct Newsroom {
    /// Every fact.
    pub db: Db,
    /// Every set.
    pub catalog: Arc<Catalog>,
    /// What is taken where an editor says nothing.
    pub settings: NewsroomSettings,
    /// How positions in the journal and preview links are told to clients.
    pub token_cipher: TokenCipher,
    /// How keys are told to clients.
    pub ids: IdCodec,
    /// Reads that wait to be put down.
    pub pending_reads: Arc<PendingReads>,
    /// What was made of bodies.
    pub renditions: Arc<Renditions>,
}

/// What is taken where an editor says nothing.
#[derive(Clone, Debug)]
pub struct NewsroomSettings {
    /// Language of releases and names that give none; BCP 47, canonical case.
    pub language: String,
    /// Where today begins and ends.
    pub time_zone: chrono_tz::Tz,
    /// Public address of a release, with `{slug}` or `{id}` in it.
    pub url_template: Option<String>,
    /// Address that shows a preview, with `{token}` in it.
    pub preview_template: Option<String>,
    /// Rules of the workflow that it has chosen.
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

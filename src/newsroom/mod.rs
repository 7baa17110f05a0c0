//! The domain layer: editorial rules, reads and writes. Functions take a `Viewer`, and `now` where time matters.
//!
//! Reads ask the catalog what the viewer may see and then fetch rows from the database. Writes are one transaction each
//! (`unit_of_work`) with a journal entry inside, and return after the catalog has applied it. Nothing here knows
//! GraphQL, HTTP or configuration files. `Newsroom` is the handle that all of it hangs on.
//!
//! - `workflow`: state machine of releases, roles and permissions
//! - `unit_of_work`: write transaction, journal entries, commit and its confirmation
//! - `validation`: `Validator` and `Patch`, field errors of input
//! - `release`: commands on releases (draft, publish, schedule, embargo, withdraw, purge), their content and revisions
//! - `taxonomy`: topics and places, merging and retiring
//! - `slug_registry`: ownership of slugs of releases, topics and places
//! - `reading`: lists, keyset pagination with cursors, version history, journal, change stream
//! - `access`: tokens, preview links, idempotency keys, access log, opaque ids and resume tokens
//! - `text`: validation of plain text, language tags, local times, slug format
//! - `markup`: Markdown to HTML and plain text, HTML to Markdown
//! - `import`: bulk import
//! - `export`: reading of everything that is exported
//! - `check`, `repair`: verification of the stored data; repair of dates out of range
//! - `error`: the error type of this layer

pub mod access;
pub mod check;
pub mod error;
pub mod export;
pub mod import;
pub mod markup;
pub mod reading;
pub mod release;
pub mod repair;
mod slug_registry;
pub mod taxonomy;
pub mod text;
pub mod unit_of_work;
pub mod validation;
pub mod workflow;

use std::sync::Arc;

pub use error::{CurrentRevision, Error, ErrorCode, FieldError};
pub use validation::Patch;

pub use crate::db::DatabaseError;
use crate::{catalog::Catalog, db::Db};

/// A newsroom at work: its database, its catalog and its customs.
#[derive(Clone, Debug)]
pub struct Newsroom {
    /// Every fact.
    pub db: Db,
    /// Every set.
    pub catalog: Arc<Catalog>,
    /// What is taken where an editor says nothing.
    pub settings: NewsroomSettings,
    /// How positions in the journal and preview links are told to clients.
    pub token_cipher: access::resume_token::TokenCipher,
    /// How keys are told to clients.
    pub ids: access::public_id::IdCodec,
    /// Reads that wait to be put down.
    pub access_log: Arc<access::pending_reads::AccessLog>,
    /// What was made of bodies.
    pub renditions: Arc<release::rendition::Renditions>,
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
    pub workflow_policy: workflow::WorkflowPolicy,
}

impl Default for NewsroomSettings {
    fn default() -> Self {
        Self {
            language: "en".to_owned(),
            time_zone: chrono_tz::UTC,
            url_template: None,
            preview_template: None,
            workflow_policy: workflow::WorkflowPolicy::default(),
        }
    }
}

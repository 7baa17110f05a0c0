//! Parsed release records of an import: content, slugs of topics and places, state and withdrawal.
//!
//! `interchange` creates these records. `release` validates them, except for withdrawals, which are validated here.
//! Records of topics and places are in `concept_record`.

use chrono::{DateTime, SubsecRound, Utc};
use entity::release::ReleaseState;

use crate::newsroom::{
    release::{content::ReleaseInput, withdraw::Withdrawal},
    validation::Validator,
};

/// A parsed release record.
#[derive(Clone, Debug)]
pub struct ImportedRelease {
    /// Content without topics and places. A field that the record does not set gets the newsroom's default.
    pub input: ReleaseInput,
    /// Slugs of topics.
    pub topics: Vec<String>,
    /// Slugs of the places that the release was filed from.
    pub dateline: Vec<String>,
    /// Slugs of the places that the release is about.
    pub about: Vec<String>,
    /// Workflow state.
    pub state: ReleaseState,
    /// Instant of publication. `None` means that the record does not give the instant. It is then the beginning of
    /// the release date in the newsroom's time zone, but not later than the import.
    pub published_at: Option<DateTime<Utc>>,
    /// The withdrawal, if the release is withdrawn.
    pub withdrawal: Option<ImportedWithdrawal>,
}

/// A parsed withdrawal.
#[derive(Clone, Debug)]
pub struct ImportedWithdrawal {
    /// Kind, notice and redirect target.
    pub details: Withdrawal,
    /// Instant of the withdrawal, or `None` if the record does not give it.
    pub at: Option<DateTime<Utc>>,
}

impl ImportedWithdrawal {
    /// Checks that kind, notice and redirect target are consistent, and truncates the instant to microseconds.
    pub(super) fn validated(self, validator: &mut Validator) -> Self {
        Self { details: self.details.validated(validator), at: self.at.map(|at| at.trunc_subsecs(6)) }
    }
}

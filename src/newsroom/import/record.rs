//! Records of releases as an import takes them: content, slugs of topics and places, state and withdrawal.
//!
//! They come from `interchange`, and are validated in `release`, withdrawals here. Topics and places: `concept_record`.

use chrono::{DateTime, SubsecRound, Utc};
use entity::release::ReleaseState;

use crate::newsroom::{
    release::{content::ReleaseInput, withdraw::Withdrawal},
    validation::Validator,
};

/// A release as it comes.
#[derive(Clone, Debug)]
pub struct ImportedRelease {
    /// What it says; every field set, cleared, or left to the newsroom's default, references aside.
    pub input: ReleaseInput,
    /// Slugs of its topics.
    pub topics: Vec<String>,
    /// Slugs of the places it was filed from.
    pub dateline: Vec<String>,
    /// Slugs of the places it is about.
    pub about: Vec<String>,
    /// Where it is in its life.
    pub state: ReleaseState,
    /// When it was made public; the beginning of its release date where that is not known.
    pub published_at: Option<DateTime<Utc>>,
    /// How it was withdrawn, if it is.
    pub withdrawal: Option<ImportedWithdrawal>,
}

/// A withdrawal as it comes.
#[derive(Clone, Debug)]
pub struct ImportedWithdrawal {
    /// In which way, with notice and target.
    pub details: Withdrawal,
    /// When, where that is known.
    pub at: Option<DateTime<Utc>>,
}

impl ImportedWithdrawal {
    /// Checks that kind, notice and target belong together; the instant is kept to the microsecond.
    pub(super) fn validated(self, validator: &mut Validator) -> Self {
        Self { details: self.details.validated(validator), at: self.at.map(|at| at.trunc_subsecs(6)) }
    }
}

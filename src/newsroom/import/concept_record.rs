//! Records of topics and places as an import takes them, and the identities that tell whether two records are of the
//! same concept.
//!
//! An identity is a text: id, slug, code or URI, each with its kind before it.

use uuid::Uuid;

use super::origin::Origin;
use crate::newsroom::validation::Patch;

/// A topic or place as it comes: its slug, what it is right below by slug, and everything else.
#[derive(Clone, Debug)]
pub(super) struct ConceptRecord<I> {
    /// What it is known by where it is new. Made in the order of the records, which is the order of an export.
    pub(super) id: Uuid,
    pub(super) slug: String,
    pub(super) parents: Vec<String>,
    pub(super) input: I,
    /// Its codes and URI, as identities.
    pub(super) codes: Vec<String>,
    pub(super) origin: Origin,
}

/// A concept as an identity.
pub(super) fn identity(id: Uuid) -> String {
    format!("id {id}")
}

/// A code of a record as an identity.
pub(super) fn code_identity(kind: &str, value: &Patch<String>) -> Option<String> {
    let Patch::Set(value) = value else { return None };
    let value = value.trim();
    (!value.is_empty()).then(|| format!("{kind} {value}"))
}

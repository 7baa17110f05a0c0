//! Parsed topic and place records of an import, and their identities. Two records with a common identity belong to
//! the same concept.
//!
//! An identity is a string: an id, slug, code or URI with its kind as a prefix.

use uuid::Uuid;

use super::origin::Origin;
use crate::newsroom::validation::Patch;

/// A parsed record of a topic or place, as the file format gives it.
#[derive(Clone, Debug)]
pub struct ImportedConcept<I> {
    /// Line number in the file.
    pub line: u64,
    /// Slug, which `input` contains too.
    pub slug: String,
    /// Slugs of the broader topics, or the slug of the place that contains a place.
    pub parents: Vec<String>,
    /// All other fields.
    pub input: I,
}

/// A record in the queue of an import: its slug, the slugs of its parents, and all other fields.
#[derive(Clone, Debug)]
pub(super) struct ConceptRecord<I> {
    /// The id that the concept gets if it is new. Ids are created in the order of the records, so that an export
    /// lists the concepts in the same order.
    pub(super) id: Uuid,
    pub(super) slug: String,
    pub(super) parents: Vec<String>,
    pub(super) input: I,
    /// Codes and URI of the record, as identities.
    pub(super) codes: Vec<String>,
    pub(super) origin: Origin,
}

/// Returns the identity that corresponds to a concept's id.
pub(super) fn identity(id: Uuid) -> String {
    format!("id {id}")
}

/// Returns the identity that corresponds to a code or URI, or `None` if the record does not set it.
pub(super) fn code_identity(kind: &str, value: &Patch<String>) -> Option<String> {
    let Patch::Set(value) = value else { return None };
    let value = value.trim();
    (!value.is_empty()).then(|| format!("{kind} {value}"))
}

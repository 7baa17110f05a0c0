//! Hierarchy of topics and of places as a graph: search of a path from a concept to one of its ancestors.
//!
//! With it commands and imports refuse cycles.

use std::collections::HashSet;

use uuid::Uuid;

/// Whether a path of parents leads from a concept to another, or it is that one itself. Ends even where there is a cycle already.
pub(in crate::newsroom) fn has_path(from: Uuid, target: Uuid, parents: impl Fn(Uuid) -> Vec<Uuid>) -> bool {
    let mut seen = HashSet::new();
    let mut pending = vec![from];
    while let Some(current) = pending.pop() {
        if current == target {
            return true;
        }
        if seen.insert(current) {
            pending.extend(parents(current));
        }
    }
    false
}

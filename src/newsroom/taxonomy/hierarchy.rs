//! Search for an ancestor in the hierarchy of topics or places.
//!
//! Commands and imports use this search to refuse changes that would create a cycle.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

/// Whether `target` is the concept `from` or one of its ancestors. Terminates even if the hierarchy already contains
/// a cycle.
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

/// Looks up the parents of a concept in a map.
pub(super) fn parents(broader: &HashMap<Uuid, Vec<Uuid>>) -> impl Fn(Uuid) -> Vec<Uuid> {
    |id| broader.get(&id).cloned().unwrap_or_default()
}

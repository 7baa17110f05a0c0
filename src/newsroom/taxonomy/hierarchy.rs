//! Hierarchy of topics and of places as a graph: searches a path from a concept to one of its ancestors.
//!
//! Commands and imports use it to refuse cycles.

use std::collections::HashSet;

use uuid::Uuid;

/// Whether `target` is the concept itself or one of its ancestors. Terminates even if the hierarchy already has a
/// cycle.
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

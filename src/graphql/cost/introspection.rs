//! The cost of an introspection query (`__schema`, `__type`), estimated from the size of the schema.
//!
//! Lists in a schema contain each other without end: types have fields, and fields have types. To bound the response,
//! one path through a query may contain each kind of list only once. If a path contains a kind twice, the query costs
//! `u64::MAX`. Every ten values in the response cost 1, which is cheap because the schema is in memory.

use async_graphql::parser::types::{OperationDefinition, Selection, SelectionSet};

use super::schema_size::{LIST_KINDS, SchemaSize};

/// Number of introspection values that together cost as much as one ordinary field.
const VALUES_PER_COST: f64 = 10.0;

/// The path from the root to a selection.
#[derive(Clone, Copy, Default)]
struct Path {
    /// Bit set of the kinds of lists on the path, by index in `LIST_KINDS`.
    seen_kinds: u8,
    /// Whether the path contains the list of all types (`types`).
    through_all_types: bool,
}

/// Returns the cost of the selection on `__schema` or `__type`. Returns `u64::MAX` if a path contains a kind of list
/// twice.
pub(super) fn introspection_cost(set: &SelectionSet, size: &SchemaSize) -> u64 {
    // The cast saturates: an infinite count becomes `u64::MAX`.
    (value_count(set, Path::default(), size) / VALUES_PER_COST).ceil() as u64
}

/// Estimates the number of values that an introspection selection returns. Infinite if a path contains a kind of list
/// twice. Recursion depth: selection nesting, limited by `limits.nesting`.
fn value_count(set: &SelectionSet, path: Path, size: &SchemaSize) -> f64 {
    let count = |item: &Selection| match item {
        Selection::Field(field) => {
            let (mut path, mut times) = (path, 1.0);
            let name = field.node.name.node.as_str();
            if let Some(list_kind) = LIST_KINDS.iter().position(|names| names.contains(&name)) {
                if path.seen_kinds & (1 << list_kind) != 0 {
                    return f64::INFINITY;
                }
                times = size.entries(list_kind, path.through_all_types);
                path.seen_kinds |= 1 << list_kind;
                path.through_all_types |= list_kind == 0;
            }
            1.0 + times * value_count(&field.node.selection_set.node, path, size)
        }
        Selection::InlineFragment(fragment) => value_count(&fragment.node.selection_set.node, path, size),
        // Plans contain no fragment spreads.
        Selection::FragmentSpread(_) => 0.0,
    };
    set.items.iter().map(|item| count(&item.node)).sum()
}

/// Returns whether an operation introspects the schema (`__schema` or `__type`).
pub fn introspects(operation: &OperationDefinition) -> bool {
    operation.selection_set.node.items.iter().any(|item| match &item.node {
        Selection::Field(field) => ["__schema", "__type"].contains(&field.node.name.node.as_str()),
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
    })
}

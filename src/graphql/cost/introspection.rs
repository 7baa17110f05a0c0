//! The cost of an introspection query (`__schema`, `__type`), estimated from the size of the schema.
//!
//! Lists of the schema lead into each other, so one path may contain each kind of list only once; a second time costs
//! `u64::MAX`. Every ten values of the answer cost 1, because the schema is in memory.

use async_graphql::parser::types::{OperationDefinition, Selection, SelectionSet};

use super::schema_size::{LIST_KINDS, SchemaSize};

/// Values of the schema for the price of one other field.
const VALUES_PER_COST: f64 = 10.0;

/// The way from the root to a selection.
#[derive(Clone, Copy, Default)]
struct Path {
    /// Sorts of lists on it.
    seen_kinds: u8,
    /// It leads through all types.
    through_all_types: bool,
}

/// What a selection of `__schema` or `__type` costs; without end where a sort of list comes twice on a way.
pub(super) fn introspection_cost(set: &SelectionSet, size: &SchemaSize) -> u64 {
    // Larger than all numbers where it is without end.
    (value_count(set, Path::default(), size) / VALUES_PER_COST).ceil() as u64
}

/// How many values a selection of the schema has. Recurses as deep as selections may be nested.
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
        // A plan has none.
        Selection::FragmentSpread(_) => 0.0,
    };
    set.items.iter().map(|item| count(&item.node)).sum()
}

/// Whether an operation reads the schema.
pub fn introspects(operation: &OperationDefinition) -> bool {
    operation.selection_set.node.items.iter().any(|item| match &item.node {
        Selection::Field(field) => ["__schema", "__type"].contains(&field.node.name.node.as_str()),
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
    })
}

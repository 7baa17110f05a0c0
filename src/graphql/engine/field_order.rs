//! Sorts the fields of a response into the order in which the query selects them (GraphQL, September 2025, 7.2.2).
//!
//! `async-graphql` resolves root fields concurrently, returns them in the order of completion, and omits fields that
//! failed (<https://github.com/async-graphql/async-graphql/issues/612>). Fields below the root are resolved in query
//! order.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
};

/// Sorts the keys of the root object into the order of the selection. If `failed` is true, at least one field failed.
/// Then all nested objects are sorted too, because the nulls of failed fields were appended at their ends.
pub(in crate::graphql) fn sort_fields(value: &mut Value, set: &SelectionSet, failed: bool) {
    match value {
        Value::Object(fields) => {
            if fields.len() < 2 && !failed {
                return;
            }
            let (selected, by_type) = selected_fields(set, fields);
            // If the selection differs by object type, `serial_list` has resolved the object in order, with null for
            // each failed field.
            if fields.len() > 1 && !by_type {
                let position = |name: &Name| selected.get(name).map_or(usize::MAX, |(position, _)| *position);
                fields.sort_by_cached_key(|name, _| position(name));
            }
            if failed {
                for (name, value) in fields {
                    if let Some((_, field)) = selected.get(name) {
                        sort_fields(value, &field.node.selection_set.node, failed);
                    }
                }
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| sort_fields(item, set, failed)),
        _ => {}
    }
}

/// The fields of a selection, with their positions in the selection, by response key.
type SelectedFields<'a> = HashMap<&'a Name, (usize, &'a Positioned<Field>)>;

/// Returns the fields that a plan selects on the object that has `fields`, and whether the selection differs by
/// object type. The type of the object is not known here. If the selection differs by type, the result is for the
/// first type whose selection contains all keys of the object.
fn selected_fields<'a>(set: &'a SelectionSet, fields: &IndexMap<Name, Value>) -> (SelectedFields<'a>, bool) {
    let keys = |set: &'a SelectionSet| -> SelectedFields<'a> {
        let fields = set.items.iter().filter_map(|item| match &item.node {
            Selection::Field(field) => Some(field),
            _ => None,
        });
        fields.enumerate().map(|(position, field)| (&field.node.response_key().node, (position, field))).collect()
    };
    let mut types = set.items.iter().filter_map(|item| match &item.node {
        Selection::InlineFragment(fragment) => Some(keys(&fragment.node.selection_set.node)),
        _ => None,
    });
    let fits = |selected: &SelectedFields<'_>| fields.keys().all(|name| selected.contains_key(name));
    types.find(fits).map_or_else(|| (keys(set), false), |selected| (selected, true))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn ordered(query: &str, response: serde_json::Value, failed: bool) -> String {
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let mut root = Value::from_json(response).unwrap();
        sort_fields(&mut root, &operation.node.selection_set.node, failed);
        root.to_string()
    }

    #[test]
    fn keys_come_in_the_order_of_the_selection() {
        let response = || json!({ "a": { "z": 1, "y": 2 }, "b": 2, "c": 3 });
        let query = "{ b c: z a { z y } }";
        assert_eq!(ordered(query, response(), false), "{b: 2, c: 3, a: {y: 2, z: 1}}");
        assert_eq!(ordered(query, response(), true), "{b: 2, c: 3, a: {z: 1, y: 2}}");
    }

    #[test]
    fn where_the_selection_differs_by_type_only_nested_fields_are_sorted() {
        let query = "{ nodes { ... on A { x y } ... on B { z y { a b } x } } }";
        let response = json!({ "nodes": [{ "x": 1, "y": { "a": 1, "b": 2 }, "z": 3 }, { "y": 2, "x": 1 }, null] });
        assert_eq!(ordered(query, response, true), "{nodes: [{x: 1, y: {a: 1, b: 2}, z: 3}, {x: 1, y: 2}, null]}");
    }
}

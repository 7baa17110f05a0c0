//! The order of an answer's keys: that of the plan, which is the query's (GraphQL, September 2025, 7.2.2). async-graphql resolves
//! the fields of a query's root concurrently and answers them as they are done, and leaves out fields that failed
//! (https://github.com/async-graphql/async-graphql/issues/612). Everything else is resolved in order.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
};

/// Puts the keys of an answer's root into the order of its selection; where fields failed, those of everything below, too.
pub(super) fn put_in_order(value: &mut Value, set: &SelectionSet, failed: bool) {
    match value {
        Value::Object(fields) => {
            let wanted = wanted(set, fields);
            if fields.len() > 1 {
                let place = |name: &Name| wanted.get(name).map_or(usize::MAX, |(place, _)| *place);
                fields.sort_by_cached_key(|name, _| place(name));
            }
            if failed {
                for (name, value) in fields {
                    if let Some((_, field)) = wanted.get(name) {
                        put_in_order(value, &field.node.selection_set.node, failed);
                    }
                }
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| put_in_order(item, set, failed)),
        _ => {}
    }
}

/// The fields of a plan's selection by response key. Where it differs by type, the selection of a type whose keys these are.
fn wanted<'a>(
    set: &'a SelectionSet,
    fields: &IndexMap<Name, Value>,
) -> HashMap<&'a Name, (usize, &'a Positioned<Field>)> {
    let keys = |set: &'a SelectionSet| -> HashMap<_, _> {
        let fields = set.items.iter().filter_map(|item| match &item.node {
            Selection::Field(field) => Some(field),
            _ => None,
        });
        fields.enumerate().map(|(place, field)| (&field.node.response_key().node, (place, field))).collect()
    };
    let mut types = set.items.iter().filter_map(|item| match &item.node {
        Selection::InlineFragment(fragment) => Some(keys(&fragment.node.selection_set.node)),
        _ => None,
    });
    let fits = |wanted: &HashMap<&Name, _>| fields.keys().all(|name| wanted.contains_key(name));
    types.find(fits).unwrap_or_else(|| keys(set))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn ordered(query: &str, answer: serde_json::Value, failed: bool) -> String {
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let mut root = Value::from_json(answer).unwrap();
        put_in_order(&mut root, &operation.node.selection_set.node, failed);
        root.to_string()
    }

    #[test]
    fn keys_come_in_the_order_of_the_selection() {
        let answer = || json!({ "a": { "z": 1, "y": 2 }, "b": 2, "c": 3 });
        let query = "{ b c: z a { z y } }";
        assert_eq!(ordered(query, answer(), false), "{b: 2, c: 3, a: {y: 2, z: 1}}");
        assert_eq!(ordered(query, answer(), true), "{b: 2, c: 3, a: {z: 1, y: 2}}");
    }

    #[test]
    fn where_the_selection_differs_by_type_it_is_the_one_that_has_the_keys() {
        let query = "{ nodes { ... on A { x y } ... on B { z y x } } }";
        let answer = json!({ "nodes": [{ "x": 1, "y": 2, "z": 3 }, { "y": 2, "x": 1 }, null] });
        assert_eq!(ordered(query, answer, true), "{nodes: [{z: 3, y: 2, x: 1}, {x: 1, y: 2}, null]}");
    }
}

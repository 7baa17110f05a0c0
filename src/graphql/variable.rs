//! Variables at the gate: how many values they have, and what their uses copy.

use std::collections::HashMap;

use async_graphql::{
    Name, Variables,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use async_graphql_value::Value;

use super::{
    argument::{bytes, count_values},
    gate::{GateRefusal, at_most},
};
use crate::limits::Limits;

/// Refuses variables of too many values, counted through all lists and objects.
pub fn weigh(variables: &Variables, limits: &Limits) -> Result<(), GateRefusal> {
    let values = count_values(variables.values());
    at_most(values, limits.values, "values in its variables", "limits.values", "send fewer at a time")
}

/// How often each variable is used, in all operations and fragments as they are written.
pub fn uses(document: &ExecutableDocument) -> HashMap<Name, u64> {
    let mut uses = HashMap::new();
    let mut sets: Vec<&SelectionSet> = document.operations.iter().map(|(_, of)| &of.node.selection_set.node).collect();
    sets.extend(document.fragments.values().map(|fragment| &fragment.node.selection_set.node));
    let mut open: Vec<&Value> = Vec::new();
    while let Some(set) = sets.pop() {
        for item in &set.items {
            let directives = match &item.node {
                Selection::Field(field) => {
                    open.extend(field.node.arguments.iter().map(|(_, value)| &value.node));
                    sets.push(&field.node.selection_set.node);
                    &field.node.directives
                }
                Selection::InlineFragment(fragment) => {
                    sets.push(&fragment.node.selection_set.node);
                    &fragment.node.directives
                }
                Selection::FragmentSpread(spread) => &spread.node.directives,
            };
            open.extend(directives.iter().flat_map(|of| of.node.arguments.iter().map(|(_, value)| &value.node)));
        }
        while let Some(value) = open.pop() {
            match value {
                Value::Variable(name) => *uses.entry(name.clone()).or_insert(0) += 1,
                Value::List(items) => open.extend(items),
                Value::Object(fields) => open.extend(fields.values()),
                _ => {}
            }
        }
    }
    uses
}

/// Refuses variables whose copies would be too large: each use in a query is one, when it is validated and when it is executed.
pub fn copy(uses: &HashMap<Name, u64>, variables: &Variables, limits: &Limits) -> Result<(), GateRefusal> {
    let of = |(name, times): (&Name, &u64)| variables.get(name).map_or(0, |value| bytes(value).saturating_mul(*times));
    let copied = uses.iter().map(of).fold(0, u64::saturating_add);
    let advice = "use long values fewer times";
    at_most(copied, limits.body_bytes, "bytes in all uses of its variables", "limits.body_bytes", advice)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_counted_through_all_lists() {
        let of = |count: usize| Variables::from_json(serde_json::json!({ "ids": vec![vec![1; count / 2]; 2] }));
        assert!(weigh(&of(19_000), &Limits::default()).is_ok());
        assert!(weigh(&of(21_000), &Limits::default()).unwrap_err().message.contains("limits.values"));
    }

    #[test]
    fn every_use_of_a_long_value_is_a_copy() {
        let limits = Limits { body_bytes: 1000, ..Limits::default() };
        let refused = |query: &str, variables| {
            let uses = uses(&parse_query(query).unwrap());
            copy(&uses, &Variables::from_json(variables), &limits).err().map(|refusal| refusal.message)
        };
        let long = json!({ "a": "x".repeat(300), "b": ["y".repeat(300), { "z": 1 }], "c": 7 });
        assert_eq!(refused("query($a: ID!, $b: [ID!]) { x(a: $a, b: {c: [$b]}, c: $c) }", long.clone()), None);
        for twice in [
            "query($a: ID!) { x(a: [$a $a $a $a]) }",
            "query($a: ID!) { x(a: $a) y(a: $a) ...F ...F } fragment F on Query { z(a: {b: $a}) w @include(if: $a) }",
            "query A($b: ID!) { x(a: $b) } query B($b: ID!) { x(a: $b) } fragment Unused on Query { x(a: [$b $b]) }",
        ] {
            let told = refused(twice, long.clone()).expect(twice);
            assert!(told.contains("limits.body_bytes"), "{told}");
        }
    }
}

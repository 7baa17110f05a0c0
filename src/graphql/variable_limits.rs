//! Limits on the coerced variables of a request: how many values they have, and what their uses copy.

use std::collections::HashMap;

use async_graphql::{Name, Pos, Value as Given, Variables};

use super::{
    argument::count_values,
    operation::{RequestError, at_most},
};
use crate::limits::Limits;

/// Refuses variables of too many values, counted through all lists and objects.
pub fn values(variables: &Variables, limits: &Limits, at: Pos) -> Result<(), RequestError> {
    let values = count_values(variables.values());
    at_most(values, limits.values, "values in its variables", "limits.values", "send fewer at a time", at)
}

/// Refuses variables whose copies would be too large: each use in a plan is one when it is executed.
pub fn copies(uses: &HashMap<Name, u64>, variables: &Variables, limits: &Limits, at: Pos) -> Result<(), RequestError> {
    let of = |(name, times): (&Name, &u64)| variables.get(name).map_or(0, |of| bytes(of).saturating_mul(*times));
    let copied = uses.iter().map(of).fold(0, u64::saturating_add);
    let advice = "use long values fewer times";
    at_most(copied, limits.body_bytes, "bytes in all uses of its variables", "limits.body_bytes", advice, at)
}

/// How many bytes the texts in a value have, without recursion; names of fields too.
fn bytes(value: &Given) -> u64 {
    let mut open = vec![value];
    let mut count = 0;
    while let Some(value) = open.pop() {
        match value {
            Given::String(text) => count += text.len() as u64,
            Given::List(items) => open.extend(items),
            Given::Object(fields) => {
                count += fields.keys().map(|name| name.len() as u64).sum::<u64>();
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_counted_through_all_lists() {
        let of = |count: usize| Variables::from_json(json!({ "ids": vec![vec![1; count / 2]; 2] }));
        assert!(values(&of(19_000), &Limits::default(), Pos::default()).is_ok());
        let refused = values(&of(21_000), &Limits::default(), Pos::default()).unwrap_err();
        assert!(refused.message.contains("limits.values"));
    }

    #[test]
    fn every_use_of_a_long_value_is_a_copy() {
        let limits = Limits { body_bytes: 1000, ..Limits::default() };
        let refused = |uses: &[(&'static str, u64)]| {
            let uses = uses.iter().map(|&(variable, times)| (Name::new(variable), times)).collect();
            let long = json!({ "a": "x".repeat(300), "b": ["y".repeat(300), { "z": 1 }], "c": 7 });
            copies(&uses, &Variables::from_json(long), &limits, Pos::default()).err().map(|refused| refused.message)
        };
        assert_eq!(refused(&[("a", 1), ("b", 1), ("c", 100)]), None);
        for twice in [&[("a", 4)][..], &[("a", 2), ("b", 2)], &[("b", 4), ("d", 1)]] {
            let told = refused(twice).expect("too long");
            assert!(told.contains("limits.body_bytes"), "{told}");
        }
    }
}

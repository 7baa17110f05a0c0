//! Limits on coerced variables: how many values they contain, and how many bytes execution copies when it uses them.
//!
//! The limits are `limits.values` and `limits.body_bytes`. They are checked before execution. The limits on the
//! document text are in `operation/scan`.

use std::collections::HashMap;

use async_graphql::{Name, Pos, Value as ConstValue, Variables};

use super::arguments::count_values;
use crate::{
    graphql::operation::{RequestError, check_limit},
    limits::Limits,
};

/// Fails if the variables contain more than `limits.values` values, including those nested in lists and objects. The
/// count of JSON values in `http` does not imply this, because coercion adds default values of the document and lists.
pub fn check_value_count(variables: &Variables, limits: &Limits, at: Pos) -> Result<(), RequestError> {
    let values = count_values(variables.values());
    check_limit(values, limits.values, "values in its variables", "limits.values", "send fewer values at a time", at)
}

/// Fails if execution would copy more than `limits.body_bytes` bytes of variable values. Execution copies a
/// variable's value each time that the plan uses the variable. `uses` has the number of uses of each variable.
pub fn check_copied_bytes(
    uses: &HashMap<Name, u64>,
    variables: &Variables,
    limits: &Limits,
    at: Pos,
) -> Result<(), RequestError> {
    let copied_bytes =
        |(name, times): (&Name, &u64)| variables.get(name).map_or(0, |value| text_bytes(value).saturating_mul(*times));
    let copied = uses.iter().map(copied_bytes).fold(0, u64::saturating_add);
    let advice = "use long values fewer times";
    check_limit(copied, limits.body_bytes, "bytes in all uses of its variables", "limits.body_bytes", advice, at)
}

/// Returns the number of bytes in the strings and field names of a value. Does not recurse.
fn text_bytes(value: &ConstValue) -> u64 {
    let mut stack = vec![value];
    let mut count = 0;
    while let Some(value) = stack.pop() {
        match value {
            ConstValue::String(text) => count += text.len() as u64,
            ConstValue::List(items) => stack.extend(items),
            ConstValue::Object(fields) => {
                count += fields.keys().map(|name| name.len() as u64).sum::<u64>();
                stack.extend(fields.values());
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
        let variables = |count: usize| Variables::from_json(json!({ "ids": vec![vec![1; count / 2]; 2] }));
        assert!(check_value_count(&variables(19_000), &Limits::default(), Pos::default()).is_ok());
        let error = check_value_count(&variables(21_000), &Limits::default(), Pos::default()).unwrap_err();
        assert!(error.message.contains("limits.values"));
    }

    #[test]
    fn every_use_of_a_variable_counts_its_bytes() {
        let limits = Limits { body_bytes: 1000, ..Limits::default() };
        let rejection = |uses: &[(&'static str, u64)]| {
            let uses = uses.iter().map(|&(variable, times)| (Name::new(variable), times)).collect();
            let long = json!({ "a": "x".repeat(300), "b": ["y".repeat(300), { "z": 1 }], "c": 7 });
            check_copied_bytes(&uses, &Variables::from_json(long), &limits, Pos::default())
                .err()
                .map(|error| error.message)
        };
        assert_eq!(rejection(&[("a", 1), ("b", 1), ("c", 100)]), None);
        for twice in [&[("a", 4)][..], &[("a", 2), ("b", 2)], &[("b", 4), ("d", 1)]] {
            let message = rejection(twice).expect("too long");
            assert!(message.contains("limits.body_bytes"), "{message}");
        }
    }
}

//! Validation of field merging (GraphQL, September 2025, 5.3.2): fields with the same response key must not have list
//! arguments of different lengths.
//!
//! `apollo-compiler` 1.33 finds all other conflicts between fields. It misses lists of different lengths, because it
//! compares two lists only up to the length of the shorter one.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    ExecutableDocument, Name, Node,
    ast::{Argument, Value},
    executable::{Field, Selection, SelectionSet},
};

use super::{error::RequestError, messages::conflict_message, position::Source, schema::OperationSchema};

/// Returns the conflicts between fields whose list arguments have different lengths. The caller must ensure that the
/// document has no other conflicts.
pub(super) fn check(schema: &OperationSchema, document: &ExecutableDocument, source: &Source) -> Vec<RequestError> {
    let mut check = ConflictCheck { schema, document, source, errors: Vec::new() };
    for operation in document.operations.iter() {
        check.sets(&[&operation.selection_set]);
    }
    check.errors
}

struct ConflictCheck<'a> {
    schema: &'a OperationSchema,
    document: &'a ExecutableDocument,
    source: &'a Source,
    errors: Vec<RequestError>,
}

impl<'a> ConflictCheck<'a> {
    /// Checks selections that execution merges into one. Recursion depth: selection nesting, limited by
    /// `limits.nesting`.
    fn sets(&mut self, sets: &[&'a SelectionSet]) {
        let mut fields: HashMap<&Name, Vec<(&'a Name, &'a Node<Field>)>> = HashMap::new();
        let mut seen = HashSet::new();
        for set in sets {
            self.collect(set, &mut seen, &mut fields);
        }
        for group in fields.into_values() {
            if let [(_, only)] = group[..] {
                self.sets(&[&only.selection_set]);
                continue;
            }
            // Comparing each field with the first field on each type is enough. Fields on two different object types
            // are never merged, because no object has both types.
            let mut first_of_type: Vec<(&Name, &'a Node<Field>)> = Vec::new();
            let can_overlap = |left: &Name, right: &Name| {
                left == right
                    || self.schema.possible_types(left).is_some()
                    || self.schema.possible_types(right).is_some()
            };
            let differs = group.iter().find(|(on, field)| {
                let conflict = first_of_type.iter().any(|(seen_type, first)| {
                    can_overlap(seen_type, on) && !same_arguments(&first.arguments, &field.arguments)
                });
                if first_of_type.iter().all(|(seen_type, _)| seen_type != on) {
                    first_of_type.push((on, field));
                }
                conflict
            });
            if let Some((_, field)) = differs {
                self.errors.push(RequestError::invalid(
                    conflict_message(field.response_key()),
                    self.source.start(field.location()),
                ));
                return;
            }
            self.sets(&group.iter().map(|(_, field)| &field.selection_set).collect::<Vec<_>>());
        }
    }

    /// Groups all fields of a selection by response key. Each field comes with the type on which it is selected.
    fn collect(
        &self,
        set: &'a SelectionSet,
        seen: &mut HashSet<&'a Name>,
        into: &mut HashMap<&'a Name, Vec<(&'a Name, &'a Node<Field>)>>,
    ) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => into.entry(field.response_key()).or_default().push((&set.ty, field)),
                Selection::InlineFragment(fragment) => self.collect(&fragment.selection_set, seen, into),
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|fragment| seen.insert(&fragment.name)) {
                        self.collect(&fragment.selection_set, seen, into);
                    }
                }
            }
        }
    }
}

/// Returns whether two lists of arguments are equal, ignoring their order.
fn same_arguments(left: &[Node<Argument>], right: &[Node<Argument>]) -> bool {
    let has = |argument: &Node<Argument>| {
        right.iter().any(|right| right.name == argument.name && same_value(&argument.value, &right.value))
    };
    left.len() == right.len() && left.iter().all(has)
}

fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_value(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let has = |(name, value): &(Name, Node<Value>)| {
                right.iter().any(|(other_name, right)| other_name == name && same_value(value, right))
            };
            left.len() == right.len() && left.iter().all(has)
        }
        // All other values are equal, because `apollo-compiler` compared them and found no conflict.
        (Value::List(_) | Value::Object(_), _) | (_, Value::List(_) | Value::Object(_)) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graphql::operation::{Disclosure, Document},
        limits::Limits,
    };

    #[test]
    fn lists_of_different_length_conflict_and_equal_ones_do_not() {
        let schema = OperationSchema::parse(&crate::graphql::sdl());
        let is_valid = |query: &str| Document::parse(query, &schema, &Limits::default(), Disclosure::Full).is_ok();
        for conflict in [
            "{ nodes(ids: [\"a\"]) { id } nodes(ids: [\"a\", \"b\"]) { id } }",
            "{ nodes(ids: []) { id } ...F } fragment F on Query { nodes(ids: [\"b\"]) { id } }",
            "{ releases(filter: {not: {kinds: [ARTICLE]}}) { count } releases(filter: {not: {kinds: []}}) { count } }",
            "{ viewer { role } ...F } fragment F on Query { viewer { role } a: topics(filter: {}) { totalCount } a: topics { totalCount } }",
        ] {
            assert!(!is_valid(conflict), "{conflict}");
        }
        for valid in [
            "{ nodes(ids: [\"a\", \"b\"]) { id } nodes(ids: [\"a\", \"b\"]) { id } }",
            "{ releases(first: 1, filter: {ids: [\"a\"], kinds: []}) { count } releases(filter: {kinds: [], ids: [\"a\"]}, first: 1) { count } }",
            "{ node(id: 1) { ... on Topic { names: altNames(language: \"en\") } ... on Place { names: altNames(language: \"fr\") } } }",
        ] {
            assert!(is_valid(valid), "{valid}");
        }
    }
}

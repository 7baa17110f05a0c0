//! Lists of different length in the arguments of fields that would be merged (GraphQL, September 2025, 5.3.2).
//! `apollo-compiler` 1.33 finds all other conflicts; of two lists it compares as many items as the shorter one has.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    ExecutableDocument, Name, Node,
    ast::{Argument, Value},
    executable::{Field, Selection, SelectionSet},
};

use super::{error::RequestError, position::Source, schema::OperationSchema, wording::conflicting};

/// The conflicts of a document that has no others.
pub(super) fn check(schema: &OperationSchema, document: &ExecutableDocument, source: &Source) -> Vec<RequestError> {
    let mut check = Check { schema, document, source, errors: Vec::new() };
    for operation in document.operations.iter() {
        check.sets(&[&operation.selection_set]);
    }
    check.errors
}

struct Check<'a> {
    schema: &'a OperationSchema,
    document: &'a ExecutableDocument,
    source: &'a Source,
    errors: Vec<RequestError>,
}

impl<'a> Check<'a> {
    /// Selections that are merged. Recurses as deep as selections may be nested.
    fn sets(&mut self, sets: &[&'a SelectionSet]) {
        let mut fields: HashMap<&Name, Vec<(&'a Name, &'a Node<Field>)>> = HashMap::new();
        let mut seen = HashSet::new();
        for set in sets {
            self.collect(set, &mut seen, &mut fields);
        }
        for same in fields.into_values() {
            if let [(_, only)] = same[..] {
                self.sets(&[&only.selection_set]);
                continue;
            }
            // One field of each type; objects of different types are never the same object.
            let mut of_types: Vec<(&Name, &'a Node<Field>)> = Vec::new();
            let meets = |one: &Name, other: &Name| {
                one == other || self.schema.possible(one).is_some() || self.schema.possible(other).is_some()
            };
            let differs = same.iter().find(|(on, field)| {
                let conflict =
                    of_types.iter().any(|(of, first)| meets(of, on) && !alike(&first.arguments, &field.arguments));
                if of_types.iter().all(|(of, _)| of != on) {
                    of_types.push((on, field));
                }
                conflict
            });
            if let Some((_, field)) = differs {
                self.errors.push(RequestError::invalid(
                    conflicting(field.response_key()),
                    self.source.start(field.location()),
                ));
                return;
            }
            self.sets(&same.iter().map(|(_, field)| &field.selection_set).collect::<Vec<_>>());
        }
    }

    /// All fields of a selection by response key, with the types on which they are selected.
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

/// Whether arguments are the same, in whatever order they are given.
fn alike(one: &[Node<Argument>], other: &[Node<Argument>]) -> bool {
    let has =
        |given: &Node<Argument>| other.iter().any(|other| other.name == given.name && same(&given.value, &other.value));
    one.len() == other.len() && one.iter().all(has)
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has =
                |(name, value): &(Name, Node<Value>)| other.iter().any(|(of, other)| of == name && same(value, other));
            one.len() == other.len() && one.iter().all(has)
        }
        // Anything else was found to be the same.
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
        let is_valid = |query: &str| Document::read(query, &schema, &Limits::default(), Disclosure::Full).is_ok();
        for conflict in [
            "{ nodes(ids: [\"a\"]) { id } nodes(ids: [\"a\", \"b\"]) { id } }",
            "{ nodes(ids: []) { id } ...F } fragment F on Query { nodes(ids: [\"b\"]) { id } }",
            "{ releases(filter: {not: {kinds: [ARTICLE]}}) { count } releases(filter: {not: {kinds: []}}) { count } }",
            "{ viewer { role } ...F } fragment F on Query { viewer { role } a: topics(filter: {}) { totalCount } a: topics { totalCount } }",
        ] {
            assert!(!is_valid(conflict), "{conflict}");
        }
        for sound in [
            "{ nodes(ids: [\"a\", \"b\"]) { id } nodes(ids: [\"a\", \"b\"]) { id } }",
            "{ releases(first: 1, filter: {ids: [\"a\"], kinds: []}) { count } releases(filter: {kinds: [], ids: [\"a\"]}, first: 1) { count } }",
            "{ node(id: 1) { ... on Topic { names: altNames(language: \"en\") } ... on Place { names: altNames(language: \"fr\") } } }",
        ] {
            assert!(is_valid(sound), "{sound}");
        }
    }
}

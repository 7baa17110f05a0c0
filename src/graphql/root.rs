//! The root of subscriptions, with its fragments written out: the framework looks for what is to be followed among the fields at
//! the root and nowhere else, and a client may write `subscription { ...Changes }` as well.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};

/// Writes out what is spread at the root of subscriptions. A fragment that nothing spreads any more is taken out: validation
/// would find it unused. No fragment spreads itself: the gate saw to that.
pub(super) fn write_out(document: &mut ExecutableDocument) {
    let mut written = HashSet::new();
    let fragments = document.fragments.clone();
    let mut flatten = |operation: &mut OperationDefinition| {
        if operation.ty != OperationType::Subscription {
            return;
        }
        let mut into = Vec::new();
        let set = &mut operation.selection_set.node;
        let plain = set.items.iter().all(|item| matches!(item.node, Selection::Field(_)));
        if !plain {
            let items = std::mem::take(&mut set.items);
            spread(items, &[], &fragments, &mut written, &mut into);
            set.items = into;
        }
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => flatten(&mut operation.node),
        DocumentOperations::Multiple(operations) => {
            operations.values_mut().for_each(|operation| flatten(&mut operation.node));
        }
    }
    if written.is_empty() {
        return;
    }
    let mut used = HashSet::new();
    let mut open: Vec<&SelectionSet> = document.operations.iter().map(|(_, of)| &of.node.selection_set.node).collect();
    while let Some(set) = open.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => open.push(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => open.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if used.insert(name.clone())
                        && let Some(fragment) = document.fragments.get(name)
                    {
                        open.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    document.fragments.retain(|name, _| !written.contains(name) || used.contains(name));
}

type Fragments = std::collections::HashMap<Name, Positioned<async_graphql::parser::types::FragmentDefinition>>;

/// Puts the fields of some selections into a list, those of fragments on the root in place of the fragments; under which
/// conditions a fragment is spread is a condition of each of its fields.
fn spread(
    items: Vec<Positioned<Selection>>,
    conditions: &[Positioned<Directive>],
    fragments: &Fragments,
    written: &mut HashSet<Name>,
    into: &mut Vec<Positioned<Selection>>,
) {
    let is_root = |on: &Name| on == "Subscription";
    for mut item in items {
        let within = match &mut item.node {
            Selection::Field(field) => {
                field.node.directives.extend_from_slice(conditions);
                None
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map(|on| &on.node.on.node);
                on.is_none_or(is_root)
                    .then(|| (fragment.node.selection_set.node.items.clone(), fragment.node.directives.clone()))
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let found = fragments.get(name).filter(|found| is_root(&found.node.type_condition.node.on.node));
                found.map(|found| {
                    written.insert(name.clone());
                    (found.node.selection_set.node.items.clone(), spread.node.directives.clone())
                })
            }
        };
        match within {
            None => into.push(item),
            Some((items, own)) => spread(items, &[conditions, &own].concat(), fragments, written, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    /// The fields at the root, with how many conditions each has; and the fragments that are left.
    fn written_out(query: &str) -> (Vec<(String, usize)>, Vec<String>) {
        let mut document = parse_query(query).unwrap();
        write_out(&mut document);
        let (_, operation) = document.operations.iter().next().unwrap();
        let root = operation.node.selection_set.node.items.iter();
        let root = root.map(|item| match &item.node {
            Selection::Field(field) => (field.node.name.node.to_string(), field.node.directives.len()),
            Selection::InlineFragment(_) | Selection::FragmentSpread(_) => ("…".to_owned(), 0),
        });
        let mut fragments: Vec<String> = document.fragments.keys().map(ToString::to_string).collect();
        fragments.sort();
        (root.collect(), fragments)
    }

    #[test]
    fn fragments_at_the_root_are_written_out_and_others_are_left() {
        let field = |name: &str, conditions| (name.to_owned(), conditions);
        let query = "subscription { ...F @include(if: true) } fragment F on Subscription { ...G ... { b ...H } } \
                     fragment G on Subscription { a { ...N } } fragment H on Subscription { c @skip(if: false) } fragment N on X { n }";
        let (root, left) = written_out(query);
        assert_eq!(root, [field("a", 1), field("b", 1), field("c", 2)]);
        assert_eq!(left, ["N"]);
        // What is wrong stays for validation to find: a fragment on something else, one that is unused, one that is not there.
        let query = "subscription { ...F ...Gone a } fragment F on Query { b } fragment Unused on Subscription { c }";
        assert_eq!(
            written_out(query),
            (vec![field("…", 0), field("…", 0), field("a", 0)], vec!["F".to_owned(), "Unused".to_owned()])
        );
        let query = "{ ...F } fragment F on Query { b }";
        assert_eq!(written_out(query), (vec![field("…", 0)], vec!["F".to_owned()]));
    }
}

//! How a document uses its variables.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    ExecutableDocument, Name, Node,
    ast::{Argument, DirectiveList, Value},
    executable::{Selection, SelectionSet},
};

/// Uses of variables, in all operations and fragments as they are written.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// How often each variable is used.
    pub(super) uses: HashMap<Name, u64>,
    /// Variables that decide what is selected: those of `@skip` and `@include`.
    pub(super) conditions: HashSet<Name>,
}

/// How a document uses its variables.
pub(super) fn usage(document: &ExecutableDocument) -> Usage {
    let mut usage = Usage::default();
    let mut sets: Vec<&SelectionSet> = document.operations.iter().map(|of| &of.selection_set).collect();
    sets.extend(document.fragments.values().map(|fragment| &fragment.selection_set));
    while let Some(set) = sets.pop() {
        for selection in &set.selections {
            usage.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    usage.arguments(&field.arguments);
                    sets.push(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => sets.push(&fragment.selection_set),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    usage
}

impl Usage {
    fn directives(&mut self, directives: &DirectiveList) {
        for directive in directives {
            self.arguments(&directive.arguments);
            self.conditions.extend(directive.arguments.iter().filter_map(|of| of.value.as_variable()).cloned());
        }
    }

    fn arguments(&mut self, arguments: &[Node<Argument>]) {
        let mut open: Vec<&Value> = arguments.iter().map(|argument| &*argument.value).collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Variable(name) => *self.uses.entry(name.clone()).or_insert(0) += 1,
                Value::List(items) => open.extend(items.iter().map(|item| &**item)),
                Value::Object(fields) => open.extend(fields.iter().map(|(_, value)| &**value)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::Schema;

    use super::*;

    #[test]
    fn every_use_is_counted_wherever_it_is_written() {
        let schema =
            Schema::parse_and_validate("type Query { f(x: [Int], o: O): Query } input O { l: [Int] }", "schema")
                .unwrap();
        let query = "query A($a: Int, $b: [Int], $c: Boolean!) { f(x: [$a, $a], o: {l: $b}) { ...F @include(if: $c) } } \
                     fragment F on Query { g: f(x: [$a]) { __typename @skip(if: $c) } }";
        let document = ExecutableDocument::parse_and_validate(&schema, query, "query").unwrap();
        let usage = usage(&document);
        let uses = |name: &str| usage.uses[name];
        assert_eq!((uses("a"), uses("b"), uses("c")), (3, 1, 2));
        assert_eq!(usage.conditions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["c"]);
    }
}

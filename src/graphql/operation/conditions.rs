//! Finds the variables in `@skip` and `@include` conditions, which decide what an operation selects.
//!
//! The key of a cached plan contains the values of the variables in conditions. These variables must not be null.

use std::collections::HashSet;

use apollo_compiler::{
    ExecutableDocument, Name,
    executable::{Operation, Selection, SelectionSet},
};

/// Returns the variables in all `@skip` and `@include` conditions of a document.
pub(super) fn condition_variables(document: &ExecutableDocument) -> HashSet<Name> {
    let mut variables = HashSet::new();
    let mut sets: Vec<&SelectionSet> = document.operations.iter().map(|definition| &definition.selection_set).collect();
    sets.extend(document.fragments.values().map(|fragment| &fragment.selection_set));
    while let Some(set) = sets.pop() {
        for selection in &set.selections {
            variables.extend(variables_of_conditions(selection).cloned());
            match selection {
                Selection::Field(field) => sets.push(&field.selection_set),
                Selection::InlineFragment(fragment) => sets.push(&fragment.selection_set),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    variables
}

/// Returns whether an operation, or a fragment that it spreads, has a `@skip` or `@include` condition with the
/// variable `name`.
pub(super) fn decides_selection(document: &ExecutableDocument, operation: &Operation, name: &Name) -> bool {
    let (mut sets, mut seen) = (vec![&operation.selection_set], HashSet::new());
    while let Some(set) = sets.pop() {
        for selection in &set.selections {
            if variables_of_conditions(selection).any(|condition| condition == name) {
                return true;
            }
            match selection {
                Selection::Field(field) => sets.push(&field.selection_set),
                Selection::InlineFragment(fragment) => sets.push(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    let fragment = document.fragments.get(&spread.fragment_name);
                    sets.extend(
                        fragment
                            .filter(|definition| seen.insert(&definition.name))
                            .map(|definition| &definition.selection_set),
                    );
                }
            }
        }
    }
    false
}

/// Returns the variables in the `@skip` and `@include` conditions of a single selection.
fn variables_of_conditions(selection: &Selection) -> impl Iterator<Item = &Name> {
    let arguments = selection.directives().iter().flat_map(|directive| &directive.arguments);
    arguments.filter_map(|argument| argument.value.as_variable())
}

#[cfg(test)]
mod tests {
    use apollo_compiler::Schema;

    use super::*;

    #[test]
    fn a_variable_decides_in_the_operations_that_select_by_it() {
        let schema = Schema::parse_and_validate("type Query { f(x: [Int]): Query }", "schema").unwrap();
        let query = "query A($a: [Int], $c: Boolean!) { f(x: $a) { ...F @include(if: $c) } } query B($c: [Int]) { f(x: $c) { __typename } } \
                     query C($c: Boolean!) { ...F ...G } fragment F on Query { __typename } fragment G on Query { g: __typename @skip(if: $c) }";
        let document = ExecutableDocument::parse_and_validate(&schema, query, "query").unwrap();
        let names: Vec<String> = condition_variables(&document).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["c"]);
        let decides_selection = |operation| {
            let operation = document.operations.get(Some(operation)).unwrap();
            decides_selection(&document, operation, &Name::new_static("c").unwrap())
        };
        assert_eq!((decides_selection("A"), decides_selection("B"), decides_selection("C")), (true, false, true));
    }
}

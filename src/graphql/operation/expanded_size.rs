//! Limits on the expanded size of a document: its number of selections, aliases, directives, argument values and
//! nesting levels, counted as if every fragment were copied to each place that spreads it.
//!
//! With nested fragments, a short document can have an exponential expanded size (a query bomb). Therefore this check
//! runs before any code walks the expanded document, and it measures each fragment only once. It also rejects
//! fragments that spread themselves, directly or through other fragments.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    Name,
    ast::{Definition, DirectiveList, Document, FragmentDefinition, Selection, Value},
};

use super::{
    error::{RequestError, check_limit},
    position::Source,
};
use crate::limits::Limits;

/// The size of a selection or an operation with all fragments expanded.
#[derive(Clone, Copy, Default)]
struct ExpandedSize {
    selections: u64,
    aliases: u64,
    directives: u64,
    /// Maximum number of fields nested in each other.
    depth: u64,
    /// Maximum number of fields and fragments nested in each other. Functions that walk a selection recurse to this
    /// depth.
    nesting: u64,
    /// Number of values in arguments, including values nested in lists and objects.
    values: u64,
}

/// Fails if the expanded size of a document exceeds a limit, or if a fragment spreads itself. The limits on
/// selections and argument values apply to the sum over all operations of the document, because validation walks all
/// of them even if the request executes only one.
pub(super) fn check(document: &Document, source: &Source, limits: &Limits) -> Result<(), RequestError> {
    let sizes = fragment_sizes(document, source)?;
    let mut total = ExpandedSize::default();
    for operation in document.definitions.iter().filter_map(Definition::as_operation_definition) {
        let mut size = measure(&operation.selection_set, &sizes);
        size.directives = size.directives.saturating_add(operation.directives.len() as u64);
        size.values = size.values.saturating_add(count_directive_values(&operation.directives));
        for variable in &operation.variables {
            let default = variable.default_value.as_ref().map_or(0, |value| count_values(value));
            size.values =
                size.values.saturating_add(default).saturating_add(count_directive_values(&variable.directives));
        }
        total.selections = total.selections.saturating_add(size.selections);
        total.values = total.values.saturating_add(size.values);
        let at = source.start(operation.location());
        for (count, limit, what, setting) in [
            (total.selections, limits.selections, "selections", "limits.selections"),
            (size.aliases, limits.aliases, "aliases", "limits.aliases"),
            (size.directives, limits.directives, "directives", "limits.directives"),
            (size.depth, limits.depth, "levels of nested fields", "limits.depth"),
            (size.nesting, limits.nesting, "levels of nested fields and fragments", "limits.nesting"),
        ] {
            check_limit(
                count,
                limit,
                &format!("{what} with fragments expanded"),
                setting,
                "request less at a time",
                at,
            )?;
        }
        let advice = "send one operation at a time, and long lists as variables";
        let what = "argument values in all operations with fragments expanded";
        check_limit(total.values, limits.tokens, what, "limits.tokens", advice, at)?;
    }
    Ok(())
}

/// Returns the number of values in the arguments of directives.
fn count_directive_values(directives: &DirectiveList) -> u64 {
    let arguments = directives.iter().flat_map(|directive| &directive.arguments);
    arguments.map(|argument| count_values(&argument.value)).sum()
}

/// Returns the expanded size of every fragment. Measures each fragment once, after the fragments that it spreads.
/// Fails if a fragment spreads itself. Uses an explicit stack, because recursion through a chain of thousands of
/// fragments would overflow the thread's stack.
fn fragment_sizes<'a>(
    document: &'a Document,
    source: &Source,
) -> Result<HashMap<&'a Name, ExpandedSize>, RequestError> {
    let definitions = document.definitions.iter().filter_map(Definition::as_fragment_definition);
    let by_name: HashMap<&Name, &FragmentDefinition> =
        definitions.map(|fragment| (&fragment.name, &**fragment)).collect();
    let mut sizes: HashMap<&Name, ExpandedSize> = HashMap::new();
    let mut in_progress: HashSet<&Name> = HashSet::new();
    for &name in by_name.keys() {
        // Stack of the fragments in progress. Each comes with the fragments that it spreads and that were not visited
        // yet.
        let mut stack = vec![(name, direct_spreads(&by_name, name))];
        in_progress.insert(name);
        while let Some((top, unvisited)) = stack.last_mut() {
            let top = *top;
            match unvisited.pop() {
                Some(next) if sizes.contains_key(next) => {}
                Some(next) if in_progress.contains(next) => {
                    let message = format!("the fragment `{next}` spreads itself: remove the cycle");
                    return Err(RequestError::invalid(message, source.start(next.location())));
                }
                Some(next) => {
                    in_progress.insert(next);
                    stack.push((next, direct_spreads(&by_name, next)));
                }
                None => {
                    // A fragment without a definition has size zero. Validation reports the missing definition.
                    let size = by_name
                        .get(top)
                        .map_or_else(ExpandedSize::default, |fragment| measure(&fragment.selection_set, &sizes));
                    sizes.insert(top, size);
                    in_progress.remove(top);
                    stack.pop();
                }
            }
        }
    }
    Ok(sizes)
}

/// Returns the names of the fragments that a fragment spreads directly.
fn direct_spreads<'a>(by_name: &HashMap<&'a Name, &'a FragmentDefinition>, name: &Name) -> Vec<&'a Name> {
    let mut spread = Vec::new();
    if let Some(fragment) = by_name.get(name) {
        spread_names(&fragment.selection_set, &mut spread);
    }
    spread
}

/// Collects the names of the fragments that a selection spreads directly. Recursion depth: bracket nesting, limited
/// by `limits.nesting`.
fn spread_names<'a>(selections: &'a [Selection], into: &mut Vec<&'a Name>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => spread_names(&field.selection_set, into),
            Selection::InlineFragment(fragment) => spread_names(&fragment.selection_set, into),
            Selection::FragmentSpread(spread) => into.push(&spread.fragment_name),
        }
    }
}

/// Returns the number of values in a literal; a variable counts as one. Recursion depth: bracket nesting, limited by
/// `limits.nesting`.
fn count_values(value: &Value) -> u64 {
    match value {
        Value::List(items) => items.iter().map(|item| count_values(item)).sum::<u64>() + 1,
        Value::Object(fields) => fields.iter().map(|(_, value)| count_values(value)).sum::<u64>() + 1,
        _ => 1,
    }
}

/// Returns the expanded size of a selection. Recursion depth: bracket nesting, limited by `limits.nesting`.
fn measure(selections: &[Selection], fragments: &HashMap<&Name, ExpandedSize>) -> ExpandedSize {
    let mut total = ExpandedSize::default();
    for selection in selections {
        let (field_level, alias, directives, part) = match selection {
            Selection::Field(field) => {
                let part = measure(&field.selection_set, fragments);
                let values: u64 = field.arguments.iter().map(|argument| count_values(&argument.value)).sum();
                total.values =
                    total.values.saturating_add(values).saturating_add(count_directive_values(&field.directives));
                (1, field.alias.is_some(), field.directives.len(), part)
            }
            Selection::InlineFragment(fragment) => {
                total.values = total.values.saturating_add(count_directive_values(&fragment.directives));
                (0, false, fragment.directives.len(), measure(&fragment.selection_set, fragments))
            }
            Selection::FragmentSpread(spread) => {
                let part = fragments.get(&spread.fragment_name).copied().unwrap_or_default();
                total.values = total.values.saturating_add(count_directive_values(&spread.directives));
                (0, false, spread.directives.len(), part)
            }
        };
        total.selections = total.selections.saturating_add(part.selections).saturating_add(1);
        total.values = total.values.saturating_add(part.values);
        total.aliases = total.aliases.saturating_add(part.aliases).saturating_add(alias.into());
        total.directives = total.directives.saturating_add(part.directives).saturating_add(directives as u64);
        total.depth = total.depth.max(part.depth.saturating_add(field_level));
        total.nesting = total.nesting.max(part.nesting.saturating_add(1));
    }
    total
}

#[cfg(test)]
mod tests {
    use apollo_compiler::parser::Parser;

    use super::*;

    fn check_query(query: &str) -> Result<(), RequestError> {
        let document = Parser::new().parse_ast(query, "query").expect("the query must parse");
        check(&document, &Source::new(query), &Limits::default())
    }

    fn rejection(query: &str) -> String {
        check_query(query).expect_err("the query must be rejected").message
    }

    /// Returns a query with a chain of fragments. Each fragment spreads the next one `times` times.
    fn chain(length: usize, times: usize, template: &str) -> String {
        let mut query = "{ ...F0 } ".to_owned();
        for number in 0..length {
            let spread = format!("...F{} ", number + 1).repeat(times);
            query += &format!("fragment F{number} on Query {{ {} }} ", template.replace('_', &spread));
        }
        query + &format!("fragment F{length} on Query {{ a }}")
    }

    #[test]
    fn exponential_fragments_are_counted_without_expanding_them() {
        assert!(rejection(&chain(60, 2, "_")).contains("selections"));
    }

    #[test]
    fn a_fragment_that_spreads_itself_is_rejected() {
        let two = "{ ...A } fragment A on Query { ...B } fragment B on Query { b { ...A } }";
        assert!(rejection(two).contains("spreads itself"));
        let error = check_query("{ ...A }\nfragment A on Query { ...A }").expect_err("a cycle");
        assert_eq!((error.locations[0].line, error.locations[0].column), (2, 26));
    }

    #[test]
    fn a_chain_of_fragments_does_not_fill_the_stack() {
        assert!(rejection(&chain(1400, 1, "a { _ }")).contains("limits.depth"));
        assert!(rejection(&chain(1900, 1, "_")).contains("limits.nesting"));
    }

    #[test]
    fn aliases_and_directives_are_counted_where_fragments_are_spread() {
        let spread = |item: &str, times: usize| {
            format!("{{ {} }} fragment F on Query {{ {} }}", "...F ".repeat(times), item.repeat(10))
        };
        assert!(check_query(&spread("a: viewer { name } ", 90)).is_ok());
        assert!(rejection(&spread("a: viewer { name } ", 101)).contains("limits.aliases"));
        assert!(rejection(&spread("a @skip(if: true) ", 21)).contains("limits.directives"));
    }

    #[test]
    fn selections_are_counted_over_all_operations() {
        let document = |operations: usize| {
            let operations: Vec<String> = (0..operations).map(|n| format!("query O{n} {{ ...F }}")).collect();
            operations.join(" ") + &format!("fragment F on Query {{ {} }}", "a ".repeat(1000))
        };
        assert!(check_query(&document(19)).is_ok());
        assert!(rejection(&document(20)).contains("limits.selections"));
    }

    #[test]
    fn values_are_counted_over_all_operations() {
        let document = |operations: usize, uses: usize| {
            let operations: Vec<String> = (0..operations).map(|n| format!("query O{n} {{ ...F }}")).collect();
            let fragment = format!("fragment F on Query {{ nodes(ids: [{}]) {{ id }} }}", "$a ".repeat(uses));
            operations.join(" ") + &fragment
        };
        assert!(check_query(&document(10, 1000)).is_ok());
        assert!(rejection(&document(100, 1000)).contains("argument values"));
        let directive = format!("fragment F on Query {{ a @skip(if: [{}]) }}", "$a ".repeat(1000));
        let operations: Vec<String> = (0..100).map(|n| format!("query O{n} {{ ...F }}")).collect();
        assert!(rejection(&(operations.join(" ") + &directive)).contains("argument values"));
    }
}

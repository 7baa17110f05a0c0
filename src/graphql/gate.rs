//! The gate before anything executes: what is too deep, too long or too much is refused here, at a cost that grows with the
//! size of the text and no faster.
//!
//! The parser below recurses, and the executor walks every expansion of every fragment; a few kilobytes could end the process
//! (a literal nested a thousand deep) or hold a core for minutes (fragments that each spread the next twice). So the text is
//! first looked over without recursion, and the expansion is counted with each fragment counted once.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned,
    parser::{
        parse_query,
        types::{ExecutableDocument, Selection, SelectionSet},
    },
};

use async_graphql_value::Value;

use crate::limits::Limits;

/// Why a query is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateRefusal {
    /// `GRAPHQL_PARSE_FAILED` or `GRAPHQL_VALIDATION_FAILED`.
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Reads a query; or says why it is not let in, whatever its variables are.
pub fn read(query: &str, limits: &Limits) -> Result<ExecutableDocument, GateRefusal> {
    look_over(query, limits)?;
    let document = parse_query(query).map_err(|error| {
        let message: String = error.to_string().chars().take(500).collect();
        GateRefusal { code: "GRAPHQL_PARSE_FAILED", message: format!("the query cannot be read: {message}") }
    })?;
    count(&document, limits)?;
    Ok(document)
}

/// Lets a query in that costs no more than it may.
pub fn afford(cost: u64, limits: &Limits) -> Result<(), GateRefusal> {
    if cost <= limits.cost {
        return Ok(());
    }
    let cost = if cost == u64::MAX { format!("more than {}", u32::MAX) } else { cost.to_string() };
    Err(GateRefusal {
        code: "GRAPHQL_VALIDATION_FAILED",
        message: format!(
            "the query costs {cost}, at most {} is allowed (limits.cost); a field costs 1 for every entry of every list \
             around it: ask for smaller pages, fewer buckets or less depth",
            limits.cost
        ),
    })
}

/// Refuses more of something than its limit, which is named as the setting that it is.
pub(super) fn at_most(found: u64, limit: u64, what: &str, setting: &str, advice: &str) -> Result<(), GateRefusal> {
    if found <= limit {
        return Ok(());
    }
    Err(GateRefusal {
        code: "GRAPHQL_VALIDATION_FAILED",
        message: format!("the query has more than {limit} {what} ({setting}): {advice}"),
    })
}

/// One pass over the text, without recursion: size, tokens, nesting, names, directives.
fn look_over(query: &str, limits: &Limits) -> Result<(), GateRefusal> {
    at_most(query.len() as u64, limits.query_bytes, "bytes", "limits.query_bytes", "send long values as variables")?;
    let bytes = query.as_bytes();
    let (mut at, mut tokens, mut nesting, mut directives) = (0, 0, 0_u64, 0);
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'#' => {
                at += bytes[at..].iter().position(|&byte| byte == b'\n' || byte == b'\r').unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' => {
                at = after_string(bytes, at).ok_or_else(|| GateRefusal {
                    code: "GRAPHQL_PARSE_FAILED",
                    message:
                        "the query cannot be read: a text in it does not end; close it with the quotes that begin it"
                            .to_owned(),
                })?;
            }
            b'{' | b'[' | b'(' => {
                nesting += 1;
                at += 1;
            }
            b'}' | b']' | b')' => {
                nesting = nesting.saturating_sub(1);
                at += 1;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                at += bytes[at..]
                    .iter()
                    .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
                    .unwrap_or(bytes.len() - at);
                let letters = (at - start) as u64;
                at_most(letters, limits.name_letters, "letters in a name", "limits.name_letters", "use shorter names")?;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            b'@' => {
                directives += 1;
                at += 1;
            }
            _ => at += 1,
        }
        tokens += 1;
        let advice = "ask for less at a time, and send long lists as variables";
        at_most(tokens, limits.tokens, "tokens", "limits.tokens", advice)?;
        let advice = "flatten it, or send deep values as variables";
        at_most(nesting, limits.nesting, "brackets in brackets", "limits.nesting", advice)?;
        at_most(directives, limits.directives, "directives", "limits.directives", "use fewer")?;
    }
    Ok(())
}

/// The position behind a string or block string that begins here; nothing where it does not end. The parser would read the
/// beginning of a block without an end as an empty text, and what follows as anything: it must not come that far.
fn after_string(bytes: &[u8], start: usize) -> Option<usize> {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut at = start + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return Some(at + 1),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return Some(at + 3),
            b'\n' | b'\r' if !block => return None,
            _ => at += 1,
        }
    }
    None
}

/// Selections, aliases, directives, depth and nesting of something, with all fragments spread.
#[derive(Clone, Copy, Default)]
struct Size {
    selections: u64,
    aliases: u64,
    directives: u64,
    /// Fields in fields.
    depth: u64,
    /// Fields and fragments in fields and fragments: what walks them recurses as deep.
    nesting: u64,
    /// Values in arguments.
    values: u64,
}

/// Counts what executing would walk.
fn count(document: &ExecutableDocument, limits: &Limits) -> Result<(), GateRefusal> {
    let sizes = fragments(document)?;
    let mut values = 0_u64;
    for (_, operation) in document.operations.iter() {
        let size = measure(&operation.node.selection_set, &sizes);
        for (found, limit, what, setting) in [
            (size.selections, limits.selections, "selections", "limits.selections"),
            (size.aliases, limits.aliases, "aliases", "limits.aliases"),
            (size.directives, limits.directives, "directives", "limits.directives"),
            (size.depth, limits.depth, "selections in selections", "limits.depth"),
            (size.nesting, limits.nesting, "fragments in fragments", "limits.nesting"),
        ] {
            at_most(found, limit, &format!("{what}, fragments spread,"), setting, "ask for less at a time")?;
        }
        values = values.saturating_add(size.values);
    }
    // Validation looks at every operation, whichever is asked for, and at every fragment in each.
    let advice = "send one operation at a time, and long lists as variables";
    at_most(
        values,
        limits.tokens,
        "values in the arguments of its operations, fragments spread,",
        "limits.tokens",
        advice,
    )
}

/// The size of every fragment, each worked out once, those it spreads first. The stack is our own: a chain of thousands of
/// fragments must not fill the thread's.
fn fragments(document: &ExecutableDocument) -> Result<HashMap<&Name, Size>, GateRefusal> {
    let mut sizes: HashMap<&Name, Size> = HashMap::new();
    let mut open: HashSet<&Name> = HashSet::new();
    for name in document.fragments.keys() {
        let mut stack = vec![name];
        while let Some(&top) = stack.last() {
            if sizes.contains_key(top) {
                stack.pop();
                continue;
            }
            let Some(fragment) = document.fragments.get(top) else {
                // Not defined: validation says so.
                sizes.insert(top, Size::default());
                stack.pop();
                continue;
            };
            let mut spreads = Vec::new();
            spread_names(&fragment.node.selection_set, &mut spreads);
            let waiting: Vec<&Name> = spreads.into_iter().filter(|name| !sizes.contains_key(name)).collect();
            if waiting.is_empty() {
                sizes.insert(top, measure(&fragment.node.selection_set, &sizes));
                open.remove(top);
                stack.pop();
                continue;
            }
            open.insert(top);
            if waiting.iter().any(|name| open.contains(name)) {
                let message = format!(
                    "the fragment {} spreads itself: take the circle out",
                    top.chars().take(60).collect::<String>()
                );
                return Err(GateRefusal { code: "GRAPHQL_VALIDATION_FAILED", message });
            }
            stack.push(waiting[0]);
        }
    }
    Ok(sizes)
}

/// Fragments that a selection spreads itself. As deep as brackets may be nested.
fn spread_names<'a>(set: &'a Positioned<SelectionSet>, into: &mut Vec<&'a Name>) {
    for item in &set.node.items {
        match &item.node {
            Selection::Field(field) => spread_names(&field.node.selection_set, into),
            Selection::InlineFragment(fragment) => spread_names(&fragment.node.selection_set, into),
            Selection::FragmentSpread(spread) => into.push(&spread.node.fragment_name.node),
        }
    }
}

/// How many values are written, variables as one. As deep as brackets may be nested.
fn written(value: &Value) -> u64 {
    match value {
        Value::List(items) => items.iter().map(written).sum::<u64>() + 1,
        Value::Object(fields) => fields.values().map(written).sum::<u64>() + 1,
        _ => 1,
    }
}

/// The size of a selection. As deep as brackets may be nested.
fn measure(set: &Positioned<SelectionSet>, fragments: &HashMap<&Name, Size>) -> Size {
    let mut whole = Size::default();
    for item in &set.node.items {
        let (own, alias, directives, part) = match &item.node {
            Selection::Field(field) => {
                let part = measure(&field.node.selection_set, fragments);
                let values: u64 = field.node.arguments.iter().map(|(_, value)| written(&value.node)).sum();
                whole.values = whole.values.saturating_add(values);
                (1, field.node.alias.is_some(), field.node.directives.len(), part)
            }
            Selection::InlineFragment(fragment) => {
                (0, false, fragment.node.directives.len(), measure(&fragment.node.selection_set, fragments))
            }
            Selection::FragmentSpread(spread) => {
                let part = fragments.get(&spread.node.fragment_name.node).copied().unwrap_or_default();
                (0, false, spread.node.directives.len(), part)
            }
        };
        whole.selections = whole.selections.saturating_add(part.selections).saturating_add(1);
        whole.values = whole.values.saturating_add(part.values);
        whole.aliases = whole.aliases.saturating_add(part.aliases).saturating_add(alias.into());
        whole.directives = whole.directives.saturating_add(part.directives).saturating_add(directives as u64);
        whole.depth = whole.depth.max(part.depth.saturating_add(own));
        whole.nesting = whole.nesting.max(part.nesting.saturating_add(1));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<ExecutableDocument, GateRefusal> {
        super::read(query, &Limits::default())
    }

    fn refused(query: &str) -> String {
        read(query).expect_err("it is to be refused").message
    }

    #[test]
    fn literals_nested_too_deep_are_refused_before_they_are_parsed() {
        for depth in [65, 1540, 100_000] {
            let list = format!("{{ a(x: {}{}) }}", "[".repeat(depth), "]".repeat(depth));
            assert!(refused(&list).contains("brackets in brackets") || list.len() > 262_144);
            let object = format!("{{ a(x: {}1{}) }}", "{not:".repeat(depth), "}".repeat(depth));
            assert!(read(&object).is_err());
        }
        assert!(read(&format!("{{ a(x: {}{}) }}", "[".repeat(60), "]".repeat(60))).is_ok());
    }

    #[test]
    fn brackets_in_strings_and_comments_are_text() {
        let brackets = "[".repeat(500);
        assert!(read(&format!("{{ a(x: \"{brackets}\") }}")).is_ok());
        assert!(read(&format!("{{ a(x: \"\"\"{brackets} \\\"\"\" {brackets}\"\"\") }}")).is_ok());
        assert!(read(&format!("# {brackets}\n{{ a }}")).is_ok());
        assert!(read(&format!("{{ a(x: \"\\\"{brackets}\") }}")).is_ok());
    }

    #[test]
    fn a_text_without_an_end_hides_nothing() {
        for begun in ["\"\"\"a\"", "\"\"\"a", "\"a", "\"a\n\"", "\"\"\"a\\\"\"\"", "\"\"\" \"\""] {
            let query = format!("{{ nodes(ids: [{begun} {}]) {{ id }} }}", "[".repeat(1500) + &"]".repeat(1500));
            assert_eq!(read(&query).expect_err(begun).code, "GRAPHQL_PARSE_FAILED", "{begun}");
        }
        assert!(read("{ a(x: \"\", y: \"\"\"\"\"\", z: \"\"\" \"\" \"\"\") }").is_ok());
    }

    #[test]
    fn fragments_that_double_are_counted_and_not_walked() {
        let mut query = "{ ...F0 } ".to_owned();
        for number in 0..60 {
            query += &format!("fragment F{number} on Query {{ ...F{next} ...F{next} }} ", next = number + 1);
        }
        query += "fragment F60 on Query { a }";
        assert!(refused(&query).contains("selections"));
    }

    #[test]
    fn a_fragment_that_spreads_itself_is_refused() {
        assert!(
            refused("{ ...A } fragment A on Query { ...B } fragment B on Query { b { ...A } }")
                .contains("spreads itself")
        );
        assert!(refused("{ ...A } fragment A on Query { ...A }").contains("spreads itself"));
    }

    #[test]
    fn a_chain_of_fragments_does_not_fill_the_stack() {
        let mut query = "{ ...F0 } ".to_owned();
        for number in 0..1400 {
            query += &format!("fragment F{number} on Query {{ a {{ ...F{} }} }} ", number + 1);
        }
        query += "fragment F1400 on Query { a }";
        assert!(refused(&query).contains("in selections"));
        let mut query = "{ ...F0 } ".to_owned();
        for number in 0..1900 {
            query += &format!("fragment F{number} on Query {{ ...F{} }} ", number + 1);
        }
        query += "fragment F1900 on Query { a }";
        assert!(refused(&query).contains("fragments in fragments"));
    }

    #[test]
    fn long_texts_names_and_lists_of_directives_are_refused() {
        assert!(refused(&"a ".repeat(150_000)).contains("bytes"));
        assert!(refused(&"a ".repeat(30_000)).contains("tokens"));
        assert!(refused(&format!("{{ {} }}", "a".repeat(300))).contains("letters"));
        assert!(refused(&format!("{{ a {} }}", "@skip(if: false) ".repeat(201))).contains("directives"));
    }

    #[test]
    fn aliases_and_directives_are_counted_where_fragments_are_spread() {
        let spread = |item: &str, times: usize| {
            format!("{{ {} }} fragment F on Query {{ {} }}", "...F ".repeat(times), item.repeat(10))
        };
        assert!(read(&spread("a: viewer { name } ", 90)).is_ok());
        assert!(refused(&spread("a: viewer { name } ", 101)).contains("limits.aliases"));
        assert!(refused(&spread("a @skip(if: true) ", 21)).contains("limits.directives"));
    }

    #[test]
    fn values_are_counted_over_all_operations() {
        let of = |operations: usize, uses: usize| {
            let operations: Vec<String> = (0..operations).map(|n| format!("query O{n} {{ ...F }}")).collect();
            let fragment = format!("fragment F on Query {{ nodes(ids: [{}]) {{ id }} }}", "$a ".repeat(uses));
            operations.join(" ") + &fragment
        };
        assert!(read(&of(10, 1000)).is_ok());
        assert!(refused(&of(100, 1000)).contains("values in the arguments"));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let refusal = read("{ releases { ").expect_err("it is to be refused");
        assert_eq!(refusal.code, "GRAPHQL_PARSE_FAILED");
        for wrong in ["", "\"", "\"\"\"", "{ a(x: \"\\", "}", "query {", "\u{0}"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}

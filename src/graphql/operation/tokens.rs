//! Detects tokens that the parser dropped, by comparing the parsed document with the scanned tokens.
//!
//! `apollo-compiler` 1.33 skips some unexpected tokens without reporting an error, for example a name without a colon
//! in a list of arguments.

use std::{ops::Range, slice::Iter};

use apollo_compiler::{
    Node,
    ast::{
        Argument, Definition, DirectiveList, Document, OperationDefinition, Selection, Type, Value, VariableDefinition,
    },
};

/// Returns the range of the first token that the parser dropped; None if it dropped none.
pub(super) fn first_dropped_token(document: &Document, text: &str, tokens: &[Range<usize>]) -> Option<Range<usize>> {
    let mut matcher = TokenMatcher { text, tokens: tokens.iter(), dropped: None };
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => matcher.operation(operation),
            Definition::FragmentDefinition(fragment) => {
                matcher.expect_all(&["fragment", &fragment.name, "on", &fragment.type_condition]);
                matcher.directives(&fragment.directives);
                matcher.selections(&fragment.selection_set);
            }
            // Validation rejects documents with type definitions, so their tokens need no check.
            _ => return None,
        }
    }
    matcher.dropped.or_else(|| matcher.tokens.next().cloned())
}

struct TokenMatcher<'a> {
    text: &'a str,
    tokens: Iter<'a, Range<usize>>,
    dropped: Option<Range<usize>>,
}

impl TokenMatcher<'_> {
    /// Takes the next scanned token. Records it as dropped by the parser unless its text is `parsed`.
    fn expect(&mut self, parsed: &str) {
        self.expect_where(|token| token == parsed);
    }

    fn expect_all(&mut self, parsed: &[&str]) {
        parsed.iter().for_each(|parsed| self.expect(parsed));
    }

    fn expect_where(&mut self, is_parsed: impl Fn(&str) -> bool) {
        if self.dropped.is_some() {
            return;
        }
        match self.tokens.next() {
            Some(range) if self.text.get(range.clone()).is_some_and(&is_parsed) => {}
            Some(range) => self.dropped = Some(range.clone()),
            // The parsed document has a further token, but no scanned token is left: scanner and parser disagree.
            None => self.dropped = Some(self.text.len()..self.text.len()),
        }
    }

    fn next_is(&self, token: &str) -> bool {
        self.tokens.as_slice().first().is_some_and(|range| self.text.get(range.clone()) == Some(token))
    }

    fn operation(&mut self, operation: &OperationDefinition) {
        // A query without a name may omit the keyword `query`.
        if operation.name.is_some() || !self.next_is("{") {
            self.expect(operation.operation_type.name());
        }
        if let Some(name) = &operation.name {
            self.expect(name);
        }
        if !operation.variables.is_empty() {
            self.expect("(");
            operation.variables.iter().for_each(|variable| self.variable(variable));
            self.expect(")");
        }
        self.directives(&operation.directives);
        self.selections(&operation.selection_set);
    }

    fn variable(&mut self, variable: &VariableDefinition) {
        self.expect_all(&["$", &variable.name, ":"]);
        self.type_reference(&variable.ty);
        if let Some(default) = &variable.default_value {
            self.expect("=");
            self.value(default);
        }
        self.directives(&variable.directives);
    }

    fn type_reference(&mut self, ty: &Type) {
        match ty {
            Type::Named(name) => self.expect(name),
            Type::NonNullNamed(name) => self.expect_all(&[name, "!"]),
            Type::List(item) => {
                self.expect("[");
                self.type_reference(item);
                self.expect("]");
            }
            Type::NonNullList(item) => {
                self.expect("[");
                self.type_reference(item);
                self.expect_all(&["]", "!"]);
            }
        }
    }

    fn directives(&mut self, directives: &DirectiveList) {
        for directive in directives {
            self.expect_all(&["@", &directive.name]);
            self.arguments(&directive.arguments);
        }
    }

    fn arguments(&mut self, arguments: &[Node<Argument>]) {
        if arguments.is_empty() {
            return;
        }
        self.expect("(");
        for argument in arguments {
            self.expect_all(&[&argument.name, ":"]);
            self.value(&argument.value);
        }
        self.expect(")");
    }

    /// Expects the tokens of a value. Recursion depth: bracket nesting, limited by `limits.nesting`.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.expect("null"),
            Value::Boolean(value) => self.expect(if *value { "true" } else { "false" }),
            Value::Enum(name) => self.expect(name),
            Value::Variable(name) => self.expect_all(&["$", name]),
            Value::Int(number) => self.expect(number.as_str()),
            Value::Float(number) => self.expect(number.as_str()),
            Value::String(_) => self.expect_where(|token| token.starts_with('"')),
            Value::List(items) => {
                self.expect("[");
                items.iter().for_each(|item| self.value(item));
                self.expect("]");
            }
            Value::Object(fields) => {
                self.expect("{");
                for (name, value) in fields {
                    self.expect_all(&[name, ":"]);
                    self.value(value);
                }
                self.expect("}");
            }
        }
    }

    fn selections(&mut self, selections: &[Selection]) {
        if selections.is_empty() {
            return;
        }
        self.expect("{");
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    if let Some(alias) = &field.alias {
                        self.expect_all(&[alias, ":"]);
                    }
                    self.expect(&field.name);
                    self.arguments(&field.arguments);
                    self.directives(&field.directives);
                    self.selections(&field.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.expect_all(&["...", &spread.fragment_name]);
                    self.directives(&spread.directives);
                }
                Selection::InlineFragment(fragment) => {
                    self.expect("...");
                    if let Some(on) = &fragment.type_condition {
                        self.expect_all(&["on", on]);
                    }
                    self.directives(&fragment.directives);
                    self.selections(&fragment.selection_set);
                }
            }
        }
        self.expect("}");
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::parser::Parser;

    use super::*;
    use crate::{graphql::operation::scan::scan, limits::Limits};

    /// Returns the offset of the first token that the parser dropped. Fails with the parser's errors if there are
    /// any.
    fn dropped_at(text: &str) -> Result<Option<usize>, String> {
        let scanned = scan(text, &Limits::default()).expect(text);
        let parsed = Parser::new().parse_ast(&*scanned.text, "query");
        let document = parsed.map_err(|failed| failed.errors.to_string())?;
        Ok(first_dropped_token(&document, &scanned.text, &scanned.tokens).map(|range| range.start))
    }

    #[test]
    fn a_valid_document_has_no_dropped_token() {
        for text in [
            "{ a }",
            "query { a }",
            "\"Q\" query Q(\"a\" $a: [Int!]! = [1, -2] @d, $b: T = {c: {d: \"\"\"e\"\"\"}} $c: F = -1.5e+3) @d(x: $a) { ...F @skip(if: true) }\n\
             # note {\n fragment F on T @d { b: a(x: \"\", y: E, z: [null true false [$b]]) { ... on U { c } ... @d { d } ... { e } } }",
            "\"ä\" query Q(\"–\" $a: Int) { a(x: $a) } \"ü\" fragment F on T { b }",
            "\u{feff}{ a } mutation M { b } subscription S { c }",
            "{ a(x: 1e10 y: 0.5 z: 1E-2 w: -0) }",
            "{ query: fragment { on: mutation(null: null, true: true) } }",
        ] {
            assert_eq!(dropped_at(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn tokens_that_the_parser_drops_are_found() {
        for (text, at) in [
            ("{ a(first) { b } }", 3),
            ("{ a(b: 1 first) { b } }", 9),
            ("{ a(filter: {kinds}) { b } }", 13),
            ("{ a(under null) { b } }", 3),
        ] {
            assert_eq!(dropped_at(text), Ok(Some(at)), "{text}");
        }
    }
}

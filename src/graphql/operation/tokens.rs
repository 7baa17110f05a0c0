//! Whether a document was parsed as it is written: `apollo-compiler` 1.33 drops some of what it does not expect, such as a name
//! without a colon among arguments, without an error. The tokens of what was parsed are held against those of the text.

use std::{ops::Range, slice::Iter};

use apollo_compiler::{
    Node,
    ast::{
        Argument, Definition, DirectiveList, Document, OperationDefinition, Selection, Type, Value, VariableDefinition,
    },
};

/// The first token of the text that was not parsed; its range.
pub(super) fn dropped(document: &Document, text: &str, tokens: &[Range<usize>]) -> Option<Range<usize>> {
    let mut written = Written { text, tokens: tokens.iter(), dropped: None };
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => written.operation(operation),
            Definition::FragmentDefinition(fragment) => {
                written.names(&["fragment", &fragment.name, "on", &fragment.type_condition]);
                written.directives(&fragment.directives);
                written.selections(&fragment.selection_set);
            }
            // A definition of a type, which validation refuses.
            _ => return None,
        }
    }
    written.dropped.or_else(|| written.tokens.next().cloned())
}

struct Written<'a> {
    text: &'a str,
    tokens: Iter<'a, Range<usize>>,
    dropped: Option<Range<usize>>,
}

impl Written<'_> {
    /// The next token of what was parsed.
    fn name(&mut self, parsed: &str) {
        self.token(|written| written == parsed);
    }

    fn names(&mut self, parsed: &[&str]) {
        parsed.iter().for_each(|parsed| self.name(parsed));
    }

    fn token(&mut self, is_parsed: impl Fn(&str) -> bool) {
        if self.dropped.is_some() {
            return;
        }
        match self.tokens.next() {
            Some(range) if self.text.get(range.clone()).is_some_and(&is_parsed) => {}
            Some(range) => self.dropped = Some(range.clone()),
            // More was parsed than is written: the text was not scanned as it was parsed.
            None => self.dropped = Some(self.text.len()..self.text.len()),
        }
    }

    fn next_is(&self, token: &str) -> bool {
        self.tokens.as_slice().first().is_some_and(|range| self.text.get(range.clone()) == Some(token))
    }

    fn operation(&mut self, operation: &OperationDefinition) {
        // A query without a name may begin with its selection.
        if operation.name.is_some() || !self.next_is("{") {
            self.name(operation.operation_type.name());
        }
        if let Some(name) = &operation.name {
            self.name(name);
        }
        if !operation.variables.is_empty() {
            self.name("(");
            operation.variables.iter().for_each(|variable| self.variable(variable));
            self.name(")");
        }
        self.directives(&operation.directives);
        self.selections(&operation.selection_set);
    }

    fn variable(&mut self, variable: &VariableDefinition) {
        self.names(&["$", &variable.name, ":"]);
        self.of(&variable.ty);
        if let Some(default) = &variable.default_value {
            self.name("=");
            self.value(default);
        }
        self.directives(&variable.directives);
    }

    fn of(&mut self, of: &Type) {
        match of {
            Type::Named(name) => self.name(name),
            Type::NonNullNamed(name) => self.names(&[name, "!"]),
            Type::List(item) => {
                self.name("[");
                self.of(item);
                self.name("]");
            }
            Type::NonNullList(item) => {
                self.name("[");
                self.of(item);
                self.names(&["]", "!"]);
            }
        }
    }

    fn directives(&mut self, directives: &DirectiveList) {
        for directive in directives {
            self.names(&["@", &directive.name]);
            self.arguments(&directive.arguments);
        }
    }

    fn arguments(&mut self, arguments: &[Node<Argument>]) {
        if arguments.is_empty() {
            return;
        }
        self.name("(");
        for argument in arguments {
            self.names(&[&argument.name, ":"]);
            self.value(&argument.value);
        }
        self.name(")");
    }

    /// Recurses as deep as brackets may be nested, like what follows.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.name("null"),
            Value::Boolean(value) => self.name(if *value { "true" } else { "false" }),
            Value::Enum(name) => self.name(name),
            Value::Variable(name) => self.names(&["$", name]),
            Value::Int(number) => self.name(number.as_str()),
            Value::Float(number) => self.name(number.as_str()),
            Value::String(_) => self.token(|written| written.starts_with('"')),
            Value::List(items) => {
                self.name("[");
                items.iter().for_each(|item| self.value(item));
                self.name("]");
            }
            Value::Object(fields) => {
                self.name("{");
                for (name, value) in fields {
                    self.names(&[name, ":"]);
                    self.value(value);
                }
                self.name("}");
            }
        }
    }

    fn selections(&mut self, selections: &[Selection]) {
        if selections.is_empty() {
            return;
        }
        self.name("{");
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    if let Some(alias) = &field.alias {
                        self.names(&[alias, ":"]);
                    }
                    self.name(&field.name);
                    self.arguments(&field.arguments);
                    self.directives(&field.directives);
                    self.selections(&field.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.names(&["...", &spread.fragment_name]);
                    self.directives(&spread.directives);
                }
                Selection::InlineFragment(fragment) => {
                    self.name("...");
                    if let Some(on) = &fragment.type_condition {
                        self.names(&["on", on]);
                    }
                    self.directives(&fragment.directives);
                    self.selections(&fragment.selection_set);
                }
            }
        }
        self.name("}");
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::parser::Parser;

    use super::*;
    use crate::{graphql::operation::scan::scan, limits::Limits};

    /// Where the first token lies that the parser dropped; an error where it does not parse the rest.
    fn found(text: &str) -> Result<Option<usize>, String> {
        let scanned = scan(text, &Limits::default()).expect(text);
        let parsed = Parser::new().parse_ast(&*scanned.text, "query");
        let document = parsed.map_err(|failed| failed.errors.to_string())?;
        Ok(dropped(&document, &scanned.text, &scanned.tokens).map(|range| range.start))
    }

    #[test]
    fn all_of_a_document_is_in_what_was_parsed() {
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
            assert_eq!(found(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_the_parser_drops_is_found() {
        for (text, at) in [
            ("{ a(first) { b } }", 3),
            ("{ a(b: 1 first) { b } }", 9),
            ("{ a(filter: {kinds}) { b } }", 13),
            ("{ a(under null) { b } }", 3),
        ] {
            assert_eq!(found(text), Ok(Some(at)), "{text}");
        }
    }
}

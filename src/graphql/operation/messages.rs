//! Messages of syntax errors and validation errors, with "did you mean" suggestions.
//!
//! Translates each kind of `apollo-compiler` diagnostic into a message. The translation relies on the wording of the
//! diagnostics, which is fixed by the pinned version of `apollo-compiler` and checked by the tests below. With
//! `Disclosure::Hidden`, a message contains only names that the document contains too, so it reveals nothing about
//! the schema.

use super::schema::OperationSchema;
use crate::graphql::base::excerpt::excerpt_with_ellipsis;

/// Whether error messages may contain names from the schema that the client's document does not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Messages may contain any name from the schema, and they suggest similar names.
    Full,
    /// Messages contain only names from the document, because the caller may not read the schema.
    Hidden,
}

/// Minimum similarity between a given name and a suggested name: a Jaro-Winkler score from 0 to 1.
const MIN_SIMILARITY: f64 = 0.8;

/// Scalars that every GraphQL schema has. Their names reveal nothing about this schema.
const BUILT_IN_SCALARS: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// Returns the words "a value of type …" for an error message. Omits the type name if it must not be disclosed.
pub(super) fn describe_type(name: &str, disclosure: Disclosure) -> String {
    if disclosure == Disclosure::Full || BUILT_IN_SCALARS.contains(&name) {
        format!("a value of type `{name}`")
    } else {
        "a value of another type".to_owned()
    }
}

/// Returns the end of a message that suggests the name most similar to `given`. Empty if no name is similar enough.
pub(super) fn did_you_mean<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> String {
    let given = given.to_lowercase();
    let score = |name: &str| strsim::jaro_winkler(&given, &name.to_lowercase());
    let best = names.map(|name| (score(name), name)).max_by(|(one, _), (other, _)| one.total_cmp(other));
    match best {
        Some((score, name)) if score >= MIN_SIMILARITY => format!(": did you mean `{name}`?"),
        _ => String::new(),
    }
}

/// Returns the message of a syntax error. `diagnostic` is the parser's own message, and `stopped_at` is the text at
/// which the parser stopped.
pub(super) fn syntax_message(diagnostic: &str, stopped_at: &str) -> String {
    let reason = match diagnostic {
        _ if diagnostic.contains("surrogate") => {
            "a string escapes one half of a surrogate pair: write both halves, or \\u{…} with the whole code point"
        }
        _ if diagnostic.contains("unicode escape") => {
            "invalid Unicode escape in a string: write \\u and four hex digits, or \\u{…} with a Unicode scalar value"
        }
        _ if diagnostic.contains("escape") => {
            "invalid escape in a string: only \" \\ / b f n r t u may follow a backslash; write \\\\ for a backslash"
        }
        _ if diagnostic.contains("line terminator") => {
            "a string has a line break: write \\n, or use a block string (\"\"\")"
        }
        _ if diagnostic.contains("on'") => "a fragment cannot be named `on`",
        _ => "",
    };
    if !reason.is_empty() {
        return format!("the query cannot be parsed: {reason}");
    }
    let expected = match diagnostic {
        _ if diagnostic.contains("Selection in Selection Set") => ": a selection set needs at least one field",
        _ if diagnostic.contains("an Argument") => ": a list of arguments needs at least one argument",
        _ if diagnostic.contains("Variable Definition") => ": a list of variables needs at least one variable",
        _ if diagnostic.contains("Selection Set") => ": expected a selection set in braces",
        _ if diagnostic.contains("Operation Type") || diagnostic.contains("efinition") => {
            ": expected `query`, `mutation`, `subscription`, `fragment` or `{`"
        }
        _ if diagnostic.contains("Type Condition") || diagnostic.contains("'on'") => ": expected `on` and a type",
        _ if diagnostic.contains("Name") || diagnostic.contains("name") => ": expected a name",
        _ if diagnostic.contains("type") || diagnostic.contains("Type") => ": expected a type",
        _ if diagnostic.contains("alue") => ": expected a value",
        _ => "",
    };
    match stopped_at.trim() {
        "" => format!("the query cannot be parsed because it ends too early{expected}"),
        stopped_at => format!("the query cannot be parsed at `{}`{expected}", excerpt_with_ellipsis(stopped_at)),
    }
}

/// Returns the message for two selections that have the same response key but cannot be merged.
pub(super) fn conflict_message(key: &str) -> String {
    format!("`{key}` is selected twice, and the selections cannot be merged: give one of them another alias")
}

/// Returns the message for an `apollo-compiler` diagnostic of the given kind and text. Returns None for kinds whose
/// rules `values` or `subscription_root` checks instead.
pub(super) fn validation_message(
    kind: &str,
    diagnostic: &str,
    schema: &OperationSchema,
    disclosure: Disclosure,
) -> Option<String> {
    // The names that the diagnostic puts in backticks.
    let quoted_names: Vec<&str> = diagnostic.split('`').skip(1).step_by(2).collect();
    let quoted = |number: usize| quoted_names.get(number).copied().unwrap_or_default();
    let hidden = disclosure == Disclosure::Hidden;
    let fields = |type_name: &str| -> Vec<String> {
        use apollo_compiler::schema::ExtendedType::{Interface, Object};
        match schema.schema.types.get(type_name) {
            Some(Object(definition)) => definition.fields.keys().map(ToString::to_string).collect(),
            Some(Interface(definition)) => definition.fields.keys().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    };
    let suggestion = |given: &str, names: &[String]| did_you_mean(given, names.iter().map(String::as_str));
    Some(match kind {
        "UnsupportedValueType"
        | "IntCoercionError"
        | "FloatCoercionError"
        | "UndefinedEnumValue"
        | "UndefinedInputValue"
        | "RequiredField"
        | "UniqueInputValue"
        | "DisallowedVariableUsage"
        | "UndefinedVariable"
        | "SubscriptionUsesMultipleFields"
        | "SubscriptionUsesIntrospection"
        | "SubscriptionUsesConditionalSelection" => return None,
        "UndefinedField" if hidden => format!("there is no field `{}` here", quoted(1)),
        "UndefinedField" => {
            format!("there is no field `{}` on `{}`{}", quoted(1), quoted(0), suggestion(quoted(1), &fields(quoted(0))))
        }
        "UndefinedArgument" if hidden => format!("there is no argument `{}` here", quoted(0)),
        "UndefinedArgument" => {
            let names = argument_names(schema, quoted(1));
            format!("there is no argument `{}` on `{}`{}", quoted(0), quoted(1), suggestion(quoted(0), &names))
        }
        "RequiredArgument" if hidden => "a required argument is missing here".to_owned(),
        "RequiredArgument" => format!("the required argument `{}` is missing", quoted(0)),
        "MissingSubselection" => "this field returns an object: select at least one of its fields in braces".to_owned(),
        "SubselectionOnScalarType" | "SubselectionOnEnumType" => {
            "this field returns a scalar or an enum: remove the selection set after it".to_owned()
        }
        "UndefinedDefinition" => format!("there is no type `{}`", quoted(0)),
        "UndefinedTypeInNamedFragmentTypeCondition" | "UndefinedTypeInInlineFragmentTypeCondition" => {
            format!("there is no type `{}` for this fragment", quoted(0))
        }
        "VariableInputType" => {
            format!("the variable `{}` must have an input type: a scalar, an enum or an input object", quoted(0))
        }
        "UniqueVariable" => format!("the variable `{}` is declared twice", quoted(0)),
        "UnusedVariable" => format!("the variable `{}` is declared but not used", quoted(0)),
        "UniqueArgument" => format!("the argument `{}` is given twice", quoted(0)),
        "UndefinedDirective" => format!("there is no directive `{}`", quoted(0)),
        "UnsupportedLocation" => {
            let name = diagnostic.split_whitespace().next().unwrap_or_default().trim_start_matches('@');
            format!("the directive `@{name}` is not allowed here")
        }
        "UniqueDirective" => {
            let name = diagnostic.split_whitespace().nth(2).unwrap_or_default().trim_start_matches('@');
            format!("the directive `@{name}` is allowed only once here")
        }
        "UndefinedFragment" => format!("there is no fragment `{}`", quoted(0)),
        "UnusedFragment" => format!("the fragment `{}` is not used", quoted(0)),
        "InvalidFragmentTarget" => "a fragment can only be on an object, interface or union type".to_owned(),
        "InvalidFragmentSpread" => "this fragment can never apply: no object here is of its type".to_owned(),
        "FragmentNameCollision" => format!("there are two fragments named `{}`", quoted(0)),
        "OperationNameCollision" => format!("there are two operations named `{}`", quoted(0)),
        "AmbiguousAnonymousOperation" => {
            "an operation without a name must be the only one: give each operation a name".to_owned()
        }
        "TypeSystemDefinition" => "a query cannot define types: send operations and fragments only".to_owned(),
        "ConflictingFieldType" | "ConflictingFieldName" | "ConflictingFieldArgument" => conflict_message(quoted(0)),
        "RecursionError" | "RecursionLimitError" | "DeeplyNestedType" => {
            "the query is nested too deeply: flatten it".to_owned()
        }
        _ => "the query does not match the schema".to_owned(),
    })
}

/// Returns the names of the arguments that a field or directive accepts. `coordinate` is `Type.field` or
/// `@directive`.
fn argument_names(schema: &OperationSchema, coordinate: &str) -> Vec<String> {
    let definitions = match coordinate.split_once('.') {
        Some((type_name, field)) => schema.field(type_name, field).map(|field| &*field.arguments).unwrap_or_default(),
        None => schema.directive_arguments(coordinate.trim_start_matches('@')),
    };
    definitions.iter().map(|argument| argument.name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graphql::operation::Document, limits::Limits};

    /// Invalid queries, each with two error messages: if the caller may read the schema, and if the schema is hidden.
    const MESSAGES: [(&str, &str, &str); 33] = [
        (
            "{ relases { count } }",
            "there is no field `relases` on `Query`: did you mean `releases`?",
            "there is no field `relases` here",
        ),
        ("{ releases { x } }", "there is no field `x` on `ReleaseConnection`", "there is no field `x` here"),
        (
            "{ releases(frist: 1) { count } }",
            "there is no argument `frist` on `Query.releases`: did you mean `first`?",
            "there is no argument `frist` here",
        ),
        (
            "{ viewer @skip(iff: true, if: true) { role } }",
            "there is no argument `iff` on `@skip`: did you mean `if`?",
            "there is no argument `iff` here",
        ),
        (
            "{ release { id } }",
            "the required argument `Query.release(ref:)` is missing",
            "a required argument is missing here",
        ),
        (
            "{ viewer }",
            "this field returns an object: select at least one of its fields in braces",
            "this field returns an object: select at least one of its fields in braces",
        ),
        (
            "{ viewer { name { x } } }",
            "this field returns a scalar or an enum: remove the selection set after it",
            "this field returns a scalar or an enum: remove the selection set after it",
        ),
        (
            "query($a: Strin) { release(ref: {externalId: $a}) { id } }",
            "there is no type `Strin`",
            "there is no type `Strin`",
        ),
        (
            "{ ... on Relase { id } }",
            "there is no type `Relase` for this fragment",
            "there is no type `Relase` for this fragment",
        ),
        (
            "query($a: Release) { viewer { role } nodes(ids: $a) { id } }",
            "the variable `$a` must have an input type: a scalar, an enum or an input object",
            "the variable `$a` must have an input type: a scalar, an enum or an input object",
        ),
        (
            "query($a: Int, $a: Int) { releases(first: $a) { count } }",
            "the variable `$a` is declared twice",
            "the variable `$a` is declared twice",
        ),
        (
            "query($a: Int) { viewer { role } }",
            "the variable `$a` is declared but not used",
            "the variable `$a` is declared but not used",
        ),
        (
            "{ releases(first: 1, first: 1) { count } }",
            "the argument `first` is given twice",
            "the argument `first` is given twice",
        ),
        ("{ viewer @live { role } }", "there is no directive `@live`", "there is no directive `@live`"),
        (
            "query @skip(if: true) { viewer { role } }",
            "the directive `@skip` is not allowed here",
            "the directive `@skip` is not allowed here",
        ),
        (
            "{ viewer @skip(if: true) @skip(if: true) { role } }",
            "the directive `@skip` is allowed only once here",
            "the directive `@skip` is allowed only once here",
        ),
        ("{ ...F }", "there is no fragment `F`", "there is no fragment `F`"),
        (
            "{ viewer { role } } fragment F on Query { __typename }",
            "the fragment `F` is not used",
            "the fragment `F` is not used",
        ),
        (
            "{ viewer { ... on Role { x } } }",
            "a fragment can only be on an object, interface or union type",
            "a fragment can only be on an object, interface or union type",
        ),
        (
            "{ viewer { ... on Topic { id } } }",
            "this fragment can never apply: no object here is of its type",
            "this fragment can never apply: no object here is of its type",
        ),
        (
            "{ ...F } fragment F on Query { ...F }",
            "the fragment `F` spreads itself: remove the cycle",
            "the fragment `F` spreads itself: remove the cycle",
        ),
        (
            "{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }",
            "there are two fragments named `F`",
            "there are two fragments named `F`",
        ),
        (
            "query A { __typename } query A { __typename }",
            "there are two operations named `A`",
            "there are two operations named `A`",
        ),
        (
            "{ __typename } query A { __typename }",
            "an operation without a name must be the only one: give each operation a name",
            "an operation without a name must be the only one: give each operation a name",
        ),
        (
            "{ __typename } type T { a: Int }",
            "a query cannot define types: send operations and fragments only",
            "a query cannot define types: send operations and fragments only",
        ),
        (
            "{ a: viewer { role } a: viewer { name } ...F } fragment F on Query { a: __typename }",
            "`a` is selected twice, and the selections cannot be merged: give one of them another alias",
            "`a` is selected twice, and the selections cannot be merged: give one of them another alias",
        ),
        (
            "subscription { a: releaseChanged { kind } b: releaseChanged { kind } }",
            "a subscription selects exactly one field at its root: send one subscription per field",
            "a subscription selects exactly one field at its root: send one subscription per field",
        ),
        (
            "subscription { __typename }",
            "a subscription cannot select introspection fields at its root: use a query",
            "a subscription cannot select introspection fields at its root: use a query",
        ),
        (
            "{ releases(filter: {kinds: [ARTICEL]}) { count } }",
            "`ARTICEL` is not a value of `ReleaseKind`: did you mean `ARTICLE`?",
            "`ARTICEL` is not a valid value here",
        ),
        (
            "{ releases(filter: {kind: 1}) { count } }",
            "there is no input field `kind` in `ReleaseFilter`: did you mean `kinds`?",
            "there is no input field `kind` here",
        ),
        (
            "{ releases(filter: [1]) { count } }",
            "expected a value of type `ReleaseFilter` (an input object), found [1]",
            "expected a value of another type (an input object), found [1]",
        ),
        (
            "{ releases { timeline(interval: YEAR, range: {from: 5}) { interval } } }",
            "expected a string with a date, for example \"2006-05-08\"",
            "expected a string with a date, for example \"2006-05-08\"",
        ),
        (
            "query($a: Boolean) { releases(first: $a) { count } }",
            "the variable `$a` of type `Boolean` cannot be used where `Int` is expected",
            "the variable `$a` of type `Boolean` cannot be used here: another type is expected",
        ),
    ];

    #[test]
    fn every_validation_error_has_its_message() {
        let schema = OperationSchema::parse(&crate::graphql::sdl());
        for (query, full, hidden) in MESSAGES {
            for (disclosure, expected) in [(Disclosure::Full, full), (Disclosure::Hidden, hidden)] {
                let errors = Document::parse(query, &schema, &Limits::default(), disclosure).expect_err(query);
                let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
                assert!(messages.contains(&expected), "{query} ({disclosure:?}): {messages:?}");
                assert!(errors.iter().all(|error| error.locations[0].column > 0), "{query}");
            }
        }
    }

    #[test]
    fn at_most_twenty_errors_are_reported() {
        let schema = OperationSchema::parse(&crate::graphql::sdl());
        for many in ["x ".repeat(50), "node(id: true) { id } ".repeat(50)] {
            let query = format!("{{ {many} }}");
            let errors = Document::parse(&query, &schema, &Limits::default(), Disclosure::Full).expect_err(&query);
            assert_eq!(errors.len(), 20, "{query}");
        }
    }

    #[test]
    fn syntax_errors_say_what_is_wrong_and_where() {
        let schema = OperationSchema::parse(&crate::graphql::sdl());
        for (query, expected, column) in [
            ("{ a", "it ends too early", 4),
            ("{ }", "at `}`: a selection set needs at least one field", 3),
            ("{ a() }", "at `)`: a list of arguments needs at least one argument", 5),
            ("{ a(x: \"\\q\") }", "invalid escape in a string", 8),
            ("{ a(x: \"\\uD83D\") }", "a string escapes one half of a surrogate pair", 8),
            ("{ a(x: \"\\u12\") }", "invalid Unicode escape in a string", 8),
            ("fragment on on Query { a }", "a fragment cannot be named `on`", 10),
            ("\"\\q\" query { a }", "invalid escape in a string", 1),
            ("{ a } extra", "at `extra`: expected `query`", 7),
        ] {
            let error =
                Document::parse(query, &schema, &Limits::default(), Disclosure::Full).expect_err(query).remove(0);
            assert!(
                error.code.as_str() == "GRAPHQL_PARSE_FAILED" && error.message.contains(expected),
                "{query}: {}",
                error.message
            );
            assert_eq!(error.locations[0].column, column, "{query}: {}", error.message);
        }
    }
}

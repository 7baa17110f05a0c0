//! Messages of validation errors and "did you mean" suggestions.
//!
//! Translates diagnostics of `apollo-compiler` by kind; their wording is pinned by its version and by the tests below.
//! With `Disclosure::Hidden` a message names only what the document names, so it reveals nothing of the schema.

use super::schema::OperationSchema;
use crate::graphql::base::excerpt::excerpt_with_ellipsis;

/// Whether messages may name parts of the schema that the document does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// They may, and suggest what may have been meant.
    Full,
    /// They may not: the caller may not read the schema.
    Hidden,
}

/// How similar a name must be to be suggested, from 0 to 1 (Jaro-Winkler).
const MIN_SIMILARITY: f64 = 0.8;

/// Scalars of the specification: their names tell nothing.
const BUILT_IN_SCALARS: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// A type, for messages.
pub(super) fn describe_type(name: &str, disclosure: Disclosure) -> String {
    if disclosure == Disclosure::Full || BUILT_IN_SCALARS.contains(&name) {
        format!("a value of type `{name}`")
    } else {
        "a value of another type".to_owned()
    }
}

/// The name that was probably meant, as the end of a message; empty where none is similar.
pub(super) fn did_you_mean<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> String {
    let given = given.to_lowercase();
    let score = |name: &str| strsim::jaro_winkler(&given, &name.to_lowercase());
    let best = names.map(|name| (score(name), name)).max_by(|(one, _), (other, _)| one.total_cmp(other));
    match best {
        Some((score, name)) if score >= MIN_SIMILARITY => format!(": did you mean `{name}`?"),
        _ => String::new(),
    }
}

/// The message of a syntax error, from what the parser expected and the text at which it stopped.
pub(super) fn syntax_message(diagnostic: &str, stopped_at: &str) -> String {
    let reason = match diagnostic {
        _ if diagnostic.contains("surrogate") => {
            "an escaped surrogate in a string is without its other half: write both, or \\u{…} with the whole code point"
        }
        _ if diagnostic.contains("unicode escape") => {
            "an escape in a string is not \\u and four hexadecimal digits, nor \\u{…} with a Unicode scalar value"
        }
        _ if diagnostic.contains("escape") => {
            "a backslash in a string is followed by something other than \" \\ / b f n r t u: write \\\\ for a backslash"
        }
        _ if diagnostic.contains("line terminator") => {
            "there is a line break in a string: write \\n, or use a block string (\"\"\")"
        }
        _ if diagnostic.contains("on'") => "a fragment cannot be named `on`",
        _ => "",
    };
    if !reason.is_empty() {
        return format!("the query cannot be parsed: {reason}");
    }
    let expected = match diagnostic {
        _ if diagnostic.contains("Selection in Selection Set") => ": a selection in braces needs at least one field",
        _ if diagnostic.contains("an Argument") => ": parentheses need at least one argument",
        _ if diagnostic.contains("Variable Definition") => {
            ": parentheses behind an operation's name need at least one variable"
        }
        _ if diagnostic.contains("Selection Set") => ": a selection of fields in braces is expected",
        _ if diagnostic.contains("Operation Type") || diagnostic.contains("efinition") => {
            ": expected `query`, `mutation`, `subscription`, `fragment` or `{`"
        }
        _ if diagnostic.contains("Type Condition") || diagnostic.contains("'on'") => ": expected `on` and a type",
        _ if diagnostic.contains("Name") || diagnostic.contains("name") => ": a name is expected",
        _ if diagnostic.contains("type") || diagnostic.contains("Type") => ": a type is expected",
        _ if diagnostic.contains("alue") => ": a value is expected",
        _ => "",
    };
    match stopped_at.trim() {
        "" => format!("the query cannot be parsed: it ends too early{expected}"),
        stopped_at => format!("the query cannot be parsed at `{}`{expected}", excerpt_with_ellipsis(stopped_at)),
    }
}

/// The message of two selections of one response key that cannot be merged.
pub(super) fn conflict_message(key: &str) -> String {
    format!("`{key}` is selected twice with different meanings: give one of the two another alias")
}

/// The message of a validation error, by its kind and what `apollo-compiler` says; nothing for kinds that `values` and
/// `subscription_root` check.
pub(super) fn validation_message(
    kind: &str,
    diagnostic: &str,
    schema: &OperationSchema,
    disclosure: Disclosure,
) -> Option<String> {
    // What stands in backticks.
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
            format!("there is no argument `{}` at `{}`{}", quoted(0), quoted(1), suggestion(quoted(0), &names))
        }
        "RequiredArgument" if hidden => "a required argument is missing here".to_owned(),
        "RequiredArgument" => format!("the required argument `{}` is missing", quoted(0)),
        "MissingSubselection" => "this field has fields of its own: select some of them in braces".to_owned(),
        "SubselectionOnScalarType" | "SubselectionOnEnumType" => {
            "this field has a plain value: remove the selection of fields behind it".to_owned()
        }
        "UndefinedDefinition" => format!("there is no type `{}`", quoted(0)),
        "UndefinedTypeInNamedFragmentTypeCondition" | "UndefinedTypeInInlineFragmentTypeCondition" => {
            format!("there is no type `{}` for a fragment to be on", quoted(0))
        }
        "VariableInputType" => format!("the variable `{}` is of a type that is not for input", quoted(0)),
        "UniqueVariable" => format!("the variable `{}` is declared twice", quoted(0)),
        "UnusedVariable" => format!("the variable `{}` is declared and not used", quoted(0)),
        "UniqueArgument" => format!("the argument `{}` is given twice", quoted(0)),
        "UndefinedDirective" => format!("there is no directive `{}`", quoted(0)),
        "UnsupportedLocation" => {
            let name = diagnostic.split_whitespace().next().unwrap_or_default().trim_start_matches('@');
            format!("the directive `@{name}` cannot stand here")
        }
        "UniqueDirective" => {
            let name = diagnostic.split_whitespace().nth(2).unwrap_or_default().trim_start_matches('@');
            format!("the directive `@{name}` can stand here once")
        }
        "UndefinedFragment" => format!("there is no fragment `{}`", quoted(0)),
        "UnusedFragment" => format!("the fragment `{}` is not used", quoted(0)),
        "InvalidFragmentTarget" => "a fragment can only be on an object, interface or union type".to_owned(),
        "InvalidFragmentSpread" => "this fragment can never apply: no object here is of its type".to_owned(),
        "FragmentNameCollision" => format!("there are two fragments `{}`", quoted(0)),
        "OperationNameCollision" => format!("there are two operations `{}`", quoted(0)),
        "AmbiguousAnonymousOperation" => {
            "an operation without a name must be the only one: give each operation a name".to_owned()
        }
        "TypeSystemDefinition" => "a query cannot define types: send operations and fragments only".to_owned(),
        "ConflictingFieldType" | "ConflictingFieldName" | "ConflictingFieldArgument" => conflict_message(quoted(0)),
        "RecursionError" | "RecursionLimitError" | "DeeplyNestedType" => {
            "it is nested too deeply: flatten it".to_owned()
        }
        _ => "it does not fit the schema".to_owned(),
    })
}

/// The names of the arguments at a coordinate: `Type.field` or `@directive`.
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

    /// Queries, and what is told of them where the schema may be read, and where it may not.
    const MESSAGES: [(&str, &str, &str); 33] = [
        (
            "{ relases { count } }",
            "there is no field `relases` on `Query`: did you mean `releases`?",
            "there is no field `relases` here",
        ),
        ("{ releases { x } }", "there is no field `x` on `ReleaseConnection`", "there is no field `x` here"),
        (
            "{ releases(frist: 1) { count } }",
            "there is no argument `frist` at `Query.releases`: did you mean `first`?",
            "there is no argument `frist` here",
        ),
        (
            "{ viewer @skip(iff: true, if: true) { role } }",
            "there is no argument `iff` at `@skip`: did you mean `if`?",
            "there is no argument `iff` here",
        ),
        (
            "{ release { id } }",
            "the required argument `Query.release(ref:)` is missing",
            "a required argument is missing here",
        ),
        (
            "{ viewer }",
            "this field has fields of its own: select some of them in braces",
            "this field has fields of its own: select some of them in braces",
        ),
        (
            "{ viewer { name { x } } }",
            "this field has a plain value: remove the selection of fields behind it",
            "this field has a plain value: remove the selection of fields behind it",
        ),
        (
            "query($a: Strin) { release(ref: {externalId: $a}) { id } }",
            "there is no type `Strin`",
            "there is no type `Strin`",
        ),
        (
            "{ ... on Relase { id } }",
            "there is no type `Relase` for a fragment to be on",
            "there is no type `Relase` for a fragment to be on",
        ),
        (
            "query($a: Release) { viewer { role } nodes(ids: $a) { id } }",
            "the variable `$a` is of a type that is not for input",
            "the variable `$a` is of a type that is not for input",
        ),
        (
            "query($a: Int, $a: Int) { releases(first: $a) { count } }",
            "the variable `$a` is declared twice",
            "the variable `$a` is declared twice",
        ),
        (
            "query($a: Int) { viewer { role } }",
            "the variable `$a` is declared and not used",
            "the variable `$a` is declared and not used",
        ),
        (
            "{ releases(first: 1, first: 1) { count } }",
            "the argument `first` is given twice",
            "the argument `first` is given twice",
        ),
        ("{ viewer @live { role } }", "there is no directive `@live`", "there is no directive `@live`"),
        (
            "query @skip(if: true) { viewer { role } }",
            "the directive `@skip` cannot stand here",
            "the directive `@skip` cannot stand here",
        ),
        (
            "{ viewer @skip(if: true) @skip(if: true) { role } }",
            "the directive `@skip` can stand here once",
            "the directive `@skip` can stand here once",
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
            "there are two fragments `F`",
            "there are two fragments `F`",
        ),
        (
            "query A { __typename } query A { __typename }",
            "there are two operations `A`",
            "there are two operations `A`",
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
            "`a` is selected twice with different meanings: give one of the two another alias",
            "`a` is selected twice with different meanings: give one of the two another alias",
        ),
        (
            "subscription { a: releaseChanged { kind } b: releaseChanged { kind } }",
            "a subscription selects one field at its root: send one subscription for each",
            "a subscription selects one field at its root: send one subscription for each",
        ),
        (
            "subscription { __typename }",
            "a subscription cannot read the schema: send a query for that",
            "a subscription cannot read the schema: send a query for that",
        ),
        (
            "{ releases(filter: {kinds: [ARTICEL]}) { count } }",
            "`ARTICEL` is not a value of `ReleaseKind`: did you mean `ARTICLE`?",
            "`ARTICEL` is not one of its values",
        ),
        (
            "{ releases(filter: {kind: 1}) { count } }",
            "there is no input field `kind` in `ReleaseFilter`: did you mean `kinds`?",
            "there is no input field `kind` here",
        ),
        (
            "{ releases(filter: [1]) { count } }",
            "expected a value of type `ReleaseFilter`, an object, found [1]",
            "expected a value of another type, an object, found [1]",
        ),
        (
            "{ releases { timeline(interval: YEAR, range: {from: 5}) { interval } } }",
            "expected a string with a date, for example \"2006-05-08\"",
            "expected a string with a date, for example \"2006-05-08\"",
        ),
        (
            "query($a: Boolean) { releases(first: $a) { count } }",
            "the variable `$a` of type `Boolean` cannot stand where `Int` is needed",
            "the variable `$a` of type `Boolean` cannot stand here: another type is needed",
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
            ("{ }", "at `}`: a selection in braces needs at least one field", 3),
            ("{ a() }", "at `)`: parentheses need at least one argument", 5),
            ("{ a(x: \"\\q\") }", "a backslash in a string is followed by something other than", 8),
            ("{ a(x: \"\\uD83D\") }", "an escaped surrogate in a string is without its other half", 8),
            ("{ a(x: \"\\u12\") }", "an escape in a string is not \\u and four hexadecimal digits", 8),
            ("fragment on on Query { a }", "a fragment cannot be named `on`", 10),
            ("\"\\q\" query { a }", "a backslash in a string", 1),
            ("{ a } extra", "at `extra`: expected `query`", 7),
        ] {
            let error =
                Document::parse(query, &schema, &Limits::default(), Disclosure::Full).expect_err(query).remove(0);
            assert!(
                error.code == "GRAPHQL_PARSE_FAILED" && error.message.contains(expected),
                "{query}: {}",
                error.message
            );
            assert_eq!(error.locations[0].column, column, "{query}: {}", error.message);
        }
    }
}

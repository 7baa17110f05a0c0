//! Messages of validation errors, in our own words: what is wrong and how to fix it.
//!
//! `apollo-compiler` tells the kind of an error and names the parts in question in backticks; both are pinned by its version
//! and by the tests below. Where the schema is not public, a message names only what the document itself names.

use super::schema::OperationSchema;

/// Whether messages may name parts of the schema that the document does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// They may, and suggest what may have been meant.
    Full,
    /// They may not: the caller may not read the schema.
    Hidden,
}

/// How similar a name must be to be suggested, from 0 to 1 (Jaro-Winkler).
const SIMILAR: f64 = 0.8;

/// Scalars of the specification: their names tell nothing.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// A type, for messages.
pub(super) fn described(name: &str, disclosure: Disclosure) -> String {
    if disclosure == Disclosure::Full || BUILT_IN.contains(&name) {
        format!("a value of type `{name}`")
    } else {
        "a value of another type".to_owned()
    }
}

/// The name that was probably meant, as the end of a message; empty where none is similar.
pub(super) fn closest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> String {
    let score = |name: &str| strsim::jaro_winkler(&given.to_lowercase(), &name.to_lowercase());
    let best = names.map(|name| (score(name), name)).max_by(|(one, _), (other, _)| one.total_cmp(other));
    match best {
        Some((score, name)) if score >= SIMILAR => format!(": did you mean `{name}`?"),
        _ => String::new(),
    }
}

/// The message of a syntax error, from what the parser expected and the text at which it stopped.
pub(super) fn syntax(told: &str, found: &str) -> String {
    let why = match told {
        _ if told.contains("surrogate") => {
            "an escaped surrogate in a string is without its other half: write both, or \\u{…} with the whole code point"
        }
        _ if told.contains("unicode escape") => {
            "an escape in a string is not \\u and four hexadecimal digits, nor \\u{…} with a Unicode scalar value"
        }
        _ if told.contains("escape") => {
            "a backslash in a string is followed by something other than \" \\ / b f n r t u: write \\\\ for a backslash"
        }
        _ if told.contains("line terminator") => {
            "there is a line break in a string: write \\n, or use a block string (\"\"\")"
        }
        _ if told.contains("on'") => "a fragment cannot be named `on`",
        _ => "",
    };
    if !why.is_empty() {
        return format!("the query cannot be parsed: {why}");
    }
    let expected = match told {
        _ if told.contains("Selection in Selection Set") => ": a selection in braces needs at least one field",
        _ if told.contains("an Argument") => ": parentheses need at least one argument",
        _ if told.contains("Variable Definition") => {
            ": parentheses behind an operation's name need at least one variable"
        }
        _ if told.contains("Selection Set") => ": a selection of fields in braces is expected",
        _ if told.contains("Operation Type") || told.contains("efinition") => {
            ": expected `query`, `mutation`, `subscription`, `fragment` or `{`"
        }
        _ if told.contains("Type Condition") || told.contains("'on'") => ": expected `on` and a type",
        _ if told.contains("Name") || told.contains("name") => ": a name is expected",
        _ if told.contains("type") || told.contains("Type") => ": a type is expected",
        _ if told.contains("alue") => ": a value is expected",
        _ => "",
    };
    match found.trim() {
        "" => format!("the query cannot be parsed: it ends too early{expected}"),
        found => format!("the query cannot be parsed at `{}`{expected}", super::input_types::shown(found)),
    }
}

/// The message of a validation error, by its kind and what `apollo-compiler` says; nothing for kinds that `values` and `root` check.
pub(super) fn validation(kind: &str, told: &str, schema: &OperationSchema, disclosure: Disclosure) -> Option<String> {
    // What stands in backticks.
    let parts: Vec<&str> = told.split('`').skip(1).step_by(2).collect();
    let part = |number: usize| parts.get(number).copied().unwrap_or_default();
    let hidden = disclosure == Disclosure::Hidden;
    let fields = |of: &str| -> Vec<String> {
        use apollo_compiler::schema::ExtendedType::{Interface, Object};
        match schema.schema.types.get(of) {
            Some(Object(of)) => of.fields.keys().map(ToString::to_string).collect(),
            Some(Interface(of)) => of.fields.keys().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    };
    let suggestion = |given: &str, names: &[String]| closest(given, names.iter().map(String::as_str));
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
        "UndefinedField" if hidden => format!("there is no field `{}` here", part(1)),
        "UndefinedField" => {
            format!("there is no field `{}` on `{}`{}", part(1), part(0), suggestion(part(1), &fields(part(0))))
        }
        "UndefinedArgument" if hidden => format!("there is no argument `{}` here", part(0)),
        "UndefinedArgument" => {
            let names = arguments(schema, part(1));
            format!("there is no argument `{}` at `{}`{}", part(0), part(1), suggestion(part(0), &names))
        }
        "RequiredArgument" if hidden => "a required argument is missing here".to_owned(),
        "RequiredArgument" => format!("the required argument `{}` is missing", part(0)),
        "MissingSubselection" => "this field has fields of its own: select some of them in braces".to_owned(),
        "SubselectionOnScalarType" | "SubselectionOnEnumType" => {
            "this field has a plain value: remove the selection of fields behind it".to_owned()
        }
        "UndefinedDefinition" => format!("there is no type `{}`", part(0)),
        "UndefinedTypeInNamedFragmentTypeCondition" | "UndefinedTypeInInlineFragmentTypeCondition" => {
            format!("there is no type `{}` for a fragment to be on", part(0))
        }
        "VariableInputType" => format!("the variable `{}` is of a type that is not for input", part(0)),
        "UniqueVariable" => format!("the variable `{}` is declared twice", part(0)),
        "UnusedVariable" => format!("the variable `{}` is declared and not used", part(0)),
        "UniqueArgument" => format!("the argument `{}` is given twice", part(0)),
        "UndefinedDirective" => format!("there is no directive `{}`", part(0)),
        "UnsupportedLocation" => {
            let name = told.split_whitespace().next().unwrap_or_default().trim_start_matches('@');
            format!("the directive `@{name}` cannot stand here")
        }
        "UniqueDirective" => {
            let name = told.split_whitespace().nth(2).unwrap_or_default().trim_start_matches('@');
            format!("the directive `@{name}` can stand here once")
        }
        "UndefinedFragment" => format!("there is no fragment `{}`", part(0)),
        "UnusedFragment" => format!("the fragment `{}` is not used", part(0)),
        "InvalidFragmentTarget" => "a fragment can only be on an object, interface or union type".to_owned(),
        "InvalidFragmentSpread" => "this fragment can never apply: no object here is of its type".to_owned(),
        "RecursiveFragmentDefinition" => format!("the fragment `{}` spreads itself: remove the cycle", part(0)),
        "FragmentNameCollision" => format!("there are two fragments `{}`", part(0)),
        "OperationNameCollision" => format!("there are two operations `{}`", part(0)),
        "AmbiguousAnonymousOperation" => {
            "an operation without a name must be the only one: give each operation a name".to_owned()
        }
        "UndefinedRootOperation" => format!("there is no `{}` here", part(0)),
        "TypeSystemDefinition" => "a query cannot define types: send operations and fragments only".to_owned(),
        "ConflictingFieldType" | "ConflictingFieldName" | "ConflictingFieldArgument" => {
            format!("`{}` is selected twice with different meanings: give one of the two another alias", part(0))
        }
        "RecursionError" | "RecursionLimitError" | "DeeplyNestedType" => {
            "it is nested too deeply: flatten it".to_owned()
        }
        _ => "it does not fit the schema".to_owned(),
    })
}

/// The names of the arguments at a coordinate: `Type.field` or `@directive`.
fn arguments(schema: &OperationSchema, coordinate: &str) -> Vec<String> {
    let taken = match coordinate.split_once('.') {
        Some((of, field)) => schema.field(of, field).map(|field| &*field.arguments).unwrap_or_default(),
        None => schema.directive_arguments(coordinate.trim_start_matches('@')),
    };
    taken.iter().map(|argument| argument.name.to_string()).collect()
}

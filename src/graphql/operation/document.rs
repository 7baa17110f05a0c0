//! Parsing and validation of a GraphQL document, independent of the values of its variables.
//!
//! `Document` also selects the operation that the request names in `operationName`, coerces variables, and computes
//! the key under which a plan is cached. Parsing and validation report up to 20 request errors, ordered by position.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use apollo_compiler::{
    ExecutableDocument, Name, Node,
    diagnostic::ToCliReport,
    executable::{Operation, VariableDefinition},
    parser::Parser,
    validation::{DiagnosticList, WithErrors},
};
use async_graphql::{Pos, Value, Variables, parser::types::OperationType};
use serde_json::{Map, Value as Json};

use super::{
    conditions::{condition_variables, decides_selection},
    conflict,
    error::{BAD_USER_INPUT, DOCUMENT_START, MAX_ERRORS, PARSE_FAILED, RequestError, RequestErrors, VALIDATION_FAILED},
    expanded_size,
    messages::{self, Disclosure},
    position::Source,
    scan::{ScannedText, scan},
    schema::OperationSchema,
    subscription_root,
    tokens::first_dropped_token,
    values, variables,
};
use crate::{graphql::base::excerpt::excerpt_with_ellipsis, limits::Limits};

/// Number of recursion levels that the parser needs for each level of nested brackets. A selection set takes levels
/// both for its braces and for the field inside.
const RECURSION_PER_BRACKET: u64 = 4;

/// The id for the next document. Keys of cached plans contain document ids.
static NEXT_DOCUMENT_ID: AtomicU64 = AtomicU64::new(0);

/// A parsed and validated document.
pub struct Document {
    id: u64,
    pub(super) executable: ExecutableDocument,
    pub(super) source: Source,
    /// Variables in `@skip` and `@include` conditions.
    condition_variables: HashSet<Name>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("text", &self.source.text()).finish_non_exhaustive()
    }
}

impl Document {
    /// Parses and validates a document. Fails with up to 20 errors.
    pub fn parse(
        text: &str,
        schema: &OperationSchema,
        limits: &Limits,
        disclosure: Disclosure,
    ) -> Result<Self, RequestErrors> {
        let ScannedText { text: scanned, descriptions, tokens } = scan(text, limits).map_err(|error| vec![error])?;
        let source = Source::new(text);
        let parse = |text: &str| {
            let recursion =
                limits.nesting.saturating_mul(RECURSION_PER_BRACKET).saturating_add(RECURSION_PER_BRACKET) as usize;
            Parser::new().recursion_limit(recursion).parse_ast(text, "query")
        };
        let document = parse(&scanned).map_err(|failed| vec![syntax_error(&failed.errors, &source)])?;
        if document.definitions.is_empty() {
            let message = "the query is empty: send an operation, for example { __typename }";
            return Err(vec![RequestError::new(PARSE_FAILED, message, DOCUMENT_START)]);
        }
        for range in descriptions {
            let literal_document = format!("{{ f(s: {}) }}", &text[range.clone()]);
            if let Err(failed) = parse(&literal_document) {
                let error = syntax_error(&failed.errors, &Source::new(&literal_document));
                return Err(vec![RequestError { locations: vec![source.position(range.start)], ..error }]);
            }
        }
        if let Some(range) = first_dropped_token(&document, &scanned, &tokens) {
            let message = messages::syntax_message("", &scanned[range.clone()]);
            return Err(vec![RequestError::new(PARSE_FAILED, message, source.position(range.start))]);
        }
        expanded_size::check(&document, &source, limits).map_err(|error| vec![error])?;
        let (executable, diagnostics) = match document.to_executable_validate(&schema.schema) {
            Ok(executable) => (executable.into_inner(), DiagnosticList::new(Arc::default())),
            Err(WithErrors { partial, errors }) => (partial, errors),
        };
        let mut errors = validation_errors(&diagnostics, &source, schema, disclosure);
        errors.extend(values::check(schema, &executable, &source, disclosure));
        errors.extend(subscription_root::check(&executable, &source));
        if executable.operations.is_empty() && errors.is_empty() {
            errors.push(RequestError::invalid(
                "the query has fragments but no operation: add an operation",
                DOCUMENT_START,
            ));
        }
        if errors.is_empty() {
            errors.extend(conflict::check(schema, &executable, &source));
        }
        if errors.is_empty() {
            let (id, condition_variables) =
                (NEXT_DOCUMENT_ID.fetch_add(1, Ordering::Relaxed), condition_variables(&executable));
            return Ok(Self { id, executable, source, condition_variables });
        }
        errors.sort_by_key(|error| (error.locations[0].line, error.locations[0].column));
        errors.truncate(MAX_ERRORS);
        Err(errors)
    }

    /// Returns the operation with the given name, or the only operation if `name` is None. Fails if no operation has
    /// this name, or if `name` is None and the document has several operations.
    pub fn operation(&self, name: Option<&str>) -> Result<&Node<Operation>, RequestErrors> {
        let operations = &self.executable.operations;
        if let Ok(operation) = operations.get(name) {
            return Ok(operation);
        }
        let names: Vec<String> = operations.named.keys().take(10).map(|name| format!("`{name}`")).collect();
        let message = match (name, names.is_empty()) {
            (None, _) => {
                format!("the query has several operations: set `operationName` to one of {}", names.join(", "))
            }
            (Some(name), true) => {
                format!("the query has no operation `{}`: its only operation has no name", excerpt_with_ellipsis(name))
            }
            (Some(name), false) => {
                let available = names.join(", ");
                format!(
                    "the query has no operation `{}`; available operations: {available}",
                    excerpt_with_ellipsis(name)
                )
            }
        };
        let locations = operations.iter().map(|operation| self.source.start(operation.location())).take(10).collect();
        Err(vec![RequestError { code: VALIDATION_FAILED, message, locations }])
    }

    /// Returns the name of the operation that a request selects. Returns None if the operation has no name, or if the
    /// request selects no operation of the document.
    pub fn operation_name(&self, name: Option<&str>) -> Option<&str> {
        self.operation(name).ok()?.name.as_ref().map(Name::as_str)
    }

    /// Returns the id of the document, unique within this process.
    pub(in crate::graphql) fn id(&self) -> u64 {
        self.id
    }

    /// Returns the type of the operation that a request selects: query, mutation or subscription. Fails if the
    /// request selects no operation of the document.
    pub fn operation_type(&self, name: Option<&str>) -> Result<OperationType, RequestErrors> {
        self.operation(name).map(|operation| target_operation_type(operation))
    }

    /// Returns the length of the document text, in bytes.
    pub fn bytes(&self) -> usize {
        self.source.text().len()
    }

    /// Returns the position at which an operation begins.
    pub(in crate::graphql) fn position(&self, operation: &Node<Operation>) -> Pos {
        self.source.start(operation.location())
    }

    /// Coerces the values of variables, as a request sent them, to the types that the operation declares. Fails if a
    /// value does not have its declared type, or if a variable in a `@skip` or `@include` condition is null.
    pub(in crate::graphql) fn coerce(
        &self,
        operation: &Operation,
        schema: &OperationSchema,
        sent: Map<String, Json>,
        disclosure: Disclosure,
    ) -> Result<Variables, RequestErrors> {
        let variables = variables::coerce(schema, operation, &self.source, sent, disclosure)?;
        let is_null_condition = |variable: &&Node<VariableDefinition>| {
            variables.get(variable.name.as_str()) == Some(&Value::Null)
                && self.condition_variables.contains(&variable.name)
                && decides_selection(&self.executable, operation, &variable.name)
        };
        let nulls = operation.variables.iter().filter(is_null_condition).map(|variable| {
            let message = format!("the variable `${}`: null is not allowed in `@skip` or `@include`", variable.name);
            RequestError::new(BAD_USER_INPUT, message, self.source.start(variable.name.location()))
        });
        let errors: RequestErrors = nulls.collect();
        if errors.is_empty() { Ok(variables) } else { Err(errors) }
    }

    /// Returns the part of a plan's cache key that differs within one document: the operation name, which variables
    /// have values, and the values of the variables in `@skip` and `@include` conditions.
    pub(in crate::graphql) fn plan_key(&self, operation: &Operation, variables: &Variables) -> Vec<u8> {
        let mut plan_key = operation.name.as_ref().map_or_else(Vec::new, |name| name.as_bytes().to_vec());
        plan_key.push(b' ');
        plan_key.extend(operation.variables.iter().map(|variable| {
            let value = variables.get(variable.name.as_str());
            match value {
                None => 0,
                Some(Value::Boolean(value)) if self.condition_variables.contains(&variable.name) => {
                    2 + u8::from(*value)
                }
                Some(_) => 1,
            }
        }));
        plan_key
    }
}

/// Returns the type of an `apollo-compiler` operation as an `async-graphql` type.
pub(super) fn target_operation_type(operation: &Operation) -> OperationType {
    use apollo_compiler::executable::OperationType as Kind;
    match operation.operation_type {
        Kind::Query => OperationType::Query,
        Kind::Mutation => OperationType::Mutation,
        Kind::Subscription => OperationType::Subscription,
    }
}

/// Converts the parser's first syntax error to a request error. Later syntax errors may only be consequences of the
/// first.
fn syntax_error(errors: &DiagnosticList, source: &Source) -> RequestError {
    let Some(first) = errors.iter().next() else {
        return RequestError::new(PARSE_FAILED, "the query cannot be parsed", DOCUMENT_START);
    };
    let diagnostic = first.error.to_string();
    let span = first.error.location();
    let stopped_at = span.map_or("", |span| {
        let stopped_at = source.slice(span.offset()..span.end_offset());
        stopped_at.lines().next().unwrap_or_default()
    });
    let at = source.start(span);
    if diagnostic.contains("limit") {
        let message = "the query is nested too deeply (limits.nesting): flatten it, or send deep values as variables";
        return RequestError::invalid(message, at);
    }
    RequestError::new(PARSE_FAILED, messages::syntax_message(&diagnostic, stopped_at), at)
}

fn validation_errors(
    diagnostics: &DiagnosticList,
    source: &Source,
    schema: &OperationSchema,
    disclosure: Disclosure,
) -> RequestErrors {
    let mut seen = HashSet::new();
    // Diagnostics are in document order, so truncation keeps the errors that come first in the document.
    let errors = diagnostics.iter().filter_map(|diagnostic| {
        let kind = diagnostic.error.unstable_error_name().unwrap_or_default();
        let message = messages::validation_message(kind, &diagnostic.error.to_string(), schema, disclosure)?;
        let span = diagnostic.error.location();
        // `apollo-compiler` removes unknown fields from a selection. If all fields are unknown, it also reports an
        // empty selection, but the unknown fields are reported already.
        let selects = span.is_some_and(|span| source.slice(span.offset()..span.end_offset()).ends_with('}'));
        if kind == "MissingSubselection" && selects {
            return None;
        }
        let at = source.start(span);
        let is_new = seen.insert((message.clone(), at.line, at.column));
        is_new.then(|| RequestError::invalid(message, at))
    });
    errors.take(MAX_ERRORS).collect()
}

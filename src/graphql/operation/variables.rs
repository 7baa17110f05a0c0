//! Coerces JSON variables to the types that an operation declares (GraphQL, September 2025, 6.1.2).
//!
//! Reports the errors in all variables, up to 20.

use apollo_compiler::{
    ast::Type,
    executable::{Operation, VariableDefinition},
    schema::{ExtendedType, InputObjectType},
};
use async_graphql::{Name, Value, Variables, indexmap::IndexMap};
use serde_json::{Map, Value as Json};

use super::{
    error::{BAD_USER_INPUT, MAX_ERRORS, RequestError, RequestErrors},
    input_types::{coerce_json, convert_constant},
    messages::{Disclosure, describe_type, did_you_mean},
    position::Source,
    schema::{OperationSchema, is_one_of},
};
use crate::graphql::base::excerpt::excerpt_with_ellipsis;

/// Coerces the variables of a request to their declared types. Drops variables that the operation does not declare. A
/// variable that was not sent and has no default gets no value. Fails with one error for each value, or part of a
/// value, that does not have its declared type.
pub(super) fn coerce(
    schema: &OperationSchema,
    operation: &Operation,
    source: &Source,
    mut sent: Map<String, Json>,
    disclosure: Disclosure,
) -> Result<Variables, RequestErrors> {
    let mut variables = Variables::default();
    let mut errors = Vec::new();
    for variable in &operation.variables {
        let name = variable.name.as_str();
        let mut coercion =
            VariableCoercion { schema, source, variable, disclosure, path: String::new(), errors: &mut errors };
        let value = match (sent.remove(name), &variable.default_value) {
            (Some(json), _) => coercion.coerce(&variable.ty, json),
            (None, Some(default)) => convert_constant(schema, default, &variable.ty),
            (None, None) => {
                if variable.ty.is_non_null() {
                    coercion.report("a required value was not sent");
                }
                None
            }
        };
        if let Some(value) = value {
            variables.insert(Name::new(name), value);
        }
    }
    if errors.is_empty() { Ok(variables) } else { Err(errors) }
}

/// State of the coercion of one variable, with the path to the part of its value that is being coerced.
struct VariableCoercion<'a> {
    schema: &'a OperationSchema,
    source: &'a Source,
    variable: &'a VariableDefinition,
    disclosure: Disclosure,
    /// Path to the part of the variable's value that is being coerced, for error messages, for example
    /// `.filter.kinds[0]`.
    path: String,
    errors: &'a mut Vec<RequestError>,
}

impl VariableCoercion<'_> {
    /// Coerces a value to a type. Reports an error and returns None if the value does not have that type. Recursion
    /// depth: JSON nesting, limited by the JSON parser.
    fn coerce(&mut self, ty: &Type, json: Json) -> Option<Value> {
        if json.is_null() {
            if ty.is_non_null() {
                self.report(format_args!("null is not allowed: expected {}", self.describe_type(ty)));
                return None;
            }
            return Some(Value::Null);
        }
        match ty {
            Type::List(item) | Type::NonNullList(item) => match json {
                Json::Array(items) => {
                    let items = items.into_iter().enumerate();
                    let items = items.map(|(index, json)| {
                        self.with_path_segment(&format!("[{index}]"), |coercion| coercion.coerce(item, json))
                    });
                    // All items are coerced before a failed item ends the collection, so the errors of all items are
                    // reported.
                    let items: Vec<_> = items.collect();
                    items.into_iter().collect::<Option<_>>().map(Value::List)
                }
                single => self.coerce(item, single).map(|value| Value::List(vec![value])),
            },
            Type::Named(name) | Type::NonNullNamed(name) => {
                // Validation has rejected variables whose types are not input types.
                match self.schema.schema.types.get(name)? {
                    ExtendedType::InputObject(ty) => match json {
                        Json::Object(fields) => self.object(ty, fields),
                        other => {
                            let (expected, actual) =
                                (describe_type(name, self.disclosure), excerpt_with_ellipsis(&other.to_string()));
                            self.report(format_args!("expected {expected} (an input object), found {actual}"));
                            None
                        }
                    },
                    leaf => match coerce_json(self.schema, leaf, json, self.disclosure) {
                        Ok(value) => Some(value),
                        Err(message) => {
                            self.report(message);
                            None
                        }
                    },
                }
            }
        }
    }

    fn object(&mut self, ty: &InputObjectType, fields: Map<String, Json>) -> Option<Value> {
        let mut object = Some(IndexMap::with_capacity(fields.len()));
        let one_of = is_one_of(ty);
        if one_of && fields.len() != 1 {
            let expected = describe_type(&ty.name, self.disclosure);
            self.report(format_args!(
                "{} input fields are given, but exactly one is required: expected {expected}",
                fields.len()
            ));
            object = None;
        }
        for (name, field) in &ty.fields {
            if field.is_required() && !fields.contains_key(name.as_str()) {
                match self.disclosure {
                    Disclosure::Hidden => self.report("a required input field is missing"),
                    Disclosure::Full => {
                        self.report(format_args!(
                            "the required input field `{name}` is missing; its type is `{}`",
                            field.ty
                        ));
                    }
                }
                object = None;
            }
        }
        for (name, json) in fields {
            let Some(field) = ty.fields.get(name.as_str()) else {
                let did_you_mean = match self.disclosure {
                    Disclosure::Hidden => String::new(),
                    Disclosure::Full => {
                        did_you_mean(&excerpt_with_ellipsis(&name), ty.fields.keys().map(apollo_compiler::Name::as_str))
                    }
                };
                self.report(format_args!("there is no input field `{}`{did_you_mean}", excerpt_with_ellipsis(&name)));
                object = None;
                continue;
            };
            let value = self.with_path_segment(&format!(".{name}"), |coercion| {
                if one_of && json.is_null() {
                    coercion.report("null is not allowed: the input field that is given must have a value");
                    return None;
                }
                coercion.coerce(&field.ty, json)
            });
            match (value, &mut object) {
                (Some(value), Some(object)) => drop(object.insert(Name::new(name), value)),
                (Some(_), None) => {}
                (None, object) => *object = None,
            }
        }
        object.map(Value::Object)
    }

    fn describe_type(&self, ty: &Type) -> String {
        describe_type(ty.inner_named_type(), self.disclosure)
    }

    /// Appends a segment to `path` while `work` runs.
    fn with_path_segment<T>(&mut self, segment: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(segment);
        let result = work(self);
        self.path.truncate(length);
        result
    }

    fn report(&mut self, message: impl std::fmt::Display) {
        if self.errors.len() >= MAX_ERRORS {
            return;
        }
        let at =
            if self.path.is_empty() { String::new() } else { format!(" at `{}`", excerpt_with_ellipsis(&self.path)) };
        let message = format!("the variable `${}`{at}: {message}", self.variable.name);
        let location = self.source.start(self.variable.name.location());
        self.errors.push(RequestError::new(BAD_USER_INPUT, message, location));
    }
}

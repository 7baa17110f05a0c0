//! The values of variables, coerced to the types that an operation declares (GraphQL, September 2025, 6.1.2).

use apollo_compiler::{
    ast::Type,
    executable::{Operation, VariableDefinition},
    schema::{ExtendedType, InputObjectType},
};
use async_graphql::{Name, Value, Variables, indexmap::IndexMap};
use serde_json::{Map, Value as Json};

use super::{
    error::{BAD_USER_INPUT, MOST, RequestError, RequestErrors},
    input_types::{coerce_json, constant, shown},
    position::Source,
    schema::{OperationSchema, is_one_of},
    wording::{Disclosure, closest, described},
};

/// Coerces what was sent to what is declared. A variable that was not sent and has no default has no value; what is not
/// declared is dropped. Fails with an error for each variable, or part of one, that is not of its type.
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
        let mut part = Part { schema, source, variable, disclosure, path: String::new(), errors: &mut errors };
        let value = match (sent.remove(name), &variable.default_value) {
            (Some(json), _) => part.coerce(&variable.ty, json),
            (None, Some(default)) => constant(schema, default, &variable.ty),
            (None, None) => {
                if variable.ty.is_non_null() {
                    part.wrong("it is required and was not sent");
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

/// A part of a variable's value.
struct Part<'a> {
    schema: &'a OperationSchema,
    source: &'a Source,
    variable: &'a VariableDefinition,
    disclosure: Disclosure,
    /// Where in the value, for messages: `.filter.kinds[0]`.
    path: String,
    errors: &'a mut Vec<RequestError>,
}

impl Part<'_> {
    /// A value of a type; nothing where it is none, which is noted. Recurses as deep as JSON may be nested.
    fn coerce(&mut self, of: &Type, json: Json) -> Option<Value> {
        if json.is_null() {
            if of.is_non_null() {
                self.wrong(format_args!("null is not allowed: expected {}", self.described(of)));
                return None;
            }
            return Some(Value::Null);
        }
        match of {
            Type::List(item) | Type::NonNullList(item) => match json {
                Json::Array(items) => {
                    let items = items.into_iter().enumerate();
                    let items =
                        items.map(|(number, json)| self.within(&format!("[{number}]"), |part| part.coerce(item, json)));
                    // Each item is looked at, so that each error is told.
                    let items: Vec<_> = items.collect();
                    items.into_iter().collect::<Option<_>>().map(Value::List)
                }
                one => self.coerce(item, one).map(|value| Value::List(vec![value])),
            },
            Type::Named(name) | Type::NonNullNamed(name) => {
                // A type that is none for input was found when the document was validated.
                match self.schema.schema.types.get(name)? {
                    ExtendedType::InputObject(of) => match json {
                        Json::Object(fields) => self.object(of, fields),
                        other => {
                            let (expected, found) = (described(name, self.disclosure), shown(&other.to_string()));
                            self.wrong(format_args!("expected {expected}, an object, found {found}"));
                            None
                        }
                    },
                    leaf => match coerce_json(self.schema, leaf, json, self.disclosure) {
                        Ok(value) => Some(value),
                        Err(message) => {
                            self.wrong(message);
                            None
                        }
                    },
                }
            }
        }
    }

    fn object(&mut self, of: &InputObjectType, fields: Map<String, Json>) -> Option<Value> {
        let mut whole = Some(IndexMap::with_capacity(fields.len()));
        let one_of = is_one_of(of);
        if one_of && fields.len() != 1 {
            let expected = described(&of.name, self.disclosure);
            self.wrong(format_args!("{} input fields are given: {expected} takes exactly one", fields.len()));
            whole = None;
        }
        for (name, field) in &of.fields {
            if field.is_required() && !fields.contains_key(name.as_str()) {
                match self.disclosure {
                    Disclosure::Hidden => self.wrong("a required input field is missing"),
                    Disclosure::Full => {
                        self.wrong(format_args!(
                            "the input field `{name}` is missing: it is required, of type `{}`",
                            field.ty
                        ));
                    }
                }
                whole = None;
            }
        }
        for (name, json) in fields {
            let Some(field) = of.fields.get(name.as_str()) else {
                let closest = match self.disclosure {
                    Disclosure::Hidden => String::new(),
                    Disclosure::Full => closest(&shown(&name), of.fields.keys().map(apollo_compiler::Name::as_str)),
                };
                self.wrong(format_args!("there is no input field `{}`{closest}", shown(&name)));
                whole = None;
                continue;
            };
            let value = self.within(&format!(".{name}"), |part| {
                if one_of && json.is_null() {
                    part.wrong("null is not allowed: the one input field that is given needs a value");
                    return None;
                }
                part.coerce(&field.ty, json)
            });
            match (value, &mut whole) {
                (Some(value), Some(whole)) => drop(whole.insert(Name::new(name), value)),
                (Some(_), None) => {}
                (None, whole) => *whole = None,
            }
        }
        whole.map(Value::Object)
    }

    fn described(&self, of: &Type) -> String {
        described(of.inner_named_type(), self.disclosure)
    }

    /// The same one step further into the value.
    fn within<T>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let done = work(self);
        self.path.truncate(length);
        done
    }

    fn wrong(&mut self, message: impl std::fmt::Display) {
        if self.errors.len() >= MOST {
            return;
        }
        let at = if self.path.is_empty() { String::new() } else { format!(" at `{}`", shown(&self.path)) };
        let message = format!("the variable `${}`{at}: {message}", self.variable.name);
        let location = self.source.start(self.variable.name.location());
        self.errors.push(RequestError::new(BAD_USER_INPUT, message, location));
    }
}

//! Values in a document against the types of their places: values of correct type, unique and required input fields, one-of
//! input objects, and where variables may stand (GraphQL, September 2025, 5.6 and 5.8.5).
//!
//! `apollo-compiler` 1.33 checks some of this: not duplicate input fields, not `@oneOf`, not the form of custom scalars, and
//! variables inside lists and input objects by the names of their types alone. So all of it is checked here, and what it
//! says of values is not used.

use std::collections::HashSet;

use apollo_compiler::{
    Name, Node,
    ast::{Argument, DirectiveList, InputValueDefinition, Type, Value, VariableDefinition},
    executable::{ExecutableDocument, Operation, Selection, SelectionSet},
    schema::{ExtendedType, InputObjectType},
};
use async_graphql::Pos;

use super::{
    error::{MOST, RequestError},
    input_types::{check_literal, shown_literal},
    position::Source,
    schema::{OperationSchema, is_one_of},
    wording::{Disclosure, closest, described},
};

/// What is wrong with the values of a document.
pub(super) fn check(
    schema: &OperationSchema,
    document: &ExecutableDocument,
    source: &Source,
    disclosure: Disclosure,
) -> Vec<RequestError> {
    let mut errors = Vec::new();
    for operation in document.operations.iter() {
        if errors.len() >= MOST {
            break;
        }
        let mut values = Values { schema, document, source, disclosure, operation, fragments: HashSet::new(), errors };
        values.operation();
        errors = values.errors;
    }
    // A fragment in two operations has each of its errors once.
    let mut seen = HashSet::new();
    errors.retain(|error| seen.insert((error.message.clone(), error.locations[0].line, error.locations[0].column)));
    errors
}

struct Values<'a> {
    schema: &'a OperationSchema,
    document: &'a ExecutableDocument,
    source: &'a Source,
    disclosure: Disclosure,
    operation: &'a Operation,
    /// Fragments that were looked at.
    fragments: HashSet<&'a Name>,
    errors: Vec<RequestError>,
}

/// A place for a value.
#[derive(Clone, Copy)]
struct Place {
    /// The argument or input field has a default.
    has_default: bool,
    /// It is a field of a one-of input object, which must not be null.
    one_of: bool,
    /// Variables may stand there.
    variables: bool,
}

impl Place {
    fn of(definition: &InputValueDefinition, variables: bool) -> Self {
        Self { has_default: definition.default_value.is_some(), one_of: false, variables }
    }

    /// Inside a list no default applies.
    fn item(self) -> Self {
        Self { has_default: false, one_of: false, ..self }
    }
}

impl<'a> Values<'a> {
    fn operation(&mut self) {
        let operation = self.operation;
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                let place = Place { has_default: false, one_of: false, variables: false };
                self.value(&variable.ty, default, place);
            }
            self.directives(&variable.directives, false);
        }
        self.directives(&operation.directives, true);
        self.selections(&operation.selection_set);
    }

    /// Recurses as deep as selections and fragments may be nested.
    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.arguments, &field.definition.arguments, true);
                    self.directives(&field.directives, true);
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.directives, true);
                    self.selections(&fragment.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives, true);
                    let found = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = found.filter(|fragment| self.fragments.insert(&fragment.name)) {
                        self.directives(&fragment.directives, true);
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &DirectiveList, variables: bool) {
        for directive in directives {
            self.arguments(&directive.arguments, self.schema.directive_arguments(&directive.name), variables);
        }
    }

    fn arguments(&mut self, given: &[Node<Argument>], taken: &[Node<InputValueDefinition>], variables: bool) {
        for argument in given {
            match taken.iter().find(|taken| taken.name == argument.name) {
                Some(taken) => self.value(&taken.ty, &argument.value, Place::of(taken, variables)),
                // Unknown: `apollo-compiler` says so. Its variables may be unknown, too.
                None => self.undefined_variables(&argument.value),
            }
        }
    }

    /// A value at a place of a type. Recurses as deep as brackets may be nested.
    fn value(&mut self, of: &Type, value: &Node<Value>, place: Place) {
        if let Value::Variable(name) = &**value {
            self.variable(of, name, value, place);
            return;
        }
        if value.is_null() {
            if of.is_non_null() || place.one_of {
                let expected = described(of.inner_named_type(), self.disclosure);
                self.wrong(value, format!("null is not allowed here: expected {expected}"));
            }
            return;
        }
        match of {
            Type::List(item) | Type::NonNullList(item) => match &**value {
                Value::List(items) => items.iter().for_each(|value| self.value(item, value, place.item())),
                // One value stands for a list of one (GraphQL, September 2025, 3.11).
                _ => self.value(item, value, place.item()),
            },
            Type::Named(name) | Type::NonNullNamed(name) => match self.schema.schema.types.get(name) {
                Some(ExtendedType::InputObject(of)) => match &**value {
                    Value::Object(fields) => self.object(of, value, fields, place),
                    _ => {
                        let expected = described(name, self.disclosure);
                        let found = shown_literal(value);
                        self.wrong(value, format!("expected {expected}, an object, found {found}"));
                    }
                },
                Some(leaf @ (ExtendedType::Scalar(_) | ExtendedType::Enum(_))) => {
                    if let Err(message) = check_literal(self.schema, leaf, value, self.disclosure) {
                        self.wrong(value, message);
                    }
                    self.undefined_variables(value);
                }
                // An unknown type, or one that is for output: `apollo-compiler` says so.
                _ => {}
            },
        }
    }

    fn object(&mut self, of: &InputObjectType, value: &Node<Value>, fields: &[(Name, Node<Value>)], place: Place) {
        let one_of = is_one_of(of);
        let mut given = HashSet::new();
        for (name, value) in fields {
            if !given.insert(name) {
                self.wrong(value, format!("the input field `{name}` is given twice"));
            }
            match of.fields.get(name) {
                Some(field) => self.value(&field.ty, value, Place { one_of, ..Place::of(field, place.variables) }),
                None => {
                    let message = match self.disclosure {
                        Disclosure::Hidden => format!("there is no input field `{name}` here"),
                        Disclosure::Full => {
                            let closest = closest(name, of.fields.keys().map(Name::as_str));
                            format!("there is no input field `{name}` in `{}`{closest}", of.name)
                        }
                    };
                    self.wrong(value, message);
                    self.undefined_variables(value);
                }
            }
        }
        let missing = of.fields.iter().filter(|(name, field)| field.is_required() && !given.contains(name));
        for (name, field) in missing {
            let message = match self.disclosure {
                Disclosure::Hidden => "a required input field is missing here".to_owned(),
                Disclosure::Full => {
                    format!(
                        "the input field `{name}` of `{}` is missing: it is required, of type `{}`",
                        of.name, field.ty
                    )
                }
            };
            self.wrong(value, message);
        }
        if one_of && fields.len() != 1 {
            let expected = described(&of.name, self.disclosure);
            self.wrong(value, format!("{} input fields are given: {expected} takes exactly one", fields.len()));
        }
    }

    /// A variable at a place of a type (IsVariableUsageAllowed).
    fn variable(&mut self, of: &Type, name: &Name, at: &Node<Value>, place: Place) {
        if !place.variables {
            self.wrong(at, format!("the variable `${name}` stands where only constants are allowed"));
            return;
        }
        let Some(variable) = self.operation.variables.iter().find(|variable| variable.name == *name) else {
            self.undefined(name, at);
            return;
        };
        if self.schema.schema.types.get(variable.ty.inner_named_type()).is_none_or(|of| !of.is_input_type()) {
            // `apollo-compiler` says so.
            return;
        }
        // A field of a one-of input object must have a value, whatever its type says (IsNonNullPosition).
        let needed = if place.one_of { of.clone().non_null() } else { of.clone() };
        let of = &needed;
        if !is_allowed(variable, of, place.has_default) {
            let message = match self.disclosure {
                Disclosure::Hidden => {
                    format!(
                        "the variable `${name}` of type `{}` cannot stand here: another type is needed",
                        variable.ty
                    )
                }
                Disclosure::Full => {
                    format!("the variable `${name}` of type `{}` cannot stand where `{of}` is needed", variable.ty)
                }
            };
            self.wrong(at, message);
        }
    }

    /// Variables within a value whose place is not known.
    fn undefined_variables(&mut self, value: &Node<Value>) {
        match &**value {
            Value::Variable(name) if self.operation.variables.iter().all(|variable| variable.name != *name) => {
                self.undefined(name, value);
            }
            Value::List(items) => items.iter().for_each(|item| self.undefined_variables(item)),
            Value::Object(fields) => fields.iter().for_each(|(_, value)| self.undefined_variables(value)),
            _ => {}
        }
    }

    fn undefined(&mut self, name: &Name, at: &Node<Value>) {
        let message = match &self.operation.name {
            Some(operation) => format!("the variable `${name}` is not declared by the operation `{operation}`"),
            None => format!("the variable `${name}` is not declared by the operation"),
        };
        self.wrong(at, message);
    }

    fn wrong(&mut self, at: &Node<Value>, message: String) {
        if self.errors.len() >= MOST {
            return;
        }
        let at: Pos = self.source.start(at.location());
        self.errors.push(RequestError::invalid(message, at));
    }
}

/// Whether a variable may stand where a type is needed: a nullable variable also where null is not allowed, if it or the
/// place has a default.
fn is_allowed(variable: &VariableDefinition, needed: &Type, has_default: bool) -> bool {
    if !needed.is_non_null() || variable.ty.is_non_null() {
        return variable.ty.is_assignable_to(needed);
    }
    let own_default = variable.default_value.as_ref().is_some_and(|default| !default.is_null());
    (own_default || has_default) && variable.ty.is_assignable_to(&needed.clone().nullable())
}

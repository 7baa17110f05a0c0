//! Validation of literals, and of variables used as values, against the expected input types (GraphQL, September
//! 2025, 5.6 and 5.8.5).
//!
//! Checks that values have the correct type, that required input fields are present and no field occurs twice, that
//! `@oneOf` objects have exactly one field, and that variables are used only where their types allow it.
//! `apollo-compiler` 1.33 checks these rules only partly, so its errors about values are ignored.

use std::collections::HashSet;

use apollo_compiler::{
    Name, Node,
    ast::{Argument, DirectiveList, InputValueDefinition, Type, Value, VariableDefinition},
    executable::{ExecutableDocument, Operation, Selection, SelectionSet},
    schema::{ExtendedType, InputObjectType},
};
use async_graphql::Pos;

use super::{
    error::{MAX_ERRORS, RequestError},
    input_types::{check_literal, literal_excerpt},
    messages::{Disclosure, describe_type, did_you_mean},
    position::Source,
    schema::{OperationSchema, is_one_of},
};

/// Returns the errors in the literals and variable usages of a document.
pub(super) fn check(
    schema: &OperationSchema,
    document: &ExecutableDocument,
    source: &Source,
    disclosure: Disclosure,
) -> Vec<RequestError> {
    let mut errors = Vec::new();
    for operation in document.operations.iter() {
        if errors.len() >= MAX_ERRORS {
            break;
        }
        let mut check =
            ValueCheck { schema, document, source, disclosure, operation, fragments: HashSet::new(), errors };
        check.operation();
        errors = check.errors;
    }
    // If two operations spread a fragment, each error in the fragment was found twice.
    let mut seen = HashSet::new();
    errors.retain(|error| seen.insert((error.message.clone(), error.locations[0].line, error.locations[0].column)));
    errors
}

struct ValueCheck<'a> {
    schema: &'a OperationSchema,
    document: &'a ExecutableDocument,
    source: &'a Source,
    disclosure: Disclosure,
    operation: &'a Operation,
    /// Names of the fragments that were already checked for this operation.
    fragments: HashSet<&'a Name>,
    errors: Vec<RequestError>,
}

/// What the position of a value in the input allows.
#[derive(Clone, Copy)]
struct InputPosition {
    /// Whether the argument or input field has a default value.
    has_default: bool,
    /// Whether the position is a field of a `@oneOf` input object. Such a field must not be null.
    one_of: bool,
    /// Whether variables are allowed at this position. They are not allowed in the definitions of variables.
    allows_variables: bool,
}

impl InputPosition {
    fn of(definition: &InputValueDefinition, allows_variables: bool) -> Self {
        Self { has_default: definition.default_value.is_some(), one_of: false, allows_variables }
    }

    /// Returns the position of an item in a list at this position. Items have no default value.
    fn list_item(self) -> Self {
        Self { has_default: false, one_of: false, ..self }
    }
}

impl<'a> ValueCheck<'a> {
    fn operation(&mut self) {
        let operation = self.operation;
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                let position = InputPosition { has_default: false, one_of: false, allows_variables: false };
                self.value(&variable.ty, default, position);
            }
            self.directives(&variable.directives, false);
        }
        self.directives(&operation.directives, true);
        self.selections(&operation.selection_set);
    }

    /// Checks the arguments of all fields and directives in a selection. Recursion depth: nesting of selections and
    /// fragments, limited by `limits.nesting`.
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
                    let definition = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = definition.filter(|fragment| self.fragments.insert(&fragment.name)) {
                        self.directives(&fragment.directives, true);
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &DirectiveList, allows_variables: bool) {
        for directive in directives {
            self.arguments(&directive.arguments, self.schema.directive_arguments(&directive.name), allows_variables);
        }
    }

    fn arguments(
        &mut self,
        arguments: &[Node<Argument>],
        definitions: &[Node<InputValueDefinition>],
        allows_variables: bool,
    ) {
        for argument in arguments {
            match definitions.iter().find(|definition| definition.name == argument.name) {
                Some(definition) => {
                    self.value(&definition.ty, &argument.value, InputPosition::of(definition, allows_variables))
                }
                // `apollo-compiler` reports unknown arguments. The value of an unknown argument may also contain
                // undeclared variables.
                None => self.undefined_variables(&argument.value),
            }
        }
    }

    /// Checks a value at a position where type `ty` is expected. Recursion depth: bracket nesting, limited by
    /// `limits.nesting`.
    fn value(&mut self, ty: &Type, value: &Node<Value>, position: InputPosition) {
        if let Value::Variable(name) = &**value {
            self.variable(ty, name, value, position);
            return;
        }
        if value.is_null() {
            if ty.is_non_null() || position.one_of {
                let expected = describe_type(ty.inner_named_type(), self.disclosure);
                self.report(value, format!("null is not allowed here: expected {expected}"));
            }
            return;
        }
        match ty {
            Type::List(item) | Type::NonNullList(item) => match &**value {
                Value::List(items) => items.iter().for_each(|value| self.value(item, value, position.list_item())),
                // A single value is coerced to a list of one (GraphQL, September 2025, 3.11).
                _ => self.value(item, value, position.list_item()),
            },
            Type::Named(name) | Type::NonNullNamed(name) => match self.schema.schema.types.get(name) {
                Some(ExtendedType::InputObject(ty)) => match &**value {
                    Value::Object(fields) => self.object(ty, value, fields, position),
                    _ => {
                        let expected = describe_type(name, self.disclosure);
                        let actual = literal_excerpt(value);
                        self.report(value, format!("expected {expected} (an input object), found {actual}"));
                    }
                },
                Some(leaf @ (ExtendedType::Scalar(_) | ExtendedType::Enum(_))) => {
                    if let Err(message) = check_literal(self.schema, leaf, value, self.disclosure) {
                        self.report(value, message);
                    }
                    self.undefined_variables(value);
                }
                // `apollo-compiler` reports unknown types and output types.
                _ => {}
            },
        }
    }

    fn object(
        &mut self,
        ty: &InputObjectType,
        value: &Node<Value>,
        fields: &[(Name, Node<Value>)],
        position: InputPosition,
    ) {
        let one_of = is_one_of(ty);
        let mut seen_names = HashSet::new();
        for (name, value) in fields {
            if !seen_names.insert(name) {
                self.report(value, format!("the input field `{name}` is given twice"));
            }
            match ty.fields.get(name) {
                Some(field) => self.value(
                    &field.ty,
                    value,
                    InputPosition { one_of, ..InputPosition::of(field, position.allows_variables) },
                ),
                None => {
                    let message = match self.disclosure {
                        Disclosure::Hidden => format!("there is no input field `{name}` here"),
                        Disclosure::Full => {
                            let did_you_mean = did_you_mean(name, ty.fields.keys().map(Name::as_str));
                            format!("there is no input field `{name}` in `{}`{did_you_mean}", ty.name)
                        }
                    };
                    self.report(value, message);
                    self.undefined_variables(value);
                }
            }
        }
        let missing = ty.fields.iter().filter(|(name, field)| field.is_required() && !seen_names.contains(name));
        for (name, field) in missing {
            let message = match self.disclosure {
                Disclosure::Hidden => "a required input field is missing here".to_owned(),
                Disclosure::Full => {
                    format!("the required input field `{name}` of `{}` is missing; its type is `{}`", ty.name, field.ty)
                }
            };
            self.report(value, message);
        }
        if one_of && fields.len() != 1 {
            let expected = describe_type(&ty.name, self.disclosure);
            self.report(
                value,
                format!("{} input fields are given, but exactly one is required: expected {expected}", fields.len()),
            );
        }
    }

    /// Checks that a variable may be used at a position where type `ty` is expected (IsVariableUsageAllowed in the
    /// specification).
    fn variable(&mut self, ty: &Type, name: &Name, at: &Node<Value>, position: InputPosition) {
        if !position.allows_variables {
            self.report(at, format!("the variable `${name}` is used where only constants are allowed"));
            return;
        }
        let Some(variable) = self.operation.variables.iter().find(|variable| variable.name == *name) else {
            self.undefined(name, at);
            return;
        };
        if self.schema.schema.types.get(variable.ty.inner_named_type()).is_none_or(|ty| !ty.is_input_type()) {
            // `apollo-compiler` reports variables whose declared type is not an input type.
            return;
        }
        // A field of a `@oneOf` input object must have a value, even if its type is nullable (IsNonNullPosition).
        let expected = if position.one_of { ty.clone().non_null() } else { ty.clone() };
        let ty = &expected;
        if !is_allowed(variable, ty, position.has_default) {
            let message = match self.disclosure {
                Disclosure::Hidden => {
                    format!(
                        "the variable `${name}` of type `{}` cannot be used here: another type is expected",
                        variable.ty
                    )
                }
                Disclosure::Full => {
                    format!("the variable `${name}` of type `{}` cannot be used where `{ty}` is expected", variable.ty)
                }
            };
            self.report(at, message);
        }
    }

    /// Reports undeclared variables in a value, including those nested in lists and objects.
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
        self.report(at, message);
    }

    fn report(&mut self, at: &Node<Value>, message: String) {
        if self.errors.len() >= MAX_ERRORS {
            return;
        }
        let at: Pos = self.source.start(at.location());
        self.errors.push(RequestError::invalid(message, at));
    }
}

/// Returns whether a variable may be used where type `expected` is expected. If the variable is nullable and the
/// expected type is not, the variable or the position must have a default value.
fn is_allowed(variable: &VariableDefinition, expected: &Type, has_default: bool) -> bool {
    if !expected.is_non_null() || variable.ty.is_non_null() {
        return variable.ty.is_assignable_to(expected);
    }
    let own_default = variable.default_value.as_ref().is_some_and(|default| !default.is_null());
    (own_default || has_default) && variable.ty.is_assignable_to(&expected.clone().nullable())
}

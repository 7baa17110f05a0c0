//! The GraphQL schema for validation and planning: parsed once at startup, with lookups of possible types and
//! scalars.

use std::collections::HashMap;

use apollo_compiler::{
    Name, Node, Schema,
    ast::{DirectiveList, FieldDefinition, InputValueDefinition, Type},
    schema::{Component, ExtendedType, InputObjectType},
    validation::Valid,
};
use async_graphql::Value;

use crate::graphql::base::scalars::{Date, DateTime};

/// A function that checks a value of a custom scalar. It fails with an error message.
pub(super) type ScalarCheck = fn(&Value) -> Result<(), String>;

/// Introspection field of `__Type` that `apollo-compiler` 1.33 does not know (GraphQL, September 2025, 4.2.2).
const IS_ONE_OF: &str = "isOneOf";

/// The GraphQL schema, parsed and validated once at startup.
pub struct OperationSchema {
    pub(super) schema: Valid<Schema>,
    /// The object types of each interface and union.
    possible_types: HashMap<Name, Vec<Name>>,
    scalars: HashMap<&'static str, ScalarCheck>,
}

impl std::fmt::Debug for OperationSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OperationSchema").finish_non_exhaustive()
    }
}

impl OperationSchema {
    /// Parses a schema in the schema definition language.
    ///
    /// # Panics
    ///
    /// Panics if the schema is invalid. A test ensures that the committed schema is valid.
    pub fn parse(sdl: &str) -> Self {
        let mut schema = match Schema::parse(sdl, "schema.graphql") {
            Ok(schema) => schema,
            Err(errors) => panic!("the schema is not valid: {errors}"),
        };
        add_is_one_of(&mut schema);
        let schema = match schema.validate() {
            Ok(schema) => schema,
            Err(errors) => panic!("the schema is not valid: {errors}"),
        };
        let implementers = schema.implementers_map();
        let possible_types = schema.types.iter().filter_map(|(name, definition)| match definition {
            ExtendedType::Interface(_) => {
                Some((name.clone(), implementers.get(name)?.objects.iter().cloned().collect()))
            }
            ExtendedType::Union(definition) => {
                Some((name.clone(), definition.members.iter().map(|definition| definition.name.clone()).collect()))
            }
            _ => None,
        });
        // Sorted, because the order of a hash map would make plans differ between runs.
        let mut possible_types: HashMap<Name, Vec<Name>> = possible_types.collect();
        possible_types.values_mut().for_each(|names| names.sort());
        Self { possible_types, scalars: scalar_checks(), schema }
    }

    /// Returns the object types of an interface or union; None for any other type.
    pub(super) fn possible_types(&self, name: &str) -> Option<&[Name]> {
        self.possible_types.get(name).map(Vec::as_slice)
    }

    /// Returns whether every object of type `narrow` is also of type `wide`.
    pub(super) fn is_subtype(&self, narrow: &str, wide: &str) -> bool {
        if narrow == wide {
            return true;
        }
        let Some(wide) = self.possible_types(wide) else { return false };
        match self.possible_types(narrow) {
            Some(narrow) => narrow.iter().all(|name| wide.contains(name)),
            None => wide.iter().any(|name| name == narrow),
        }
    }

    /// Returns the definition of a type's field, also for `__typename` and the introspection fields. None if the type
    /// has no such field.
    pub(super) fn field(&self, type_name: &str, name: &str) -> Option<&Component<FieldDefinition>> {
        self.schema.type_field(type_name, name).ok()
    }

    /// Returns the function that checks values of a custom scalar; None for other types.
    pub(super) fn scalar_check(&self, name: &str) -> Option<ScalarCheck> {
        self.scalars.get(name).copied()
    }

    /// Returns the arguments that a directive accepts.
    pub(super) fn directive_arguments(&self, name: &str) -> &[Node<InputValueDefinition>] {
        self.schema.directive_definitions.get(name).map_or(&[], |definition| &definition.arguments)
    }
}

/// Returns whether exactly one field of an input object must be given (`@oneOf`).
pub(super) fn is_one_of(definition: &InputObjectType) -> bool {
    definition.directives.has("oneOf")
}

/// Returns the checks of all custom scalars by name. Text scalars such as `Slug` accept any string here. The code
/// that uses the text checks its content, so an editor's mistake becomes a user error with the path of the field.
fn scalar_checks() -> HashMap<&'static str, ScalarCheck> {
    let text: ScalarCheck = |value| match value {
        Value::String(_) => Ok(()),
        _ => Err("expected a string".to_owned()),
    };
    let mut checks: HashMap<&'static str, ScalarCheck> =
        ["Slug", "LanguageTag", "URL", "TimeZone", "Duration", "LocalDateTime"]
            .into_iter()
            .map(|name| (name, text))
            .collect();
    checks.insert("Date", |value| match value {
        Value::String(text) => Date::parse_text(text).map(drop),
        _ => Err("expected a string with a date, for example \"2006-05-08\"".to_owned()),
    });
    checks.insert("DateTime", |value| match value {
        Value::String(text) => DateTime::parse_text(text).map(drop),
        _ => Err("expected a string with an instant, for example \"2006-05-08T09:00:00Z\"".to_owned()),
    });
    checks
}

fn add_is_one_of(schema: &mut Schema) {
    if let Some(ExtendedType::Object(definition)) = schema.types.get_mut("__Type") {
        let name = Name::new_static(IS_ONE_OF).expect("a valid name");
        let ty = Type::Named(Name::new_static("Boolean").expect("a valid name"));
        let (arguments, directives) = (Vec::new(), DirectiveList::default());
        let field = FieldDefinition { description: None, name: name.clone(), arguments, ty, directives };
        definition.make_mut().fields.entry(name).or_insert_with(|| Component::new(field));
    }
}

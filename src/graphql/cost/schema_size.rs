//! Counts types, fields, arguments and values of the schema, for the cost of introspection queries.

use async_graphql::parser::types::{TypeDefinition, TypeKind};

/// Number of types that every schema has in addition to its own definitions: built-in scalars and introspection
/// types.
const BUILT_IN_TYPES: usize = 15;

/// Kinds of lists that introspection returns, each with the fields that return it. `possibleTypes` and `interfaces`
/// count as one kind, because each of them leads back to the other.
pub(super) const LIST_KINDS: [&[&str]; 7] = [
    &["types"],
    &["fields"],
    &["args"],
    &["inputFields"],
    &["enumValues"],
    &["possibleTypes", "interfaces"],
    &["directives"],
];

/// Lengths of the lists of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct ListLength {
    /// Sum of the lengths of all lists.
    total: usize,
    /// Length of the longest list.
    longest: usize,
}

impl ListLength {
    fn add(&mut self, count: usize) {
        self.total += count;
        self.longest = self.longest.max(count);
    }
}

/// The size of a schema.
#[derive(Debug, Default)]
pub(super) struct SchemaSize {
    types: usize,
    fields: ListLength,
    args: ListLength,
    input_fields: ListLength,
    enum_values: ListLength,
    implementations: ListLength,
}

impl SchemaSize {
    /// Adds a type definition to the size.
    pub(super) fn add_type(&mut self, definition: &TypeDefinition) {
        self.types += 1;
        let (fields, implements) = match &definition.kind {
            TypeKind::Object(object) => (&object.fields, object.implements.len()),
            TypeKind::Interface(interface) => (&interface.fields, interface.implements.len()),
            TypeKind::InputObject(input) => return self.input_fields.add(input.fields.len()),
            TypeKind::Enum(definition) => return self.enum_values.add(definition.values.len()),
            TypeKind::Scalar | TypeKind::Union(_) => return,
        };
        self.fields.add(fields.len());
        fields.iter().for_each(|field| self.args.add(field.node.arguments.len()));
        // This count also bounds `possibleTypes`: an interface has no more possible types than all types together
        // have `implements` entries.
        self.implementations.add(implements);
    }

    /// Returns the assumed length of a list of the given kind. Returns the average length if the query's path
    /// contains the list of all types, and the maximum length if it starts at a single type.
    pub(super) fn entries(&self, list_kind: usize, through_all_types: bool) -> f64 {
        let (length, parents) = match list_kind {
            0 => return (self.types + BUILT_IN_TYPES) as f64,
            1 => (self.fields, self.types),
            2 => (self.args, self.fields.total),
            3 => (self.input_fields, self.types),
            4 => (self.enum_values, self.types),
            5 => {
                (ListLength { total: 2 * self.implementations.total, longest: self.implementations.total }, self.types)
            }
            _ => (ListLength { total: 10, longest: 10 }, 1),
        };
        if through_all_types { length.total as f64 / parents.max(1) as f64 } else { length.longest as f64 }
    }
}

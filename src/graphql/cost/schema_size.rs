//! The number of types, fields, arguments and values of the schema, for the cost of introspection queries.

use async_graphql::parser::types::{TypeDefinition, TypeKind};

/// Types that every schema has beside its own: scalars, and those of the schema of the schema.
const BUILT_IN_TYPES: usize = 15;

/// Sorts of lists in a schema, by the fields that lead to them. Those of types that belong together lead back and forth: one sort.
pub(super) const LIST_KINDS: [&[&str]; 7] = [
    &["types"],
    &["fields"],
    &["args"],
    &["inputFields"],
    &["enumValues"],
    &["possibleTypes", "interfaces"],
    &["directives"],
];

/// How long lists of a sort are.
#[derive(Clone, Copy, Debug, Default)]
struct ListLength {
    /// All together.
    total: usize,
    /// The longest.
    longest: usize,
}

impl ListLength {
    fn add(&mut self, count: usize) {
        self.total += count;
        self.longest = self.longest.max(count);
    }
}

/// How large a schema is.
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
    /// One more type.
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
        // An interface has as many possible types at most as all types have interfaces.
        self.implementations.add(implements);
    }

    /// How many entries a list of a sort has: on the way through all types, as many as there are in the mean; of one type, as
    /// many as any has.
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

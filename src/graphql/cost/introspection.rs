//! The cost of an introspection query (`__schema`, `__type`), estimated from the size of the schema.
//!
//! Lists of the schema lead into each other, so one path may contain each kind of list only once; a second time costs
//! `u64::MAX`. Every ten values of the answer cost 1, because the schema is in memory.

use async_graphql::parser::types::{OperationDefinition, Selection, SelectionSet, TypeDefinition, TypeKind};

use super::CostVisitor;

/// Values of the schema for the price of one other field.
const VALUES_PER_COST: f64 = 10.0;

/// Types that every schema has beside its own: scalars, and those of the schema of the schema.
const BUILT_IN_TYPES: usize = 15;

/// Sorts of lists in a schema, by the fields that lead to them. Those of types that belong together lead back and forth: one sort.
const LIST_KINDS: [&[&str]; 7] = [
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
pub(in crate::graphql) struct SchemaSize {
    types: usize,
    fields: ListLength,
    args: ListLength,
    input_fields: ListLength,
    enum_values: ListLength,
    implementations: ListLength,
}

impl SchemaSize {
    /// One more type.
    pub(in crate::graphql) fn add_type(&mut self, definition: &TypeDefinition) {
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
    fn entries(&self, list_kind: usize, through_all_types: bool) -> f64 {
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

/// The way from the root to a selection.
#[derive(Clone, Copy, Default)]
struct Path {
    /// Sorts of lists on it.
    seen_kinds: u8,
    /// It leads through all types.
    through_all_types: bool,
}

impl<'a> CostVisitor<'a> {
    /// What a selection of `__schema` or `__type` costs; without end where a sort of list comes twice on a way.
    pub(in crate::graphql) fn introspection_cost(&self, set: &'a SelectionSet) -> u64 {
        // Larger than all numbers where it is without end.
        (self.value_count(set, Path::default()) / VALUES_PER_COST).ceil() as u64
    }

    /// How many values a selection of the schema has. Recurses as deep as selections may be nested.
    fn value_count(&self, set: &'a SelectionSet, path: Path) -> f64 {
        let count = |item: &'a Selection| match item {
            Selection::Field(field) => {
                let (mut path, mut times) = (path, 1.0);
                let name = field.node.name.node.as_str();
                if let Some(list_kind) = LIST_KINDS.iter().position(|names| names.contains(&name)) {
                    if path.seen_kinds & (1 << list_kind) != 0 {
                        return f64::INFINITY;
                    }
                    times = self.field_costs.schema_size.entries(list_kind, path.through_all_types);
                    path.seen_kinds |= 1 << list_kind;
                    path.through_all_types |= list_kind == 0;
                }
                1.0 + times * self.value_count(&field.node.selection_set.node, path)
            }
            Selection::InlineFragment(fragment) => self.value_count(&fragment.node.selection_set.node, path),
            // A plan has none.
            Selection::FragmentSpread(_) => 0.0,
        };
        set.items.iter().map(|item| count(&item.node)).sum()
    }
}

/// Whether an operation reads the schema.
pub fn introspects(operation: &OperationDefinition) -> bool {
    operation.selection_set.node.items.iter().any(|item| match &item.node {
        Selection::Field(field) => ["__schema", "__type"].contains(&field.node.name.node.as_str()),
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
    })
}

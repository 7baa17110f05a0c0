//! What reading the schema costs. Its lists lead into each other, so that a few words could ask for all types of all types of all
//! types: on one way each sort of list may be asked for once. Within that everything that is answered counts, at a fraction of
//! what other fields cost: it is in memory and needs no looking up.

use async_graphql::parser::types::{OperationDefinition, Selection, SelectionSet, TypeDefinition, TypeKind};

use super::cost::Bill;

/// Values of the schema for the price of one other field.
const SHARE: f64 = 10.0;

/// Types that every schema has beside its own: scalars, and those of the schema of the schema.
const BUILT_IN: usize = 15;

/// Sorts of lists in a schema, by the fields that lead to them. Those of types that belong together lead back and forth: one sort.
const LISTS: [&[&str]; 7] = [
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
struct Length {
    /// All together.
    all: usize,
    /// The longest.
    most: usize,
}

impl Length {
    fn add(&mut self, count: usize) {
        self.all += count;
        self.most = self.most.max(count);
    }
}

/// How large a schema is.
#[derive(Debug, Default)]
pub(super) struct Size {
    types: usize,
    fields: Length,
    args: Length,
    inputs: Length,
    values: Length,
    related: Length,
}

impl Size {
    /// One more type.
    pub(super) fn count(&mut self, of: &TypeDefinition) {
        self.types += 1;
        let (fields, implements) = match &of.kind {
            TypeKind::Object(object) => (&object.fields, object.implements.len()),
            TypeKind::Interface(interface) => (&interface.fields, interface.implements.len()),
            TypeKind::InputObject(input) => return self.inputs.add(input.fields.len()),
            TypeKind::Enum(of) => return self.values.add(of.values.len()),
            TypeKind::Scalar | TypeKind::Union(_) => return,
        };
        self.fields.add(fields.len());
        fields.iter().for_each(|field| self.args.add(field.node.arguments.len()));
        // An interface has as many possible types at most as all types have interfaces.
        self.related.add(implements);
    }

    /// How many entries a list of a sort has: on the way through all types, as many as there are in the mean; of one type, as
    /// many as any has.
    fn entries(&self, sort: usize, of_all: bool) -> f64 {
        let (length, among) = match sort {
            0 => return (self.types + BUILT_IN) as f64,
            1 => (self.fields, self.types),
            2 => (self.args, self.fields.all),
            3 => (self.inputs, self.types),
            4 => (self.values, self.types),
            5 => (Length { all: 2 * self.related.all, most: self.related.all }, self.types),
            _ => (Length { all: 10, most: 10 }, 1),
        };
        if of_all { length.all as f64 / among.max(1) as f64 } else { length.most as f64 }
    }
}

/// The way from the root to a selection.
#[derive(Clone, Copy, Default)]
struct Way {
    /// Sorts of lists on it.
    lists: u8,
    /// It leads through all types.
    of_all: bool,
}

impl<'a> Bill<'a> {
    /// What a selection of `__schema` or `__type` costs; without end where a sort of list comes twice on a way.
    pub(super) fn schema(&self, set: &'a SelectionSet) -> u64 {
        // Larger than all numbers where it is without end.
        (self.described(set, Way::default()) / SHARE).ceil() as u64
    }

    /// How many values a selection of the schema has. Recurses as deep as selections may be nested.
    fn described(&self, set: &'a SelectionSet, way: Way) -> f64 {
        let count = |item: &'a Selection| match item {
            Selection::Field(field) => {
                let (mut way, mut times) = (way, 1.0);
                let name = field.node.name.node.as_str();
                if let Some(sort) = LISTS.iter().position(|names| names.contains(&name)) {
                    if way.lists & (1 << sort) != 0 {
                        return f64::INFINITY;
                    }
                    times = self.prices.schema.entries(sort, way.of_all);
                    way.lists |= 1 << sort;
                    way.of_all |= sort == 0;
                }
                1.0 + times * self.described(&field.node.selection_set.node, way)
            }
            Selection::InlineFragment(fragment) => self.described(&fragment.node.selection_set.node, way),
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

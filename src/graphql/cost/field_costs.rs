//! The cost of each GraphQL field, and how its list length multiplies the cost of its selection.
//!
//! Derived from the schema text, so a new field has a cost without further code:
//!
//! | field | cost |
//! |---|---|
//! | `edges`, `nodes`, `buckets`, `points` | 1 and their selection, multiplied by the length that the parent field gives |
//! | a connection | 1; its entries times `first` or `last` (default 20), at most as many as exist |
//! | a facet | 5 (50 if ordered by latest date or under one topic); its buckets times `input.first` (default 20) |
//! | `timeline` | 1; a tenth of its points, one for each period of the range |
//! | a list with `first` | 1 (`topicAggregates`, `trendingTopics` 5, `related` 50); its selection times `first` |
//! | `nodes(ids:)` | 1; its selection for each id |
//! | `preview` | 50, and its selection |
//! | a list without a size | 1; its selection 4 times, 50 times at the root |
//! | `__schema`, `__type` | 1, and 1 for every ten values (`introspection`) |
//! | any other field | 1, and its selection |
//!
//! An open timeline range counts from the first to the last visible release (by publication: until tomorrow); with
//! `fill: OMIT` a timeline has no more points than releases. No list counts as longer than what the viewer can see
//! (`extent`). Rendering of bodies is charged by `response_budget`.

use std::collections::HashMap;

use async_graphql::{
    Value,
    parser::{
        parse_schema,
        types::{BaseType, FieldDefinition, TypeKind, TypeSystemDefinition},
    },
};

use super::schema_size::SchemaSize;
use crate::newsroom::reading::pagination::DEFAULT_SIZE;

/// What a list without a size is taken to have: topics of a release, ancestors of a place.
const UNSIZED_LIST_LENGTH: u64 = 4;
/// The same at the root, where nothing narrows it.
const UNSIZED_ROOT_LIST_LENGTH: u64 = 50;
/// Working out a facet before its buckets.
pub(in crate::graphql) const FACET_COST: u64 = 5;
/// Finding related releases.
const RELATED_COST: u64 = 50;
/// Looking a preview link up, in four statements, and noting that it was.
pub(in crate::graphql) const PREVIEW_COST: u64 = 50;
/// Working out a facet in another order than by what is counted anyway: every value's releases are looked at.
pub(in crate::graphql) const EXPENSIVE_FACET_COST: u64 = 50;

/// What a list cannot be longer than.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graphql) enum Bound {
    /// Nothing that is known.
    None,
    /// The releases that the viewer may see.
    Releases,
    /// All topics.
    Topics,
    /// All places.
    Places,
    /// The topics below a topic.
    Narrower,
    /// The places in a place.
    Contained,
    /// All kinds of releases.
    Kinds,
    /// The languages of the releases that the viewer may see.
    Languages,
}

impl Bound {
    /// Of a list that a field of a type returns, or returns a page of.
    fn of(parent: &str, name: &str, returns: &str) -> Self {
        match (parent, name, returns) {
            ("Topic", "narrower", _) => Self::Narrower,
            ("Place", "contains", _) => Self::Contained,
            (.., "ReleaseConnection" | "Release") => Self::Releases,
            (.., "TopicConnection" | "TopicBucket" | "TopicTrend" | "TopicFacet") => Self::Topics,
            (.., "PlaceConnection" | "PlaceFacet") => Self::Places,
            (.., "KindFacet") => Self::Kinds,
            (.., "LanguageFacet") => Self::Languages,
            _ => Self::None,
        }
    }
}

/// How a field multiplies what is selected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graphql) enum Multiplier {
    /// Once.
    One,
    /// As many times as the field above says: the entries of a page, the buckets of a facet.
    Entries,
    /// This many times.
    Fixed(u64),
    /// As `first` or `last` say.
    Page { default: u64, base: u64 },
    /// As `input.first` says.
    Facet,
    /// As the range of a timeline says.
    Periods,
    /// As many as there are ids.
    Ids,
}

/// A field's cost.
#[derive(Debug)]
pub(in crate::graphql) struct FieldCost {
    /// The type that it returns.
    pub(in crate::graphql) returns: String,
    /// What its list cannot be longer than.
    pub(in crate::graphql) bound: Bound,
    pub(in crate::graphql) multiplier: Multiplier,
}

/// The field costs of a schema.
#[derive(Debug)]
pub struct FieldCosts {
    fields: HashMap<String, HashMap<String, FieldCost>>,
    /// How large the schema is, for who reads it.
    pub(super) schema_size: SchemaSize,
}

impl FieldCosts {
    /// Those of a schema in the schema definition language.
    pub fn from_sdl(sdl: &str) -> Self {
        // Our own schema always reads; without it every field would cost one, which the limits on selections still bound.
        let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
        let (mut types, mut schema_size) = (HashMap::new(), SchemaSize::default());
        for definition in definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            schema_size.add_type(&definition.node);
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let parent = definition.node.name.node.as_str();
            let field_costs =
                fields.iter().map(|field| (field.node.name.node.to_string(), field_cost(parent, &field.node)));
            types.insert(parent.to_owned(), field_costs.collect());
        }
        Self { fields: types, schema_size }
    }

    /// The cost of a field of a type; none where there is no such field.
    pub(in crate::graphql) fn get(&self, parent: &str, name: &str) -> Option<&FieldCost> {
        self.fields.get(parent)?.get(name)
    }

    /// Whether a type has entries: what is selected of it besides costs the same however many there are.
    pub(in crate::graphql) fn has_entries(&self, name: &str) -> bool {
        self.fields
            .get(name)
            .is_some_and(|fields| fields.values().any(|field_cost| field_cost.multiplier == Multiplier::Entries))
    }
}

fn field_cost(parent: &str, field: &FieldDefinition) -> FieldCost {
    let mut ty = &field.ty.node.base;
    let mut list = false;
    let returns = loop {
        match ty {
            BaseType::Named(name) => break name.to_string(),
            BaseType::List(inner) => {
                list = true;
                ty = &inner.base;
            }
        }
    };
    let argument = |name: &str| field.arguments.iter().find(|argument| argument.node.name.node == name);
    let name = field.name.node.as_str();
    let multiplier = if let Some(first) = argument("first") {
        let base = match name {
            "topicAggregates" | "trendingTopics" => FACET_COST,
            "related" => RELATED_COST,
            _ => 1,
        };
        let default = first.node.default_value.as_ref().and_then(|value| match &value.node {
            Value::Number(number) => number.as_i64(),
            _ => None,
        });
        Multiplier::Page { default: default.unwrap_or(DEFAULT_SIZE.into()).unsigned_abs(), base }
    } else if argument("input").is_some() && returns.ends_with("Facet") {
        Multiplier::Facet
    } else if name == "timeline" {
        Multiplier::Periods
    } else if argument("ids").is_some() {
        Multiplier::Ids
    } else if list && ["Connection", "Facet", "Timeline"].iter().any(|sized| parent.ends_with(sized)) {
        Multiplier::Entries
    } else if list {
        Multiplier::Fixed(if parent == "Query" { UNSIZED_ROOT_LIST_LENGTH } else { UNSIZED_LIST_LENGTH })
    } else {
        Multiplier::One
    };
    FieldCost { bound: Bound::of(parent, name, &returns), returns, multiplier }
}

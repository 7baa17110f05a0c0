//! The cost of each GraphQL field, and how the length of its list multiplies the cost of its selection.
//!
//! Derived from the schema text, so a new field has a cost without further code:
//!
//! | field | cost |
//! |---|---|
//! | `edges`, `nodes`, `buckets`, `points` | 1 and their selection, multiplied by the length from the parent field |
//! | a connection | 1; its entries times `first` or `last` (default 20), at most as many as exist |
//! | a facet | 5 (50 if ordered by latest date or under one topic); its buckets times `input.first` (default 20) |
//! | `timeline` | 1; its points, one for each period of the range, at a tenth of their cost |
//! | a list with `first` | 1 (`topicAggregates`, `trendingTopics` 5, `related` 50); its selection times `first` |
//! | `nodes(ids:)` | 1; its selection for each id |
//! | `preview` | 50, and its selection |
//! | a list without a size | 1; its selection 4 times, 50 times at the root |
//! | `__schema`, `__type` | 1, and 1 for every ten values (`introspection`) |
//! | any other field | 1, and its selection |
//!
//! A timeline range with an open end is completed by the first and last visible release; for publication dates, it
//! ends tomorrow. With `fill: OMIT`, a timeline has at most as many points as there are releases. No list counts as
//! longer than what the viewer can see (`extent`). `response_budget` charges for the rendering of bodies.

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

/// Assumed length of a list without a size argument: topics of a release, ancestors of a place.
const UNSIZED_LIST_LENGTH: u64 = 4;
/// Assumed length of such a list at the root, where no parent narrows it.
const UNSIZED_ROOT_LIST_LENGTH: u64 = 50;
/// Cost of a facet without its buckets.
pub(in crate::graphql) const FACET_COST: u64 = 5;
/// Cost of finding related releases.
const RELATED_COST: u64 = 50;
/// Cost of a preview: four SQL statements look the link up, and its use is logged.
pub(in crate::graphql) const PREVIEW_COST: u64 = 50;
/// Cost of a facet that needs more than the counts that are computed anyway: the releases of every value are visited.
pub(in crate::graphql) const EXPENSIVE_FACET_COST: u64 = 50;

/// Upper bound of the length of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graphql) enum Bound {
    /// No bound is known.
    None,
    /// The number of releases that the viewer may see.
    Releases,
    /// The number of topics.
    Topics,
    /// The number of places.
    Places,
    /// The largest number of narrower topics that any topic has.
    Narrower,
    /// The largest number of places that any place contains directly.
    Contained,
    /// The number of release kinds.
    Kinds,
    /// The number of languages of the releases that the viewer may see.
    Languages,
}

impl Bound {
    /// Returns the bound of the list that a field returns, directly or as a page.
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

/// How a field multiplies the cost of its selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graphql) enum Multiplier {
    /// Once.
    One,
    /// By the length that the parent field determines: entries of a page, buckets of a facet, points of a timeline.
    Entries,
    /// By a fixed number.
    Fixed(u64),
    /// By `first` or `last`.
    Page { default: u64, base: u64 },
    /// By `input.first`.
    Facet,
    /// By the number of periods in the range of a timeline.
    Periods,
    /// By the number of ids.
    Ids,
}

/// The cost rule of a field.
#[derive(Debug)]
pub(in crate::graphql) struct FieldCost {
    /// Name of the type that the field returns, without list and non-null wrappers.
    pub(in crate::graphql) returns: String,
    /// Upper bound of the length of its list.
    pub(in crate::graphql) bound: Bound,
    pub(in crate::graphql) multiplier: Multiplier,
}

/// The cost rules of all fields of a schema.
#[derive(Debug)]
pub struct FieldCosts {
    fields: HashMap<String, HashMap<String, FieldCost>>,
    /// The size of the schema, for the cost of introspection.
    pub(super) schema_size: SchemaSize,
}

impl FieldCosts {
    /// Derives the rules from a schema in the schema definition language.
    pub fn from_sdl(sdl: &str) -> Self {
        // The committed schema always parses. Otherwise every field would cost 1, which the limits on selections
        // still bound.
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

    /// Returns the rule of a field; None if the type or the field does not exist.
    pub(in crate::graphql) fn get(&self, parent: &str, name: &str) -> Option<&FieldCost> {
        self.fields.get(parent)?.get(name)
    }

    /// Returns whether a type has entries. The other fields of such a type cost the same for any number of entries.
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

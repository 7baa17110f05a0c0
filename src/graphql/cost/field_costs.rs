//! The cost of each GraphQL field, and how a field that returns a list multiplies the cost of its selection.
//!
//! The rules are derived from the schema text, so a new field gets a cost without further code:
//!
//! | field | cost |
//! |---|---|
//! | `edges`, `nodes`, `buckets`, `points` | 1 and their selection, once for each entry that the parent field returns |
//! | a connection | 1, and its entries: as many as `first` or `last` (default 20), or fewer if fewer exist |
//! | a facet | 5 (50 if ordered by latest date or under one topic), and as many buckets as `input.first` (default 20) |
//! | `timeline` | 1, and a tenth of the cost of its points; there is one point for each period of the range |
//! | a list with `first` | 1 (`topicAggregates`, `trendingTopics`: 5), and its selection `first` times |
//! | `related`, `searchSuggestions` | 50, and its selection `first` times |
//! | `nodes(ids:)` | 1, and its selection once for each id |
//! | `preview`, `didYouMean` | 50, and its selection |
//! | a field with `search` | 20 and 5 for each word of the text, in addition to its other cost |
//! | a list without a size argument | 1, and its selection 4 times, or 50 times at the root |
//! | `__schema`, `__type` | 1, and 1 for every ten values in the response (`introspection`) |
//! | any other field | 1, and its selection |
//!
//! If the range of a timeline has no start or no end, the first or last release date that the viewer can see is used
//! instead. For publication dates, the timeline then starts the day before the first publication or ends tomorrow.
//! With `fill: OMIT`, a timeline has at most as many points as there are visible releases.
//!
//! No list counts as longer than the number of objects that the viewer can see (`extent`). The rendering of bodies is
//! charged during execution (`engine/response_budget`).

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

/// Assumed length of a list without a size argument, for example the topics of a release or the ancestors of a place.
const UNSIZED_LIST_LENGTH: u64 = 4;
/// Assumed length of a list without a size argument at the root, where no parent object narrows the list.
const UNSIZED_ROOT_LIST_LENGTH: u64 = 50;
/// Cost of an ordinary facet, without its buckets.
pub(in crate::graphql) const FACET_COST: u64 = 5;
/// Cost of a search (argument `search`), and additional cost of each word of its text.
pub(in crate::graphql) const SEARCH_COST: u64 = 20;
pub(in crate::graphql) const SEARCH_WORD_COST: u64 = 5;
/// Cost of finding related releases (field `related`) or suggestions (field `searchSuggestions`), without the
/// selection on them.
const RELATED_COST: u64 = 50;
/// Cost of the fields `preview` and `didYouMean`, without their selection. Four SQL statements look a preview link up,
/// and the access log records the use. `didYouMean` reads the words of the search index.
pub(in crate::graphql) const EXPENSIVE_FIELD_COST: u64 = 50;
/// Cost, without its buckets, of a facet that is ordered by latest date or restricted to one topic. For such a facet,
/// the server must visit the releases of every value in addition to counting them.
pub(in crate::graphql) const EXPENSIVE_FACET_COST: u64 = 50;

/// Upper bound of the length of a list, by the objects that the list contains.
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
    /// Returns the bound of the list that a field returns, directly or inside a connection or facet.
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
    /// Multiplies by 1: the field returns one object or one value.
    One,
    /// Multiplies by the number of entries that the parent field determines: entries of a page, buckets of a facet,
    /// points of a timeline.
    Entries,
    /// Multiplies by a fixed number.
    Fixed(u64),
    /// Multiplies by the argument `first` or `last`, or by `default` if neither is given. `base` is the cost of the
    /// field itself.
    Page { default: u64, base: u64 },
    /// Multiplies by the argument `input.first`.
    Facet,
    /// Multiplies by the number of periods in the range of a timeline.
    Periods,
    /// Multiplies by the number of ids in the argument `ids`.
    Ids,
}

/// The cost rule of a field.
#[derive(Debug)]
pub(in crate::graphql) struct FieldCost {
    /// Name of the type that the field returns, without list and non-null wrappers.
    pub(in crate::graphql) returns: String,
    /// Upper bound of the length of the list that the field returns.
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
        // The committed schema always parses. If a schema did not, every field would cost 1, and the limit on
        // selections would still apply.
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

    /// Returns whether a type has a field for its entries, such as `nodes` or `buckets`. The cost of the type's other
    /// fields does not depend on the number of entries.
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
            "related" | "searchSuggestions" => RELATED_COST,
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

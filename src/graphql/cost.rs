//! What a query costs, worked out before it runs: one for every field, times the size of every list it lies in.
//!
//! The prices follow from the schema itself, so a new field has one as soon as it is there:
//!
//! | field | cost |
//! |---|---|
//! | `edges`, `nodes`, `buckets`, `points` | their selection, as many times as the field above them says |
//! | a connection | 1; its entries `first` or `last` times, 20 where neither is given |
//! | a facet | 5; its buckets `input.first` times |
//! | `timeline` | 1; its points once a period; where the range is open, as [`UNKNOWN_PERIODS`] says |
//! | a list with `first` | 1 (`topicAggregates`, `trendingTopics` 5, `related` 50), and its selection `first` times |
//! | `nodes(ids:)` | 1, and its selection once an id |
//! | a list without a size | 1, and its selection 4 times; 50 times at the root |
//! | anything else | 1, and its selection |
//!
//! No sum wraps.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::{
        parse_schema,
        types::{
            ExecutableDocument, Field, FieldDefinition, OperationDefinition, OperationType, Selection, SelectionSet,
            TypeKind, TypeSystemDefinition,
        },
    },
};
use chrono::NaiveDate;

use crate::{
    catalog::{Interval, MAX_POINTS, Weekday},
    newsroom::page::{DEFAULT_SIZE, MAX_SIZE},
};

/// What a timeline with an open range is taken to have, by interval: about what newsrooms have.
pub const UNKNOWN_PERIODS: [(&str, Interval, u64); 5] = [
    ("DAY", Interval::Day, 1000),
    ("WEEK", Interval::Week, 500),
    ("MONTH", Interval::Month, 120),
    ("QUARTER", Interval::Quarter, 40),
    ("YEAR", Interval::Year, 20),
];

/// What a list without a size is taken to have: topics of a release, ancestors of a place.
const UNSIZED: u64 = 4;
/// The same at the root, where nothing narrows it.
const UNSIZED_ROOT: u64 = 50;
/// Working out a facet before its buckets.
const FACET: u64 = 5;
/// Finding related releases.
const RELATED: u64 = 50;

/// How a field multiplies what is selected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
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

/// A field's price.
#[derive(Debug)]
struct Price {
    returns: String,
    size: Size,
}

/// The prices of a schema.
#[derive(Debug)]
pub struct Prices(HashMap<String, HashMap<String, Price>>);

impl Prices {
    /// Those of a schema in the schema definition language.
    pub fn of(sdl: &str) -> Self {
        // Our own schema always reads; without it every field would cost one, which the limits on selections still bound.
        let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
        let mut types = HashMap::new();
        for definition in definitions {
            let TypeSystemDefinition::Type(of) = definition else { continue };
            let fields = match of.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let parent = of.node.name.node.as_str();
            let prices = fields.iter().map(|field| (field.node.name.node.to_string(), price(parent, &field.node)));
            types.insert(parent.to_owned(), prices.collect());
        }
        Self(types)
    }

    /// What an operation costs; the dearest where none is named.
    pub fn cost(&self, document: &ExecutableDocument, variables: &Variables, operation: Option<&str>) -> u64 {
        let wanted = document
            .operations
            .iter()
            .filter(|(name, _)| operation.is_none_or(|wanted| name.is_none_or(|name| name == wanted)));
        wanted
            .map(|(_, operation)| {
                let operation = &operation.node;
                let root = match operation.ty {
                    OperationType::Query => "Query",
                    OperationType::Mutation => "Mutation",
                    OperationType::Subscription => "Subscription",
                };
                Bill { prices: self, document, variables, operation }.selection(&operation.selection_set, root, 1)
            })
            .max()
            .unwrap_or(0)
    }
}

fn price(parent: &str, field: &FieldDefinition) -> Price {
    let mut of = &field.ty.node.base;
    let mut list = false;
    let returns = loop {
        match of {
            async_graphql::parser::types::BaseType::Named(name) => break name.to_string(),
            async_graphql::parser::types::BaseType::List(inner) => {
                list = true;
                of = &inner.base;
            }
        }
    };
    let argument = |name: &str| field.arguments.iter().find(|argument| argument.node.name.node == name);
    let name = field.name.node.as_str();
    let size = if let Some(first) = argument("first") {
        let base = match name {
            "topicAggregates" | "trendingTopics" => FACET,
            "related" => RELATED,
            _ => 1,
        };
        let default = first.node.default_value.as_ref().and_then(|value| integer(&value.node));
        Size::Page { default: default.unwrap_or(DEFAULT_SIZE.into()).unsigned_abs(), base }
    } else if argument("input").is_some() && returns.ends_with("Facet") {
        Size::Facet
    } else if name == "timeline" {
        Size::Periods
    } else if argument("ids").is_some() {
        Size::Ids
    } else if list && ["Connection", "Facet", "Timeline"].iter().any(|sized| parent.ends_with(sized)) {
        Size::Entries
    } else if list {
        Size::Fixed(if parent == "Query" { UNSIZED_ROOT } else { UNSIZED })
    } else {
        Size::One
    };
    Price { returns, size }
}

/// One operation that is being priced.
struct Bill<'a> {
    prices: &'a Prices,
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
}

impl Bill<'_> {
    /// What is selected of a type that has so many entries. As deep as the gate lets selections be nested, and as wide as it
    /// lets them be spread.
    fn selection(&self, set: &Positioned<SelectionSet>, parent: &str, entries: u64) -> u64 {
        let cost = |item: &Positioned<Selection>| match &item.node {
            Selection::Field(field) => self.field(&field.node, parent, entries),
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                self.selection(&fragment.node.selection_set, condition.unwrap_or(parent), entries)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                fragment.map_or(0, |fragment| {
                    let on = fragment.node.type_condition.node.on.node.as_str();
                    self.selection(&fragment.node.selection_set, on, entries)
                })
            }
        };
        set.node.items.iter().map(cost).fold(0, u64::saturating_add)
    }

    fn field(&self, field: &Field, parent: &str, entries: u64) -> u64 {
        let price = self.prices.0.get(parent).and_then(|fields| fields.get(field.name.node.as_str()));
        let returns = price.map_or("", |price| price.returns.as_str());
        let (base, times) = match price.map_or(Size::One, |price| price.size) {
            Size::One => (1, 1),
            // The entry itself and its selection.
            Size::Entries => {
                let each = self.selection(&field.selection_set, returns, 1).saturating_add(1);
                return each.saturating_mul(entries);
            }
            Size::Fixed(times) => (1, times),
            Size::Page { default, base } => {
                let asked = ["first", "last"].iter().filter_map(|name| self.argument(field, name)?.as_integer()).max();
                (base, asked.map_or(default, sane))
            }
            Size::Facet => {
                let first = self.argument(field, "input").and_then(|input| input.field("first")?.as_integer());
                (FACET, first.map_or(10, sane))
            }
            Size::Periods => (1, self.periods(field)),
            Size::Ids => {
                let ids = self.argument(field, "ids");
                (1, ids.map_or(1, |ids| if let Value::List(ids) = ids.0 { ids.len() as u64 } else { 1 }))
            }
        };
        let has_entries =
            self.prices.0.get(returns).is_some_and(|fields| fields.values().any(|price| price.size == Size::Entries));
        let child = if has_entries {
            self.selection(&field.selection_set, returns, times)
        } else {
            self.selection(&field.selection_set, returns, 1).saturating_mul(times)
        };
        child.saturating_add(base)
    }

    /// How many periods a timeline will have.
    fn periods(&self, field: &Field) -> u64 {
        let interval = self.argument(field, "interval");
        let name = interval.as_ref().and_then(Argument::as_name).unwrap_or("DAY");
        let (_, interval, unknown) =
            UNKNOWN_PERIODS.into_iter().find(|(known, ..)| *known == name).unwrap_or(UNKNOWN_PERIODS[0]);
        let range = self.argument(field, "range");
        let end = |name| -> Option<NaiveDate> { range.as_ref()?.field(name)?.as_name()?.parse().ok() };
        match (end("from"), end("until")) {
            (Some(from), Some(until)) => interval.periods(from, until, Weekday::Monday).min(MAX_POINTS),
            _ => unknown,
        }
    }

    /// An argument's value with the variables put in; none where it is not given.
    fn argument(&self, field: &Field, name: &str) -> Option<Argument> {
        let (_, value) = field.arguments.iter().find(|(given, _)| given.node == name)?;
        let put = |name: Name| -> Result<Value, ()> {
            let default = || {
                let declared =
                    self.operation.variable_definitions.iter().find(|declared| declared.node.name.node == name);
                declared?.node.default_value().cloned()
            };
            Ok(self.variables.get(&name).cloned().or_else(default).unwrap_or(Value::Null))
        };
        Some(Argument(value.node.clone().into_const_with(put).unwrap_or(Value::Null)))
    }
}

/// The value of an argument.
struct Argument(Value);

impl Argument {
    fn as_integer(&self) -> Option<i64> {
        integer(&self.0)
    }

    /// An enum's or a string's text.
    fn as_name(&self) -> Option<&str> {
        match &self.0 {
            Value::Enum(name) => Some(name.as_str()),
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    fn field(&self, name: &str) -> Option<Self> {
        match &self.0 {
            Value::Object(fields) => fields.get(name).cloned().map(Self),
            _ => None,
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    if let Value::Number(number) = value { number.as_i64() } else { None }
}

/// A size as it may be: whatever is asked for, never less than nothing nor more than the largest page.
fn sane(asked: i64) -> u64 {
    asked.clamp(0, MAX_SIZE.into()).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn cost(query: &str, variables: serde_json::Value) -> u64 {
        let prices = Prices::of(&crate::graphql::sdl());
        prices.cost(&parse_query(query).expect("a query"), &Variables::from_json(variables), None)
    }

    #[test]
    fn prices_are_as_documented() {
        let known = [
            ("{ viewer { role } }", json!({}), 2),
            // 1 + 20 · (nodes 1 + slug 1)
            ("{ releases { nodes { slug } } }", json!({}), 41),
            ("{ releases(first: 3) { nodes { slug topics { name } } } }", json!({}), 1 + 3 * (1 + 1 + 1 + 4)),
            ("query ($n: Int = 7) { releases(last: $n) { totalCount nodes { id } } }", json!({}), 1 + 1 + 7 * 2),
            (
                "query ($n: Int = 7) { releases(last: $n) { totalCount nodes { id } } }",
                json!({ "n": 2 }),
                1 + 1 + 2 * 2,
            ),
            // What is asked of the set costs the same, however large the page.
            ("{ releases(first: 200) { timeline(interval: YEAR) { points { count } } } }", json!({}), 1 + 1 + 20 * 2),
            ("{ topicAggregates { count } }", json!({}), 25),
            ("{ nodes(ids: [\"a\", \"b\"]) { id } }", json!({}), 3),
            // 1 + facets 1 + (5 + 12 · (1 + count 1))
            ("{ releaseStats { facets { topics(input: {first: 12}) { buckets { count } } } } }", json!({}), 31),
            (
                "query ($i: TopicFacetInput) { releaseStats { facets { topics(input: $i) { buckets { count } } } } }",
                json!({ "i": { "first": 3 } }),
                13,
            ),
            ("{ releaseStats { timeline(interval: YEAR) { points { count } } } }", json!({}), 1 + 1 + 20 * 2),
            (
                "{ releaseStats { timeline(interval: MONTH, range: {from: \"2020-01-01\", until: \"2021-12-31\"}) { points { count } } } }",
                json!({}),
                1 + 1 + 24 * 2,
            ),
        ];
        for (query, variables, wanted) in known {
            assert_eq!(cost(query, variables), wanted, "{query}");
        }
    }

    #[test]
    fn no_way_round_the_price() {
        let dear = "{ releaseStats { ... on ReleaseSet { timeline(interval: DAY) { points { count } } } } }";
        assert_eq!(cost(dear, json!({})), 1 + 1 + 1000 * 2);
        let spread = "{ releaseStats { ...F } } fragment F on ReleaseStats { facets { topics(input: {first: 200}) { ...G } } } \
            fragment G on TopicFacet { buckets { within { facets { places(input: {first: 200}) { buckets { count } } } } } }";
        assert_eq!(cost(spread, json!({})), 1 + 1 + 5 + 200 * (1 + 1 + 1 + 5 + 200 * 2));
        assert_eq!(cost("{ releases(first: -5) { nodes { slug } } }", json!({})), 1);
        assert_eq!(cost("{ releases(first: 2147483647) { nodes { slug } } }", json!({})), 1 + 200 * 2);
    }

    #[test]
    fn sums_do_not_wrap() {
        let (mut open, mut close) = (String::new(), String::new());
        for _ in 0..9 {
            open += "facets { topics(input: {first: 200}) { buckets { within { ";
            close += "} } } }";
        }
        assert_eq!(cost(&format!("{{ releaseStats {{ {open} count {close} }} }}"), json!({})), u64::MAX);
    }
}

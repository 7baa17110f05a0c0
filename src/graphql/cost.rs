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
//! A field's arguments are worked through each time that it is executed: they cost 1 for each value beyond [`FREE_VALUES`],
//! counted through lists and objects, whether they stand in the query or come by variables.
//!
//! Each fragment is priced once, however often it is spread, and each variable counted once, however often it is used; so pricing
//! takes as long as reading the query does. No sum wraps.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
    iter::Sum,
    ops::Add,
};

use async_graphql::{
    Name, Positioned, Value as Given, Variables,
    parser::{
        parse_schema,
        types::{
            DocumentOperations, ExecutableDocument, Field, FieldDefinition, OperationDefinition, OperationType,
            Selection, SelectionSet, TypeKind, TypeSystemDefinition,
        },
    },
};
use async_graphql_value::Value;
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

/// Values in the arguments of a field that cost nothing.
const FREE_VALUES: u64 = 10;

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

    /// What an operation costs; nothing where it does not say which of several, for then none is executed.
    pub fn cost(&self, document: &ExecutableDocument, variables: &Variables, operation: Option<&str>) -> u64 {
        let operation = match &document.operations {
            DocumentOperations::Single(operation) => Some(operation),
            DocumentOperations::Multiple(operations) => match operation {
                Some(wanted) => operations.get(wanted),
                None => operations.values().next().filter(|_| operations.len() == 1),
            },
        };
        let Some(operation) = operation.map(|operation| &operation.node) else { return 0 };
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let (fragments, values) = Default::default();
        let bill = Bill { prices: self, document, variables, operation, fragments, values };
        bill.selection(&operation.selection_set.node, root).times(1)
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
        let default = first.node.default_value.as_ref().and_then(|value| integer(Argument::Given(&value.node)));
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

/// What is selected of something that has entries: a part that costs the same however many there are, and one for each.
#[derive(Clone, Copy, Default)]
struct Cost {
    once: u64,
    each: u64,
}

impl Cost {
    fn times(self, entries: u64) -> u64 {
        self.once.saturating_add(self.each.saturating_mul(entries))
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { once: self.once.saturating_add(other.once), each: self.each.saturating_add(other.each) }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Self::add)
    }
}

/// One operation that is being priced.
struct Bill<'a> {
    prices: &'a Prices,
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    /// What each fragment costs where it is spread.
    fragments: RefCell<HashMap<&'a Name, Cost>>,
    /// How many values each variable has.
    values: RefCell<HashMap<&'a Name, u64>>,
}

impl<'a> Bill<'a> {
    /// What is selected of a type. As deep as the gate lets selections be nested.
    fn selection(&self, set: &'a SelectionSet, parent: &str) -> Cost {
        let cost = |item: &'a Positioned<Selection>| match &item.node {
            Selection::Field(field) => self.field(&field.node, parent),
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                self.selection(&fragment.node.selection_set.node, condition.unwrap_or(parent))
            }
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
        };
        set.items.iter().map(cost).sum()
    }

    fn fragment(&self, name: &Name) -> Cost {
        if let Some(cost) = self.fragments.borrow().get(name) {
            return *cost;
        }
        // Not defined: validation says so.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else { return Cost::default() };
        let on = fragment.node.type_condition.node.on.node.as_str();
        let cost = self.selection(&fragment.node.selection_set.node, on);
        self.fragments.borrow_mut().insert(name, cost);
        cost
    }

    fn field(&self, field: &'a Field, parent: &str) -> Cost {
        let price = self.prices.0.get(parent).and_then(|fields| fields.get(field.name.node.as_str()));
        let returns = price.map_or("", |price| price.returns.as_str());
        let selection = self.selection(&field.selection_set.node, returns);
        let given = field.arguments.iter().map(|(_, value)| self.values(&value.node));
        let arguments = given.fold(0, u64::saturating_add).saturating_sub(FREE_VALUES);
        let (base, times) = match price.map_or(Size::One, |price| price.size) {
            Size::One => (1, 1),
            // The entry itself and its selection.
            Size::Entries => {
                let each = selection.times(1).saturating_add(1).saturating_add(arguments);
                return Cost { once: 0, each };
            }
            Size::Fixed(times) => (1, times),
            Size::Page { default, base } => {
                let asked = ["first", "last"].iter().filter_map(|name| integer(self.argument(field, name)?)).max();
                (base, asked.map_or(default, sane))
            }
            Size::Facet => {
                let first = self.argument(field, "input").and_then(|input| integer(self.field_of(input, "first")?));
                (FACET, first.map_or(10, sane))
            }
            Size::Periods => (1, self.periods(field)),
            Size::Ids => {
                let ids = self.argument(field, "ids");
                (1, ids.and_then(Argument::length).unwrap_or(1))
            }
        };
        let has_entries =
            self.prices.0.get(returns).is_some_and(|fields| fields.values().any(|price| price.size == Size::Entries));
        let selected = if has_entries { selection.times(times) } else { selection.times(1).saturating_mul(times) };
        Cost { once: selected.saturating_add(base).saturating_add(arguments), each: 0 }
    }

    /// How many periods a timeline will have.
    fn periods(&self, field: &'a Field) -> u64 {
        let interval = self.argument(field, "interval");
        let name = interval.and_then(Argument::as_name).unwrap_or("DAY");
        let (_, interval, unknown) =
            UNKNOWN_PERIODS.into_iter().find(|(known, ..)| *known == name).unwrap_or(UNKNOWN_PERIODS[0]);
        let range = self.argument(field, "range");
        let end = |name| -> Option<NaiveDate> { self.field_of(range?, name)?.as_name()?.parse().ok() };
        match (end("from"), end("until")) {
            (Some(from), Some(until)) => interval.periods(from, until, Weekday::Monday).min(MAX_POINTS),
            _ => unknown,
        }
    }

    /// An argument; none where it is not given.
    fn argument(&self, field: &'a Field, name: &str) -> Option<Argument<'a>> {
        let (_, value) = field.arguments.iter().find(|(given, _)| given.node == name)?;
        self.read(&value.node)
    }

    /// A field of an argument that is an object.
    fn field_of(&self, argument: Argument<'a>, name: &str) -> Option<Argument<'a>> {
        match argument {
            Argument::Written(Value::Object(fields)) => self.read(fields.get(name)?),
            Argument::Given(Given::Object(fields)) => fields.get(name).map(Argument::Given),
            _ => None,
        }
    }

    /// What is written there, or what the variable that is written there has.
    fn read(&self, value: &'a Value) -> Option<Argument<'a>> {
        match value {
            Value::Variable(name) => self.variable(name).map(Argument::Given),
            value => Some(Argument::Written(value)),
        }
    }

    /// What a variable has: as sent, or its default.
    fn variable(&self, name: &Name) -> Option<&'a Given> {
        let default = || {
            let mut declared = self.operation.variable_definitions.iter();
            declared.find(|declared| declared.node.name.node == *name)?.node.default_value()
        };
        self.variables.get(name).or_else(default)
    }

    /// How many values there are in what is written, variables put in. As deep as the gate lets brackets be nested.
    fn values(&self, value: &'a Value) -> u64 {
        let sum = |values: &mut dyn Iterator<Item = &'a Value>| {
            values.map(|value| self.values(value)).fold(1, u64::saturating_add)
        };
        match value {
            Value::List(items) => sum(&mut items.iter()),
            Value::Object(fields) => sum(&mut fields.values()),
            Value::Variable(name) => match self.values.borrow_mut().entry(name) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => *new.insert(self.variable(name).map_or(1, |value| count_values([value]))),
            },
            _ => 1,
        }
    }
}

/// How many values there are in some, counted through lists and objects, without recursion.
pub(super) fn count_values<'a>(values: impl IntoIterator<Item = &'a Given>) -> u64 {
    let mut open: Vec<&Given> = values.into_iter().collect();
    let mut count = 0;
    while let Some(value) = open.pop() {
        count += 1;
        match value {
            Given::List(items) => open.extend(items),
            Given::Object(fields) => open.extend(fields.values()),
            _ => {}
        }
    }
    count
}

/// An argument, or a part of one.
#[derive(Clone, Copy)]
enum Argument<'a> {
    /// In the query.
    Written(&'a Value),
    /// By a variable.
    Given(&'a Given),
}

impl<'a> Argument<'a> {
    /// An enum's or a string's text.
    fn as_name(self) -> Option<&'a str> {
        match self {
            Self::Written(Value::Enum(name)) | Self::Given(Given::Enum(name)) => Some(name.as_str()),
            Self::Written(Value::String(text)) | Self::Given(Given::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A list's length.
    fn length(self) -> Option<u64> {
        match self {
            Self::Written(Value::List(items)) => Some(items.len() as u64),
            Self::Given(Given::List(items)) => Some(items.len() as u64),
            _ => None,
        }
    }
}

fn integer(argument: Argument<'_>) -> Option<i64> {
    match argument {
        Argument::Written(Value::Number(number)) | Argument::Given(Given::Number(number)) => number.as_i64(),
        _ => None,
    }
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
    fn values_in_arguments_are_priced_for_every_use() {
        let ids = |count: usize| json!(vec!["a"; count]);
        // The object, the object in it, the list, its items: ten are free.
        let filter = |count| json!({ "f": { "topics": { "in": ids(count) } } });
        let query = "query ($f: ReleaseFilter) { a: releases(filter: $f) { totalCount } b: releases(filter: $f) { totalCount } }";
        assert_eq!(cost(query, filter(7)), 4);
        assert_eq!(cost(query, filter(107)), 2 * (2 + 100));
        let written = |count| {
            let ids = vec!["\"a\""; count].join(",");
            format!("{{ a: releases(filter: {{topics: {{in: [{ids}]}}}}) {{ totalCount }} }}")
        };
        assert_eq!((cost(&written(7), json!({})), cost(&written(107), json!({}))), (2, 102));
        let within = "query ($ids: [ID!]) { releases(filter: {and: [{topics: {in: $ids}}, {topics: {in: $ids}}]}) { totalCount } }";
        // Four objects and a list besides.
        assert_eq!(cost(within, json!({ "ids": ids(99) })), 2 + 1 + 1 + 2 * (1 + 1 + 100) - 10);
        let default = "query ($ids: [ID!] = [1,2,3,4,5,6,7,8,9,10,11,12]) { nodes(ids: $ids) { id } }";
        assert_eq!(cost(default, json!({})), 1 + 12 + 3);
        let nested = "query ($f: ReleaseFilter) { topics(first: 5) { nodes { releases(filter: $f) { totalCount } } } }";
        assert_eq!(cost(nested, filter(107)), 1 + 5 * (1 + 2 + 100));
    }

    #[test]
    fn a_fragment_is_priced_once_and_an_operation_that_is_not_named_not_at_all() {
        let ids = vec!["\"a\""; 1000].join(",");
        let mut query = "{ ...F0 } ".to_owned();
        for number in 0..40 {
            query += &format!("fragment F{number} on Query {{ ...F{next} ...F{next} }} ", next = number + 1);
        }
        query += &format!("fragment F40 on Query {{ nodes(ids: [{ids}]) {{ id }} }}");
        assert_eq!(cost(&query, json!({})), (1 << 40) * 1992);
        let prices = Prices::of(&crate::graphql::sdl());
        let document = parse_query("query A { viewer { role } } query B { releases { totalCount } viewer { role } }");
        let of = |name| prices.cost(document.as_ref().unwrap(), &Variables::default(), name);
        assert_eq!((of(Some("A")), of(Some("B")), of(Some("C")), of(None)), (2, 4, 0, 0));
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

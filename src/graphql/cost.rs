//! What a query costs, worked out before it runs: one for every field, times the size of every list it lies in. `price` has the
//! prices.
//!
//! A field's arguments are worked through each time that it is executed: they cost 1 for each value beyond the tenth,
//! counted through lists and objects, whether they stand in the query or come by variables.
//!
//! Each fragment is priced once, however often it is spread, and each variable counted once, however often it is used; so pricing
//! takes as long as reading the query does. No sum wraps.

use std::{cell::RefCell, collections::HashMap, iter::Sum, ops::Add};

use async_graphql::{
    Name, Positioned, Variables,
    parser::types::{DocumentOperations, ExecutableDocument, Field, OperationType, Selection, SelectionSet},
};
use chrono::NaiveDate;

use super::{
    argument::{Argument, Arguments},
    price::{DEAR_FACET, FACET, PREVIEW, Prices, Size},
};
use crate::{
    catalog::{Interval, MAX_POINTS, Weekday},
    newsroom::page::MAX_SIZE,
};

/// What a timeline with an open range is taken to have, by interval: about what newsrooms have.
pub const UNKNOWN_PERIODS: [(&str, Interval, u64); 5] = [
    ("DAY", Interval::Day, 1000),
    ("WEEK", Interval::Week, 500),
    ("MONTH", Interval::Month, 120),
    ("QUARTER", Interval::Quarter, 40),
    ("YEAR", Interval::Year, 20),
];

/// Values in the arguments of a field that cost nothing.
const FREE_VALUES: u64 = 10;

impl Prices {
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
        let arguments = Arguments::new(operation, variables);
        let bill = Bill { prices: self, document, arguments, fragments: RefCell::default() };
        bill.selection(&operation.selection_set.node, root).times(1)
    }
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
pub(super) struct Bill<'a> {
    pub(super) prices: &'a Prices,
    pub(super) document: &'a ExecutableDocument,
    arguments: Arguments<'a>,
    /// What each fragment costs where it is spread.
    fragments: RefCell<HashMap<&'a Name, Cost>>,
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
        if ["__schema", "__type"].contains(&field.name.node.as_str()) {
            let once = self.schema(&field.selection_set.node).saturating_add(1);
            return Cost { once, each: 0 };
        }
        let price = self.prices.of_field(parent, field.name.node.as_str());
        let returns = price.map_or("", |price| price.returns.as_str());
        let selection = self.selection(&field.selection_set.node, returns);
        let arguments = self.arguments.count(field).saturating_sub(FREE_VALUES);
        let (base, times) = match price.map_or(Size::One, |price| price.size) {
            Size::One => (if field.name.node == "preview" { PREVIEW } else { 1 }, 1),
            // The entry itself and its selection.
            Size::Entries => {
                let each = selection.times(1).saturating_add(1).saturating_add(arguments);
                return Cost { once: 0, each };
            }
            Size::Fixed(times) => (1, times),
            Size::Page { default, base } => {
                let asked =
                    ["first", "last"].iter().filter_map(|name| self.arguments.of(field, name)?.as_integer()).max();
                (base, asked.map_or(default, sane))
            }
            Size::Facet => {
                let input = self.arguments.of(field, "input");
                let first = input.and_then(|input| self.arguments.part(input, "first")?.as_integer());
                (if self.is_dear(input) { DEAR_FACET } else { FACET }, first.map_or(10, sane))
            }
            Size::Periods => (1, self.periods(field)),
            Size::Ids => {
                let ids = self.arguments.of(field, "ids");
                (1, ids.and_then(Argument::length).unwrap_or(1))
            }
        };
        let selected = if self.prices.has_entries(returns) {
            selection.times(times)
        } else {
            selection.times(1).saturating_mul(times)
        };
        Cost { once: selected.saturating_add(base).saturating_add(arguments), each: 0 }
    }

    /// Whether a facet needs more than the counts that are made for all.
    fn is_dear(&self, input: Option<Argument<'a>>) -> bool {
        let Some(input) = input else { return false };
        let by_latest = |key| self.arguments.part(key, "by").and_then(Argument::as_name) == Some("LATEST");
        let order = self.arguments.part(input, "orderBy").map(|order| self.arguments.items(order)).unwrap_or_default();
        order.into_iter().any(by_latest) || self.arguments.part(input, "under").is_some_and(|under| !under.is_null())
    }

    /// How many periods a timeline will have.
    fn periods(&self, field: &'a Field) -> u64 {
        let interval = self.arguments.of(field, "interval");
        let name = interval.and_then(Argument::as_name).unwrap_or("DAY");
        let (_, interval, unknown) =
            UNKNOWN_PERIODS.into_iter().find(|(known, ..)| *known == name).unwrap_or(UNKNOWN_PERIODS[0]);
        let range = self.arguments.of(field, "range");
        let end = |name| -> Option<NaiveDate> { self.arguments.part(range?, name)?.as_name()?.parse().ok() };
        match (end("from"), end("until")) {
            (Some(from), Some(until)) => interval.periods(from, until, Weekday::Monday).min(MAX_POINTS),
            _ => unknown,
        }
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
    fn facets_that_look_at_every_value_are_dearer() {
        let facet =
            |input: &str| format!("{{ releaseStats {{ facets {{ topics(input: {{{input}}}) {{ missing }} }} }} }}");
        assert_eq!(cost(&facet("first: 5"), json!({})), 1 + 1 + 5 + 1);
        for dear in ["orderBy: [{by: COUNT}, {by: LATEST}]", "orderBy: {by: LATEST}", "under: {slug: \"a\"}"] {
            assert_eq!(cost(&facet(dear), json!({})), 1 + 1 + 50 + 1, "{dear}");
        }
        let query = "query ($i: TopicFacetInput) { releaseStats { facets { topics(input: $i) { missing } } } }";
        assert_eq!(cost(query, json!({ "i": { "orderBy": [{ "by": "LATEST" }] } })), 53);
        assert_eq!(cost(query, json!({ "i": { "orderBy": [{ "by": "LABEL" }], "under": null } })), 8);
    }

    #[test]
    fn the_schema_is_paid_for_by_its_size_and_its_lists_come_once_on_a_way() {
        let reference = "kind name ofType { kind name ofType { kind name } }";
        let all = format!(
            "{{ __schema {{ types {{ kind name description fields {{ name description args {{ name type {{ {reference} }} }} \
             type {{ {reference} }} }} inputFields {{ name type {{ {reference} }} }} interfaces {{ {reference} }} \
             enumValues {{ name }} possibleTypes {{ {reference} }} }} }} }}"
        );
        let of_all = cost(&all, json!({}));
        assert!((400..3000).contains(&of_all), "{of_all}");
        let aliases = (0..90).map(|n| format!("a{n}: description")).collect::<Vec<_>>().join(" ");
        assert!(cost(&format!("{{ __schema {{ types {{ fields {{ {aliases} }} }} }} }}"), json!({})) > 3000);
        let one = cost("{ __type(name: \"Query\") { fields { args { name } } } }", json!({}));
        assert!((5..100).contains(&one), "{one}");
        for twice in [
            "possibleTypes { interfaces { name } }",
            "fields { type { fields { name } } }",
            "... { fields { type { ...F } } }",
            "interfaces { possibleTypes { name } }",
        ] {
            let query = format!(
                "{{ __type(name: \"Node\") {{ {twice} }} }} fragment F on __Type {{ ofType {{ fields {{ name }} }} }}"
            );
            assert_eq!(cost(&query, json!({})), u64::MAX, "{twice}");
        }
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

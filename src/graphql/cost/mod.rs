//! Query cost (complexity): computed from the plan of an operation before it runs, and limited by `limits.cost`.
//!
//! A field costs 1, multiplied by the length of every list around it; `field_costs` has the exceptions. A field may
//! have ten argument values at no cost, and each further value costs 1, in literals and in variables. Fields that
//! `@skip` or `@include` exclude cost nothing. Sums saturate. `async-graphql` cannot compute the complexity of fields
//! on interfaces, so this module does not use its complexity rules.
//!
//! - `field_costs`: cost of each field, and how it multiplies the cost of its selection; derived from the schema
//! - `extent`: maximum lengths of lists for the viewer
//! - `introspection`: cost of `__schema` and `__type`
//! - `schema_size`: number of types, fields, arguments and enum values in the schema

pub(crate) mod extent;
pub(crate) mod field_costs;
pub(crate) mod introspection;
mod schema_size;

use std::ops::Add;

use async_graphql::{
    Variables,
    parser::types::{Field, OperationDefinition, OperationType, Selection, SelectionSet},
};
use chrono::NaiveDate;

use super::engine::arguments::{Argument, Arguments};
use crate::{
    catalog::{Interval, MAX_TIMELINE_POINTS, Weekday},
    newsroom::reading::pagination::{DEFAULT_SIZE, MAX_SIZE},
};
use extent::Extent;
use field_costs::{Bound, EXPENSIVE_FACET_COST, FACET_COST, FieldCosts, Multiplier, PREVIEW_COST};
use introspection::introspection_cost;

/// The intervals of a timeline, with their names in the API.
const INTERVALS: [(&str, Interval); 5] = [
    ("DAY", Interval::Day),
    ("WEEK", Interval::Week),
    ("MONTH", Interval::Month),
    ("QUARTER", Interval::Quarter),
    ("YEAR", Interval::Year),
];

/// Number of values in timeline points that together cost as much as one ordinary field. Points are cheap, because
/// the catalog counts all points of a timeline at once, in memory.
const POINT_VALUES_PER_COST: u64 = 10;

/// Number of argument values that each field may have at no cost.
const FREE_ARGUMENT_VALUES: u64 = 10;

impl FieldCosts {
    /// Returns the cost of a planned operation. `extent` has the maximum lengths of lists for the viewer.
    pub fn cost(&self, operation: &OperationDefinition, variables: &Variables, extent: &Extent) -> u64 {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let visitor = CostVisitor { field_costs: self, arguments: Arguments::new(variables), extent };
        visitor.selection(&operation.selection_set.node, root).total(1)
    }
}

/// The cost of a selection: a fixed part, and a part for each entry if the selection is on a type with entries, such
/// as a connection.
#[derive(Clone, Copy, Default)]
struct Cost {
    fixed: u64,
    per_item: u64,
}

impl Cost {
    fn total(self, entries: u64) -> u64 {
        self.fixed.saturating_add(self.per_item.saturating_mul(entries))
    }

    /// Returns the larger of two fixed parts, and the larger of two parts per entry.
    fn max(self, other: Self) -> Self {
        Self { fixed: self.fixed.max(other.fixed), per_item: self.per_item.max(other.per_item) }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { fixed: self.fixed.saturating_add(other.fixed), per_item: self.per_item.saturating_add(other.per_item) }
    }
}

/// Computes the cost of one operation.
struct CostVisitor<'a> {
    field_costs: &'a FieldCosts,
    arguments: Arguments<'a>,
    extent: &'a Extent,
}

impl<'a> CostVisitor<'a> {
    /// Returns the cost of a selection on type `parent`. If the selection differs by object type, only the most
    /// expensive type counts. Recursion depth: selection nesting, limited by `limits.nesting`.
    fn selection(&self, set: &'a SelectionSet, parent: &str) -> Cost {
        let (mut fields, mut most_expensive) = (Cost::default(), Cost::default());
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => fields = fields + self.field(&field.node, parent),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                    most_expensive = most_expensive.max(self.selection(&fragment.node.selection_set.node, on));
                }
                // Plans contain no fragment spreads.
                Selection::FragmentSpread(_) => {}
            }
        }
        fields + most_expensive
    }

    fn field(&self, field: &'a Field, parent: &str) -> Cost {
        if ["__schema", "__type"].contains(&field.name.node.as_str()) {
            let cost = introspection_cost(&field.selection_set.node, &self.field_costs.schema_size);
            return Cost { fixed: cost.saturating_add(1), per_item: 0 };
        }
        let field_cost = self.field_costs.get(parent, field.name.node.as_str());
        let returns = field_cost.map_or("", |field_cost| field_cost.returns.as_str());
        let selection = self.selection(&field.selection_set.node, returns);
        let arguments = self.arguments.count(field).saturating_sub(FREE_ARGUMENT_VALUES);
        let max_length = || field_cost.map_or(u64::MAX, |field_cost| self.extent.max_length(field_cost.bound));
        let (base, times) = match field_cost.map_or(Multiplier::One, |field_cost| field_cost.multiplier) {
            Multiplier::One => (if field.name.node == "preview" { PREVIEW_COST } else { 1 }, 1),
            // Each entry costs 1, its selection and its arguments.
            Multiplier::Entries => {
                let per_item = selection.total(1).saturating_add(1).saturating_add(arguments);
                return Cost { fixed: 0, per_item };
            }
            Multiplier::Fixed(times) => (1, times),
            Multiplier::Page { default, base } => {
                let requested =
                    ["first", "last"].iter().filter_map(|name| self.arguments.get(field, name)?.as_integer()).max();
                (base, requested.map_or(default, clamp_page_size).min(max_length()))
            }
            Multiplier::Facet => {
                let input = self.arguments.get(field, "input");
                let first = input.and_then(|input| self.arguments.object_field(input, "first")?.as_integer());
                (
                    if self.is_expensive(input) { EXPENSIVE_FACET_COST } else { FACET_COST },
                    first.map_or(DEFAULT_SIZE.unsigned_abs().into(), clamp_page_size).min(max_length()),
                )
            }
            Multiplier::Periods => (1, self.periods(field)),
            Multiplier::Ids => {
                let ids = self.arguments.get(field, "ids");
                (1, ids.and_then(Argument::length).unwrap_or(1))
            }
        };
        let selected = if field_cost.is_some_and(|field_cost| field_cost.multiplier == Multiplier::Periods) {
            selection.fixed.saturating_add(selection.per_item.saturating_mul(times).div_ceil(POINT_VALUES_PER_COST))
        } else if self.field_costs.has_entries(returns) {
            selection.total(times)
        } else {
            selection.total(1).saturating_mul(times)
        };
        Cost { fixed: selected.saturating_add(base).saturating_add(arguments), per_item: 0 }
    }

    /// Returns whether a facet is expensive: ordered by latest date, or restricted to one topic (`under`).
    fn is_expensive(&self, input: Option<Argument<'a>>) -> bool {
        let Some(input) = input else { return false };
        let by_latest = |key| self.arguments.object_field(key, "by").and_then(Argument::as_name) == Some("LATEST");
        let order =
            self.arguments.object_field(input, "orderBy").map(|order| self.arguments.items(order)).unwrap_or_default();
        order.into_iter().any(by_latest)
            || self.arguments.object_field(input, "under").is_some_and(|under| !under.is_null())
    }

    /// Returns the maximum number of periods in a timeline. If the range has no start or no end, the first or last
    /// date of the visible releases is used. For publication dates, the range then starts the day before the first
    /// publication or ends tomorrow. If empty periods are omitted, there are at most as many periods as releases.
    fn periods(&self, field: &'a Field) -> u64 {
        let name = self.arguments.get(field, "interval").and_then(Argument::as_name).unwrap_or("DAY");
        let interval = INTERVALS
            .into_iter()
            .find(|(graphql_name, _)| *graphql_name == name)
            .map_or(Interval::Day, |(_, interval)| interval);
        let range = self.arguments.get(field, "range");
        let end = |name| -> Option<NaiveDate> { self.arguments.object_field(range?, name)?.as_name()?.parse().ok() };
        let by_release_date =
            self.arguments.get(field, "dateField").and_then(Argument::as_name).is_none_or(|by| by == "RELEASE_DATE");
        // Called only if the range has no start or no end, because finding the first publication visits every
        // release.
        let default_range = || {
            if by_release_date {
                return self.extent.span();
            }
            // These are UTC dates. In the time zone of the timeline, a date may be one day earlier or later.
            Some((self.extent.first_publication()?.pred_opt()?, self.extent.today().succ_opt()?))
        };
        let (from, until) = match (end("from"), end("until")) {
            (Some(from), Some(until)) => (from, until),
            (from, until) => match default_range() {
                Some((first, last)) => (from.unwrap_or(first), until.unwrap_or(last)),
                // Without visible releases, there are no periods. The minimum is 1.
                None => return 1,
            },
        };
        let week_start = match self.arguments.get(field, "weekStart").and_then(Argument::as_name) {
            Some("SUNDAY") => Weekday::Sunday,
            Some("SATURDAY") => Weekday::Saturday,
            _ => Weekday::Monday,
        };
        let omits_empty = self.arguments.get(field, "fill").and_then(Argument::as_name) == Some("OMIT");
        let max_periods = if omits_empty { self.extent.max_length(Bound::Releases) } else { MAX_TIMELINE_POINTS };
        interval.periods(from, until, week_start).min(max_periods).clamp(1, MAX_TIMELINE_POINTS)
    }
}

/// Clamps a requested page size to the range from 0 to the maximum page size.
fn clamp_page_size(requested: i64) -> u64 {
    requested.clamp(0, MAX_SIZE.into()).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use serde_json::json;

    use super::*;
    use crate::{
        graphql::operation::{Disclosure, Document, OperationSchema, Plan},
        limits::Limits,
    };

    static SCHEMA: LazyLock<(OperationSchema, FieldCosts)> = LazyLock::new(|| {
        let sdl = crate::graphql::sdl();
        (OperationSchema::parse(&sdl), FieldCosts::from_sdl(&sdl))
    });

    fn cost(query: &str, variables: serde_json::Value) -> u64 {
        let limits =
            Limits { selections: u64::MAX, tokens: u64::MAX, depth: 100, aliases: u64::MAX, ..Limits::default() };
        let (schema, field_costs) = &*SCHEMA;
        let document = Document::parse(query, schema, &limits, Disclosure::Full).expect(query);
        let operation = document.operation(None).expect(query);
        let serde_json::Value::Object(variables) = variables else { panic!("the variables are not an object") };
        let variables = document.coerce(operation, schema, variables, Disclosure::Full).expect(query);
        let plan = Plan::new(&document, operation, schema, &variables, &limits).expect(query);
        field_costs.cost(plan.operation(), &variables, &Extent::unbounded())
    }

    #[test]
    fn field_costs_are_as_documented() {
        let cases = [
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
            // Fields of the connection other than its entries cost the same for every page size.
            ("{ releases(first: 200) { timeline(interval: YEAR) { points { count } } } }", json!({}), 1 + 1 + 1),
            ("{ topicAggregates { count } }", json!({}), 25),
            ("{ nodes(ids: [\"a\", \"b\"]) { id } }", json!({}), 3),
            // 1 + facets 1 + (5 + 12 · (1 + count 1))
            ("{ releaseStats { facets { topics(input: {first: 12}) { buckets { count } } } } }", json!({}), 31),
            (
                "query ($i: TopicFacetInput) { releaseStats { facets { topics(input: $i) { buckets { count } } } } }",
                json!({ "i": { "first": 3 } }),
                13,
            ),
            // Without `range`, the timeline covers the years of the releases. Ten values in points cost 1.
            ("{ releaseStats { timeline(interval: YEAR) { points { count } } } }", json!({}), 1 + 1 + 1),
            (
                "{ releaseStats { timeline(interval: MONTH, range: {from: \"2020-01-01\", until: \"2021-12-31\"}) { points { count } } } }",
                json!({}),
                1 + 1 + 5,
            ),
            // The range has 731 days. `OMIT` leaves out none of them, because the unbounded extent has more releases
            // than days.
            ("{ releaseStats { timeline(interval: DAY, fill: OMIT) { points { count } } } }", json!({}), 1 + 1 + 147),
            // Monday to Sunday is one week if weeks start on Monday, and two if they start on Sunday.
            (
                "{ releaseStats { timeline(interval: WEEK, weekStart: MONDAY, range: {from: \"2020-01-06\", until: \"2020-01-12\"}) { points { label start end count cumulative complete } } } }",
                json!({}),
                1 + 1 + 1,
            ),
            (
                "{ releaseStats { timeline(interval: WEEK, weekStart: SUNDAY, range: {from: \"2020-01-06\", until: \"2020-01-12\"}) { points { label start end count cumulative complete } } } }",
                json!({}),
                1 + 1 + 2,
            ),
        ];
        for (query, variables, expected) in cases {
            assert_eq!(cost(query, variables), expected, "{query}");
        }
    }

    #[test]
    fn interfaces_fragments_and_page_sizes_do_not_bypass_the_cost() {
        let expensive = "{ releaseStats { ... on ReleaseSet { timeline(interval: DAY) { points { count } } } } }";
        assert_eq!(cost(expensive, json!({})), 1 + 1 + 147);
        let spread = "{ releaseStats { ...F } } fragment F on ReleaseStats { facets { topics(input: {first: 200}) { ...G } } } \
            fragment G on TopicFacet { buckets { stats { facets { places(input: {first: 200}) { buckets { count } } } } } }";
        assert_eq!(cost(spread, json!({})), 1 + 1 + 5 + 200 * (1 + 1 + 1 + 5 + 200 * 2));
        assert_eq!(cost("{ releases(first: -5) { nodes { slug } } }", json!({})), 1);
        assert_eq!(cost("{ releases(first: 2147483647) { nodes { slug } } }", json!({})), 1 + 200 * 2);
    }

    #[test]
    fn argument_values_are_charged_for_every_use() {
        let ids = |count: usize| json!(vec!["a"; count]);
        // The values are two objects, the list and its items. Ten values are free.
        let filter = |count| json!({ "f": { "not": { "ids": ids(count) } } });
        let query = "query ($f: ReleaseFilter) { a: releases(filter: $f) { totalCount } b: releases(filter: $f) { totalCount } }";
        assert_eq!(cost(query, filter(7)), 4);
        assert_eq!(cost(query, filter(107)), 2 * (2 + 100));
        let with_literals = |count| {
            let ids = vec!["\"a\""; count].join(",");
            format!("{{ a: releases(filter: {{not: {{ids: [{ids}]}}}}) {{ totalCount }} }}")
        };
        assert_eq!((cost(&with_literals(7), json!({})), cost(&with_literals(107), json!({}))), (2, 102));
        let within =
            "query ($ids: [ID!]) { releases(filter: {and: [{not: {ids: $ids}}, {not: {ids: $ids}}]}) { totalCount } }";
        // The values are the outer object and its list, and for each use of `$ids` two objects, the list and its
        // items.
        assert_eq!(cost(within, json!({ "ids": ids(99) })), 2 + 1 + 1 + 2 * (1 + 1 + 100) - 10);
        let default = "query ($ids: [ID!] = [1,2,3,4,5,6,7,8,9,10,11,12]) { nodes(ids: $ids) { id } }";
        assert_eq!(cost(default, json!({})), 1 + 12 + 3);
        let nested = "query ($f: ReleaseFilter) { topics(first: 5) { nodes { releases(filter: $f) { totalCount } } } }";
        assert_eq!(cost(nested, filter(107)), 1 + 5 * (1 + 2 + 100));
    }

    #[test]
    fn skipped_fields_cost_nothing_and_the_most_expensive_type_of_an_interface_counts() {
        let query = "query ($all: Boolean = false) { viewer { role } releases @include(if: $all) { nodes { slug } } }";
        assert_eq!((cost(query, json!({})), cost(query, json!({ "all": true }))), (2, 43));
        let spread = "{ ...F ...F } fragment F on Query { viewer { role } }";
        assert_eq!(cost(spread, json!({})), 2);
        let node = "{ node(id: \"a\") { id ... on Topic { name } ... on Release { slug headline } } }";
        assert_eq!(cost(node, json!({})), 1 + 3);
    }

    #[test]
    fn facets_that_scan_every_value_cost_more() {
        let facet =
            |input: &str| format!("{{ releaseStats {{ facets {{ topics(input: {{{input}}}) {{ missing }} }} }} }}");
        assert_eq!(cost(&facet("first: 5"), json!({})), 1 + 1 + 5 + 1);
        for expensive in ["orderBy: [{by: COUNT}, {by: LATEST}]", "orderBy: {by: LATEST}", "under: {slug: \"a\"}"] {
            assert_eq!(cost(&facet(expensive), json!({})), 1 + 1 + 50 + 1, "{expensive}");
        }
        let query = "query ($i: TopicFacetInput) { releaseStats { facets { topics(input: $i) { missing } } } }";
        assert_eq!(cost(query, json!({ "i": { "orderBy": [{ "by": "LATEST" }] } })), 53);
        assert_eq!(cost(query, json!({ "i": { "orderBy": [{ "by": "LABEL" }], "under": null } })), 8);
    }

    #[test]
    fn introspection_costs_by_schema_size_and_a_path_has_each_kind_of_list_once() {
        let reference = "kind name ofType { kind name ofType { kind name } }";
        let all = format!(
            "{{ __schema {{ types {{ kind name description fields {{ name description args {{ name type {{ {reference} }} }} \
             type {{ {reference} }} }} inputFields {{ name type {{ {reference} }} }} interfaces {{ {reference} }} \
             enumValues {{ name }} possibleTypes {{ {reference} }} }} }} }}"
        );
        let all_types_cost = cost(&all, json!({}));
        assert!((400..3000).contains(&all_types_cost), "{all_types_cost}");
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
            let fragment =
                if twice.contains("...F") { "fragment F on __Type { ofType { fields { name } } }" } else { "" };
            let query = format!("{{ __type(name: \"Node\") {{ {twice} }} }} {fragment}");
            assert_eq!(cost(&query, json!({})), u64::MAX, "{twice}");
        }
    }

    #[test]
    fn sums_saturate() {
        let (mut open, mut close) = (String::new(), String::new());
        for _ in 0..9 {
            open += "facets { topics(input: {first: 200}) { buckets { stats { ";
            close += "} } } }";
        }
        assert_eq!(cost(&format!("{{ releaseStats {{ {open} count {close} }} }}"), json!({})), u64::MAX);
    }
}

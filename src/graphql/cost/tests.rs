//! Tests of the cost of queries.

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
    let limits = Limits { selections: u64::MAX, tokens: u64::MAX, depth: 100, aliases: u64::MAX, ..Limits::default() };
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
        ("query ($n: Int = 7) { releases(last: $n) { totalCount nodes { id } } }", json!({ "n": 2 }), 1 + 1 + 2 * 2),
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
    let query =
        "query ($f: ReleaseFilter) { a: releases(filter: $f) { totalCount } b: releases(filter: $f) { totalCount } }";
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
    let facet = |input: &str| format!("{{ releaseStats {{ facets {{ topics(input: {{{input}}}) {{ missing }} }} }} }}");
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
        let fragment = if twice.contains("...F") { "fragment F on __Type { ofType { fields { name } } }" } else { "" };
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

//! Tests that the demo newsroom has a value for every public field.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeZone;
use dateline::cli::demo;
use serde_json::{Value, json};

use crate::{
    harness::{Caller, TestServer},
    visibility::schema_walk::{Schema, ValuePool, list, text},
};

/// Fields that have no value in the demo newsroom when the public reads them, each with the reason.
const EMPTY: &[(&str, &str)] = &[
    ("Query.accessLog", "for administrators"),
    ("Query.journal", "for administrators"),
    ("Query.preview", "needs a preview link"),
    ("Query.tokens", "for administrators"),
    ("Release.author", "for the desk"),
    ("Release.createdAt", "for the desk"),
    ("Release.editorialNote", "for the desk"),
    ("Release.embargo", "for the press and the desk"),
    ("Release.history", "for the desk"),
    ("Release.revisions", "for the desk"),
    ("Release.schedule", "for the desk"),
    ("Release.withdrawal", "for the desk"),
    ("Release.working", "for the desk"),
    ("Viewer.capabilities", "the public has no capabilities"),
];

/// Fields that have no value in the demo newsroom when an administrator reads them, each with the reason.
const EMPTY_FOR_ADMIN: &[(&str, &str)] = &[
    ("AccessLogConnection.edges", "no press user has read an embargoed release"),
    ("AccessLogConnection.nodes", "no press user has read an embargoed release"),
    ("Query.preview", "needs a preview link"),
    ("Schedule.recordedAt", "the scheduled release is not due yet"),
    ("Token.expiresAt", "the tokens of the test do not expire"),
    ("Token.revokedAt", "no token was revoked"),
];

/// A handwritten query for facet buckets. The generated queries do not reach them, because buckets are too deeply
/// nested.
const BUCKETS: &str = "{ releaseStats { __typename timeline(interval: MONTH, fill: OMIT) { __typename interval timeZone points { \
    __typename label start end count cumulative complete } } facets { __typename kinds { __typename buckets { ...B } } \
    languages { __typename buckets { ...B } } topics { __typename buckets { ...B ... on TopicBucket { topic { __typename slug } } } } \
    places { __typename buckets { ...B ... on PlaceBucket { place { __typename slug } } } } } } } \
    fragment B on FacetBucket { __typename samples(first: 1) { __typename headline } stats { __typename count } }";

/// A handwritten query for a search, because generated queries pass no search text that has matches and errors.
const SEARCH: &str = "{ releases(search: {text: \"fihsing boats\"}) { __typename didYouMean edges { __typename match { __typename score fields \
    highlights { __typename field text startsInside endsInside ranges { __typename start end } } } } } \
    topics: searchSuggestions(prefix: \"youth\") { __typename topic { __typename slug } } places: searchSuggestions(prefix: \"phnom\") { __typename place { __typename slug } } }";

/// Adds to `fields_seen` every object field in a response that has a value, as `Type.field`. Null and an empty list
/// do not count as values.
fn record_fields(response: &Value, fields_seen: &mut BTreeSet<String>) {
    match response {
        Value::Array(items) => items.iter().for_each(|item| record_fields(item, fields_seen)),
        Value::Object(fields) => {
            let name = text(&response["__typename"]);
            for (key, value) in fields {
                let field = key.strip_prefix(&format!("{name}_")).unwrap_or(key);
                if !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()) {
                    fields_seen.insert(format!("{name}.{field}"));
                }
                record_fields(value, fields_seen);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_public_field_has_a_value_somewhere() {
    let server = TestServer::on_sqlite().await;
    server.app.clock.set(chrono::Utc.with_ymd_and_hms(2026, 3, 31, 23, 30, 0).unwrap());
    assert!(demo::populate(&server.app).await.unwrap().is_some());
    assert!(
        demo::populate(&server.app).await.unwrap().is_none(),
        "a newsroom with releases must not be populated again"
    );
    let schema = Schema::introspect(&server).await;
    let ids = "{ a: topic(ref: {slug: \"youth-employment\"}) { id } b: place(ref: {slug: \"phnom-penh\"}) { id } \
               c: release(ref: {slug: \"figures-on-first-jobs-by-city\"}) { id } }";
    let data = server.data(Caller::Public, ids, json!({})).await;
    let pool = ValuePool {
        ids: ["a", "b", "c"].map(|key| text(&data[key]["id"])).into(),
        texts: [
            "youth-employment",
            "phnom-penh",
            "figures-on-first-jobs-by-city",
            "a-job-centre-opens-at-the-harbour",
            "figures-on-fishing-boats",
            "handbook-first-edition",
            "workplace-safety",
            "batavia",
            "KH",
        ]
        .map(str::to_owned)
        .into(),
    };
    let mut results = Vec::new();
    for (caller, expected) in [(Caller::Public, EMPTY), (Caller::Admin, EMPTY_FOR_ADMIN)] {
        let mut fields_seen = BTreeSet::new();
        let mut queries: Vec<(String, Value)> = vec![(BUCKETS.to_owned(), json!({})), (SEARCH.to_owned(), json!({}))];
        // The public queries of depth 1 include the optional arguments. All other queries have only required
        // arguments; they differ in the depth of the selection below each field.
        for depth in 1..=3 {
            let mut fewest_arguments = BTreeMap::new();
            for generated in schema.generate_queries("Query", &pool, depth) {
                let given = generated.variables.as_object().map_or(0, serde_json::Map::len);
                let required = *fewest_arguments.entry(generated.field).or_insert(given);
                if given == required || (depth == 1 && caller == Caller::Public) {
                    queries.push((generated.query, generated.variables));
                }
            }
        }
        for (query, variables) in queries {
            let mut data = server.execute(caller, &query, variables).await["data"].clone();
            if data.is_object() {
                data["__typename"] = json!("Query");
                record_fields(&data, &mut fields_seen);
            }
        }
        // This test does not cover types that only mutations or subscriptions return.
        let reached_types: BTreeSet<&str> = fields_seen.iter().filter_map(|field| field.split('.').next()).collect();
        assert!(
            reached_types.len() > 30 && reached_types.contains("TimePoint") && reached_types.contains("Correction"),
            "{reached_types:?}"
        );
        let mut missing = Vec::new();
        for (name, definition) in schema
            .types
            .iter()
            .filter(|(name, definition)| definition["kind"] == "OBJECT" && reached_types.contains(name.as_str()))
        {
            let fields = list(&definition["fields"]).iter().map(|field| format!("{name}.{}", text(&field["name"])));
            missing.extend(fields.filter(|field| !name.starts_with("__") && !fields_seen.contains(field)));
        }
        missing.sort();
        let expected: Vec<String> = expected.iter().map(|(field, _)| (*field).to_owned()).collect();
        results.push((caller, missing == expected, missing));
    }
    assert!(results.iter().all(|(_, is_expected, _)| *is_expected), "{results:#?}");
}

#[tokio::test]
async fn the_demo_has_trending_topics_on_the_day_it_is_created() {
    for day in ["2026-01-01T00:00:00Z", "2028-02-29T12:34:56Z", "2030-12-31T23:59:59Z"] {
        let server = TestServer::on_sqlite().await;
        let now = chrono::DateTime::parse_from_rfc3339(day).unwrap().to_utc();
        server.app.clock.set(now);
        demo::populate(&server.app).await.unwrap();
        let query = "{ trendingTopics { topic { slug } count lift } releases(first: 1) { nodes { releaseDate } } }";
        let data = server.data(Caller::Public, query, json!({})).await;
        assert_eq!(data["trendingTopics"][0]["topic"]["slug"], "youth-employment", "{data}");
        assert_eq!(data["releases"]["nodes"][0]["releaseDate"], now.date_naive().to_string());
    }
}

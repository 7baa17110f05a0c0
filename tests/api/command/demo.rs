//! The demo newsroom has something to show for every field that the public may ask for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeZone;
use dateline::cli::demo;
use serde_json::{Value, json};

use crate::{
    harness::{Desk, Who},
    visibility::schema_walk::{Pool, Schema, list, text},
};

/// Fields that have no value for the public of the demo, and why.
const EMPTY: &[(&str, &str)] = &[
    ("Query.accessLog", "for administrators"),
    ("Query.journal", "for administrators"),
    ("Query.preview", "for whoever has the link"),
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
    ("Viewer.capabilities", "the public may do nothing"),
];

/// The same for an administrator.
const EMPTY_FOR_ADMIN: &[(&str, &str)] = &[
    ("Query.accessLog", "nobody of the press has read what is under the embargo"),
    ("Query.preview", "for whoever has the link"),
    ("Schedule.recordedAt", "the scheduled release is not due yet"),
    ("Token.expiresAt", "the tokens of the test do not end"),
    ("Token.revokedAt", "no token was revoked"),
];

/// What the buckets of facets lead to: deeper than the other questions go.
const BUCKETS: &str = "{ releaseStats { __typename timeline(interval: MONTH, fill: OMIT) { __typename interval timeZone points { \
    __typename label start end count cumulative complete } } facets { __typename kinds { __typename buckets { ...B } } \
    languages { __typename buckets { ...B } } topics { __typename buckets { ...B ... on TopicBucket { topic { __typename slug } } } } \
    places { __typename buckets { ...B ... on PlaceBucket { place { __typename slug } } } } } } } \
    fragment B on FacetBucket { __typename samples(first: 1) { __typename headline } within { __typename count } }";

/// Notes each field of each object in an answer that has a value: not null, and no empty list.
fn note(answer: &Value, seen: &mut BTreeSet<String>) {
    match answer {
        Value::Array(items) => items.iter().for_each(|item| note(item, seen)),
        Value::Object(fields) => {
            let name = text(&answer["__typename"]);
            for (key, value) in fields {
                let field = key.strip_prefix(&format!("{name}_")).unwrap_or(key);
                if !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()) {
                    seen.insert(format!("{name}.{field}"));
                }
                note(value, seen);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_public_field_has_a_value_somewhere() {
    let desk = Desk::on_sqlite().await;
    desk.app.clock.set(chrono::Utc.with_ymd_and_hms(2026, 3, 31, 23, 30, 0).unwrap());
    assert!(demo::populate(&desk.app).await.unwrap().is_some());
    assert!(demo::populate(&desk.app).await.unwrap().is_none(), "it is not empty any more");
    let schema = Schema::of(&desk).await;
    let ids = "{ a: topic(ref: {slug: \"youth-employment\"}) { id } b: place(ref: {slug: \"phnom-penh\"}) { id } \
               c: release(ref: {slug: \"figures-on-first-jobs-by-city\"}) { id } }";
    let data = desk.data(Who::Public, ids, json!({})).await;
    let pool = Pool {
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
    let mut found = Vec::new();
    for (who, expected) in [(Who::Public, EMPTY), (Who::Admin, EMPTY_FOR_ADMIN)] {
        let mut seen = BTreeSet::new();
        let mut questions: Vec<(String, Value)> = vec![(BUCKETS.to_owned(), json!({}))];
        // Optional arguments at one depth and for the public; the rest of the questions differ in what is below a field.
        for depth in 1..=3 {
            let mut least = BTreeMap::new();
            for question in schema.questions("Query", &pool, depth) {
                let given = question.variables.as_object().map_or(0, serde_json::Map::len);
                let required = *least.entry(question.field).or_insert(given);
                if given == required || (depth == 1 && who == Who::Public) {
                    questions.push((question.query, question.variables));
                }
            }
        }
        for (query, variables) in questions {
            let mut data = desk.ask(who, &query, variables).await["data"].clone();
            if data.is_object() {
                data["__typename"] = json!("Query");
                note(&data, &mut seen);
            }
        }
        // What only mutations and subscriptions lead to is not asked for here.
        let reached: BTreeSet<&str> = seen.iter().filter_map(|field| field.split('.').next()).collect();
        assert!(reached.len() > 30 && reached.contains("TimePoint") && reached.contains("Correction"), "{reached:?}");
        let mut missing = Vec::new();
        for (name, of) in
            schema.types.iter().filter(|(name, of)| of["kind"] == "OBJECT" && reached.contains(name.as_str()))
        {
            let fields = list(&of["fields"]).iter().map(|field| format!("{name}.{}", text(&field["name"])));
            missing.extend(fields.filter(|field| !name.starts_with("__") && !seen.contains(field)));
        }
        missing.sort();
        let expected: Vec<String> = expected.iter().map(|(field, _)| (*field).to_owned()).collect();
        found.push((who, missing == expected, missing));
    }
    assert!(found.iter().all(|(_, is_expected, _)| *is_expected), "{found:#?}");
}

#[tokio::test]
async fn what_is_on_the_rise_is_shown_on_the_day_it_is_made() {
    for day in ["2026-01-01T00:00:00Z", "2028-02-29T12:34:56Z", "2030-12-31T23:59:59Z"] {
        let desk = Desk::on_sqlite().await;
        let now = chrono::DateTime::parse_from_rfc3339(day).unwrap().to_utc();
        desk.app.clock.set(now);
        demo::populate(&desk.app).await.unwrap();
        let query = "{ trendingTopics { topic { slug } count lift } releases(first: 1) { nodes { releaseDate } } }";
        let data = desk.data(Who::Public, query, json!({})).await;
        assert_eq!(data["trendingTopics"][0]["topic"]["slug"], "youth-employment", "{data}");
        assert_eq!(data["releases"]["nodes"][0]["releaseDate"], now.date_naive().to_string());
    }
}

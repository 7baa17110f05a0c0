//! Runs ten thousand random mutations, and compares the catalog that followed them with a reloaded catalog, for every
//! audience. `dateline check` must find nothing wrong in the database.

use chrono::{DateTime, Utc};
use dateline::{
    app::App, auth::viewer::Viewer, clock::Clock, config::SiteInfo, db::Db, graphql::OperationInput,
    newsroom::check::check,
};
use entity::api_token::Role;
use serde_json::Value;

use crate::harness::{on_both_databases, random_acts::RandomActivity};

const MUTATIONS: usize = 10_000;

/// Queries for everything in a catalog except the data version. The data version differs between a catalog that
/// followed the journal and a catalog that was reloaded.
const QUERIES: [&str; 6] = [
    "{ releases(first: 120) { totalCount nodes { id slug state pubStatus revision headline kind language releaseDate publishedAt firstPublishedAt modifiedAt embargo { until note } schedule { at state } withdrawal { kind } } } }",
    "{ releases(first: 120) { nodes { id topics { slug } places { slug } dateline { places { slug } } } } }",
    "{ releases(first: 120) { nodes { id corrections { note } working { number outdated headline topics { slug } } } } }",
    "{ published: releases(first: 120, orderBy: [{by: PUBLISHED_AT}]) { nodes { id } } modified: releases(last: 120, orderBy: [{by: MODIFIED_AT, direction: ASC}]) { nodes { id } }
       releaseStats { count earliest latest timeline(interval: WEEK) { points { label count } } days: timeline(interval: DAY, dateField: PUBLISHED_AT) { points { label count } } }
       since: releaseStats(filter: {states: [PUBLISHED], publishedAt: {from: \"2007-06-03T00:00:00Z\"}}) { count } }",
    "{ releaseStats { facets {
       topics(input: {first: 200, minCount: 0}) { distinctValues missing other buckets { key label count directCount stats { count } } }
       places(input: {first: 200, minCount: 0, level: CITY}) { missing buckets { key count } }
       kinds(input: {first: 10}) { buckets { key count } } languages(input: {first: 10}) { buckets { key count } } } } }",
    "{ topics(first: 120) { totalCount nodes { id slug name retiredAt revision broader { slug } narrower(first: 20) { nodes { slug } } replacedBy { slug } altNames } }
       places(first: 120) { totalCount nodes { id slug name retiredAt revision within { slug } } } }",
];

async fn query_all(app: &App, now: DateTime<Utc>) -> Vec<(Role, &'static str, Value)> {
    let mut responses = Vec::new();
    app.clock.set(now);
    for role in [Role::Public, Role::Press, Role::Author] {
        for query in QUERIES {
            let document = app.executor.parse(query, role).expect("the query is valid");
            let prepared = app
                .executor
                .prepare(&document, OperationInput::default(), role, &app.extent(&Viewer::new(role, "reader")))
                .expect("the query is within the limits");
            let response = app
                .executor
                .execute(prepared, app.request_context(Viewer::new(role, "reader")))
                .await
                .expect("execution failed");
            assert!(response.errors.is_empty(), "{:?}", response.errors);
            responses.push((role, query, serde_json::to_value(&response.data).expect("JSON")));
        }
    }
    responses
}

on_both_databases! {
    async fn the_catalog_updated_incrementally_equals_a_reloaded_one(server: TestServer) {
        let app = server.app.clone();
        let start = app.newsroom.catalog.snapshot().sequence();
        let mut activity = RandomActivity::new(&app);
        let mut comparisons = 0;
        while activity.succeeded < MUTATIONS {
            activity.step().await;
            let RandomActivity { succeeded, rejected, now, .. } = activity;
            if (succeeded + rejected) % 4000 == 0 || succeeded == MUTATIONS {
                let reloaded_app = App::new(Db::open(&server.url).await.unwrap(), app.newsroom.settings.clone(), SiteInfo::default(), Clock::fixed_at(now)).await.unwrap();
                for (incremental, reloaded) in query_all(&app, now).await.into_iter().zip(query_all(&reloaded_app, now).await) {
                    assert_eq!(incremental, reloaded, "after {succeeded} mutations");
                }
                comparisons += 1;
                let report = check(&reloaded_app.newsroom.db).await.unwrap();
                assert_eq!(report.findings, [], "after {succeeded} mutations");
                reloaded_app.newsroom.db.clone().close().await;
            }
        }
        let end = app.newsroom.catalog.catch_up().await.unwrap().sequence();
        let releases = app.newsroom.catalog.snapshot().len();
        let RandomActivity { succeeded, rejected, .. } = activity;
        println!("{succeeded} mutations done, {rejected} rejected, {} entries, {comparisons} comparisons, {releases} releases at the end", end - start);
        assert!(end - start > 5000 && releases > 20);
    }
}

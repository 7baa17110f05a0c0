//! Ten thousand random acts, and time that passes between them: the catalog that followed them all answers as one that was
//! loaded afresh, to everybody; and a check of the database finds nothing.

use crate::harness::{on_both, random_acts::World};
use chrono::{DateTime, Utc};
use dateline::{
    app::{App, SiteInfo},
    auth::viewer::Viewer,
    clock::Clock,
    db::Db,
    graphql::OperationInput,
    newsroom::check::check,
};
use entity::api_token::Role;
use serde_json::Value;

const ACTS: usize = 10_000;

/// Everything that sets say, but the revision: that counts on from where a catalog was loaded.
const QUESTIONS: [&str; 6] = [
    "{ releases(first: 120) { totalCount nodes { id slug state pubStatus revision headline kind language releaseDate publishedAt firstPublishedAt modifiedAt embargo { until note } schedule { at state } withdrawal { kind } } } }",
    "{ releases(first: 120) { nodes { id topics { slug } places { slug } dateline { places { slug } } } } }",
    "{ releases(first: 120) { nodes { id corrections { note } working { number outdated headline topics { slug } } } } }",
    "{ published: releases(first: 120, orderBy: [{by: PUBLISHED_AT}]) { nodes { id } } modified: releases(last: 120, orderBy: [{by: MODIFIED_AT, direction: ASC}]) { nodes { id } }
       releaseStats { count earliest latest timeline(interval: WEEK) { points { label count } } days: timeline(interval: DAY, dateField: PUBLISHED_AT) { points { label count } } }
       since: releaseStats(filter: {states: [PUBLISHED], publishedAt: {from: \"2007-06-03T00:00:00Z\"}}) { count } }",
    "{ releaseStats { facets {
       topics(input: {first: 200, minCount: 0}) { distinctValues missing other buckets { key label count directCount within { count } } }
       places(input: {first: 200, minCount: 0, level: CITY}) { missing buckets { key count } }
       kinds(input: {first: 10}) { buckets { key count } } languages(input: {first: 10}) { buckets { key count } } } } }",
    "{ topics(first: 120) { totalCount nodes { id slug name retiredAt revision broader { slug } narrower(first: 20) { slug } replacedBy { slug } altNames } }
       places(first: 120) { totalCount nodes { id slug name retiredAt revision within { slug } } } }",
];

async fn answers(app: &App, now: DateTime<Utc>) -> Vec<(Role, &'static str, Value)> {
    let mut answers = Vec::new();
    app.clock.set(now);
    for role in [Role::Public, Role::Press, Role::Author] {
        for question in QUESTIONS {
            let document = app.executor.parse(question, role).expect("a valid query");
            let prepared = app
                .executor
                .prepare(&document, OperationInput::default(), role, &app.extent(&Viewer::new(role, "reader")))
                .expect("a query within the limits");
            let answer = app
                .executor
                .execute(prepared, app.request_context(Viewer::new(role, "reader")))
                .await
                .expect("an answer");
            assert!(answer.errors.is_empty(), "{:?}", answer.errors);
            answers.push((role, question, serde_json::to_value(&answer.data).expect("JSON")));
        }
    }
    answers
}

on_both! {
    async fn the_catalog_that_followed_ten_thousand_acts_equals_a_fresh_one(desk: Desk) {
        let app = desk.app.clone();
        let start = app.newsroom.catalog.snapshot().sequence();
        let mut world = World::new(&app);
        let mut compared = 0;
        while world.done < ACTS {
            world.go_on().await;
            let World { done, refused, now, .. } = world;
            if (done + refused) % 4000 == 0 || done == ACTS {
                let fresh = App::new(Db::open(&desk.url).await.unwrap(), app.newsroom.settings.clone(), SiteInfo::default(), Clock::fixed_at(now)).await.unwrap();
                for (followed, loaded) in answers(&app, now).await.into_iter().zip(answers(&fresh, now).await) {
                    assert_eq!(followed, loaded, "after {done} acts");
                }
                compared += 1;
                let report = check(&fresh.newsroom.db).await.unwrap();
                assert_eq!(report.findings, [], "after {done} acts");
                fresh.newsroom.db.clone().close().await;
            }
        }
        let end = app.newsroom.catalog.catch_up().await.unwrap().sequence();
        let releases = app.newsroom.catalog.snapshot().len();
        let World { done, refused, .. } = world;
        println!("{done} acts done, {refused} refused, {} entries, {compared} comparisons, {releases} releases at the end", end - start);
        assert!(end - start > 5000 && releases > 20);
    }
}

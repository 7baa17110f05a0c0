//! What is wrong with a question is said, with where and how to mend it, before and after the query is known; what costs too much
//! does not run.

use serde_json::json;

use super::release_sets::furnished;
use crate::harness::{Who, on_both};

on_both! {
    async fn bad_input_is_told_what_where_and_how(desk: Desk) {
        furnished(&desk).await;
        let stats = |inside: &str| format!("{{ releaseStats {{ {inside} }} }}");
        let near = |latitude: f64, longitude: f64, kilometres: f64| format!("{{ releaseStats(filter: {{places: {{near: {{latitude: {latitude}, longitude: {longitude}, kilometres: {kilometres}}}}}}}) {{ count }} }}");
        for (query, argument, told) in [
            (stats(r#"timeline(interval: MONTH, timeZone: "Asia/Atlantis") { points { count } }"#), "timeZone", "IANA"),
            (stats(r#"timeline(interval: MONTH, timeZone: "") { points { count } }"#), "timeZone", "IANA"),
            (stats(r#"timeline(interval: DAY, range: {from: "2006-02-01", until: "2006-01-01"}) { points { count } }"#), "range", "exchange"),
            (stats(r#"timeline(interval: DAY, range: {from: "0001-01-01", until: "9999-12-31"}) { points { count } }"#), "interval", "3652059 periods"),
            (stats(r#"timeline(interval: DAY, range: {from: "0001-01-01"}) { points { count } }"#), "interval", "at most 4000"),
            (stats(r#"compare(to: PREVIOUS_PERIOD, range: {from: "2006-02-01"}) { current }"#), "range", "both ends"),
            (stats(r#"compare(to: PREVIOUS_PERIOD, range: {from: "2006-02-01", until: "2006-01-01"}) { current }"#), "range", "exchange"),
            (stats("facets { topics(input: {first: 0}) { missing } }"), "input.first", "1 to 200"),
            (stats("facets { kinds(input: {first: 201}) { missing } }"), "input.first", "1 to 200"),
            (stats("facets { kinds(input: {minCount: -1}) { missing } }"), "input.minCount", "0 or more"),
            (stats("facets { places(input: {orderBy: [{by: COUNT}, {by: COUNT}]}) { missing } }"), "input.orderBy", "twice"),
            (stats(r#"facets { topics(input: {under: {slug: "nowhere"}}) { missing } }"#), "input.under", "there is no topic"),
            (near(91.0, 0.0, 1.0), "filter.places.near.latitude", "-90 to 90"),
            (near(0.0, -180.5, 1.0), "filter.places.near.longitude", "-180 to 180"),
            (near(0.0, 0.0, -1.0), "filter.places.near.kilometres", "0 or more"),
            ("{ trendingTopics(first: 0) { count } }".to_owned(), "first", "1 to 200"),
            (r#"{ trendingTopics(window: "a month") { count } }"#.to_owned(), "window", "P30D"),
            (r#"{ trendingTopics(baseline: "P0D") { count } }"#.to_owned(), "baseline", "a day at least"),
            (r#"{ trendingTopics(window: "P99999Y") { count } }"#.to_owned(), "window", "shorter"),
            ("{ releases(first: 1) { nodes { related(first: 0) { id } } } }".to_owned(), "first", "1 to 200"),
            ("{ releaseStats { facets { kinds { buckets { samples(first: 0) { id } } } } } }".to_owned(), "first", "1 to 200"),
        ] {
            let answer = desk.ask(Who::Public, &query, json!({})).await;
            let error = &answer["errors"][0];
            assert_eq!(error["extensions"]["argument"], argument, "{query}: {answer}");
            assert!(error["message"].as_str().unwrap().contains(told), "{query}: {answer}");
            let code = error["extensions"]["code"].as_str().unwrap();
            assert!(code == "BAD_USER_INPUT" || code == "NOT_FOUND", "{answer}");
            // The same again, now that the query is known: the same answer.
            assert_eq!(desk.ask(Who::Public, &query, json!({})).await, answer);
        }
    }

    async fn what_costs_too_much_or_is_too_deep_is_refused_before_it_runs(desk: Desk) {
        furnished(&desk).await;
        let level = |inside: String| format!("facets {{ kinds(input: {{first: 50}}) {{ buckets {{ within {{ {inside} }} }} }} }}");
        let dear = format!("{{ releaseStats {{ {} }} }}", level(level(level("count".to_owned()))));
        let answer = desk.ask(Who::Public, &dear, json!({})).await;
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("the query costs ") && message.contains("at most 20000"), "{message}");
        assert!(answer.get("data").is_none() && answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED");
        // Neither an interface nor a variable is a way round.
        let round = "query($i: FacetInput) { releaseStats { ... on ReleaseSet { facets { kinds(input: $i) { ... on Facet { ... on KindFacet { buckets { ... on FacetBucket { samples(first: 200) { ...R } more: samples(first: 199) { ...R } } } } } } } } } } fragment R on Release { id headline slug kind summary url language releaseDate publishedAt }";
        let answer = desk.ask(Who::Public, round, json!({ "i": { "first": 200 } })).await;
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("the query costs"), "{answer}");
        assert!(desk.ask(Who::Public, round, json!({ "i": { "first": 20 } })).await.get("errors").is_none());
        let deep = format!("{{ releaseStats {{ {} }} }}", (0..6).fold("count".to_owned(), |inside, _| format!("facets {{ topics(input: {{first: 1}}) {{ buckets {{ within {{ {inside} }} }} }} }}")));
        let answer = desk.ask(Who::Public, &deep, json!({})).await;
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("more than 24 selections in selections"), "{answer}");
    }

    async fn a_query_that_is_known_is_validated_as_if_it_were_new(desk: Desk) {
        furnished(&desk).await;
        let query = "query($filter: ReleaseFilter, $first: Int) { releases(filter: $filter, first: $first) { totalCount nodes { slug } } }";
        let good = json!({ "filter": { "kinds": ["SPEECH"] }, "first": 2 });
        let wanted = desk.data(Who::Public, query, good.clone()).await;
        for wrong in [
            json!({ "filter": { "kinds": ["SPEECH"], "colours": ["RED"] }, "first": 2 }), json!({ "filter": { "kinds": ["SONG"] }, "first": 2 }),
            json!({ "filter": { "kinds": [7] }, "first": 2 }), json!({ "filter": { "kinds": ["SPEECH"] }, "first": "two" }), json!({ "filter": [], "first": 2 }),
        ] {
            let fresh = desk.ask(Who::Public, &format!("{query} #{wrong}"), wrong.clone()).await;
            for _ in 0..2 {
                assert_eq!(desk.data(Who::Public, query, good.clone()).await, wanted);
                let mut known = desk.ask(Who::Public, query, wrong.clone()).await;
                assert!(known["errors"][0].is_object(), "{wrong}: {known}");
                known["errors"][0]["locations"] = fresh["errors"][0]["locations"].clone();
                assert_eq!(known, fresh, "{wrong}");
            }
        }
    }
}

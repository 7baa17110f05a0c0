//! Tests of error messages. A message names the invalid argument and says how to fix it, whether the query is new or
//! cached. Also tests that queries that are too expensive or too deep are rejected before execution.

use serde_json::json;

use super::release_sets::seed_sample_data;
use crate::harness::{Caller, on_both_databases};

on_both_databases! {
    async fn bad_input_errors_name_the_argument_and_the_fix(server: TestServer) {
        seed_sample_data(&server).await;
        let stats = |inside: &str| format!("{{ releaseStats {{ {inside} }} }}");
        let near = |latitude: f64, longitude: f64, kilometres: f64| format!("{{ releaseStats(filter: {{places: {{near: {{latitude: {latitude}, longitude: {longitude}, kilometres: {kilometres}}}}}}}) {{ count }} }}");
        for (query, argument, fragment) in [
            (stats(r#"timeline(interval: MONTH, timeZone: "Asia/Atlantis") { points { count } }"#), "timeZone", "IANA"),
            (stats(r#"timeline(interval: MONTH, timeZone: "") { points { count } }"#), "timeZone", "IANA"),
            (stats(r#"timeline(interval: DAY, range: {from: "2006-02-01", until: "2006-01-01"}) { points { count } }"#), "range", "swap them"),
            (stats(r#"timeline(interval: DAY, range: {from: "0001-01-01", until: "9999-12-31"}) { points { count } }"#), "interval", "3652059 periods"),
            (stats(r#"timeline(interval: DAY, range: {from: "0001-01-01"}) { points { count } }"#), "interval", "at most 4000"),
            (stats(r#"compare(to: PREVIOUS_PERIOD, range: {from: "2006-02-01"}) { current }"#), "range", "both `from` and `until`"),
            (stats(r#"compare(to: PREVIOUS_PERIOD, range: {from: "2006-02-01", until: "2006-01-01"}) { current }"#), "range", "swap them"),
            (stats("facets { topics(input: {first: 0}) { missing } }"), "input.first", "between 1 and 200"),
            (stats("facets { kinds(input: {first: 201}) { missing } }"), "input.first", "between 1 and 200"),
            (stats("facets { kinds(input: {minCount: -1}) { missing } }"), "input.minCount", "0 or more"),
            (stats("facets { places(input: {orderBy: [{by: COUNT}, {by: COUNT}]}) { missing } }"), "input.orderBy", "twice"),
            (stats(r#"facets { topics(input: {under: {slug: "nowhere"}}) { missing } }"#), "input.under", "there is no topic"),
            (r#"{ topics(filter: {under: {slug: "nowhere"}}) { totalCount } }"#.to_owned(), "filter.under", "there is no topic with the slug \"nowhere\"; `topics` lists"),
            (r#"{ places(filter: {within: {m49: "999"}}) { totalCount } }"#.to_owned(), "filter.within", "there is no place with the M49 code \"999\"; `places` lists"),
            (format!("{{ releaseStats(filter: {{not: {{authors: [{}]}}}}) {{ count }} }}", r#""a" "#.repeat(1001)), "filter.not.authors", "`authors` has 1001 entries; the maximum is 1000"),
            (format!("{{ releaseStats(filter: {{or: [{}]}}) {{ count }} }}", "{places: {near: {latitude: 0, longitude: 0, kilometres: 1}}} ".repeat(11)), "filter", "more than 10 `near` conditions"),
            (format!("{{ releaseStats(filter: {}{{}}{}) {{ count }} }}", "{not: ".repeat(17), "}".repeat(17)), &format!("filter{}", ".not".repeat(17)), "more than 16 deep"),
            (near(91.0, 0.0, 1.0), "filter.places.near.latitude", "between -90 and 90"),
            (near(0.0, -180.5, 1.0), "filter.places.near.longitude", "between -180 and 180"),
            (near(0.0, 0.0, -1.0), "filter.places.near.kilometres", "0 or more"),
            ("{ trendingTopics(first: 0) { count } }".to_owned(), "first", "between 1 and 200"),
            (r#"{ trendingTopics(window: "a month") { count } }"#.to_owned(), "window", "P30D"),
            (r#"{ trendingTopics(baseline: "P0D") { count } }"#.to_owned(), "baseline", "at least one day"),
            (r#"{ trendingTopics(window: "P99999Y") { count } }"#.to_owned(), "window", "shorter"),
            ("{ releases(first: 1) { nodes { related(first: 0) { id } } } }".to_owned(), "first", "between 1 and 200"),
            ("{ releaseStats { facets { kinds { buckets { samples(first: 0) { id } } } } } }".to_owned(), "first", "between 1 and 200"),
        ] {
            let response = server.execute(Caller::Public, &query, json!({})).await;
            let error = &response["errors"][0];
            assert_eq!(error["extensions"]["argument"], argument, "{query}: {response}");
            assert!(error["message"].as_str().unwrap().contains(fragment), "{query}: {response}");
            let code = error["extensions"]["code"].as_str().unwrap();
            assert!(code == "BAD_USER_INPUT" || code == "NOT_FOUND", "{response}");
            // The document is cached now. The same query must get the same response again.
            assert_eq!(server.execute(Caller::Public, &query, json!({})).await, response);
        }
    }

    async fn queries_that_are_too_expensive_or_too_deep_are_rejected_before_execution(server: TestServer) {
        seed_sample_data(&server).await;
        let level = |inside: String| format!("facets {{ kinds(input: {{first: 50}}) {{ buckets {{ stats {{ {inside} }} }} }} }}");
        let expensive = format!("{{ releaseStats {{ {} }} }}", level(level(level("timeline(interval: DAY, range: {from: \"2000-01-01\", until: \"2009-12-31\"}) { points { count } }".to_owned()))));
        let response = server.execute(Caller::Public, &expensive, json!({})).await;
        let message = response["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("the query costs ") && message.contains("at most 20000"), "{message}");
        assert!(response.get("data").is_none() && response["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED");
        // A query cannot bypass the cost limit with interface types or variables.
        let bypass = "query($i: FacetInput) { releaseStats { ... on ReleaseSet { facets { kinds(input: $i) { ... on Facet { ... on KindFacet { buckets { ... on FacetBucket { stats { timeline(interval: DAY, range: {from: \"1995-01-01\", until: \"2004-12-31\"}) { points { ...P } } } } } } } } } } } } fragment P on TimePoint { label start end count cumulative complete a: label b: start c: end d: count }";
        let response = server.execute(Caller::Public, bypass, json!({ "i": { "first": 200 } })).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("the query costs"), "{response}");
        assert!(server.execute(Caller::Public, bypass, json!({ "i": { "first": 1 } })).await.get("errors").is_none());
        // The cost of a facet is limited by the number of its values: the number of kinds, or of languages of visible
        // releases. It does not matter that `first` asks for 200 buckets.
        let level = |field: &str, inside: &str| format!("facets {{ {field}(input: {{first: 200}}) {{ buckets {{ stats {{ {inside} }} }} }} }}");
        for field in ["kinds", "languages"] {
            let query = format!("{{ releaseStats {{ {} }} }}", level(field, &level(field, &level(field, "count"))));
            assert!(server.execute(Caller::Public, &query, json!({})).await.get("errors").is_none(), "{query}");
        }
        let deep = format!("{{ releaseStats {{ {} }} }}", (0..6).fold("count".to_owned(), |inside, _| format!("facets {{ topics(input: {{first: 1}}) {{ buckets {{ stats {{ {inside} }} }} }} }}")));
        let response = server.execute(Caller::Public, &deep, json!({})).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("more than 24 levels of nested fields"), "{response}");
    }

    async fn a_cached_query_is_validated_like_a_new_one(server: TestServer) {
        seed_sample_data(&server).await;
        let query = "query($filter: ReleaseFilter, $first: Int) { releases(filter: $filter, first: $first) { totalCount nodes { slug } } }";
        let valid = json!({ "filter": { "kinds": ["SPEECH"] }, "first": 2 });
        let expected = server.data(Caller::Public, query, valid.clone()).await;
        for invalid in [
            json!({ "filter": { "kinds": ["SPEECH"], "colours": ["RED"] }, "first": 2 }), json!({ "filter": { "kinds": ["SONG"] }, "first": 2 }),
            json!({ "filter": { "kinds": [7] }, "first": 2 }), json!({ "filter": { "kinds": ["SPEECH"] }, "first": "two" }), json!({ "filter": [], "first": 2 }),
        ] {
            let uncached = server.execute(Caller::Public, &format!("{query} #{invalid}"), invalid.clone()).await;
            for _ in 0..2 {
                assert_eq!(server.data(Caller::Public, query, valid.clone()).await, expected);
                let mut cached = server.execute(Caller::Public, query, invalid.clone()).await;
                assert!(cached["errors"][0].is_object(), "{invalid}: {cached}");
                cached["errors"][0]["locations"] = uncached["errors"][0]["locations"].clone();
                assert_eq!(cached, uncached, "{invalid}");
            }
        }
    }
}

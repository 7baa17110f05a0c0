//! Tests of the examples on the query page (`/graphiql`). They and the example queries in the documents must cost less
//! than half of `limits.cost` in the hardened profile, which is the strictest.

use dateline::{
    cli::demo,
    config::HttpConfig,
    limits::{Limits, Profile},
};
use serde_json::{Value, json};

use super::{Block, Document, documents};
use crate::harness::{Caller, TestServer, on_both_databases};

const EXAMPLES: &str = include_str!("../../../src/http/query_page/assets/examples.json");

/// A dashboard query: 12 topics, 10 places for each topic, 24 months for each place.
const DASHBOARD: &str = "{ releaseStats { count facets { topics(input: {first: 12}) { buckets { key label count stats { facets { \
    places(input: {first: 10}) { buckets { key label count stats { timeline(interval: MONTH, range: {from: \"2005-01-01\", \
    until: \"2006-12-31\"}) { points { label count } } } } } } } } } } } }";

/// Returns the query and the variables of each example on the query page.
fn examples() -> Vec<(String, Value)> {
    let examples: Vec<Value> = serde_json::from_str(EXAMPLES).unwrap();
    examples
        .iter()
        .map(|example| (example["query"].as_str().unwrap().to_owned(), example["variables"].clone()))
        .collect()
}

async fn seed_sample_data(server: &TestServer) {
    demo::populate(&server.app).await.unwrap();
}

on_both_databases! {
    async fn every_example_costs_less_than_half_of_the_strictest_limit(server: TestServer) {
        let hardened = Limits::of(Profile::Hardened);
        let half = Limits { cost: hardened.cost / 2, public_per_minute: 0, ..hardened };
        let server = server.with_http_config(HttpConfig { limits: half.into(), ..HttpConfig::default() });
        seed_sample_data(&server).await;
        let of_kind = |kind: &str| examples().into_iter().filter(|(query, _)| query.starts_with(kind)).collect::<Vec<_>>();
        // The tests in the browser run the subscription.
        let (queries, mutations, subscriptions) = (of_kind("query "), of_kind("mutation "), of_kind("subscription "));
        assert!(queries.len() >= 7 && mutations.len() >= 3 && subscriptions.len() == 1);
        assert_eq!(queries.len() + mutations.len() + 1, examples().len());
        let documented: Vec<Block> = documents().iter().flat_map(Document::blocks).collect();
        let documented = documented.into_iter().filter(|block| block.language == "graphql" && block.text.trim_start().starts_with('{'));
        let documented = documented.filter(|block| block.marker.is_none()).map(|block| (block.text, json!({})));
        for (query, variables) in queries.into_iter().chain(documented).chain([(DASHBOARD.to_owned(), json!({}))]) {
            let data = server.data(Caller::Public, &query, variables).await;
            assert!(data.as_object().unwrap().values().all(|value| !value.is_null()), "{query}: {data}");
        }
        for (query, variables) in mutations {
            let response = server.execute(Caller::Editor, &query, variables).await;
            let code = response["errors"][0]["extensions"]["code"].as_str();
            assert!(matches!(code, None | Some("BAD_USER_INPUT")), "{query}: {response}");
        }
    }
}

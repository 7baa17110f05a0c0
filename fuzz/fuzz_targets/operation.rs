//! Fuzz target: arbitrary text as GraphQL document. It is rejected or executed and never crashes the server.

#![no_main]

use dateline_fuzz::post_query;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|query: &str| {
    post_query(query, &json!({ "a": 1, "b": "2006-05-08", "c": [{ "slug": "work" }] }));
});

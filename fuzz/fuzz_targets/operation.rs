//! Fuzz target: arbitrary text as a GraphQL document. The server must reject or execute the document and never
//! crash.

#![no_main]

use dateline_fuzz::post_query;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|query: &str| {
    post_query(query, &json!({ "a": 1, "b": "2006-05-08", "c": [{ "slug": "work" }] }));
});

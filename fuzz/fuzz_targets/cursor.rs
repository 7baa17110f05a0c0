//! Fuzz target: arbitrary text as a pagination cursor, a global id, a slug and a resume position of a subscription.

#![no_main]

use dateline_fuzz::{post_query, subscribe};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const PAGES: &str = "query($c: String, $id: ID!, $slug: Slug!) {
  newest: releases(first: 2, after: $c) { nodes { slug } }
  last: releases(last: 2, before: $c, filter: { topics: { any: [{ slug: \"work\" }] } }) { nodes { slug } }
  topics(first: 2, after: $c) { nodes { slug } }
  places(first: 2, after: $c) { nodes { slug } }
  node(id: $id) { id }
  nodes(ids: [$id]) { id }
  release(ref: { slug: $slug }) { id }
  releaseLookup(ref: { id: $id }) { tombstone { slug } }
}";

const CHANGES: &str = "subscription($id: ID) { releaseChanged(after: $id) { sequence } }";

fuzz_target!(|text: &str| {
    post_query(PAGES, &json!({ "c": text, "id": text, "slug": text }));
    subscribe(CHANGES, &json!({ "id": text }));
});

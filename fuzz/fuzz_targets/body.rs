//! Fuzz target: arbitrary request bodies and query strings of `/graphql`. Input that begins with `?` is a query string.

#![no_main]

use axum::{body::Body, http::Request};
use dateline_fuzz::check_request;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match bytes.strip_prefix(b"?") {
        Some(parameters) => {
            let Ok(parameters) = std::str::from_utf8(parameters) else { return Corpus::Reject };
            let request = || Request::get(format!("/graphql?{parameters}")).body(Body::empty());
            if request().is_err() {
                // No HTTP parser lets such an address in.
                return Corpus::Reject;
            }
            check_request(|| request().expect("tried before"));
        }
        None => check_request(|| {
            let request = Request::post("/graphql").header("content-type", "application/json");
            request.body(Body::from(bytes.to_vec())).expect("a request")
        }),
    }
    Corpus::Keep
});

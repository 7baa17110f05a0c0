//! Fuzz target: arbitrary request bodies and query strings of `/graphql`. Input that starts with `?` is a query
//! string.

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
                // The URI is invalid. The HTTP parser rejects such a request before the server sees it.
                return Corpus::Reject;
            }
            check_request(|| request().expect("the request was built before"));
        }
        None => check_request(|| {
            let request = Request::post("/graphql").header("content-type", "application/json");
            request.body(Body::from(bytes.to_vec())).expect("build the request")
        }),
    }
    Corpus::Keep
});

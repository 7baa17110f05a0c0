//! Requests to a test server: GraphQL operations, pages, and any other request.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request},
};
use serde_json::{Value, json};

use super::{Caller, TestServer, exchange};

/// Posts a body with headers. Returns status, headers and body of the response; a body that is not JSON as a string.
pub(crate) async fn post(
    router: &Router,
    bearer: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, HeaderMap, Value) {
    let mut request = Request::post("/graphql").header("content-type", "application/json");
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (status, headers, text) = exchange(router, request.body(Body::from(body.to_owned())).unwrap()).await;
    (status, headers, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

impl TestServer {
    /// Requests a page as a browser does. Returns status, headers and body of the response.
    pub(crate) async fn page(&self, address: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, String) {
        let request = Request::get(address).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        exchange(&self.router, request.body(Body::empty()).unwrap()).await
    }

    /// Sends an operation to the router. Returns the whole GraphQL response.
    pub(crate) async fn execute(&self, caller: Caller, query: &str, variables: Value) -> Value {
        let (status, response) =
            self.post(self.token(caller), &json!({ "query": query, "variables": variables }).to_string()).await;
        // A request of the public gets 401 if it needs a token.
        assert!(status == 200 || (status == 401 && caller == Caller::Public), "{response}");
        response
    }

    /// Sends an operation that must have no errors. Returns the `data` of the response.
    pub(crate) async fn data(&self, caller: Caller, query: &str, variables: Value) -> Value {
        let mut response = self.execute(caller, query, variables).await;
        assert!(response.get("errors").is_none(), "{query}: {response}");
        response["data"].take()
    }

    /// Sends a mutation with one field, which must succeed. Returns the payload of the field.
    pub(crate) async fn mutate(&self, caller: Caller, mutation: &str, variables: Value) -> Value {
        let data = self.data(caller, mutation, variables).await;
        let payload = data.as_object().unwrap().values().next().unwrap().clone();
        assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        payload
    }

    /// Sends a mutation with one field, which must be rejected. Returns the first of the `userErrors`.
    pub(crate) async fn user_error(&self, caller: Caller, mutation: &str, variables: Value) -> Value {
        let data = self.data(caller, mutation, variables).await;
        let payload = data.as_object().unwrap().values().next().unwrap().clone();
        let error = payload["userErrors"][0].clone();
        assert!(error.is_object(), "{mutation} was not rejected: {payload}");
        error
    }

    /// Posts a body without extra headers. Returns status and body of the response.
    pub(crate) async fn post(&self, bearer: Option<&str>, body: &str) -> (u16, Value) {
        let (status, _, response) = self.post_with_headers(bearer, &[], body).await;
        (status, response)
    }

    /// Posts a body with headers. Returns status, headers and body of the response.
    pub(crate) async fn post_with_headers(
        &self,
        bearer: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, HeaderMap, Value) {
        post(&self.router, bearer, headers, body).await
    }

    /// Sends a GET request as the public. Returns status, headers and body of the response.
    pub(crate) async fn get(
        router: &Router,
        headers: &[(&str, &str)],
        query: &str,
        variables: &Value,
    ) -> (u16, HeaderMap, String) {
        let address: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .append_pair("variables", &variables.to_string())
            .finish();
        let request = headers
            .iter()
            .fold(Request::get(format!("/graphql?{address}")), |request, (name, value)| request.header(*name, *value));
        exchange(router, request.body(Body::empty()).unwrap()).await
    }

    /// Sends any HTTP request to the router. Returns status and body of the response.
    pub(crate) async fn send(&self, request: Request<Body>) -> (u16, String) {
        let (status, _, text) = exchange(&self.router, request).await;
        (status, text)
    }
}

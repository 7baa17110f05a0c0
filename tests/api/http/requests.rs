//! Tests of GraphQL over HTTP: content types, methods, status codes, body sizes, authorization, and health checks.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::harness::{Caller, TestServer, on_both_databases};

fn request(method: &str, content_type: &str, accept: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri("/graphql")
        .header("content-type", content_type)
        .header("accept", accept)
        .body(body.into())
        .unwrap()
}

on_both_databases! {
    async fn only_json_by_post_is_executed(server: TestServer) {
        let query = json!({ "query": "{ releases { totalCount } }" }).to_string();
        for (method, content_type, status) in [("POST", "application/json", 200), ("POST", "application/json; charset=utf-8", 200), ("POST", "application/json; charset=latin-1", 415), ("POST", "text/plain", 415), ("POST", "application/x-www-form-urlencoded", 415), ("POST", "multipart/form-data; boundary=x", 415), ("GET", "application/json", 400), ("PUT", "application/json", 405), ("DELETE", "application/json", 405)] {
            assert_eq!(server.send(request(method, content_type, "*/*", query.clone())).await.0, status, "{method} {content_type}");
        }
        assert_eq!(server.send(request("POST", "application/json", "text/html", query)).await.0, 406);
    }

    async fn request_errors_have_status_400_and_no_data(server: TestServer) {
        let new = "application/graphql-response+json";
        for (body, status) in [
            ("{".to_owned(), 400), ("[]".to_owned(), 400), ("7".to_owned(), 400), ("{}".to_owned(), 400), (r#"{"query":""}"#.to_owned(), 400), (r#"{"query":7}"#.to_owned(), 400),
            (r#"{"query":"{ a }","variables":[]}"#.to_owned(), 400), (r#"{"query":"{ a }","operationName":1}"#.to_owned(), 400), (r#"{"query":"{"}"#.to_owned(), 400), (r#"{"query":"{ nope }"}"#.to_owned(), 400),
            (json!({ "query": "query($d: Date) { releases(filter: {releaseDate: {from: $d}}) { totalCount } }", "variables": { "d": "8 May 2006" } }).to_string(), 400),
            (json!({ "query": "{ releases(first: 0) { totalCount } }" }).to_string(), 200),
            (json!({ "query": "{ releases { totalCount } }", "variables": null, "operationName": null, "extensions": {} }).to_string(), 200),
        ] {
            let (actual, text) = server.send(request("POST", "application/json", new, body.clone())).await;
            assert_eq!(actual, status, "{body}: {text}");
            let response: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(response.get("data").is_none(), status == 400, "{body}: {text}");
            assert!(status == 200 || !response["errors"][0]["message"].as_str().unwrap().is_empty());
        }
        let (status, text) = server.send(request("POST", "application/json", "application/json", r#"{"query":"{ nope }"}"#)).await;
        assert!(status == 200 && !text.contains("\"data\""), "{text}");
        let (status, text) = server.send(request("POST", "application/json", "*/*", vec![b'{', b'"', 0xff, b'"', b'}'])).await;
        assert!(status == 400 && text.contains("not JSON"), "{text}");
        assert_eq!(server.send(request("POST", "application/json", "*/*", " ".repeat(9 << 20))).await.0, 413);
    }

    async fn small_malicious_requests_are_rejected_and_the_server_survives(server: TestServer) {
        let mut doubling = "{ ...F0 } ".to_owned();
        for number in 0..40 { doubling += &format!("fragment F{number} on Query {{ ...F{next} ...F{next} }} ", next = number + 1); }
        doubling += "fragment F40 on Query { viewer { name } }";
        let wide = format!("{{ {} }}", (0..9000).map(|n| format!("a{n}: releases(first: 200) {{ nodes {{ id }} }} ")).collect::<String>());
        let pages = "{ releases(first: 200) { nodes { topics { releases(first: 200) { nodes { topics { releases(first: 200) { nodes { id } } } } } } } } }";
        let negative = "{ a: releases(first: -1010) { nodes { id } } b: releases(first: 200) { nodes { topics { releases(first: 200) { nodes { topics { name } } } } } } }";
        for query in [
            format!("{{ releases(filter: {}{}) {{ totalCount }} }}", "{not: ".repeat(2000), "}".repeat(2000)),
            format!("{{ nodes(ids: {}{}) {{ id }} }}", "[".repeat(100_000), "]".repeat(100_000)),
            doubling, wide, pages.to_owned(), negative.to_owned(),
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
        ] {
            let response = server.execute(Caller::Public, &query, json!({})).await;
            // The newsroom is empty, so these two queries cost nothing below their first page and succeed.
            let rejected = response["errors"][0]["message"].is_string() || query == pages || query == negative;
            assert!(rejected && response.to_string().len() < 20_000, "{:.200}", response.to_string());
        }
        let deep = format!("{{\"query\":\"{{ viewer {{ name }} }}\",\"variables\":{{\"a\":{}{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(server.post(None, &deep).await.0, 400);
        assert_eq!(server.data(Caller::Public, "{ viewer { name } }", json!({})).await["viewer"]["name"], "public");
    }

    async fn the_introspection_query_of_tools_fits_the_limits(server: TestServer) {
        let query = r"query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...FullType } directives { name description locations args { ...InputValue } } } }
            fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
            fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
            fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";
        let data = server.data(Caller::Public, query, json!({})).await;
        let undescribed: Vec<String> = data["__schema"]["types"].as_array().unwrap().iter().filter(|kind| !kind["name"].as_str().unwrap().starts_with("__") && kind["name"] != "ID").flat_map(|kind| {
            let name = kind["name"].as_str().unwrap();
            let undescribed_type = (kind["description"].is_null() && !["Query", "Mutation"].contains(&name)).then(|| name.to_owned());
            let members = ["fields", "inputFields", "enumValues"].into_iter().flat_map(move |list| kind[list].as_array().into_iter().flatten().flat_map(move |member| {
                let path = format!("{name}.{}", member["name"].as_str().unwrap());
                let arguments: Vec<String> = member["args"].as_array().into_iter().flatten().filter(|argument| argument["description"].is_null()).map(|argument| format!("{path}({})", argument["name"])).collect();
                member["description"].is_null().then_some(path).into_iter().chain(arguments)
            }));
            undescribed_type.into_iter().chain(members).collect::<Vec<_>>()
        }).collect();
        assert_eq!(undescribed, Vec::<String>::new());
    }

    async fn a_query_with_everything_skipped_returns_empty_data(server: TestServer) {
        for _ in 0..2 {
            let response = server.execute(Caller::Public, "{ viewer @skip(if: true) { role } }", json!({})).await;
            assert_eq!(response, json!({ "data": {} }));
        }
    }

    async fn html_pages_and_health_checks_respond(server: TestServer) {
        let get = |path: &str, accept: &str| Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
        for (path, accept, status, fragment) in [("/", "text/html", 200, "<h1>Newsroom</h1>"), ("/", "*/*", 200, "<h1>Newsroom</h1>"), ("/graphiql/basic", "text/html", 200, "<!doctype html>"), ("/health/live", "*/*", 200, "ok"), ("/health/ready", "*/*", 200, "\"status\":\"ready\""), ("/nowhere", "*/*", 404, "/graphql")] {
            let (actual, text) = server.send(get(path, accept)).await;
            assert_eq!(actual, status, "{path}");
            assert!(text.contains(fragment), "{path}: {text}");
            let external_loads = ["src=\"http", "href=\"http", "@import", "url(http"];
            assert!(!external_loads.iter().any(|external_load| text.contains(external_load)), "{path} must not load anything from another host");
        }
    }

    async fn a_malformed_authorization_header_is_rejected_with_advice(server: TestServer) {
        for value in ["Basic YTpi", "Bearer", "Bearer ", "dateline_x"] {
            let request = Request::post("/graphql").header("content-type", "application/json").header("authorization", value).body(Body::from(r#"{"query":"{ viewer { name } }"}"#)).unwrap();
            let (status, text) = server.send(request).await;
            assert!(status == 401 && text.contains("write \\\"Bearer\\\""), "{value}: {status} {text}");
        }
    }

    async fn of_two_authorization_headers_the_first_is_used(server: TestServer) {
        let body = json!({ "query": "{ viewer { role } }" }).to_string();
        let (valid, invalid) = (server.token(Caller::Press).unwrap(), "dateline_wrong");
        let send = async |first: &str, second: &str| server.post_with_headers(Some(first), &[("authorization", &format!("Bearer {second}"))], &body).await;
        let (status, _, response) = send(valid, invalid).await;
        assert_eq!((status, &response["data"]["viewer"]["role"]), (200, &json!("PRESS")), "{response}");
        let (status, _, response) = send(invalid, valid).await;
        assert_eq!((status, response.get("data")), (401, None), "{response}");
    }
}

#[tokio::test]
async fn a_server_with_an_outdated_catalog_is_not_ready() {
    let server = TestServer::on_sqlite().await;
    let readiness = async || server.send(Request::get("/health/ready").body(Body::empty()).unwrap()).await;
    assert_eq!(readiness().await.0, 200);
    // This test starts no background tasks, so the catalog does not follow the journal. After five seconds the server
    // is not ready.
    tokio::time::sleep(std::time::Duration::from_millis(5100)).await;
    let (status, text) = readiness().await;
    assert!(status == 503 && text.contains("the catalog has not followed"), "{text}");
    server.app.newsroom.catalog.catch_up().await.unwrap();
    assert_eq!(readiness().await.0, 200);
}

//! The wire: content types, methods, sizes, statuses, and requests made to hurt.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::harness::{Desk, Who, on_both};

fn request(method: &str, content_type: &str, accept: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri("/graphql")
        .header("content-type", content_type)
        .header("accept", accept)
        .body(body.into())
        .unwrap()
}

on_both! {
    async fn only_json_by_post_is_executed(desk: Desk) {
        let query = json!({ "query": "{ releases { totalCount } }" }).to_string();
        for (method, content_type, status) in [("POST", "application/json", 200), ("POST", "application/json; charset=utf-8", 200), ("POST", "application/json; charset=latin-1", 415), ("POST", "text/plain", 415), ("POST", "application/x-www-form-urlencoded", 415), ("POST", "multipart/form-data; boundary=x", 415), ("GET", "application/json", 400), ("PUT", "application/json", 405), ("DELETE", "application/json", 405)] {
            assert_eq!(desk.send(request(method, content_type, "*/*", query.clone())).await.0, status, "{method} {content_type}");
        }
        assert_eq!(desk.send(request("POST", "application/json", "text/html", query)).await.0, 406);
    }

    async fn a_request_that_cannot_be_executed_is_told_apart(desk: Desk) {
        let new = "application/graphql-response+json";
        for (body, status) in [
            ("{".to_owned(), 400), ("[]".to_owned(), 400), ("7".to_owned(), 400), ("{}".to_owned(), 400), (r#"{"query":""}"#.to_owned(), 400), (r#"{"query":7}"#.to_owned(), 400),
            (r#"{"query":"{ a }","variables":[]}"#.to_owned(), 400), (r#"{"query":"{ a }","operationName":1}"#.to_owned(), 400), (r#"{"query":"{"}"#.to_owned(), 400), (r#"{"query":"{ nope }"}"#.to_owned(), 400),
            (json!({ "query": "query($d: Date) { releases(filter: {releaseDate: {from: $d}}) { totalCount } }", "variables": { "d": "8 May 2006" } }).to_string(), 400),
            (json!({ "query": "{ releases(first: 0) { totalCount } }" }).to_string(), 200),
            (json!({ "query": "{ releases { totalCount } }", "variables": null, "operationName": null, "extensions": {} }).to_string(), 200),
        ] {
            let (found, text) = desk.send(request("POST", "application/json", new, body.clone())).await;
            assert_eq!(found, status, "{body}: {text}");
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(answer.get("data").is_none(), status == 400, "{body}: {text}");
            assert!(status == 200 || !answer["errors"][0]["message"].as_str().unwrap().is_empty());
        }
        let (status, text) = desk.send(request("POST", "application/json", "application/json", r#"{"query":"{ nope }"}"#)).await;
        assert!(status == 200 && !text.contains("\"data\""), "{text}");
        let (status, text) = desk.send(request("POST", "application/json", "*/*", vec![b'{', b'"', 0xff, b'"', b'}'])).await;
        assert!(status == 400 && text.contains("not JSON"), "{text}");
        assert_eq!(desk.send(request("POST", "application/json", "*/*", " ".repeat(9 << 20))).await.0, 413);
    }

    async fn small_requests_made_to_hurt_are_refused_and_the_server_lives(desk: Desk) {
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
            let answer = desk.ask(Who::Public, &query, json!({})).await;
            // Pages of an empty newsroom are empty.
            let refused = answer["errors"][0]["message"].is_string() || query == pages || query == negative;
            assert!(refused && answer.to_string().len() < 20_000, "{:.200}", answer.to_string());
        }
        let deep = format!("{{\"query\":\"{{ viewer {{ name }} }}\",\"variables\":{{\"a\":{}{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(desk.post(None, &deep).await.0, 400);
        assert_eq!(desk.data(Who::Public, "{ viewer { name } }", json!({})).await["viewer"]["name"], "public");
    }

    async fn the_introspection_query_of_tools_fits_the_limits(desk: Desk) {
        let query = r"query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...FullType } directives { name description locations args { ...InputValue } } } }
            fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
            fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
            fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";
        let data = desk.data(Who::Public, query, json!({})).await;
        let undescribed: Vec<String> = data["__schema"]["types"].as_array().unwrap().iter().filter(|kind| !kind["name"].as_str().unwrap().starts_with("__") && kind["name"] != "ID").flat_map(|kind| {
            let name = kind["name"].as_str().unwrap();
            let own = (kind["description"].is_null() && !["Query", "Mutation"].contains(&name)).then(|| name.to_owned());
            let parts = ["fields", "inputFields", "enumValues"].into_iter().flat_map(move |list| kind[list].as_array().into_iter().flatten().flat_map(move |part| {
                let path = format!("{name}.{}", part["name"].as_str().unwrap());
                let arguments: Vec<String> = part["args"].as_array().into_iter().flatten().filter(|argument| argument["description"].is_null()).map(|argument| format!("{path}({})", argument["name"])).collect();
                part["description"].is_null().then_some(path).into_iter().chain(arguments)
            }));
            own.into_iter().chain(parts).collect::<Vec<_>>()
        }).collect();
        assert_eq!(undescribed, Vec::<String>::new());
    }

    async fn a_query_of_which_nothing_is_included_answers_with_nothing(desk: Desk) {
        for _ in 0..2 {
            let answer = desk.ask(Who::Public, "{ viewer @skip(if: true) { role } }", json!({})).await;
            assert_eq!(answer, json!({ "data": {} }));
        }
    }

    async fn pages_and_probes_answer(desk: Desk) {
        let get = |path: &str, accept: &str| Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
        for (path, accept, status, told) in [("/", "text/html", 200, "<h1>Newsroom</h1>"), ("/", "*/*", 200, "/graphql"), ("/graphiql", "text/html", 200, "<!doctype html>"), ("/health/live", "*/*", 200, "ok"), ("/health/ready", "*/*", 200, "\"status\":\"ready\""), ("/nowhere", "*/*", 404, "/graphql")] {
            let (found, text) = desk.send(get(path, accept)).await;
            assert_eq!(found, status, "{path}");
            assert!(text.contains(told), "{path}: {text}");
            let loads = ["src=\"http", "href=\"http", "@import", "url(http"];
            assert!(!loads.iter().any(|load| text.contains(load)), "{path} loads something from another host");
        }
    }

    async fn a_malformed_authorization_is_refused_with_advice(desk: Desk) {
        for value in ["Basic YTpi", "Bearer", "Bearer ", "dateline_x"] {
            let request = Request::post("/graphql").header("content-type", "application/json").header("authorization", value).body(Body::from(r#"{"query":"{ viewer { name } }"}"#)).unwrap();
            let (status, text) = desk.send(request).await;
            assert!(status == 401 && text.contains("write \\\"Bearer\\\""), "{value}: {status} {text}");
        }
    }

    async fn of_two_authorization_headers_the_first_is_used(desk: Desk) {
        let body = json!({ "query": "{ viewer { role } }" }).to_string();
        let (good, wrong) = (desk.secret(Who::Press).unwrap(), "dateline_wrong");
        let send = async |first: &str, second: &str| desk.post_with(Some(first), &[("authorization", &format!("Bearer {second}"))], &body).await;
        let (status, _, answer) = send(good, wrong).await;
        assert_eq!((status, &answer["data"]["viewer"]["role"]), (200, &json!("PRESS")), "{answer}");
        let (status, _, answer) = send(wrong, good).await;
        assert_eq!((status, answer.get("data")), (401, None), "{answer}");
    }
}

#[tokio::test]
async fn a_server_whose_catalog_has_not_followed_of_late_is_not_ready() {
    let desk = Desk::on_sqlite().await;
    let ready = async || desk.send(Request::get("/health/ready").body(Body::empty()).unwrap()).await;
    assert_eq!(ready().await.0, 200);
    // Nobody follows the journal here.
    tokio::time::sleep(std::time::Duration::from_millis(5100)).await;
    let (status, text) = ready().await;
    assert!(status == 503 && text.contains("the catalog has not followed"), "{text}");
    desk.app.newsroom.catalog.catch_up().await.unwrap();
    assert_eq!(ready().await.0, 200);
}

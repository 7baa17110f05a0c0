//! Tests of HTTP caching: ETag, Cache-Control, the server's response cache, and private responses, which no cache may
//! store. Also tests automatic persisted queries, trusted documents, and compression.

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use chrono::TimeDelta;
use dateline::config::{HttpConfig, TrustedDocumentMode, TrustedDocuments};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use crate::harness::{Caller, PUBLISH, TestServer, WITHDRAW, noon, on_both_databases};

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn get(server: &TestServer, query: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    get_at(server, &format!("/graphql?query={}", encoded(query)), headers).await
}

async fn get_at(server: &TestServer, address: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let request = headers.iter().fold(Request::get(address), |request, (name, value)| request.header(*name, *value));
    let response = server.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

const LIST: &str = "{ releases { totalCount nodes { id slug headline } } }";

on_both_databases! {
    async fn a_cached_response_takes_no_sql_and_a_matching_etag_no_body(server: TestServer) {
        let id = server.create_published(json!({ "headline": "Kept" })).await;
        let (status, first, body) = get(&server, LIST, &[]).await;
        assert_eq!((status, text(&first, "cache-control")), (200, "public, max-age=10"));
        assert_eq!((text(&first, "surrogate-key"), text(&first, "vary")), (format!("dateline {id}").as_str(), "accept, accept-encoding, authorization"));
        let tag = text(&first, "etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() == 26, "{tag}");
        server.statements.take();
        for previous_tag in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let (status, headers, empty_body) = get(&server, LIST, &[("if-none-match", &previous_tag)]).await;
            assert_eq!((status, empty_body.len(), text(&headers, "etag")), (304, 0, tag.as_str()), "{previous_tag}");
        }
        assert_eq!(get(&server, LIST, &[("if-none-match", "\"other\"")]).await.2, body);
        let posted = json!({ "query": LIST }).to_string();
        server.post(None, &posted).await;
        server.statements.take();
        // An HTTP cache must not store the response to a POST, whether or not the response comes from the server's
        // response cache.
        for _ in 0..2 {
            let (_, headers, _) = server.post_with_headers(None, &[], &posted).await;
            assert_eq!((text(&headers, "cache-control"), text(&headers, "etag")), ("no-store", ""));
        }
        assert_eq!(server.post(None, &posted).await.1, serde_json::from_slice::<Value>(&body).unwrap());
        assert_eq!(server.statements.count(), 0);
    }

    async fn the_etag_changes_only_with_public_data(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Coming" })).await;
        let tag = async || text(&get(&server, LIST, &[]).await.1, "etag").to_owned();
        let before = tag().await;
        server.create_draft(json!({ "headline": "Hidden" })).await;
        assert_eq!(tag().await, before);
        server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": revision })).await;
        let public = tag().await;
        assert_ne!(public, before);
        let other = text(&get(&server, LIST, &[("accept", "application/graphql-response+json")]).await.1, "etag").to_owned();
        assert_ne!(other, public, "another media type has another ETag");
        server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": revision, "kind": "WITH_NOTICE", "notice": "Gone" })).await;
        let tombstone = "{ releaseLookup(ref: {slug: \"coming\"}) { tombstone { notice state } } }";
        let (_, headers, body) = get(&server, tombstone, &[]).await;
        assert!(String::from_utf8_lossy(&body).contains("Gone"));
        assert_eq!(text(&headers, "surrogate-key"), format!("dateline {id}"), "the surrogate key contains the id of the withdrawn release");
        let tombstone_tag = text(&headers, "etag").to_owned();
        server.mutate(Caller::Editor, "mutation($id: ID!, $revision: Int!) { releaseRetract(id: $id, expectedRevision: $revision, notice: \"Never so\") { userErrors { code message } } }", json!({ "id": id, "revision": revision })).await;
        let (_, headers, body) = get(&server, tombstone, &[("if-none-match", &tombstone_tag)]).await;
        assert!(String::from_utf8_lossy(&body).contains("RETRACTED") && text(&headers, "etag") != tombstone_tag);
    }

    async fn headers_reveal_no_future_publication_and_the_cache_expires_on_time(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "At one" })).await;
        let schedule = "mutation($id: ID!, $revision: Int!) { releaseSchedule(id: $id, expectedRevision: $revision, localTime: \"2007-06-01T12:00:07\", timeZone: \"UTC\") { userErrors { code } } }";
        server.mutate(Caller::Editor, schedule, json!({ "id": id, "revision": revision })).await;
        let (_, first, before) = get(&server, LIST, &[]).await;
        assert_eq!(text(&first, "cache-control"), "public, max-age=10");
        server.app.clock.set(noon() + TimeDelta::seconds(7) - TimeDelta::microseconds(1));
        let (_, mut headers, same) = get(&server, LIST, &[]).await;
        headers.insert("x-request-id", first["x-request-id"].clone());
        assert_eq!((&headers, same), (&first, before));
        // After the scheduled publication, the server must not use the response that it cached before.
        server.app.clock.set(noon() + TimeDelta::seconds(7));
        let (_, headers, after) = get(&server, LIST, &[("if-none-match", text(&first, "etag"))]).await;
        assert!(String::from_utf8_lossy(&after).contains("At one") && text(&headers, "etag") != text(&first, "etag"));
        assert_eq!(text(&headers, "cache-control"), "public, max-age=10");
        // No header may reveal the end of an embargo in advance either.
        let (id, revision) = server.create_draft(json!({ "headline": "Embargoed" })).await;
        server.mutate(Caller::Editor, "mutation($id: ID!, $revision: Int!) { releaseEmbargo(id: $id, expectedRevision: $revision, until: \"2007-06-01T12:00:16Z\") { userErrors { code message } } }", json!({ "id": id, "revision": revision })).await;
        server.mutate(Caller::Editor, &schedule.replace("12:00:07", "12:00:11"), json!({ "id": id, "revision": revision })).await;
        for (millis, is_visible) in [(10_999, false), (11_000, false), (15_999, false), (16_000, true)] {
            server.app.clock.set(noon() + TimeDelta::milliseconds(millis));
            let (_, headers, body) = get(&server, LIST, &[]).await;
            assert_eq!(text(&headers, "cache-control"), "public, max-age=10", "{millis} ms");
            assert_eq!(String::from_utf8_lossy(&body).contains("Embargoed"), is_visible, "{millis} ms");
        }
        // The count of the current day can change until the day ends, so the response expires at the end of the day.
        server.app.clock.set(noon() + TimeDelta::seconds(12 * 3600 - 4));
        let (_, headers, _) = get(&server, "{ releaseStats { timeline(interval: DAY) { points { count complete } } } }", &[]).await;
        assert_eq!(text(&headers, "cache-control"), "public, max-age=4");
        let (_, headers, _) = get(&server, "{ trendingTopics { count } }", &[]).await;
        assert_eq!(text(&headers, "cache-control"), "public, max-age=4");
    }

    async fn private_responses_are_not_cacheable(server: TestServer) {
        server.create_published(json!({ "headline": "Public" })).await;
        for caller in [Caller::Press, Caller::Author, Caller::Editor, Caller::Admin] {
            let token = format!("Bearer {}", server.token(caller).unwrap());
            let (status, headers, _) = get(&server, LIST, &[("authorization", &token)]).await;
            assert_eq!((status, text(&headers, "cache-control"), text(&headers, "etag")), (200, "private, no-store", ""), "{caller:?}");
        }
        let (id, _) = server.create_draft(json!({ "headline": "Previewed" })).await;
        let link = "mutation($id: ID!) { previewLinkCreate(releaseId: $id, expiresAt: \"2007-07-01T00:00:00Z\") { token userErrors { code } } }";
        let link = server.mutate(Caller::Editor, link, json!({ "id": id })).await;
        let (_, headers, body) = get(&server, &format!("{{ preview(token: {}) {{ headline }} }}", link["token"]), &[]).await;
        assert!(String::from_utf8_lossy(&body).contains("Previewed"));
        assert_eq!((text(&headers, "cache-control"), text(&headers, "etag")), ("private, no-store", ""));
        let (_, headers, _) = get(&server, "{ nope }", &[]).await;
        assert_eq!((text(&headers, "cache-control"), text(&headers, "etag")), ("no-store", ""));
        let (status, headers, _) = get(&server, "mutation { releaseCreate(input: {headline: \"By GET\"}) { release { id } } }", &[]).await;
        assert_eq!((status, text(&headers, "allow")), (405, "POST"));
    }

    async fn automatic_persisted_queries_are_found_by_digest(server: TestServer) {
        let digest: String = Sha256::digest(LIST).iter().map(|byte| format!("{byte:02x}")).collect();
        let by_digest = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest } } });
        let code = async |body: &Value| server.post(None, &body.to_string()).await.1["errors"][0]["extensions"]["code"].clone();
        assert_eq!(code(&by_digest).await, "PERSISTED_QUERY_NOT_FOUND");
        let mut with_query = by_digest.clone();
        with_query["query"] = json!("{ viewer { name } }");
        assert_eq!(code(&with_query).await, "BAD_REQUEST");
        assert_eq!(code(&by_digest).await, "PERSISTED_QUERY_NOT_FOUND");
        with_query["query"] = json!(LIST);
        assert!(server.post(None, &with_query.to_string()).await.1["data"].is_object());
        assert!(server.post(None, &by_digest.to_string()).await.1["data"].is_object());
        let extensions = encoded(&by_digest["extensions"].to_string());
        assert_eq!(get_at(&server, &format!("/graphql?extensions={extensions}"), &[]).await.0, 200);
        let disabled = server.with_http_config(HttpConfig { persisted_bytes: 0, ..HttpConfig::default() });
        assert_eq!(disabled.post(None, &by_digest.to_string()).await.1["errors"][0]["message"], "PersistedQueryNotSupported");
    }

    async fn only_trusted_documents_are_executed_in_only_mode(server: TestServer) {
        let manifest = json!({ "list": LIST, "who": "{ viewer { name } }" }).to_string();
        let documents = |mode| std::sync::Arc::new(TrustedDocuments::from_manifest(&manifest, mode).unwrap());
        let trusted_only = server.with_http_config(HttpConfig { documents: documents(TrustedDocumentMode::Only), ..HttpConfig::default() });
        for request in [json!({ "documentId": "list" }), json!({ "doc_id": "list" }), json!({ "query": LIST }), json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "who" } } })] {
            assert!(trusted_only.post(None, &request.to_string()).await.1["data"].is_object(), "{request}");
        }
        for (rejected, code) in [(json!({ "query": "{ viewer { role } }" }), "DOCUMENT_NOT_TRUSTED"), (json!({ "documentId": "other" }), "DOCUMENT_NOT_FOUND"), (json!({ "documentId": "who", "query": "{ viewer { role } }" }), "DOCUMENT_NOT_TRUSTED")] {
            assert_eq!(trusted_only.post(trusted_only.token(Caller::Admin), &rejected.to_string()).await.1["errors"][0]["extensions"]["code"], code, "{rejected}");
        }
        let log_only = trusted_only.with_http_config(HttpConfig { documents: documents(TrustedDocumentMode::Log), ..HttpConfig::default() });
        assert!(log_only.post(None, &json!({ "query": "{ viewer { role } }" }).to_string()).await.1["data"].is_object());
    }

    async fn responses_are_compressed_by_accept_encoding(server: TestServer) {
        for number in 0..20 {
            server.create_published(json!({ "headline": format!("A rather long headline of which there are many, number {number}") })).await;
        }
        let (_, _, plain) = get(&server, LIST, &[]).await;
        for (accept, encoding) in [("br", "br"), ("zstd", "zstd"), ("gzip", "gzip"), ("gzip;q=0.1, br;q=0", "gzip")] {
            for _ in 0..2 {
                let (_, headers, compressed) = get(&server, LIST, &[("accept-encoding", accept)]).await;
                assert_eq!(text(&headers, "content-encoding"), encoding);
                assert!(compressed.len() < plain.len() / 2);
            }
        }
        let (_, headers, _) = get(&server, "{ viewer { name } }", &[("accept-encoding", "br")]).await;
        assert_eq!(text(&headers, "content-encoding"), "", "short responses are not compressed");
    }
}

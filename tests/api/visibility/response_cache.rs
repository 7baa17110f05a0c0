//! Answers that may be given again: their tags, how long they hold, and what must never be kept.

use crate::harness::{Desk, PUBLISH, WITHDRAW, Who, noon, on_both};
use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use chrono::TimeDelta;
use dateline::http::config::{HttpConfig, TrustedDocumentMode, TrustedDocuments};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn get(desk: &Desk, query: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    get_at(desk, &format!("/graphql?query={}", encoded(query)), headers).await
}

async fn get_at(desk: &Desk, address: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let request = headers.iter().fold(Request::get(address), |request, (name, value)| request.header(*name, *value));
    let response = desk.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

const LIST: &str = "{ releases { totalCount nodes { id slug headline } } }";

on_both! {
    async fn an_unchanged_answer_costs_no_statement_and_a_known_one_no_bytes(desk: Desk) {
        let id = desk.published(json!({ "headline": "Kept" })).await;
        let (status, first, body) = get(&desk, LIST, &[]).await;
        assert_eq!((status, text(&first, "cache-control")), (200, "public, max-age=10"));
        assert_eq!((text(&first, "surrogate-key"), text(&first, "vary")), (format!("dateline {id}").as_str(), "accept, accept-encoding, authorization"));
        let tag = text(&first, "etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() == 26, "{tag}");
        desk.statements.take();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let (status, headers, none) = get(&desk, LIST, &[("if-none-match", &known)]).await;
            assert_eq!((status, none.len(), text(&headers, "etag")), (304, 0, tag.as_str()), "{known}");
        }
        assert_eq!(get(&desk, LIST, &[("if-none-match", "\"other\"")]).await.2, body);
        let posted = json!({ "query": LIST }).to_string();
        desk.post(None, &posted).await;
        desk.statements.take();
        // A POST's answer is for this request alone, kept or not.
        for _ in 0..2 {
            let (_, headers, _) = desk.post_with(None, &[], &posted).await;
            assert_eq!((text(&headers, "cache-control"), text(&headers, "etag")), ("no-store", ""));
        }
        assert_eq!(desk.post(None, &posted).await.1, serde_json::from_slice::<Value>(&body).unwrap());
        assert_eq!(desk.statements.count(), 0);
    }

    async fn whatever_the_public_sees_changes_the_tag_and_what_it_does_not_see_does_not(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "Coming" })).await;
        let tag = async || text(&get(&desk, LIST, &[]).await.1, "etag").to_owned();
        let before = tag().await;
        desk.draft(json!({ "headline": "Hidden" })).await;
        assert_eq!(tag().await, before);
        desk.done(Who::Editor, PUBLISH, json!({ "id": id, "revision": revision })).await;
        let public = tag().await;
        assert_ne!(public, before);
        let other = text(&get(&desk, LIST, &[("accept", "application/graphql-response+json")]).await.1, "etag").to_owned();
        assert_ne!(other, public, "another media type is another answer");
        desk.done(Who::Editor, WITHDRAW, json!({ "id": id, "revision": revision, "kind": "WITH_NOTICE", "notice": "Gone" })).await;
        let stone = "{ tombstone(ref: {slug: \"coming\"}) { notice state } }";
        let (_, headers, body) = get(&desk, stone, &[]).await;
        assert!(String::from_utf8_lossy(&body).contains("Gone"));
        assert_eq!(text(&headers, "surrogate-key"), format!("dateline {id}"), "what it was is in it");
        let gone = text(&headers, "etag").to_owned();
        desk.done(Who::Editor, "mutation($id: ID!, $revision: Int!) { releaseRetract(id: $id, expectedRevision: $revision, notice: \"Never so\") { userErrors { code message } } }", json!({ "id": id, "revision": revision })).await;
        let (_, headers, body) = get(&desk, stone, &[("if-none-match", &gone)]).await;
        assert!(String::from_utf8_lossy(&body).contains("RETRACTED") && text(&headers, "etag") != gone);
    }

    async fn what_is_to_appear_shows_in_no_header_and_is_told_at_its_instant(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "At one" })).await;
        let schedule = "mutation($id: ID!, $revision: Int!) { releaseSchedule(id: $id, expectedRevision: $revision, localTime: \"2007-06-01T12:00:07\", timeZone: \"UTC\") { userErrors { code } } }";
        desk.done(Who::Editor, schedule, json!({ "id": id, "revision": revision })).await;
        let (_, first, before) = get(&desk, LIST, &[]).await;
        assert_eq!(text(&first, "cache-control"), "public, max-age=10");
        desk.app.clock.set(noon() + TimeDelta::seconds(7) - TimeDelta::microseconds(1));
        let (_, mut headers, same) = get(&desk, LIST, &[]).await;
        headers.insert("x-request-id", first["x-request-id"].clone());
        assert_eq!((&headers, same), (&first, before));
        // What this server keeps is of before the instant, and not given out after it.
        desk.app.clock.set(noon() + TimeDelta::seconds(7));
        let (_, headers, after) = get(&desk, LIST, &[("if-none-match", text(&first, "etag"))]).await;
        assert!(String::from_utf8_lossy(&after).contains("At one") && text(&headers, "etag") != text(&first, "etag"));
        assert_eq!(text(&headers, "cache-control"), "public, max-age=10");
        // The end of an embargo shows in no header either.
        let (id, revision) = desk.draft(json!({ "headline": "Embargoed" })).await;
        desk.done(Who::Editor, "mutation($id: ID!, $revision: Int!) { releaseEmbargo(id: $id, expectedRevision: $revision, until: \"2007-06-01T12:00:16Z\") { userErrors { code message } } }", json!({ "id": id, "revision": revision })).await;
        desk.done(Who::Editor, &schedule.replace("12:00:07", "12:00:11"), json!({ "id": id, "revision": revision })).await;
        for (millis, there) in [(10_999, false), (11_000, false), (15_999, false), (16_000, true)] {
            desk.app.clock.set(noon() + TimeDelta::milliseconds(millis));
            let (_, headers, body) = get(&desk, LIST, &[]).await;
            assert_eq!(text(&headers, "cache-control"), "public, max-age=10", "{millis} ms");
            assert_eq!(String::from_utf8_lossy(&body).contains("Embargoed"), there, "{millis} ms");
        }
        // A day that is not over is a number that changes by itself.
        desk.app.clock.set(noon() + TimeDelta::seconds(12 * 3600 - 4));
        let (_, headers, _) = get(&desk, "{ releaseStats { timeline(interval: DAY) { points { count complete } } } }", &[]).await;
        assert_eq!(text(&headers, "cache-control"), "public, max-age=4");
        let (_, headers, _) = get(&desk, "{ trendingTopics { count } }", &[]).await;
        assert_eq!(text(&headers, "cache-control"), "public, max-age=4");
    }

    async fn what_is_for_one_reader_is_never_kept(desk: Desk) {
        desk.published(json!({ "headline": "Public" })).await;
        for who in [Who::Press, Who::Author, Who::Editor, Who::Admin] {
            let token = format!("Bearer {}", desk.secret(who).unwrap());
            let (status, headers, _) = get(&desk, LIST, &[("authorization", &token)]).await;
            assert_eq!((status, text(&headers, "cache-control"), text(&headers, "etag")), (200, "private, no-store", ""), "{who:?}");
        }
        let (id, _) = desk.draft(json!({ "headline": "Previewed" })).await;
        let link = "mutation($id: ID!) { previewLinkCreate(releaseId: $id, expiresAt: \"2007-07-01T00:00:00Z\") { token userErrors { code } } }";
        let link = desk.done(Who::Editor, link, json!({ "id": id })).await;
        let (_, headers, body) = get(&desk, &format!("{{ preview(token: {}) {{ headline }} }}", link["token"]), &[]).await;
        assert!(String::from_utf8_lossy(&body).contains("Previewed"));
        assert_eq!((text(&headers, "cache-control"), text(&headers, "etag")), ("private, no-store", ""));
        let (_, headers, _) = get(&desk, "{ nope }", &[]).await;
        assert_eq!((text(&headers, "cache-control"), text(&headers, "etag")), ("no-store", ""));
        let (status, headers, _) = get(&desk, "mutation { releaseCreate(input: {headline: \"By GET\"}) { release { id } } }", &[]).await;
        assert_eq!((status, text(&headers, "allow")), (405, "POST"));
    }

    async fn queries_are_asked_for_by_their_digest(desk: Desk) {
        let digest: String = Sha256::digest(LIST).iter().map(|byte| format!("{byte:02x}")).collect();
        let by_digest = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest } } });
        let code = async |body: &Value| desk.post(None, &body.to_string()).await.1["errors"][0]["extensions"]["code"].clone();
        assert_eq!(code(&by_digest).await, "PERSISTED_QUERY_NOT_FOUND");
        let mut whole = by_digest.clone();
        whole["query"] = json!("{ viewer { name } }");
        assert_eq!(code(&whole).await, "BAD_REQUEST");
        assert_eq!(code(&by_digest).await, "PERSISTED_QUERY_NOT_FOUND");
        whole["query"] = json!(LIST);
        assert!(desk.post(None, &whole.to_string()).await.1["data"].is_object());
        assert!(desk.post(None, &by_digest.to_string()).await.1["data"].is_object());
        let extensions = encoded(&by_digest["extensions"].to_string());
        assert_eq!(get_at(&desk, &format!("/graphql?extensions={extensions}"), &[]).await.0, 200);
        let off = desk.with_http_config(HttpConfig { persisted_bytes: 0, ..HttpConfig::default() });
        assert_eq!(off.post(None, &by_digest.to_string()).await.1["errors"][0]["message"], "PersistedQueryNotSupported");
    }

    async fn where_only_trusted_documents_are_taken_nothing_else_is(desk: Desk) {
        let manifest = json!({ "list": LIST, "who": "{ viewer { name } }" }).to_string();
        let documents = |trust| std::sync::Arc::new(TrustedDocuments::from_manifest(&manifest, trust).unwrap());
        let only = desk.with_http_config(HttpConfig { documents: documents(TrustedDocumentMode::Only), ..HttpConfig::default() });
        for named in [json!({ "documentId": "list" }), json!({ "doc_id": "list" }), json!({ "query": LIST }), json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "who" } } })] {
            assert!(only.post(None, &named.to_string()).await.1["data"].is_object(), "{named}");
        }
        for (other, code) in [(json!({ "query": "{ viewer { role } }" }), "DOCUMENT_NOT_TRUSTED"), (json!({ "documentId": "other" }), "DOCUMENT_NOT_FOUND"), (json!({ "documentId": "who", "query": "{ viewer { role } }" }), "DOCUMENT_NOT_TRUSTED")] {
            assert_eq!(only.post(only.secret(Who::Admin), &other.to_string()).await.1["errors"][0]["extensions"]["code"], code, "{other}");
        }
        let log = only.with_http_config(HttpConfig { documents: documents(TrustedDocumentMode::Log), ..HttpConfig::default() });
        assert!(log.post(None, &json!({ "query": "{ viewer { role } }" }).to_string()).await.1["data"].is_object());
    }

    async fn answers_are_coded_as_the_client_likes(desk: Desk) {
        for number in 0..20 {
            desk.published(json!({ "headline": format!("A rather long headline of which there are many, number {number}") })).await;
        }
        let (_, _, plain) = get(&desk, LIST, &[]).await;
        for (accept, coding) in [("br", "br"), ("zstd", "zstd"), ("gzip", "gzip"), ("gzip;q=0.1, br;q=0", "gzip")] {
            for _ in 0..2 {
                let (_, headers, coded) = get(&desk, LIST, &[("accept-encoding", accept)]).await;
                assert_eq!(text(&headers, "content-encoding"), coding);
                assert!(coded.len() < plain.len() / 2);
            }
        }
        let (_, headers, _) = get(&desk, "{ viewer { name } }", &[("accept-encoding", "br")]).await;
        assert_eq!(text(&headers, "content-encoding"), "", "too short to be worth it");
    }
}

//! Tests of conditional requests and cache headers of pages and feeds.

use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use serde_json::json;

use super::{public_site, seed};
use crate::harness::{Caller, noon, on_both_databases};

const RENAME: &str = "mutation($id: ID!, $name: String!) { topicUpdate(id: $id, expectedRevision: 1, input: { name: $name }) { topic { id } userErrors { message } } }";

on_both_databases! {
    async fn an_unchanged_document_is_not_sent_again(server: TestServer) {
        seed(&server).await;
        for address in ["/", "/releases/release-0", "/topics", "/feed.rss", "/feed.atom", "/feed.json", "/releases.json"] {
            server.app.clock.set(noon() + TimeDelta::seconds(1));
            let (_, headers, body) = server.page(address, &[]).await;
            let (tag, modified) = (headers["etag"].to_str().unwrap(), headers["last-modified"].to_str().unwrap());
            assert_eq!((headers["cache-control"].to_str().unwrap(), headers["vary"].to_str().unwrap()), ("public, max-age=10", "accept, accept-encoding"));
            assert!(!headers.contains_key("set-cookie") && modified == "Fri, 01 Jun 2007 12:00:00 GMT", "{headers:?}");
            server.app.clock.set(noon() + TimeDelta::minutes(59));
            let (_, later, again) = server.page(address, &[]).await;
            assert_eq!((later["etag"].to_str().unwrap(), &again), (tag, &body), "{address}");
            for (name, value, status) in [
                ("if-none-match", tag, 304),
                ("if-none-match", "\"other\"", 200),
                ("if-modified-since", modified, 304),
                ("if-modified-since", "Fri, 01 Jun 2007 12:30:00 GMT", 304),
                ("if-modified-since", "Fri, 01 Jun 2007 11:59:59 GMT", 200),
                ("if-modified-since", "yesterday", 200),
            ] {
                let (actual, headers, body) = server.page(address, &[(name, value)]).await;
                assert_eq!(actual, status, "{address} {name}: {value}");
                assert!(headers["content-security-policy"].to_str().unwrap().contains("style-src 'self'"), "a 304 replaces the headers of a stored page");
                if status == 304 {
                    assert!(body.is_empty() && headers["etag"] == tag && headers.contains_key("cache-control"), "{headers:?}");
                }
            }
            let both = server.page(address, &[("if-none-match", "\"other\""), ("if-modified-since", modified)]).await;
            assert_eq!(both.0, 200, "If-None-Match decides");
            server.app.clock.set(noon());
        }
    }

    async fn every_visible_change_moves_last_modified(server: TestServer) {
        seed(&server).await;
        server.page("/feed.atom", &[]).await;
        let ids = server.data(Caller::Editor, "{ topic(ref: {slug: \"work\"}) { id } }", json!({})).await;
        server.app.clock.set(noon() + TimeDelta::minutes(5));
        server.mutate(Caller::Admin, RENAME, json!({ "id": ids["topic"]["id"], "name": "Labour" })).await;
        server.app.clock.set(noon() + TimeDelta::minutes(9));
        server.create_draft(json!({ "headline": "Hidden", "releaseDate": "2007-06-01" })).await;
        let (_, headers, page) = server.page("/topics", &[("if-modified-since", "Fri, 01 Jun 2007 12:00:00 GMT")]).await;
        assert_eq!(headers["last-modified"], "Fri, 01 Jun 2007 12:05:00 GMT", "a draft changes nothing");
        assert!(page.contains("Labour"), "{page}");
    }

    async fn a_document_that_changes_with_time_has_no_date(server: TestServer) {
        seed(&server).await;
        server.app.clock.set(noon() + TimeDelta::seconds(1));
        // The chart marks the present year.
        let (_, headers, _) = server.page("/topics/work", &[]).await;
        assert!(!headers.contains_key("last-modified") && headers.contains_key("etag"));
        let (status, _, _) = server.page("/topics/work", &[("if-modified-since", "Fri, 01 Jun 2007 12:00:01 GMT")]).await;
        assert_eq!(status, 200);
    }

    async fn unknown_parameters_do_not_fill_the_cache(server: TestServer) {
        seed(&server).await;
        server.page("/feed.atom?utm_source=a", &[]).await;
        server.statements.take();
        server.page("/feed.atom?utm_source=b&x=y", &[]).await;
        assert_eq!(server.statements.take().len(), 0, "the second response is from the cache");
    }

    async fn a_feed_keeps_its_tag_if_something_else_changes(server: TestServer) {
        seed(&server).await;
        let tag = server.page("/feed.atom?topic=health", &[]).await.1["etag"].clone();
        server.create_published(json!({ "headline": "Other", "releaseDate": "2007-06-01" })).await;
        assert_eq!(server.page("/feed.atom?topic=health", &[]).await.1["etag"], tag);
        assert_ne!(server.page("/feed.atom", &[]).await.1["etag"], tag);
    }

    async fn head_has_the_headers_of_get(server: TestServer) {
        seed(&server).await;
        for address in ["/", "/feed.rss", "/releases/release-0", "/releases/nowhere", "/robots.txt"] {
            let (status, headers, _) = server.page(address, &[]).await;
            let request = Request::head(address).header("accept", "text/html").body(Body::empty()).unwrap();
            let (head_status, head_headers, body) = crate::harness::exchange(&server.router(), request).await;
            assert_eq!((head_status, body.as_str()), (status, ""), "{address}");
            for name in ["content-type", "etag", "last-modified", "cache-control"] {
                assert_eq!(head_headers.get(name), headers.get(name), "{address}: {name}");
            }
        }
    }

    async fn responses_are_compressed(server: TestServer) {
        seed(&server).await;
        let request = Request::get("/").header("accept-encoding", "br").body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(server.router(), request).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "br");
    }

    async fn files_of_pages_are_cached_for_a_year(server: TestServer) {
        seed(&server).await;
        let (_, _, page) = server.page("/", &[]).await;
        for start in ["/assets/style.css?v=", "/assets/site.js?v="] {
            let at = page.find(start).unwrap();
            let address = &page[at..at + page[at..].find('"').unwrap()];
            let (status, headers, body) = server.page(address, &[]).await;
            assert!(status == 200 && body.len() > 500);
            assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
            assert_eq!(server.page(address.split('?').next().unwrap(), &[]).await.1["cache-control"], "no-cache");
        }
        assert_eq!(server.page("/assets/nothing", &[]).await.0, 404);
        assert_eq!(server.page("/assets/logo", &[]).await.0, 404);
    }

    async fn the_pages_can_be_switched_off(server: TestServer) {
        seed(&server).await;
        let server = server.with_site(dateline::config::SiteInfo { has_pages: false, ..public_site() }).await;
        let (status, _, page) = server.page("/", &[]).await;
        assert!(status == 200 && page.contains("href=\"/graphiql\""), "{page}");
        for address in ["/releases/release-0", "/feed.rss", "/topics", "/robots.txt", "/assets/style.css", "/sitemap.xml"] {
            assert_eq!(server.page(address, &[]).await.0, 404, "{address}");
        }
    }

    async fn the_host_header_has_no_effect(server: TestServer) {
        seed(&server).await;
        for address in ["/", "/feed.atom", "/feed.json", "/releases/release-0", "/llms.txt"] {
            let (_, _, body) = server.page(address, &[("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")]).await;
            assert!(!body.contains("evil"), "{address}");
        }
    }
}

//! Tests of invalid parameters, paths and methods: each gets a page that says what is wrong, and none reveals or
//! reflects anything.

use axum::{body::Body, http::Request};
use serde_json::json;

use super::seed;
use crate::harness::{exchange, on_both_databases};

on_both_databases! {
    async fn an_invalid_parameter_gets_a_page_that_says_what_is_wrong(server: TestServer) {
        seed(&server).await;
        let long = "x".repeat(10_000);
        for (query, status, text) in [
            ("topic=nowhere", 404, "There is no topic “nowhere”."),
            ("place=%3Cscript%3Ealert(1)%3C/script%3E", 404, "There is no place “&#60;script&#62;alert(1)&#60;/script&#62;”."),
            ("topic=%FF%FE", 404, "There is no topic"),
            ("topic=..%2F..%2Fetc%2Fpasswd%00", 404, "There is no topic"),
            ("page=-1", 400, "write a number from 1 to 500"),
            ("page=0", 400, "write a number"),
            ("page=9", 404, "There is no page 9. The list has 2 pages."),
            ("page=1&page=2", 400, "give it once"),
            ("from=2006-12-31&until=2006-01-01", 400, "swap them"),
            ("from=2006-13-01", 400, "write a date as 2006-05-08"),
            ("year=20006", 400, "write a year"),
            ("kind=%F0%9F%93%A7", 400, "the kinds are"),
            ("language=english%20please", 400, "write a language tag"),
            (&format!("q={long}"), 400, "Search for fewer words."),
            (&format!("topic={long}"), 404, "There is no topic “xxx"),
            (&format!("q={}", "word+".repeat(2000)), 400, "Search for fewer words."),
        ] {
            for path in ["/", "/feed.atom", "/releases.json"] {
                if path == "/feed.atom" && query.starts_with("page=9") {
                    continue;
                }
                let (actual, headers, page) = server.page(&format!("{path}?{query}"), &[]).await;
                assert_eq!(actual, status, "{path} {query:.60}: {page}");
                assert!(page.contains(text), "{path} {query:.60}: {page}");
                assert!(page.contains("<a href=\"/\">Newest releases</a>") && page.len() < 10_000, "{page}");
                assert!(!page.contains("<script>alert") && headers["cache-control"] == "no-cache", "{page}");
            }
        }
        for query in ["q=%00%01", "q=%22", "q=-", "q=AND+%28", "q=%D9%85", "utm_source=%3Cscript%3E", "&&==&=&topic", "page=%201%20"] {
            let (status, _, page) = server.page(&format!("/?{query}"), &[]).await;
            assert_eq!(status, 200, "{query}: {page}");
        }
    }

    async fn an_unknown_path_gets_a_page_with_a_search_box(server: TestServer) {
        seed(&server).await;
        for path in ["/nowhere", "/releases", "/releases/", "/releases/nowhere", "/releases/a/b", "/releases/%3Cscript%3E", "/releases/%00", "/releases/RELEASE-0", "/topics/%F0%9F%93%A7", "/places/x/y", "/preview/", "/preview/%FF", "/sitemap-.xml", "/sitemaps/", "/feed.xml", "/.git/config", "/assets/../Cargo.toml", "//example.org", "/releases/release-0.pdf"] {
            let (status, headers, page) = server.page(path, &[]).await;
            assert_eq!(status, 404, "{path}: {page}");
            assert!(page.contains("role=\"search\"") || path.starts_with("/assets"), "{path}: {page}");
            assert!(!page.contains("<script>") && !headers.contains_key("location"), "{path}: {page}");
        }
    }

    async fn a_slash_at_the_end_of_a_list_redirects(server: TestServer) {
        seed(&server).await;
        for (address, target) in [("/topics/", "/topics"), ("/places/", "/places")] {
            let (status, headers, _) = server.page(address, &[]).await;
            assert_eq!((status, headers["location"].to_str().unwrap()), (301, target));
        }
    }

    async fn only_get_and_head_are_allowed(server: TestServer) {
        seed(&server).await;
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
            for path in ["/", "/releases/release-0", "/feed.rss"] {
                let request = Request::builder().method(method).uri(path).body(Body::from("x")).unwrap();
                let (status, headers, body) = exchange(&server.router(), request).await;
                assert_eq!((status, headers["allow"].to_str().unwrap()), (405, "GET, HEAD"), "{method} {path}: {body}");
            }
        }
    }

    async fn hidden_addresses_are_like_addresses_that_never_existed(server: TestServer) {
        server.create_draft(json!({ "headline": "Hidden", "slug": "hidden", "releaseDate": "2007-06-05", "bodyMarkdown": "Not yet." })).await;
        for suffix in ["", ".md", ".json"] {
            let (hidden, unknown) = (server.page(&format!("/releases/hidden{suffix}"), &[]).await, server.page(&format!("/releases/nowhere{suffix}"), &[]).await);
            assert_eq!((hidden.0, &hidden.2), (404, &unknown.2), "{suffix}");
        }
    }
}

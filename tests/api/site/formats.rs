//! Tests of Markdown, ninjs, JSON-LD, sitemaps, robots.txt and llms.txt.

use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{HOSTILE, between, public_site, seed};
use crate::harness::{noon, on_both_databases};

/// Properties of a news item in ninjs 3.1, as the standard lists them.
const NINJS: [&str; 22] = [
    "uri",
    "type",
    "representationType",
    "profile",
    "version",
    "firstCreated",
    "versionCreated",
    "contentCreated",
    "embargoedUntil",
    "pubStatus",
    "urgency",
    "copyrightHolder",
    "edNote",
    "language",
    "descriptions",
    "bodies",
    "headlines",
    "places",
    "subjects",
    "located",
    "altIds",
    "standard",
];

fn locations(xml: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.sitemaps.org/schemas/sitemap/0.9", "loc")))
        .map(|node| node.text().unwrap().to_owned())
        .collect()
}

on_both_databases! {
    async fn a_release_is_also_markdown(server: TestServer) {
        seed(&server).await;
        server.import(&[json!({ "type": "release", "slug": "hostile", "headline": HOSTILE, "bodyMarkdown": "A *body*.", "releaseDate": "2006-05-08", "state": "PUBLISHED" })]).await;
        let (status, headers, text) = server.page("/releases/hostile.md", &[]).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/markdown; charset=utf-8"));
        let heading = text.lines().next().unwrap();
        assert_eq!(markup::to_text(heading).trim(), HOSTILE);
        assert!(text.contains("\nA *body*.\n") && text.ends_with("Source: https://example.org/news/hostile\n\n"), "{text}");
        let request = Request::get("/releases/hostile").header("accept", "text/markdown").body(Body::empty()).unwrap();
        assert_eq!(server.send(request).await.1, text);
    }

    async fn ninjs_has_the_fields_of_the_standard(server: TestServer) {
        seed(&server).await;
        let (status, headers, text) = server.page("/releases/release-0.json", &[]).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/json"));
        let item: Value = serde_json::from_str(&text).unwrap();
        for name in item.as_object().unwrap().keys() {
            assert!(NINJS.contains(&name.as_str()) || ["by", "genres"].contains(&name.as_str()), "ninjs has no {name}");
        }
        assert!(item["uri"].as_str().unwrap().starts_with("urn:uuid:"));
        assert_eq!(item["headlines"][0]["value"], "Factory 0 reports");
        assert_eq!((item["pubStatus"].as_str(), item["located"].as_str(), item["language"].as_str()), (Some("usable"), Some("PHNOM PENH"), Some("en")));
        assert_eq!(item["subjects"], json!([{ "name": "Child labour", "rel": "about" }]));
        let text = &item["bodies"][1];
        assert_eq!((text["charCount"].as_u64().unwrap() as usize, text["contentType"].as_str()), (text["value"].as_str().unwrap().chars().count(), Some("text/plain")));
        let (_, _, list) = server.page("/releases.json?topic=child-labour&page=1", &[]).await;
        let list: Value = serde_json::from_str(&list).unwrap();
        assert_eq!((list["totalCount"].as_u64(), list["items"].as_array().unwrap().len(), list["next"].is_null()), (Some(10), 10, true));
        let (_, _, list) = server.page("/releases.json", &[]).await;
        let list: Value = serde_json::from_str(&list).unwrap();
        assert_eq!((list["totalCount"].as_u64(), list["next"].as_str()), (Some(30), Some("/releases.json?page=2")));
    }

    async fn structured_data_describes_the_release(server: TestServer) {
        seed(&server).await;
        let server = server.with_site(public_site()).await;
        let (_, _, page) = server.page("/releases/release-0", &[]).await;
        let data: Value = serde_json::from_str(between(&page, "<script type=\"application/ld+json\">", "</script>")).unwrap();
        assert_eq!((data["@type"].as_str(), data["headline"].as_str(), data["inLanguage"].as_str()), (Some("NewsArticle"), Some("Factory 0 reports"), Some("en")));
        assert_eq!((data["datePublished"].as_str(), data["url"].as_str()), (Some("2002-03-01T08:00:00Z"), Some("https://x.example/news/releases/release-0")));
        assert_eq!((data["publisher"]["name"].as_str(), data["contentLocation"][0]["name"].as_str()), (Some("Ministry"), Some("Phnom Penh")));
        for property in ["og:title\" content=\"Factory 0 reports", "og:type\" content=\"article", "article:published_time\" content=\"2002-03-01T08:00:00Z", "og:url\" content=\"https://x.example/news/releases/release-0"] {
            assert!(page.contains(property), "{property}: {page}");
        }
    }

    async fn sitemaps_have_canonical_addresses_that_answer(server: TestServer) {
        seed(&server).await;
        assert_eq!(server.page("/sitemap.xml", &[]).await.0, 404, "a sitemap needs the public address");
        let server = server.with_site(public_site()).await;
        let (_, headers, index) = server.page("/sitemap.xml", &[]).await;
        assert_eq!(headers["content-type"], "application/xml; charset=utf-8");
        let mut all = Vec::new();
        for part in locations(&index) {
            let (status, _, part) = server.page(part.strip_prefix("https://x.example/news").unwrap(), &[]).await;
            assert_eq!(status, 200);
            all.extend(locations(&part));
        }
        assert_eq!(all.len(), 30 + 3 + 3 + 2, "{all:?}");
        assert!(!index.contains("sitemap-news"), "a sitemap must not be empty");
        for address in all {
            let (status, _, page) = server.page(address.strip_prefix("https://x.example/news").unwrap(), &[]).await;
            assert!(status == 200 && page.contains(&format!("rel=\"canonical\" href=\"{address}\"")), "{address}");
        }
        for wrong in ["/sitemap-releases-2.xml", "/sitemap-releases-0.xml", "/sitemap-x.xml", "/sitemap-pages"] {
            assert_eq!(server.page(wrong, &[]).await.0, 404, "{wrong}");
        }
    }

    async fn releases_of_another_website_are_in_no_sitemap(server: TestServer) {
        seed(&server).await;
        let server = server.with_site(public_site()).await;
        let settings = dateline::newsroom::NewsroomSettings { url_template: Some("https://y.example/{slug}".to_owned()), ..server.app.newsroom.settings.clone() };
        let db = dateline::db::Db::open(&server.url).await.unwrap();
        let app = dateline::app::App::new(db, settings, public_site(), server.app.clock.clone()).await.unwrap();
        let request = |path: &str| Request::get(path).body(Body::empty()).unwrap();
        let router = dateline::http::router(&app);
        let (_, _, index) = crate::harness::exchange(&router, request("/sitemap.xml")).await;
        assert_eq!(locations(&index), ["https://x.example/news/sitemap-pages.xml"]);
        let (status, _, _) = crate::harness::exchange(&router, request("/sitemap-releases-1.xml")).await;
        assert_eq!(status, 404);
    }

    async fn the_news_sitemap_has_the_last_48_hours(server: TestServer) {
        let server = server.with_site(public_site()).await;
        let release = |slug: &str, at: chrono::DateTime<chrono::Utc>| json!({ "type": "release", "slug": slug, "headline": HOSTILE, "language": "pt-BR", "releaseDate": "2007-05-31", "state": "PUBLISHED", "publishedAt": at.to_rfc3339() });
        let age = |minutes: i64| noon() - TimeDelta::hours(48) + TimeDelta::minutes(minutes);
        server.import(&[release("young", age(1)), release("old", age(-1))]).await;
        let (_, headers, xml) = server.page("/sitemap-news.xml", &[]).await;
        assert_eq!(locations(&xml), ["https://x.example/news/releases/young"]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let news = |name: &str| document.descendants().find(|node| node.tag_name().name() == name).unwrap().text().unwrap().to_owned();
        assert_eq!((news("publication_date"), news("language"), news("title")), ("2007-05-30T12:01:00Z".to_owned(), "pt".to_owned(), HOSTILE.to_owned()));
        assert_eq!(headers["cache-control"], "public, max-age=10");
        server.app.clock.set(noon() + TimeDelta::seconds(55));
        assert_eq!(server.page("/sitemap-news.xml", &[]).await.1["cache-control"], "public, max-age=5");
        server.app.clock.set(noon() + TimeDelta::seconds(61));
        assert_eq!(locations(&server.page("/sitemap-news.xml", &[]).await.2), [""; 0]);
    }

    async fn crawlers_find_their_files(server: TestServer) {
        let server = server.with_site(public_site()).await;
        let (_, _, robots) = server.page("/robots.txt", &[]).await;
        assert!(robots.contains("Disallow: /news/preview/") && robots.ends_with("Sitemap: https://x.example/news/sitemap.xml\n"), "{robots}");
        let (_, _, llms) = server.page("/llms.txt", &[]).await;
        assert!(llms.starts_with("# News & <views>\n") && llms.contains("(https://x.example/news/feed.atom)"), "{llms}");
    }
}

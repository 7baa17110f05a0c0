//! Tests of RSS, Atom and JSON Feed. The feeds are read by the crate `feed-rs`, and the XML by a strict parser.

use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use feed_rs::{
    model::{Entry, Feed},
    parser,
};
use serde_json::{Value, json};

use super::{HOSTILE, public_site, seed};
use crate::harness::{Caller, PUBLISH, REVISE, TestServer, WITHDRAW, noon, on_both_databases};

const FEEDS: [&str; 3] = ["/feed.rss", "/feed.atom", "/feed.json"];

async fn read(server: &TestServer, address: &str) -> Feed {
    let (status, headers, body) = server.page(address, &[]).await;
    assert_eq!(status, 200, "{address}: {body}");
    let media_type = headers["content-type"].to_str().unwrap();
    if media_type.contains("xml") {
        assert!(media_type.ends_with("; charset=utf-8") && body.starts_with("<?xml"), "{media_type}");
        roxmltree::Document::parse(&body).unwrap_or_else(|error| panic!("{address}: {error}: {body}"));
        assert!(!body.contains("CDATA"));
    }
    parser::parse(body.as_bytes()).unwrap_or_else(|error| panic!("{address}: {error}: {body}"))
}

fn titles(feed: &Feed) -> Vec<&str> {
    feed.entries.iter().map(title).collect()
}

fn title(entry: &Entry) -> &str {
    &entry.title.as_ref().unwrap().content
}

fn ids(feed: &Feed) -> Vec<&str> {
    feed.entries.iter().map(|entry| entry.id.as_str()).collect()
}

on_both_databases! {
    async fn feeds_have_the_newest_releases_of_a_list(server: TestServer) {
        seed(&server).await;
        let server = server.with_site(public_site()).await;
        for address in FEEDS {
            let feed = read(&server, address).await;
            assert_eq!((feed.entries.len(), title(&feed.entries[0])), (20, "Factory 29 reports"), "{address}");
            assert_eq!(feed.title.as_ref().unwrap().content, "News & <views>");
            assert_eq!(feed.entries[0].links[0].href, "https://x.example/news/releases/release-29");
            let text = read(&server, &format!("{address}?topic=work&kind=speech&q=strike")).await;
            assert_eq!(text.entries.len(), 0, "{address}");
            let filtered = read(&server, &format!("{address}?topic=child-labour&year=2002")).await;
            assert_eq!(titles(&filtered), ["Factory 6 reports", "Factory 3 reports", "Factory 0 reports"], "{address}");
            assert_eq!(filtered.title.as_ref().unwrap().content, "News & <views> – Child labour – 2002");
            assert_eq!(server.page(&format!("{address}?topic=nowhere"), &[]).await.0, 404);
        }
        let entry = &read(&server, "/feed.atom").await.entries[1];
        assert_eq!(entry.summary.as_ref().unwrap().content, "Summary of number 28.");
        assert!(entry.content.as_ref().unwrap().body.as_ref().unwrap().contains("PHNOM PENH"), "{entry:?}");
        // Without a summary, the start of the body stands for it.
        let entry = &read(&server, "/feed.atom").await.entries[0];
        assert!(entry.summary.as_ref().unwrap().content.starts_with("Section The strike number 29"), "{entry:?}");
    }

    async fn any_text_survives_in_each_format(server: TestServer) {
        let body = format!("{HOSTILE} `]]>` <b>raw</b>");
        let releases = [
            json!({ "type": "topic", "slug": "t", "name": HOSTILE }),
            json!({ "type": "release", "slug": "hostile", "headline": HOSTILE, "summary": HOSTILE, "bodyMarkdown": body, "topics": ["t"], "releaseDate": "2006-05-08", "state": "PUBLISHED" }),
            json!({ "type": "release", "slug": "long", "headline": format!("Long {}", "x".repeat(490)), "bodyMarkdown": format!("{} & <b> 👨‍👩‍👧", "word ".repeat(58)), "releaseDate": "2006-05-08", "state": "PUBLISHED" }),
        ];
        server.import(&releases).await;
        for address in FEEDS {
            let feed = read(&server, address).await;
            let entry = feed.entries.iter().find(|entry| !title(entry).starts_with("Long")).unwrap();
            assert_eq!(title(entry), HOSTILE, "{address}");
            // The description of RSS is HTML.
            let summary = if address == "/feed.rss" { HOSTILE.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") } else { HOSTILE.to_owned() };
            assert_eq!(entry.summary.as_ref().unwrap().content, summary, "{address}");
            let html = entry.content.as_ref().unwrap().body.as_ref().unwrap();
            assert!(html.contains("<code>]]&gt;</code>") && html.contains("&lt;b&gt;raw&lt;/b&gt;"), "{address}: {html}");
        }
        let (_, _, atom) = server.page("/feed.atom", &[]).await;
        assert!(atom.contains("<title type=\"text\">AT&#38;T: "), "{atom}");
    }

    async fn control_characters_do_not_break_a_feed(server: TestServer) {
        // Such texts can be in databases of earlier versions, which accepted them.
        seed(&server).await;
        let text = "Bad\u{2}\u{B}\u{1D}\u{FFFE} text";
        let sql = format!("UPDATE revision SET headline = '{text}', summary = '{text}', body_markdown = '{text}' WHERE slug = 'release-29'; UPDATE topic SET name = '{text}' WHERE slug = 'work'");
        crate::command::fixtures::execute_sql(&server.url, &sql).await;
        let server = server.restarted().await;
        for address in FEEDS {
            let feed = read(&server, address).await;
            assert_eq!(feed.entries.len(), 20);
            assert_eq!(title(&feed.entries[0]).replace(|c: char| c.is_control() || c == '\u{FFFE}', ""), "Bad text", "{address}");
        }
        let (_, _, page) = server.page("/releases/release-29", &[]).await;
        assert!(page.contains("Bad text</h1>"), "{page}");
    }

    async fn ids_and_order_survive_every_change(server: TestServer) {
        let mut known: Vec<String> = Vec::new();
        let a = server.create_published(json!({ "headline": "Alpha", "releaseDate": "2007-07-31", "bodyMarkdown": "One." })).await;
        server.app.clock.set(noon() + TimeDelta::minutes(1));
        server.create_published(json!({ "headline": "Bravo", "releaseDate": "2006-05-01", "bodyMarkdown": "Two." })).await;
        for address in FEEDS {
            let feed = read(&server, address).await;
            assert_eq!(titles(&feed), ["Bravo", "Alpha"], "the last published first, whatever its date");
            assert_eq!(feed.entries[1].published, Some(noon()));
            known.extend(ids(&feed).into_iter().map(str::to_owned));
        }
        assert!(known.iter().all(|id| id.starts_with("urn:uuid:")) && known[0] == known[2] && known[0] == known[4]);
        server.app.clock.set(noon() + TimeDelta::minutes(2));
        server.mutate(Caller::Editor, REVISE, json!({ "id": a, "revision": 1, "input": { "slug": "other", "headline": "Alpha changed" } })).await;
        server.mutate(Caller::Editor, PUBLISH, json!({ "id": a, "revision": 2 })).await;
        let server = server.restarted().await;
        let second = server.second_app(server.app.clock.clone()).await;
        for address in FEEDS {
            let feed = read(&server, address).await;
            assert_eq!((titles(&feed), ids(&feed)), (vec!["Bravo", "Alpha changed"], vec![known[0].as_str(), known[1].as_str()]), "{address}");
            if address != "/feed.rss" {
                assert_eq!((feed.entries[1].published, feed.entries[1].updated), (Some(noon()), Some(noon() + TimeDelta::minutes(2))));
            }
            let request = Request::get(address).body(Body::empty()).unwrap();
            let (_, _, body) = crate::harness::exchange(&dateline::http::router(&second), request).await;
            assert_eq!(ids(&parser::parse(body.as_bytes()).unwrap()), ids(&feed), "a second server has the same ids");
        }
    }

    async fn a_withdrawal_moves_the_feed_forward(server: TestServer) {
        let topic = server.mutate(Caller::Admin, "mutation { topicCreate(input: { name: \"Work\" }) { topic { id } userErrors { message } } }", json!({})).await;
        server.create_published(json!({ "headline": "Alpha", "releaseDate": "2007-05-31", "topics": [{ "slug": "work" }] })).await;
        server.app.clock.set(noon() + TimeDelta::minutes(1));
        let id = server.create_published(json!({ "headline": "Bravo", "releaseDate": "2007-05-31" })).await;
        let updated = async |server: &TestServer| read(server, "/feed.atom").await.updated.unwrap();
        assert_eq!(updated(&server).await, noon() + TimeDelta::minutes(1));
        server.app.clock.set(noon() + TimeDelta::hours(1));
        assert_eq!(updated(&server).await, noon() + TimeDelta::minutes(1), "time alone changes nothing");
        server.mutate(Caller::Admin, "mutation($id: ID!) { topicUpdate(id: $id, expectedRevision: 1, input: { name: \"Labour\" }) { topic { id } userErrors { message } } }", json!({ "id": topic["topic"]["id"] })).await;
        assert_eq!(updated(&server).await, noon() + TimeDelta::minutes(1), "a renamed topic is not news");
        server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": 1, "kind": "GONE" })).await;
        for address in FEEDS {
            assert_eq!(titles(&read(&server, address).await), ["Alpha"], "{address}");
        }
        assert_eq!(updated(&server).await, noon() + TimeDelta::hours(1));
        let (_, headers, _) = server.page("/feed.atom", &[]).await;
        assert!(!headers.contains_key("last-modified"), "another change in the same second would have the same date");
        server.app.clock.set(noon() + TimeDelta::hours(1) + TimeDelta::seconds(1));
        let (_, headers, _) = server.page("/feed.atom", &[]).await;
        assert_eq!(headers["last-modified"], "Fri, 01 Jun 2007 13:00:00 GMT");
    }

    async fn an_unrelated_withdrawal_does_not_change_a_feed(server: TestServer) {
        seed(&server).await;
        let tag = async |address: &str| server.page(address, &[]).await.1["etag"].clone();
        let before = tag("/feed.atom?topic=child-labour").await;
        let found = server.data(Caller::Editor, "{ release(ref: {slug: \"release-2\"}) { id revision } }", json!({})).await;
        server.app.clock.set(noon() + TimeDelta::hours(1));
        server.mutate(Caller::Editor, WITHDRAW, json!({ "id": found["release"]["id"], "revision": found["release"]["revision"], "kind": "GONE" })).await;
        assert_eq!(tag("/feed.atom?topic=child-labour").await, before);
        assert_eq!(read(&server, "/feed.atom").await.updated, Some(noon() + TimeDelta::hours(1)));
    }

    async fn the_id_of_a_feed_survives_a_renamed_topic(server: TestServer) {
        seed(&server).await;
        let before = read(&server, "/feed.atom?topic=work").await.id;
        assert_ne!(read(&server, "/feed.atom").await.id, before);
        let topic = server.data(Caller::Admin, "{ topic(ref: {slug: \"work\"}) { id } }", json!({})).await;
        server.mutate(Caller::Admin, "mutation($id: ID!) { topicUpdate(id: $id, expectedRevision: 1, input: { slug: \"labour\" }) { topic { id } userErrors { message } } }", json!({ "id": topic["topic"]["id"] })).await;
        for slug in ["work", "labour"] {
            assert_eq!(read(&server, &format!("/feed.atom?topic={slug}")).await.id, before);
        }
        let server = server.restarted().await;
        server.app.newsroom.catalog.rotate_epoch().await.unwrap();
        assert_eq!(read(&server, "/feed.atom?topic=work").await.id, before, "a restored backup has the same ids");
    }

    async fn a_feed_without_entries_is_valid(server: TestServer) {
        for address in FEEDS {
            assert_eq!(read(&server, address).await.entries.len(), 0);
        }
        assert!(!server.page("/feed.rss", &[]).await.2.contains("lastBuildDate"));
    }

    async fn relative_links_of_a_body_are_no_links(server: TestServer) {
        let body = "[a](/a.pdf) [b](b.pdf) [c](//cdn.example/c) [n](#note) [m](mailto:x@example.org) [h](https://example.org/h)";
        server.create_published(json!({ "headline": "Links", "releaseDate": "2007-05-31", "bodyMarkdown": body })).await;
        for address in FEEDS {
            let feed = read(&server, address).await;
            let html = feed.entries[0].content.as_ref().unwrap().body.clone().unwrap();
            assert_eq!(html.matches("href").count(), 2, "{address}: {html}");
            assert!(html.contains("mailto:x@example.org") && html.contains("https://example.org/h") && html.contains(">a<"), "{html}");
        }
    }

    async fn a_scheduled_release_is_in_no_feed_before_its_instant(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "Planned", "releaseDate": "2007-06-01" })).await;
        server.mutate(Caller::Editor, "mutation($id: ID!) { releaseSchedule(id: $id, expectedRevision: 1, localTime: \"2007-06-01T12:00:05\", timeZone: \"UTC\") { release { id } userErrors { message } } }", json!({ "id": id })).await;
        let all = ["/", "/feed.rss", "/feed.atom", "/feed.json", "/releases.json"];
        let server = server.with_site(public_site()).await;
        for address in all.into_iter().chain(["/sitemap.xml", "/sitemap-news.xml", "/sitemap-pages.xml"]) {
            let before = server.page(address, &[]).await;
            assert!(!before.2.to_lowercase().contains("planned"), "{address}");
        }
        server.app.clock.set(noon() + TimeDelta::seconds(5));
        for address in all.into_iter().chain(["/sitemap-news.xml", "/sitemap-releases-1.xml"]) {
            let (status, _, body) = server.page(address, &[]).await;
            assert!(status == 200 && body.to_lowercase().contains("planned"), "{address}: {body}");
        }
    }

    async fn feeds_may_contain_summaries_only(server: TestServer) {
        seed(&server).await;
        let server = server.with_site(dateline::config::SiteInfo { has_full_feeds: false, ..public_site() }).await;
        let (_, _, rss) = server.page("/feed.rss", &[]).await;
        assert!(rss.contains("<description>Summary of number 28.</description>") && !rss.contains("content:encoded>"), "{rss}");
        let (_, _, json) = server.page("/feed.json", &[]).await;
        let feed: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((feed["version"].as_str().unwrap(), feed["items"][1]["content_text"].as_str().unwrap()), ("https://jsonfeed.org/version/1.1", "Summary of number 28."));
        assert_eq!(feed["feed_url"], "https://x.example/news/feed.json");
    }
}

//! Tests of the public pages, feeds and formats.
//!
//! - `lists`: home page with filters, counts, search and pages
//! - `releases`: pages of releases, former addresses, withdrawn releases, previews
//! - `concepts`: pages of topics and places
//! - `dashboard`: charts, their numbers and their files
//! - `feeds`: RSS, Atom and JSON Feed
//! - `formats`: Markdown, ninjs, JSON-LD, sitemaps, robots.txt and llms.txt
//! - `caching`: conditional requests, headers, and what changes them
//! - `bad_input`: invalid parameters, paths and methods

pub mod bad_input;
pub mod caching;
pub mod concepts;
pub mod dashboard;
pub mod feeds;
pub mod formats;
pub mod lists;
pub mod releases;

use dateline::config::SiteInfo;
use serde_json::json;

use crate::harness::TestServer;

/// A headline with everything that a format must escape.
pub(crate) const HOSTILE: &str = "AT&T: \"A < B\" isn't <b>new</b> ]]> </script><script>x()</script> 📧";

/// The settings of pages with a public address that has a path.
pub(crate) fn public_site() -> SiteInfo {
    SiteInfo {
        name: "News & <views>".to_owned(),
        publisher: "Ministry".to_owned(),
        public_url: Some("https://x.example/news".to_owned()),
        ..SiteInfo::default()
    }
}

/// Imports topics, places and releases of several years, kinds and languages.
pub(crate) async fn seed(server: &TestServer) {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "work", "name": "Work", "definition": "What people do for a living." }),
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labour", "broader": "work", "altNames": ["Kids at work"], "names": [{ "language": "fr", "name": "Travail des enfants" }] }),
        json!({ "type": "topic", "slug": "health", "name": "Health" }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION", "m49": "142" }),
        json!({ "type": "place", "slug": "phnom-penh", "name": "Phnom Penh", "kind": "CITY", "within": "asia" }),
    ];
    let kinds = ["PRESS_RELEASE", "STATEMENT", "SPEECH"];
    let languages = ["en", "en", "fr", "en-GB"];
    for number in 0..30 {
        lines.push(json!({
            "type": "release",
            "slug": format!("release-{number}"),
            "headline": format!("Factory {number} reports"),
            "summary": if number % 2 == 0 { json!(format!("Summary of number {number}.")) } else { json!(null) },
            "bodyMarkdown": format!("# Section\n\nThe **strike** number {number} ends. [Link](https://example.org/) ![A ship](https://example.org/ship.png)"),
            "language": languages[number % 4],
            "kind": kinds[number % 3],
            "releaseDate": format!("{}-03-{:02}", 2002 + number / 8, 1 + 3 * (number % 8)),
            "publishedAt": format!("{}-03-{:02}T08:00:00Z", 2002 + number / 8, 1 + 3 * (number % 8)),
            "state": "PUBLISHED",
            "topics": match number % 3 { 0 => json!(["child-labour"]), 1 => json!(["health", "work"]), _ => json!([]) },
            "datelinePlaces": if number % 2 == 0 { json!(["phnom-penh"]) } else { json!([]) },
        }));
    }
    server.import(&lines).await;
}

/// Returns the values of an attribute in a page, unescaped.
pub(crate) fn attributes(page: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    page.match_indices(&start)
        .map(|(at, _)| {
            let rest = &page[at + start.len()..];
            unescape(&rest[..rest.find('"').unwrap()])
        })
        .collect()
}

/// Returns the text between two texts.
pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = &text[text.find(start).unwrap_or_else(|| panic!("no {start} in {text}")) + start.len()..];
    &rest[..rest.find(end).unwrap_or_else(|| panic!("no {end} in {rest}"))]
}

/// Replaces the references that the templates write.
pub(crate) fn unescape(text: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (reference, c)| text.replace(reference, c))
}

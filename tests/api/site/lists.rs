//! Tests of the home page: filters and their counts, search, pages of the list.

use std::collections::BTreeSet;

use serde_json::json;

use super::{attributes, between, public_site, seed, unescape};
use crate::harness::on_both_databases;

/// Returns the number of releases that a page says it lists.
fn total(page: &str) -> u64 {
    let text = between(page, "<h2 id=\"results\" tabindex=\"-1\">", "</h2>");
    let digits: String = text.chars().take_while(|&c| c != ' ').filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// Returns the filters of a page that are not chosen: address and count.
fn options(page: &str) -> Vec<(String, u64)> {
    let Some(at) = page.find("<nav class=\"facets\"") else { return Vec::new() };
    let facets = &page[at..];
    let item = |item: &str| {
        let count = between(item, "class=\"count\">", "<").parse().unwrap();
        (unescape(between(item, "href=\"", "\"")), count)
    };
    facets
        .split("<li>")
        .skip(1)
        .filter(|text| text.contains("class=\"count\"") && !text.contains("aria-current"))
        .map(item)
        .collect()
}

/// Returns the addresses of the listed releases.
fn listed(page: &str) -> Vec<String> {
    attributes(page, "href").into_iter().filter(|href| href.starts_with("/releases/")).collect()
}

on_both_databases! {
    async fn the_count_of_each_filter_is_the_length_of_its_list(server: TestServer) {
        seed(&server).await;
        let (mut open, mut seen) = (vec!["/".to_owned()], BTreeSet::new());
        while let Some(address) = open.pop() {
            if seen.len() > 120 || !seen.insert(address.clone()) {
                continue;
            }
            let (status, _, page) = server.page(&address, &[]).await;
            assert_eq!(status, 200, "{address}: {page}");
            let own = total(&page);
            for (href, count) in options(&page) {
                let (status, _, filtered) = server.page(&href, &[]).await;
                assert_eq!((status, total(&filtered)), (200, count), "{address} -> {href}");
                let is_narrowing = href.len() > address.len() && href.matches('=').count() > address.matches('=').count();
                assert!(!is_narrowing || count <= own, "{address} -> {href}: {count} of {own}");
                open.push(href);
            }
        }
        assert!(seen.len() > 100, "{}", seen.len());
    }

    async fn all_pages_together_list_each_release_once(server: TestServer) {
        seed(&server).await;
        let (_, _, first) = server.page("/", &[]).await;
        assert_eq!((total(&first), listed(&first).len()), (30, 20));
        assert!(first.contains("30 releases, page 1 of 2"));
        // The newest release date comes first.
        assert!(listed(&first)[0].starts_with("/releases/release-29"), "{:?}", listed(&first));
        let (_, _, second) = server.page("/?page=2", &[]).await;
        let all: BTreeSet<String> = listed(&first).into_iter().chain(listed(&second)).collect();
        assert_eq!((listed(&second).len(), all.len()), (10, 30));
        assert!(second.contains("rel=\"prev\" href=\"/\"") && first.contains("rel=\"next\" href=\"/?page=2\""));
        assert!(second.contains("<title>News, page 2 – Newsroom</title>"), "{second}");
    }

    async fn a_search_marks_words_and_offers_corrections(server: TestServer) {
        seed(&server).await;
        let (_, _, page) = server.page("/?q=factory+29", &[]).await;
        assert_eq!(listed(&page)[0], "/releases/release-29");
        assert!(page.contains("<mark>Factory</mark> <mark>29</mark> reports"), "{page}");
        assert!(page.contains("Search: <bdi>factory 29</bdi>") && page.contains("name=\"robots\" content=\"noindex\""));
        let (_, _, page) = server.page("/?q=strike+29", &[]).await;
        assert!(page.contains("The <mark>strike</mark> number <mark>29</mark> ends."), "{page}");
        let (_, _, page) = server.page("/?q=factories&kind=speech", &[]).await;
        assert!(total(&page) > 0 && page.contains("name=\"kind\" value=\"speech\""), "a new search keeps the filters");
        let (_, _, page) = server.page("/?q=faktory", &[]).await;
        assert!(page.contains("Did you mean <a href=\"/?q=factory\"><bdi>factory</bdi></a>?"), "{page}");
        let (_, _, page) = server.page("/?q=zanzibar&topic=work", &[]).await;
        assert!(page.contains("No release matches this search. Try fewer or other words.") && !page.contains("Without"), "{page}");
        let (_, _, page) = server.page("/?kind=opinion&topic=work&language=fr", &[]).await;
        assert!(page.contains("No release matches these filters. These lists have releases:"), "{page}");
        assert!(page.contains("href=\"/?language=fr#results\"") || page.contains("href=\"/?topic=work&#38;language=fr#results\">Without Kind: \u{2068}Opinion\u{2069} ("), "{page}");
        let (_, headers, suggestions) = server.page("/suggestions?q=kids", &[]).await;
        assert_eq!((headers["content-type"].to_str().unwrap(), suggestions.as_str()), ("application/json", "[\"Child labour\"]"));
    }

    async fn the_canonical_address_has_known_parameters_in_one_order(server: TestServer) {
        seed(&server).await;
        let server = server.with_site(public_site()).await;
        for (address, canonical) in [
            ("/?utm_source=x", "https://x.example/news/"),
            ("/?kind=Press-Release&utm_source=x&topic=work&page=1", "https://x.example/news/?topic=work&kind=press-release"),
            ("/?page=2", "https://x.example/news/?page=2"),
            ("/?topic=work&topic=child-labour", "https://x.example/news/?topic=child-labour&topic=work"),
            ("/?topic=child-labour&topic=work", "https://x.example/news/?topic=child-labour&topic=work"),
        ] {
            let (status, _, page) = server.page(address, &[]).await;
            let found = unescape(between(&page, "<link rel=\"canonical\" href=\"", "\""));
            assert_eq!((status, found.as_str()), (200, canonical), "{address}");
        }
        // Links on pages keep the path of the public address.
        let (_, _, page) = server.page("/", &[]).await;
        let is_local = |href: &String| href.starts_with('/');
        assert!(attributes(&page, "href").iter().filter(|href| is_local(href)).all(|href| href.starts_with("/news/")), "{page}");
        assert!(page.contains("News &#38; &#60;views&#62;") && page.len() < 50_000);
    }

    async fn an_empty_newsroom_has_a_page(server: TestServer) {
        let (status, _, page) = server.page("/", &[]).await;
        assert!(status == 200 && page.contains("There are no releases yet.") && total(&page) == 0, "{page}");
        assert!(!page.contains("class=\"facets\""));
        for (address, text) in [("/topics", "There are none yet."), ("/places", "There are none yet.")] {
            let (status, _, page) = server.page(address, &[]).await;
            assert!(status == 200 && page.contains(text), "{page}");
        }
    }

    async fn right_to_left_texts_keep_their_direction(server: TestServer) {
        server.import(&[json!({ "type": "release", "slug": "arabic", "headline": "وزارة Dateline 2.0 (بيان)", "bodyMarkdown": "نص", "language": "ar", "releaseDate": "2006-05-08", "state": "PUBLISHED" })]).await;
        let (_, _, list) = server.page("/", &[]).await;
        assert!(list.contains("class=\"headline\" lang=\"ar\" dir=\"rtl\""), "{list}");
        let (_, _, page) = server.page("/releases/arabic", &[]).await;
        assert!(page.contains("<div class=\"body\" lang=\"ar\" dir=\"rtl\">") && page.contains("<h1 class=\"headline\" lang=\"ar\" dir=\"rtl\">"), "{page}");
    }
}

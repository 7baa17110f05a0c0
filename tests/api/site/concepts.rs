//! Tests of the pages of topics and places, and of the lists of both.

use serde_json::json;

use super::{public_site, seed};
use crate::harness::{Caller, on_both_databases};

const RENAME: &str = "mutation($id: ID!, $slug: Slug!) { topicUpdate(id: $id, expectedRevision: 1, input: { slug: $slug }) { topic { slug } userErrors { message } } }";
const RETIRE: &str = "mutation($id: ID!, $by: ID) { topicRetire(id: $id, expectedRevision: 1, replacedBy: $by) { topic { slug } userErrors { message } } }";

on_both_databases! {
    async fn a_topic_has_its_definition_neighbours_chart_and_releases(server: TestServer) {
        seed(&server).await;
        let server = server.with_site(public_site()).await;
        let (status, _, page) = server.page("/topics/work", &[]).await;
        assert_eq!(status, 200, "{page}");
        for part in [
            "<h1 lang=\"en\"><bdi>Work</bdi></h1>",
            "What people do for a living.",
            "href=\"/news/topics/child-labour\"><bdi>Child labour</bdi> <span class=\"count\">10</span>",
            "\u{2068}Work\u{2069}: 20 releases from 2002 to 2005, most in 2002 (6).",
            "<th scope=\"row\">2003</th><td><a href=\"/news/?topic=work&#38;year=2003#results\">5</a></td>",
            "href=\"/news/?topic=work\">20 releases on “\u{2068}Work\u{2069}”",
            "<link rel=\"canonical\" href=\"https://x.example/news/topics/work\">",
            "type=\"application/atom+xml\" title=\"Work (Atom)\" href=\"/news/feed.atom?topic=work\"",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        let (_, _, page) = server.page("/topics/child-labour", &[]).await;
        assert!(page.contains("<span lang=\"fr\"><bdi>Travail des enfants</bdi></span>") && page.contains("href=\"/news/topics/work\"><bdi>Work</bdi>"), "{page}");
        let (_, _, page) = server.page("/places/asia", &[]).await;
        assert!(page.contains("Places within") && page.contains("15 releases on “\u{2068}Asia\u{2069}”"), "{page}");
    }

    async fn lists_have_the_topics_and_places_with_releases(server: TestServer) {
        seed(&server).await;
        server.import(&[json!({ "type": "topic", "slug": "unused", "name": "Unused" })]).await;
        let (_, _, topics) = server.page("/topics", &[]).await;
        let at = |name: &str| topics.find(&format!("<bdi>{name}</bdi>"));
        assert!(at("Child labour") < at("Health") && at("Health") < at("Work") && at("Unused").is_none(), "{topics}");
        let (_, _, places) = server.page("/places", &[]).await;
        assert!(places.contains("<bdi>Phnom Penh</bdi> <span class=\"count\">15</span>"), "{places}");
        assert_eq!(server.page("/topics?page=2", &[]).await.0, 404);
    }

    async fn a_former_address_of_a_topic_redirects(server: TestServer) {
        let topic = server.mutate(Caller::Admin, "mutation { topicCreate(input: { name: \"Labor\" }) { topic { id } userErrors { message } } }", json!({})).await;
        let id = topic["topic"]["id"].clone();
        server.create_published(json!({ "headline": "Numbers", "releaseDate": "2007-05-31", "topics": [{ "slug": "labor" }] })).await;
        server.mutate(Caller::Admin, RENAME, json!({ "id": id, "slug": "labour" })).await;
        let (status, headers, _) = server.page("/topics/labor", &[]).await;
        assert_eq!((status, headers["location"].to_str().unwrap()), (301, "/topics/labour"));
        let (status, _, page) = server.page("/?topic=labor", &[]).await;
        assert!(status == 200 && page.contains("1 release<") , "{page}");
        assert_eq!(server.page("/topics/nowhere", &[]).await.0, 404);
    }

    async fn a_retired_topic_names_its_replacement(server: TestServer) {
        seed(&server).await;
        let ids = server.data(Caller::Admin, "{ a: topic(ref: {slug: \"health\"}) { id } b: topic(ref: {slug: \"work\"}) { id } }", json!({})).await;
        server.mutate(Caller::Admin, RETIRE, json!({ "id": ids["a"]["id"], "by": ids["b"]["id"] })).await;
        let (_, _, page) = server.page("/topics/health", &[]).await;
        assert!(page.contains("No longer in use. Use <a href=\"/topics/work\"><bdi>Work</bdi></a> instead."), "{page}");
    }
}

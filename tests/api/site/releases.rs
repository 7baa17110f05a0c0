//! Tests of the pages of releases: content, former addresses, withdrawn releases and previews.

use chrono::TimeDelta;
use serde_json::json;

use super::{HOSTILE, between, public_site, seed};
use crate::harness::{Caller, PUBLISH, REVISE, WITHDRAW, noon, on_both_databases};

const CORRECT: &str = "mutation($id: ID!, $revision: Int!, $input: ReleaseInput!, $note: String!) { releaseCorrect(id: $id, expectedRevision: $revision, input: $input, correctionNote: $note) { release { id revision } userErrors { field code message } } }";
const LINK: &str = "mutation($id: ID!, $at: DateTime!) { previewLinkCreate(releaseId: $id, expiresAt: $at) { token url userErrors { message } } }";

on_both_databases! {
    async fn a_page_has_everything_that_a_release_has(server: TestServer) {
        seed(&server).await;
        let (status, headers, page) = server.page("/releases/release-0", &[]).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
        for part in [
            "<title>Factory 0 reports – Newsroom</title>",
            "Press release</span> <time datetime=\"2002-03-01\">1 March 2002</time>",
            "<h1 class=\"headline\" lang=\"en\" dir=\"ltr\">Factory 0 reports</h1>",
            "Summary of number 0.",
            "PHNOM PENH, 1 March 2002",
            "<h2>Section</h2>",
            "<strong>strike</strong>",
            ">Image: A ship</a>",
            "<a href=\"/topics/child-labour\" lang=\"en\"><bdi>Child labour</bdi></a>",
            "<a href=\"/places/phnom-penh\" lang=\"en\"><bdi>Phnom Penh</bdi></a>",
            "First published",
            "href=\"/releases/release-0.md\"",
            "href=\"https://example.org/news/release-0\"",
            "<h2 id=\"related\">Related</h2>",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("<img") && !page.contains("<script>") && !page.contains(" style="), "{page}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }

    async fn corrections_stand_before_the_text(server: TestServer) {
        let id = server.create_published(json!({ "headline": "Numbers", "releaseDate": "2007-05-31", "bodyMarkdown": "It was 12." })).await;
        server.app.clock.set(noon() + TimeDelta::hours(1));
        server.mutate(Caller::Editor, CORRECT, json!({ "id": id, "revision": 1, "input": { "bodyMarkdown": "It was 13." }, "note": "The number was <wrong>." })).await;
        let (_, _, page) = server.page("/releases/numbers", &[]).await;
        assert!(page.contains("The number was &#60;wrong&#62;.") && page.contains("It was 13."), "{page}");
        assert!(page.find("Correction</h2>").unwrap() < page.rfind("It was 13.").unwrap());
        assert!(page.contains("Last changed") && page.contains("1 June 2007, 13:00 UTC"), "{page}");
    }

    async fn a_former_address_redirects_to_the_present_one(server: TestServer) {
        let id = server.create_published(json!({ "headline": "Old name", "releaseDate": "2007-05-31" })).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "slug": "new-name" } })).await;
        server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
        for (address, target) in [("/releases/old-name", "/releases/new-name"), ("/releases/old-name.md", "/releases/new-name.md"), ("/releases/old-name.json", "/releases/new-name.json")] {
            let (status, headers, _) = server.page(address, &[]).await;
            assert_eq!((status, headers["location"].to_str().unwrap()), (301, target));
        }
        let server = server.with_site(public_site()).await;
        let (_, headers, _) = server.page("/releases/old-name", &[]).await;
        assert_eq!(headers["location"], "/news/releases/new-name");
    }

    async fn a_withdrawn_release_leaves_what_its_editor_chose(server: TestServer) {
        for (kind, notice, target, status, text) in [
            ("WITH_NOTICE", Some("It was <wrong>."), None, 410, "It was &#60;wrong&#62;."),
            ("GONE", None, None, 410, "was withdrawn on 1 June 2007, 12:00 UTC"),
            ("REDIRECT", None, Some("https://example.org/instead"), 302, ""),
            ("VANISH", None, None, 404, "There is no release at this address."),
        ] {
            let headline = format!("Secret {kind}");
            let id = server.create_published(json!({ "headline": headline, "releaseDate": "2007-05-31" })).await;
            let address = format!("/releases/secret-{}", kind.to_lowercase().replace('_', "-"));
            assert_eq!(server.page(&address, &[]).await.0, 200, "{address}");
            server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": 1, "kind": kind, "notice": notice, "to": target })).await;
            for suffix in ["", ".md", ".json"] {
                let (actual, headers, page) = server.page(&format!("{address}{suffix}"), &[]).await;
                assert_eq!(actual, status, "{kind}{suffix}: {page}");
                assert!(page.contains(text) && !page.contains("Secret"), "{kind}: {page}");
                assert_eq!(headers.get("location").map(|value| value.to_str().unwrap()), target);
            }
        }
        let (_, _, home) = server.page("/", &[]).await;
        assert!(home.contains("There are no releases yet."), "{home}");
    }

    async fn a_preview_link_opens_one_release_and_nothing_else(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": HOSTILE, "slug": "planned", "releaseDate": "2007-06-05", "bodyMarkdown": "Not yet." })).await;
        let link = server.mutate(Caller::Editor, LINK, json!({ "id": id, "at": (noon() + TimeDelta::hours(1)).to_rfc3339() })).await;
        let address = format!("/preview/{}", link["token"].as_str().unwrap());
        let (status, headers, page) = server.page(&address, &[]).await;
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("Not yet.") && page.contains("Preview of version 1, not for publication.") && page.contains("until 1 June 2007, 13:00 UTC") && !page.contains("<script>x()"), "{page}");
        assert_eq!((headers["cache-control"].to_str().unwrap(), headers["x-robots-tag"].to_str().unwrap(), headers["referrer-policy"].to_str().unwrap()), ("private, no-store", "noindex", "no-referrer"));
        assert!(page.contains("name=\"robots\" content=\"noindex\"") && !headers.contains_key("etag"));
        assert_eq!(server.page("/releases/planned", &[]).await.0, 404);
        server.app.clock.set(noon() + TimeDelta::hours(1));
        let (status, _, page) = server.page(&address, &[]).await;
        assert!(status == 404 && page.contains("This preview link does not work"), "{page}");
        let (status, headers, _) = server.page("/preview/forged", &[]).await;
        assert_eq!((status, headers["cache-control"].to_str().unwrap()), (404, "private, no-store"));
    }

    async fn pages_ignore_tokens(server: TestServer) {
        server.create_draft(json!({ "headline": "Draft", "slug": "draft", "releaseDate": "2007-06-05" })).await;
        let bearer = format!("Bearer {}", server.token(Caller::Admin).unwrap());
        for address in ["/", "/releases/draft", "/feed.atom"] {
            let (public, desk) = (server.page(address, &[]).await, server.page(address, &[("authorization", &bearer)]).await);
            assert_eq!((public.0, public.2), (desk.0, desk.2), "{address}");
        }
    }

    async fn every_text_is_escaped(server: TestServer) {
        let topic = json!({ "type": "topic", "slug": "hostile", "name": HOSTILE, "definition": HOSTILE, "altNames": [HOSTILE] });
        let release = json!({ "type": "release", "slug": "hostile", "headline": HOSTILE, "subheadline": HOSTILE, "summary": HOSTILE, "bodyMarkdown": HOSTILE, "datelineText": HOSTILE, "topics": ["hostile"], "releaseDate": "2006-05-08", "state": "PUBLISHED" });
        server.import(&[topic, release]).await;
        for address in ["/", "/?topic=hostile", "/?q=new", "/releases/hostile", "/topics/hostile", "/topics"] {
            let (status, _, page) = server.page(address, &[]).await;
            assert_eq!(status, 200);
            assert!(!page.contains("<b>new") && !page.contains("<script>x"), "{address}: {page}");
        }
        let (_, _, page) = server.page("/releases/hostile", &[]).await;
        let data: serde_json::Value = serde_json::from_str(between(&page, "<script type=\"application/ld+json\">", "</script>")).unwrap();
        assert_eq!((data["headline"].as_str().unwrap(), data["about"][0]["name"].as_str().unwrap()), (HOSTILE, HOSTILE));
        assert_eq!(page.matches("</script>").count(), 2, "{page}");
    }
}

//! Tests of the thesaurus of topics and places: merging, retiring, names in several languages, and facet counts.

use serde_json::{Value, json};

use crate::harness::{CREATE, Caller, REVISE, TestServer, on_both_databases};

const MERGE: &str = "mutation($from: ID!, $into: ID!) { topicMerge(from: $from, into: $into) { topic { slug revision altNames } userErrors { field code message } } }";
const PLACE_MERGE: &str = "mutation($from: ID!, $into: ID!) { placeMerge(from: $from, into: $into) { place { slug iso3166Alpha2 altNames } userErrors { field code } } }";
const RETIRE: &str = "mutation($id: ID!, $revision: Int!, $by: ID) { topicRetire(id: $id, expectedRevision: $revision, replacedBy: $by) { topic { retiredAt revision replacedBy { slug } } userErrors { field code message } } }";

/// Imports the topics labour > child-labour > mines, the topic crime, places, and five releases. Returns a function
/// that finds the id for a slug.
async fn seed_sample_data(server: &TestServer) -> impl Fn(&str) -> String {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "labour", "name": "Labour", "names": [{ "language": "fr", "name": "Travail" }, { "language": "pt", "name": "Trabalho" }],
            "uri": "https://example.org/labour" }),
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labour", "broader": "labour",
            "uri": "https://example.org/child", "altNames": [{ "name": "Working children" }] }),
        json!({ "type": "topic", "slug": "mines", "name": "Mines", "broader": "child-labour" }),
        json!({ "type": "topic", "slug": "crime", "name": "Crime", "uri": "https://example.org/crime" }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION" }),
        json!({ "type": "place", "slug": "khmer-republic", "name": "Khmer Republic", "kind": "COUNTRY", "within": "asia", "iso3166Alpha2": "KH" }),
        json!({ "type": "place", "slug": "cambodia", "name": "Cambodia", "kind": "COUNTRY", "within": "asia" }),
        json!({ "type": "place", "slug": "phnom-penh", "name": "Phnom Penh", "kind": "CITY", "within": "khmer-republic" }),
    ];
    for (number, topics, places) in [
        (0, json!(["child-labour"]), json!(["phnom-penh"])),
        (1, json!(["child-labour", "crime"]), json!(["khmer-republic", "cambodia"])),
        (2, json!(["mines"]), json!(["cambodia"])),
        (3, json!(["crime"]), json!([])),
        (4, json!([]), json!([])),
    ] {
        lines.push(json!({ "type": "release", "slug": format!("r{number}"), "headline": format!("Release {number}"), "releaseDate": "2006-05-08", "state": "PUBLISHED", "topics": topics, "places": places, "datelinePlaces": places }));
    }
    server.import(&lines).await;
    let data = server
        .data(
            Caller::Public,
            "{ topics { nodes { id slug } } places { nodes { id slug } } releases { nodes { id slug } } }",
            json!({}),
        )
        .await;
    let ids: Vec<(String, String)> = ["topics", "places", "releases"]
        .iter()
        .flat_map(|list| data[list]["nodes"].as_array().unwrap().clone())
        .map(|node| (node["slug"].as_str().unwrap().to_owned(), node["id"].as_str().unwrap().to_owned()))
        .collect();
    move |slug: &str| ids.iter().find(|(node_slug, _)| node_slug == slug).unwrap().1.clone()
}

/// Returns two counts for each topic: the count that includes narrower topics, and the direct count.
async fn counts(server: &TestServer) -> Value {
    let query = "{ releaseStats { facets { topics(input: {first: 50, orderBy: [{by: LABEL, direction: ASC}]}) { missing buckets { topic { slug } count directCount } } } } }";
    let data = server.data(Caller::Public, query, json!({})).await;
    let buckets = data["releaseStats"]["facets"]["topics"]["buckets"].as_array().unwrap().clone();
    buckets
        .iter()
        .map(|bucket| {
            (bucket["topic"]["slug"].as_str().unwrap().to_owned(), json!([bucket["count"], bucket["directCount"]]))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

on_both_databases! {
    async fn merging_a_topic_moves_its_releases_names_and_slugs(server: TestServer) {
        let id = seed_sample_data(&server).await;
        assert_eq!(counts(&server).await, json!({ "child-labour": [3, 2], "crime": [2, 2], "labour": [3, 0], "mines": [1, 1] }));
        // Gives the release r3 a working revision with the source and the target of the merge below.
        let both = json!({ "topics": [{ "slug": "child-labour" }, { "slug": "crime" }] });
        server.mutate(Caller::Admin, REVISE, json!({ "id": id("r3"), "revision": 1, "input": both })).await;
        let modified = server.data(Caller::Public, "{ releases { nodes { modifiedAt revision } } }", json!({})).await;
        let before = server.app.newsroom.catalog.snapshot().sequence();
        let merged_payload = server.mutate(Caller::Admin, MERGE, json!({ "from": id("child-labour"), "into": id("crime") })).await;
        assert_eq!(merged_payload["topic"], json!({ "slug": "crime", "revision": 2, "altNames": ["Child labour", "Working children"] }));
        assert_eq!(server.app.newsroom.catalog.snapshot().sequence(), before + 1);
        assert_eq!(server.data(Caller::Public, "{ releases { nodes { modifiedAt revision } } }", json!({})).await, modified, "a merge does not change `modifiedAt` or the revision of releases");
        let expected = json!({ "crime": [4, 3], "mines": [1, 1] });
        for _ in 0..2 {
            assert_eq!(counts(&server).await, expected);
            for reference in [json!({ "slug": "child-labour" }), json!({ "id": id("child-labour") }),
                json!({ "uri": "https://example.org/child" }), json!({ "slug": "crime" })] {
                let data = server.data(Caller::Public, "query($ref: TopicRef!) { topic(ref: $ref) { slug narrower { nodes { slug } } releases { totalCount } } releases(filter: {topics: {any: [$ref]}}) { totalCount } }", json!({ "ref": reference })).await;
                assert_eq!(data, json!({ "topic": { "slug": "crime", "narrower": { "nodes": [{ "slug": "mines" }] }, "releases": { "totalCount": 4 } }, "releases": { "totalCount": 4 } }), "{reference}");
            }
            let node = server.data(Caller::Author, "query($topic: ID!, $release: ID!) { node(id: $topic) { ... on Topic { slug } } release: node(id: $release) { ... on Release { topics { slug } working { topics { slug } } } } topics { totalCount } }", json!({ "topic": id("child-labour"), "release": id("r3") })).await;
            assert_eq!(node, json!({ "node": { "slug": "crime" }, "release": { "topics": [{ "slug": "crime" }], "working": { "topics": [{ "slug": "crime" }] } }, "topics": { "totalCount": 3 } }));
            // After a reload of the catalog, the second round must get the same responses.
            server.app.newsroom.catalog.reload().await.unwrap();
        }
        // After another merge, the slug of a topic that was merged twice leads directly to the last topic. No other
        // topic can use the slugs of merged topics.
        server.mutate(Caller::Admin, MERGE, json!({ "from": id("crime"), "into": id("labour") })).await;
        for slug in ["child-labour", "crime"] {
            let data = server.data(Caller::Public, "query($slug: Slug!) { topic(ref: {slug: $slug}) { slug } }", json!({ "slug": slug })).await;
            assert_eq!(data["topic"]["slug"], "labour");
            assert_eq!(server.user_error(Caller::Admin, crate::harness::TOPIC, json!({ "input": { "name": "New", "slug": slug } })).await["code"], "TAKEN");
        }
        assert_eq!(server.user_error(Caller::Admin, MERGE, json!({ "from": id("crime"), "into": id("mines") })).await["code"], "NOT_FOUND");
    }

    async fn invalid_merges_are_rejected(server: TestServer) {
        let id = seed_sample_data(&server).await;
        let before = server.app.newsroom.catalog.snapshot().sequence();
        for (caller, from, into, field, code) in [
            (Caller::Admin, id("labour"), id("mines"), json!(["into"]), "CYCLE"),
            (Caller::Admin, id("labour"), id("labour"), json!(["into"]), "INVALID"),
            (Caller::Admin, "topic_00000000000000000000000000000000".to_owned(), id("labour"), json!(["from"]), "NOT_FOUND"),
            (Caller::Admin, id("labour"), "topic_00000000000000000000000000000000".to_owned(), json!(["into"]), "NOT_FOUND"),
            (Caller::Editor, id("crime"), id("labour"), Value::Null, "FORBIDDEN"),
        ] {
            let error = server.user_error(caller, MERGE, json!({ "from": from, "into": into })).await;
            assert_eq!((&error["field"], &error["code"]), (&field, &json!(code)), "{error}");
        }
        assert_eq!(server.user_error(Caller::Admin, PLACE_MERGE, json!({ "from": id("asia"), "into": id("phnom-penh") })).await["code"], "CYCLE");
        assert_eq!(server.app.newsroom.catalog.catch_up().await.unwrap().sequence(), before);
    }

    async fn merging_a_place_moves_its_children_and_codes(server: TestServer) {
        let id = seed_sample_data(&server).await;
        let merged_payload = server.mutate(Caller::Admin, PLACE_MERGE, json!({ "from": id("khmer-republic"), "into": id("cambodia") })).await;
        assert_eq!(merged_payload["place"], json!({ "slug": "cambodia", "iso3166Alpha2": "KH", "altNames": ["Khmer Republic"] }));
        let query = "{ place(ref: {iso3166: \"kh\"}) { slug contains { nodes { slug } } releases { totalCount } } former: place(ref: {slug: \"khmer-republic\"}) { slug }
            release(ref: {slug: \"r1\"}) { places { slug } dateline { places { slug } } }
            releaseStats { facets { places(input: {level: COUNTRY}) { buckets { place { slug } count } } } } }";
        for _ in 0..2 {
            assert_eq!(server.data(Caller::Public, query, json!({})).await, json!({ "place": { "slug": "cambodia", "contains": { "nodes": [{ "slug": "phnom-penh" }] }, "releases": { "totalCount": 3 } }, "former": { "slug": "cambodia" },
                "release": { "places": [{ "slug": "cambodia" }], "dateline": { "places": [{ "slug": "cambodia" }] } },
                "releaseStats": { "facets": { "places": { "buckets": [{ "place": { "slug": "cambodia" }, "count": 3 }] } } } }));
            server.app.newsroom.catalog.reload().await.unwrap();
        }
    }

    async fn a_retired_topic_cannot_be_assigned_but_still_filters(server: TestServer) {
        let id = seed_sample_data(&server).await;
        assert_eq!(server.user_error(Caller::Admin, RETIRE, json!({ "id": id("crime"), "revision": 7 })).await["code"], "STALE_REVISION");
        let error = server.user_error(Caller::Admin, RETIRE, json!({ "id": id("crime"), "revision": 1, "by": id("crime") })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["replacedBy"]), &json!("INVALID")));
        let retired = server.mutate(Caller::Admin, RETIRE, json!({ "id": id("crime"), "revision": 1, "by": id("labour") })).await;
        assert_eq!(retired["topic"], json!({ "retiredAt": "2007-06-01T12:00:00Z", "revision": 2, "replacedBy": { "slug": "labour" } }));
        let error = server.user_error(Caller::Admin, RETIRE, json!({ "id": id("mines"), "revision": 1, "by": id("crime") })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["replacedBy"]), &json!("INVALID")), "a retired topic cannot be a replacement");
        let error = server.user_error(Caller::Editor, CREATE, json!({ "input": { "headline": "New", "topics": [{ "slug": "labour" }, { "slug": "crime" }] } })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["input", "topics", "1"]), &json!("INVALID")));
        assert!(error["message"].as_str().unwrap().contains("\"labour\" instead"), "{error}");
        // A release that already has the retired topic can keep the topic when its list of topics is set again.
        server.mutate(Caller::Admin, REVISE, json!({ "id": id("r3"), "revision": 1, "input": { "topics": [{ "slug": "crime" }, { "slug": "mines" }] } })).await;
        let data = server.data(Caller::Public, "{ releases(filter: {topics: {any: [{slug: \"crime\"}]}}) { totalCount } retired: topics(filter: {retired: true}) { nodes { slug } } topics(filter: {retired: false}) { totalCount } }", json!({})).await;
        assert_eq!(data, json!({ "releases": { "totalCount": 2 }, "retired": { "nodes": [{ "slug": "crime" }] }, "topics": { "totalCount": 3 } }));
        assert_eq!(counts(&server).await["crime"], json!([2, 2]));
        // The export contains the retired topic and the time of its retirement.
        let mut out = Vec::new();
        dateline::interchange::export::export(&server.app.newsroom, &mut out).await.unwrap();
        assert!(String::from_utf8(out).unwrap().lines().any(|line| line.contains("\"crime\"") && line.contains("\"retiredAt\":\"2007-06-01T12:00:00Z\"")));
    }

    async fn names_fall_back_to_a_more_general_language(server: TestServer) {
        let _ = seed_sample_data(&server).await;
        let query = "{ topic(ref: {slug: \"labour\"}) { fr: name(language: \"fr\") ca: name(language: \"fr-CA\") br: name(language: \"pt-BR\") km: name(language: \"km\") name } }";
        assert_eq!(server.data(Caller::Public, query, json!({})).await["topic"], json!({ "fr": "Travail", "ca": "Travail", "br": "Trabalho", "km": "Labour", "name": "Labour" }));
        let data = server.data(Caller::Public, "{ topics(filter: {search: \"working CHILDREN\"}) { nodes { slug } } }", json!({})).await;
        assert_eq!(data["topics"]["nodes"], json!([{ "slug": "child-labour" }]));
    }
}

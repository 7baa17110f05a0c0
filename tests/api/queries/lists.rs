//! Tests of list queries: pagination, ordering, filters, lookup by global id, and topic aggregates. Also tests how
//! many SQL statements a page needs, and that equivalent selections get equal responses.

use serde_json::{Value, json};

use crate::harness::{Caller, TestServer, on_both_databases};

/// Imports 45 releases, three for each release date, with topics and places.
async fn seed_sample_data(server: &TestServer) {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "labour", "name": "Labour", "uri": "https://example.org/t/labour" }),
        json!({ "type": "topic", "slug": "crime", "name": "Crime" }),
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labour", "broader": "labour" }),
        json!({ "type": "topic", "slug": "trafficking", "name": "Trafficking", "broader": ["labour", "crime"] }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION", "m49": "142" }),
        json!({ "type": "place", "slug": "thailand", "name": "Thailand", "kind": "COUNTRY", "within": "asia", "iso3166Alpha2": "TH" }),
        json!({ "type": "place", "slug": "bangkok", "name": "Bangkok", "kind": "CITY", "within": "thailand" }),
    ];
    let topics = [
        json!([]),
        json!(["labour"]),
        json!(["child-labour"]),
        json!(["trafficking", "child-labour"]),
        json!(["crime"]),
    ];
    for number in 0..45 {
        lines.push(json!({
            "type": "release", "slug": format!("release-{number}"), "externalId": format!("x{number}"), "headline": format!("Headline {number}"), "summary": "Short.",
            "bodyMarkdown": "Some **body**.", "kind": if number % 9 == 0 { "SPEECH" } else { "PRESS_RELEASE" }, "language": if number % 10 == 0 { "pt-BR" } else { "en" },
            "releaseDate": format!("2006-05-{:02}", 1 + number / 3), "state": "PUBLISHED", "publishedAt": format!("2006-05-{:02}T0{}:00:00Z", 1 + number / 3, number % 3),
            "topics": topics[number % 5], "datelinePlaces": if number % 2 == 0 { json!(["bangkok"]) } else { json!([]) }, "places": if number % 7 == 0 { json!(["thailand"]) } else { json!([]) },
        }));
    }
    server.import(&lines).await;
}

fn slugs(connection: &Value) -> Vec<String> {
    connection["nodes"].as_array().unwrap().iter().map(|node| node["slug"].as_str().unwrap().to_owned()).collect()
}

const PAGE: &str =
    "query($first: Int, $after: String, $last: Int, $before: String, $order: [ReleaseOrder!], $filter: ReleaseFilter) {
    releases(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $filter) {
        totalCount nodes { slug } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

on_both_databases! {
    async fn pagination_covers_the_whole_list_in_both_directions_with_ties(server: TestServer) {
        seed_sample_data(&server).await;
        for (order, newest_first) in [(json!(null), true), (json!([{ "by": "RELEASE_DATE", "direction": "ASC" }]), false), (json!([{ "by": "RELEASE_DATE" }, { "by": "PUBLISHED_AT", "direction": "DESC" }]), true)] {
            let (mut forward, mut after) = (Vec::new(), json!(null));
            loop {
                let page = server.data(Caller::Public, PAGE, json!({ "first": 7, "after": after, "order": order })).await["releases"].clone();
                assert_eq!(page["totalCount"], 45);
                assert_eq!(page["pageInfo"]["hasPreviousPage"], !forward.is_empty());
                forward.extend(slugs(&page));
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false { break; }
            }
            let expected: Vec<String> = if newest_first { (0..45).rev().map(|n| format!("release-{n}")).collect() } else { (0..45).map(|n| format!("release-{n}")).collect() };
            assert_eq!(forward, expected);
            let (mut backward, mut before) = (Vec::new(), json!(null));
            loop {
                let page = server.data(Caller::Public, PAGE, json!({ "last": 7, "before": before, "order": order })).await["releases"].clone();
                let mut items = slugs(&page);
                items.extend(backward);
                backward = items;
                before = page["pageInfo"]["startCursor"].clone();
                if page["pageInfo"]["hasPreviousPage"] == false { break; }
            }
            assert_eq!(backward, expected);
        }
    }

    async fn a_page_takes_one_sql_statement_and_aggregates_take_none(server: TestServer) {
        seed_sample_data(&server).await;
        let full = "query($first: Int) { releases(first: $first) { totalCount edges { cursor node { id slug headline summary releaseDate state publishedAt modifiedAt url
            dateline { text places { name } } topics { slug name broader { name } } places { slug name within { name } } } } pageInfo { endCursor } } }";
        let detail = r#"{ release(ref: {slug: "release-1"}) { headline body { html text wordCount } topics { name } dateline { text } } }"#;
        let aggregates = r#"{ releases(filter: {topics: {any: [{slug: "labour"}]}}) { totalCount } releaseStats { count earliest latest } topicAggregates { count directCount share label topic { name } }
            topics { totalCount nodes { name stats { count } } } places { nodes { name stats { count } } } }"#;
        for (query, variables, statements) in [(full, json!({ "first": 20 }), 1), (full, json!({ "first": 200 }), 1), (detail, json!({}), 1), (aggregates, json!({}), 0)] {
            server.statements.take();
            server.data(Caller::Public, query, variables).await;
            let sent = server.statements.take();
            assert_eq!(sent.len(), statements, "{sent:#?}");
        }
        server.statements.take();
        let data = server.data(Caller::Public, "{ releases(first: 3) { nodes { body { markdown } } } }", json!({})).await;
        // A page fetches the bodies in a second SQL statement, because the first statement fetches their lengths.
        assert_eq!((data["releases"]["nodes"][0]["body"]["markdown"].as_str(), server.statements.count()), (Some("Some **body**."), 2));
    }

    async fn equivalent_selections_give_the_same_response(server: TestServer) {
        seed_sample_data(&server).await;
        let list_releases = async |fields: &str, definitions: &str| {
            let query = format!("{{ releases(first: 7) {{ edges {{ cursor node {{ {fields} topics {{ slug ... on Topic {{ name }} }} dateline {{ text places {{ name }} }} }} }} nodes {{ {fields} }} }} }} {definitions}");
            server.data(Caller::Public, &query, json!({})).await
        };
        let expected = list_releases("id slug headline", "").await;
        assert_eq!(expected["releases"]["nodes"].as_array().unwrap().len(), 7);
        // Selections that are equivalent to `id slug headline` must get the same response: fragments on the type or
        // its interface, repeated fields, and directives.
        for (fields, definitions) in [
            ("... on Release { id slug } headline", ""),
            ("...F headline", "fragment F on Release { id ...G } fragment G on Release { slug }"),
            ("... on Node { id } slug headline", ""),
            ("id slug headline id", ""),
            ("id @include(if: true) slug headline subheadline @skip(if: true)", ""),
            ("... @include(if: true) { id slug } headline", ""),
        ] {
            assert_eq!(list_releases(fields, definitions).await, expected, "{fields}");
        }
        // The field `related` needs further rows, so another code path resolves the list. Apart from `related`, the
        // response must be the same.
        let mut with_related = list_releases("id slug headline related(first: 1) { id }", "").await;
        let releases = &mut with_related["releases"];
        let node = |value: &mut Value| value.as_object_mut().unwrap().remove("related").unwrap().is_array();
        assert!(releases["nodes"].as_array_mut().unwrap().iter_mut().all(node));
        assert!(releases["edges"].as_array_mut().unwrap().iter_mut().all(|edge| node(&mut edge["node"])));
        assert_eq!(with_related, expected);
        let with_typename = list_releases("id slug headline __typename", "").await;
        assert_eq!(with_typename["releases"]["nodes"][0]["__typename"], "Release");
        // A field that fails is null, its error has its path, and other fields are not affected. Both code paths of a
        // list are tested.
        let all_failed = server.execute(Caller::Public, "{ releases(first: 1) { nodes { related(first: 0) { id } } } topicAggregates(first: 0) { count } }", json!({})).await;
        assert_eq!(all_failed["data"], json!({ "releases": { "nodes": [{ "related": null }] }, "topicAggregates": null }));
        for (selection, path) in [("slug related(first: 0) { id }", json!(["releases", "nodes", 0, "related"])), ("slug headline dateline { text }", json!(null))] {
            let response = server.execute(Caller::Public, &format!("{{ releases(first: 1) {{ nodes {{ {selection} }} }} }}"), json!({})).await;
            assert_eq!(response["errors"][0]["path"], path, "{response}");
            let node = response["data"]["releases"]["nodes"][0].as_object().unwrap();
            assert!(node["slug"].is_string() && node.contains_key("related") == path.is_array(), "{response}");
        }
    }

    async fn invalid_and_mismatched_cursors_are_rejected(server: TestServer) {
        seed_sample_data(&server).await;
        let page = server.data(Caller::Public, PAGE, json!({ "first": 5 })).await;
        let cursor = page["releases"]["pageInfo"]["endCursor"].clone();
        let topics = server.data(Caller::Public, "{ topics(first: 1) { pageInfo { endCursor } } }", json!({})).await["topics"]["pageInfo"]["endCursor"].clone();
        for (variables, fragment) in [
            (json!({ "after": cursor, "order": [{ "by": "PUBLISHED_AT" }] }), "another order"),
            (json!({ "after": cursor, "filter": { "kinds": ["SPEECH"] } }), "another filter"),
            (json!({ "after": topics }), "not a cursor of this list"),
            (json!({ "before": "rubbish!" }), "not a cursor of this list"),
            (json!({ "after": "" }), "not a cursor of this list"),
            (json!({ "first": -1 }), "between 1 and 200"),
            (json!({ "first": 100_000 }), "between 1 and 200"),
            (json!({ "first": 0 }), "between 1 and 200"),
            (json!({ "first": 1, "last": 1 }), "omit one of them"),
            (json!({ "order": [{ "by": "RELEASE_DATE" }, { "by": "RELEASE_DATE" }] }), "twice"),
        ] {
            let response = server.execute(Caller::Public, PAGE, variables.clone()).await;
            let error = &response["errors"][0];
            assert_eq!((&error["extensions"]["code"], &response["data"]["releases"]), (&json!("BAD_USER_INPUT"), &json!(null)), "{variables}: {response}");
            assert!(error["message"].as_str().unwrap().contains(fragment), "{error}");
        }
    }

    async fn filters_return_the_matching_releases(server: TestServer) {
        seed_sample_data(&server).await;
        let count = async |filter: Value| server.data(Caller::Public, "query($filter: ReleaseFilter) { releaseStats(filter: $filter) { count } }", json!({ "filter": filter })).await["releaseStats"]["count"].as_u64().unwrap();
        let (labour, topics_filter) = (json!([{ "slug": "labour" }]), |filter: Value| json!({ "topics": filter }));
        for (filter, expected) in [
            (json!({}), 45),
            (topics_filter(json!({ "any": labour })), 27),
            (topics_filter(json!({ "any": labour, "includeNarrower": false })), 9),
            (topics_filter(json!({ "any": [{ "uri": "https://example.org/t/labour" }] })), 27),
            (topics_filter(json!({ "all": [{ "slug": "crime" }, { "slug": "child-labour" }] })), 9),
            (topics_filter(json!({ "none": labour })), 18),
            (topics_filter(json!({ "missing": true })), 9),
            (topics_filter(json!({ "any": [] })), 0),
            (json!({ "places": { "any": [{ "m49": "142" }] } }), 26),
            (json!({ "places": { "any": [{ "m49": "142" }], "includeWithin": false } }), 0),
            (json!({ "places": { "any": [{ "iso3166": "TH" }], "role": "ABOUT" } }), 7),
            (json!({ "places": { "any": [{ "iso3166": "TH" }], "role": "DATELINE" } }), 23),
            (json!({ "kinds": ["SPEECH"] }), 5),
            (json!({ "not": { "kinds": ["SPEECH"] } }), 40),
            (json!({ "or": [{ "kinds": ["SPEECH"] }, { "languages": ["pt"] }] }), 9),
            (json!({ "and": [{ "kinds": ["SPEECH"] }, { "languages": ["en"] }] }), 4),
            (json!({ "releaseDate": { "from": "2006-05-02", "until": "2006-05-03" } }), 6),
            (json!({ "publishedAt": { "until": "2006-05-01T01:00:00Z" } }), 2),
            (json!({ "states": ["DRAFT"] }), 0),
            (json!({ "ids": ["release_00000000000000000000000000000000"] }), 0),
        ] {
            assert_eq!(count(filter.clone()).await, expected, "{filter}");
        }
    }

    async fn invalid_filters_are_rejected_with_a_message(server: TestServer) {
        seed_sample_data(&server).await;
        let mut deep = json!({ "kinds": ["SPEECH"] });
        for _ in 0..40 { deep = json!({ "not": deep }); }
        for (filter, code, fragment) in [
            (json!({ "topics": { "any": [{ "slug": "nope" }] } }), "NOT_FOUND", "no topic with the slug \"nope\""),
            (json!({ "or": [{ "places": { "none": [{ "m49": "999" }] } }] }), "NOT_FOUND", "no place with the M49 code \"999\""),
            (json!({ "releaseDate": { "from": "2006-05-03", "until": "2006-05-02" } }), "BAD_USER_INPUT", "swap them"),
            (json!({ "ids": ["nonsense"] }), "BAD_USER_INPUT", "is not an id"),
            (json!({ "ids": ["topic_00000000000000000000000000000000"] }), "BAD_USER_INPUT", "the id of a topic"),
            (deep, "BAD_USER_INPUT", "nested"),
        ] {
            let response = server.execute(Caller::Public, PAGE, json!({ "filter": filter })).await;
            let error = &response["errors"][0];
            assert_eq!(error["extensions"]["code"], code, "{response}");
            assert!(error["message"].as_str().unwrap().contains(fragment), "{error}");
        }
    }

    async fn topic_aggregates_roll_up_without_counting_twice(server: TestServer) {
        seed_sample_data(&server).await;
        let query = "query($filter: ReleaseFilter, $rollUp: Boolean!, $under: TopicRef) { topicAggregates(filter: $filter, rollUp: $rollUp, under: $under) { count directCount share topic { slug } } }";
        let buckets = async |variables: Value| {
            let data = server.data(Caller::Public, query, variables).await;
            data["topicAggregates"].as_array().unwrap().iter().map(|bucket| (bucket["topic"]["slug"].as_str().unwrap().to_owned(), bucket["count"].as_u64().unwrap(), bucket["directCount"].as_u64().unwrap(), bucket["share"].as_f64().unwrap())).collect::<Vec<_>>()
        };
        let bucket = |slug: &str, count: u64, direct: u64, of: f64| (slug.to_owned(), count, direct, count as f64 / of);
        assert_eq!(buckets(json!({ "rollUp": true })).await, [bucket("labour", 27, 9, 45.0), bucket("child-labour", 18, 18, 45.0), bucket("crime", 18, 9, 45.0), bucket("trafficking", 9, 9, 45.0)]);
        assert_eq!(buckets(json!({ "rollUp": false })).await, [bucket("child-labour", 18, 18, 45.0), bucket("crime", 9, 9, 45.0), bucket("labour", 9, 9, 45.0), bucket("trafficking", 9, 9, 45.0)]);
        assert_eq!(buckets(json!({ "rollUp": true, "under": { "slug": "crime" } })).await, [bucket("trafficking", 9, 9, 45.0)]);
        assert_eq!(buckets(json!({ "rollUp": true, "filter": { "kinds": ["SPEECH"] } })).await.iter().map(|(slug, count, ..)| (slug.as_str(), *count)).collect::<Vec<_>>(), [("labour", 3), ("child-labour", 2), ("crime", 2), ("trafficking", 1)]);
        assert_eq!(buckets(json!({ "rollUp": true, "filter": { "kinds": [] } })).await, []);
        assert_eq!(server.execute(Caller::Public, query, json!({ "rollUp": true, "under": { "slug": "nope" } })).await["errors"][0]["extensions"]["code"], "NOT_FOUND");
    }

    async fn topics_and_places_list_their_releases(server: TestServer) {
        seed_sample_data(&server).await;
        let data = server.data(Caller::Public, r#"{ topic(ref: {slug: "crime"}) { releases(first: 2) { totalCount nodes { slug } } direct: releases(includeNarrower: false) { totalCount } }
            place(ref: {slug: "asia"}) { releases(last: 1) { totalCount nodes { slug } } direct: releases(includeWithin: false) { totalCount } }
            topics(filter: {search: "LABOUR", under: {slug: "labour"}}) { totalCount nodes { slug } } top: topics(filter: {topLevel: true}) { nodes { slug } } places(filter: {within: {slug: "asia"}, kinds: [CITY]}) { nodes { slug } } }"#, json!({})).await;
        assert_eq!(data, json!({
            "topic": { "releases": { "totalCount": 18, "nodes": [{ "slug": "release-44" }, { "slug": "release-43" }] }, "direct": { "totalCount": 9 } },
            "place": { "releases": { "totalCount": 26, "nodes": [{ "slug": "release-0" }] }, "direct": { "totalCount": 0 } },
            "topics": { "totalCount": 1, "nodes": [{ "slug": "child-labour" }] }, "top": { "nodes": [{ "slug": "crime" }, { "slug": "labour" }] }, "places": { "nodes": [{ "slug": "bangkok" }] },
        }));
    }

    async fn every_object_can_be_fetched_by_its_global_id(server: TestServer) {
        seed_sample_data(&server).await;
        let ids = server.data(Caller::Public, r#"{ release(ref: {externalId: "x3"}) { id } topic(ref: {slug: "crime"}) { id } place(ref: {slug: "asia"}) { id } }"#, json!({})).await;
        let ids = [&ids["release"]["id"], &ids["topic"]["id"], &ids["place"]["id"]];
        let query = "query($ids: [ID!]!, $one: ID!) { nodes(ids: $ids) { __typename id ... on Release { headline } ... on Topic { name } } node(id: $one) { id } }";
        let unknown = "release_00000000000000000000000000000000";
        let data = server.data(Caller::Public, query, json!({ "ids": [ids[2], ids[0], unknown, ids[1]], "one": ids[0] })).await;
        assert_eq!(data["nodes"], json!([{ "__typename": "Place", "id": ids[2] }, { "__typename": "Release", "id": ids[0], "headline": "Headline 3" }, null, { "__typename": "Topic", "id": ids[1], "name": "Crime" }]));
        assert_eq!(server.execute(Caller::Public, query, json!({ "ids": ["x"], "one": ids[0] })).await["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }

    async fn a_restored_backup_is_reloaded(server: TestServer) {
        use sea_orm::ConnectionTrait;
        let id = server.create_published(json!({ "headline": "Gone with the backup" })).await;
        let count = async || server.data(Caller::Public, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"].clone();
        assert_eq!(count().await, 1);
        // Sets the database back to the state before the publication, as restoring a backup would.
        let tx = server.app.newsroom.db.begin_write().await.unwrap();
        for statement in [
            "UPDATE release SET state = 'DRAFT', working_revision_id = live_revision_id, live_revision_id = NULL",
            "DELETE FROM journal WHERE sequence = (SELECT sequence FROM journal_head)",
            "UPDATE journal_head SET sequence = sequence - 1",
        ] {
            tx.execute_unprepared(statement).await.unwrap();
        }
        tx.commit().await.unwrap();
        server.app.newsroom.catalog.catch_up().await.unwrap();
        assert_eq!(count().await, 0);
        server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": 1 })).await;
        assert_eq!(count().await, 1);
    }

    async fn unknown_slugs_and_external_ids_return_null(server: TestServer) {
        seed_sample_data(&server).await;
        let query = "query($ref: ReleaseRef!) { release(ref: $ref) { id } releaseLookup(ref: $ref) { tombstone { kind } } }";
        for text in ["\u{0}", "x3\u{0}", "", "'; DROP TABLE release; --", "%", "\u{FFFE}\u{10FFFF}", &"x".repeat(100_000)] {
            for reference in [json!({ "slug": text }), json!({ "externalId": text })] {
                let data = server.data(Caller::Public, query, json!({ "ref": reference })).await;
                assert_eq!(data, json!({ "release": null, "releaseLookup": { "tombstone": null } }), "{reference:.80}");
            }
        }
        let response = server.execute(Caller::Public, query, json!({ "ref": { "slug": "a", "externalId": "b" } })).await;
        assert!(response["errors"][0]["message"].is_string());
    }

    async fn writes_of_another_process_are_synced(server: TestServer) {
        seed_sample_data(&server).await;
        let db = dateline::db::Db::open(&server.url).await.unwrap();
        let other_app = dateline::app::App::new(db, dateline::newsroom::NewsroomSettings::default(), dateline::config::SiteInfo::default(), dateline::clock::Clock::fixed_at(crate::harness::noon())).await.unwrap();
        let sync_task = tokio::spawn(async move { let other_app = other_app; let catalog = other_app.newsroom.catalog.clone(); tokio::select! { () = other_app.run_background_tasks() => unreachable!(), seen = async { loop { if catalog.snapshot().len() == 46 { break true } tokio::time::sleep(std::time::Duration::from_millis(20)).await; } } => seen } });
        server.create_draft(json!({ "headline": "Seen elsewhere" })).await;
        assert!(tokio::time::timeout(std::time::Duration::from_secs(10), sync_task).await.unwrap().unwrap());
    }
}

//! Tests of mutations on releases, topics, places, and tokens: their effects, validation errors, permissions, and
//! stale revisions.

use serde_json::json;

use crate::harness::{CREATE, Caller, PLACE, PUBLISH, REVISE, TOPIC, WITHDRAW, on_both_databases};

const COUNT: &str = "{ releases { totalCount } }";

on_both_databases! {
    async fn a_release_is_drafted_revised_published_and_withdrawn(server: TestServer) {
        let payload = server.mutate(Caller::Author, CREATE, json!({ "input": { "headline": "Ferry line opens" } })).await;
        let release = &payload["release"];
        assert_eq!((&release["slug"], &release["state"], &release["revision"]), (&json!("ferry-line-opens"), &json!("DRAFT"), &json!(1)));
        let id = release["id"].as_str().unwrap().to_owned();
        assert_eq!(server.data(Caller::Public, COUNT, json!({})).await["releases"]["totalCount"], 0);
        assert_eq!(server.data(Caller::Author, COUNT, json!({})).await["releases"]["totalCount"], 1);

        let revised = server.mutate(Caller::Author, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "New ferry line opens", "summary": "Twice a day." } })).await;
        assert_eq!(revised["release"]["revision"], 2);
        let published = server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
        assert_eq!((&published["release"]["state"], &published["release"]["publishedAt"]), (&json!("PUBLISHED"), &json!("2007-06-01T12:00:00Z")));
        assert_eq!(server.data(Caller::Public, COUNT, json!({})).await["releases"]["totalCount"], 1);

        let withdrawn = server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": 2, "kind": "WITH_NOTICE", "notice": "It does not sail." })).await;
        assert_eq!(withdrawn["release"]["withdrawal"]["notice"], "It does not sail.");
        assert_eq!(server.data(Caller::Public, COUNT, json!({})).await["releases"]["totalCount"], 0);
        let tombstone = server.data(Caller::Public, r#"{ releaseLookup(ref: {slug: "ferry-line-opens"}) { tombstone { slug state kind notice at } } release(ref: {slug: "ferry-line-opens"}) { id } }"#, json!({})).await;
        assert_eq!(tombstone["releaseLookup"]["tombstone"], json!({ "slug": "ferry-line-opens", "state": "WITHDRAWN", "kind": "WITH_NOTICE", "notice": "It does not sail.", "at": "2007-06-01T12:00:00Z" }));
        assert_eq!(tombstone["release"], json!(null));

        server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
        assert_eq!(server.data(Caller::Public, r#"{ releaseLookup(ref: {slug: "ferry-line-opens"}) { tombstone { kind } } releases { totalCount } }"#, json!({})).await, json!({ "releaseLookup": { "tombstone": null }, "releases": { "totalCount": 1 } }));
    }

    async fn a_live_revision_stays_until_the_new_one_is_published(server: TestServer) {
        let id = server.create_published(json!({ "headline": "Old words", "slug": "words" })).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "New words", "slug": "new-words" } })).await;
        let query = "query($id: ID!) { release(ref: {id: $id}) { headline slug revision working { headline slug number } } }";
        let public = server.data(Caller::Public, query, json!({ "id": id })).await;
        assert_eq!(public["release"], json!({ "headline": "Old words", "slug": "words", "revision": 1, "working": null }));
        let desk_view = server.data(Caller::Author, query, json!({ "id": id })).await;
        assert_eq!(desk_view["release"], json!({ "headline": "Old words", "slug": "words", "revision": 2, "working": { "headline": "New words", "slug": "new-words", "number": 2 } }));

        server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
        let by_slug = "query($slug: Slug!) { releaseLookup(ref: {slug: $slug}) { redirectedFrom release { headline slug url } } }";
        let old = server.data(Caller::Public, by_slug, json!({ "slug": "words" })).await;
        assert_eq!(old["releaseLookup"], json!({ "redirectedFrom": "words",
            "release": { "headline": "New words", "slug": "new-words", "url": "https://example.org/news/new-words" } }));
        let new = server.data(Caller::Public, by_slug, json!({ "slug": "new-words" })).await;
        assert_eq!(new["releaseLookup"]["redirectedFrom"], json!(null));
        let error = server.user_error(Caller::Editor, CREATE, json!({ "input": { "headline": "Thief", "slug": "words" } })).await;
        assert_eq!((&error["code"], &error["field"]), (&json!("TAKEN"), &json!(["input", "slug"])));
    }

    async fn a_stale_revision_is_rejected_with_the_current_one(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "One" })).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "Two" } })).await;
        for mutation in [REVISE, PUBLISH] {
            let error = server.user_error(Caller::Admin, mutation, json!({ "id": id, "revision": 1, "input": { "headline": "Three" } })).await;
            assert_eq!((&error["code"], &error["field"]), (&json!("STALE_REVISION"), &json!(["expectedRevision"])));
            assert_eq!(error["current"], json!({ "revision": 2, "by": { "id": "Eda" }, "at": "2007-06-01T12:00:00Z" }));
        }
        let query = "query($id: ID!) { release(ref: {id: $id}) { headline state } }";
        assert_eq!(server.data(Caller::Editor, query, json!({ "id": id })).await["release"], json!({ "headline": "Two", "state": "DRAFT" }));
    }

    async fn unauthorized_mutations_reveal_nothing_and_change_nothing(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "Eda's own" })).await;
        let unknown = "release_00000000000000000000000000000000";
        for target in [id.as_str(), unknown] {
            for (mutation, variables) in [
                (REVISE, json!({ "id": target, "revision": 1, "input": { "headline": "x" } })),
                (PUBLISH, json!({ "id": target, "revision": 1 })),
                (WITHDRAW, json!({ "id": target, "revision": 1, "kind": "GONE" })),
            ] {
                let error = server.user_error(Caller::Press, mutation, variables.clone()).await;
                assert_eq!((&error["code"], &error["field"]), (&json!("FORBIDDEN"), &json!(null)), "{error}");
                let response = server.execute(Caller::Public, mutation, variables).await;
                assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{response}");
            }
        }
        assert_eq!(server.user_error(Caller::Author, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "x" } })).await["code"], "FORBIDDEN");
        assert_eq!(server.user_error(Caller::Author, PUBLISH, json!({ "id": id, "revision": 1 })).await["code"], "FORBIDDEN");
        assert_eq!(server.user_error(Caller::Editor, PUBLISH, json!({ "id": unknown, "revision": 1 })).await["code"], "NOT_FOUND");
        assert_eq!(server.user_error(Caller::Editor, TOPIC, json!({ "input": { "name": "x" } })).await["code"], "FORBIDDEN");
        assert_eq!(server.user_error(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": 1, "kind": "GONE" })).await["code"], "ILLEGAL_TRANSITION");
    }

    async fn all_validation_errors_are_returned_with_their_fields(server: TestServer) {
        let input = json!({ "headline": "a\u{0}b", "slug": "No Slug", "language": "in English", "summary": "x".repeat(5001), "topics": [{ "slug": "nope" }], "datelinePlaces": [{ "iso3166": "ZZ" }] });
        let data = server.data(Caller::Author, CREATE, json!({ "input": input })).await;
        let errors = data["releaseCreate"]["userErrors"].as_array().unwrap().clone();
        let errors_by_field: Vec<(String, &str)> = errors.iter().map(|error| (error["field"][1].as_str().unwrap().to_owned(), error["code"].as_str().unwrap())).collect();
        for expected in [("headline", "INVALID"), ("slug", "INVALID"), ("language", "INVALID"), ("summary", "TOO_LONG"), ("topics", "NOT_FOUND"), ("datelinePlaces", "NOT_FOUND")] {
            assert!(errors_by_field.iter().any(|(field, code)| (field.as_str(), *code) == expected), "{expected:?} in {errors_by_field:?}");
        }
        for (headline, code) in [(json!(""), "REQUIRED"), (json!("   "), "REQUIRED"), (json!(null), "REQUIRED"), (json!("x".repeat(5_000_000)), "TOO_LONG")] {
            let error = server.user_error(Caller::Author, CREATE, json!({ "input": { "headline": headline } })).await;
            assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(["input", "headline"])));
            assert!(error["message"].as_str().unwrap().len() < 300);
        }
        assert_eq!(server.data(Caller::Editor, COUNT, json!({})).await["releases"]["totalCount"], 0);
    }

    async fn topics_have_several_broader_ones_and_no_cycles(server: TestServer) {
        let topic = async |name: &str, broader: &[&str]| {
            let broader: Vec<_> = broader.iter().map(|slug| json!({ "slug": slug })).collect();
            server.mutate(Caller::Admin, TOPIC, json!({ "input": { "name": name, "broader": broader, "names": [{ "language": "fr", "name": format!("{name} (fr)") }] } })).await["topic"]["id"].as_str().unwrap().to_owned()
        };
        let work = topic("Work", &[]).await;
        let crime = topic("Crime", &[]).await;
        topic("Trafficking", &["work", "crime"]).await;
        let update = "mutation($id: ID!, $revision: Int!, $input: TopicInput!) { topicUpdate(id: $id, expectedRevision: $revision, input: $input) { topic { slug name(language: \"fr-CA\") revision } userErrors { field code message } } }";
        for (id, slug) in [(&work, "trafficking"), (&work, "work")] {
            let error = server.user_error(Caller::Admin, update, json!({ "id": id, "revision": 1, "input": { "broader": [{ "slug": slug }] } })).await;
            assert_eq!((&error["code"], &error["field"]), (&json!("CYCLE"), &json!(["input", "broader", "0"])));
        }
        assert_eq!(server.user_error(Caller::Admin, update, json!({ "id": crime, "revision": 7, "input": { "name": "x" } })).await["code"], "STALE_REVISION");
        let renamed = server.mutate(Caller::Admin, update, json!({ "id": crime, "revision": 1, "input": { "slug": "justice" } })).await;
        assert_eq!(renamed["topic"], json!({ "slug": "justice", "name": "Crime (fr)", "revision": 2 }));
        let data = server.data(Caller::Public, r#"{ topic(ref: {slug: "crime"}) { slug narrower { nodes { slug broader { slug } } totalCount } } }"#, json!({})).await;
        assert_eq!(data["topic"], json!({ "slug": "justice", "narrower": { "nodes": [{ "slug": "trafficking", "broader": [{ "slug": "work" }, { "slug": "justice" }] }], "totalCount": 1 } }));
        assert_eq!(server.user_error(Caller::Admin, TOPIC, json!({ "input": { "name": "Other", "slug": "crime" } })).await["code"], "TAKEN");
    }

    async fn places_form_a_tree_with_codes(server: TestServer) {
        let place = async |input| server.mutate(Caller::Admin, PLACE, json!({ "input": input })).await["place"]["id"].as_str().unwrap().to_owned();
        let country = place(json!({ "name": "Cambodia", "kind": "COUNTRY", "iso3166Alpha2": "KH", "iso3166Alpha3": "KHM", "m49": "116" })).await;
        place(json!({ "name": "Phnom Penh", "kind": "CITY", "within": { "iso3166": "kh" }, "latitude": 11.56, "longitude": 104.92, "geonamesId": 1821306 })).await;
        let data = server.data(Caller::Public, r#"{ place(ref: {m49: "116"}) { slug contains { nodes { slug location { latitude longitude } ancestors { slug } } totalCount } } }"#, json!({})).await;
        assert_eq!(data["place"]["contains"], json!({ "nodes": [{ "slug": "phnom-penh", "location": { "latitude": 11.56, "longitude": 104.92 }, "ancestors": [{ "slug": "cambodia" }] }], "totalCount": 1 }));
        let update = "mutation($id: ID!, $input: PlaceInput!) { placeUpdate(id: $id, expectedRevision: 1, input: $input) { place { slug } userErrors { field code message } } }";
        for (input, field, code) in [
            (json!({ "within": { "slug": "phnom-penh" } }), "within", "CYCLE"),
            (json!({ "within": { "slug": "cambodia" } }), "within", "CYCLE"),
            (json!({ "geonamesId": 1821306 }), "geonamesId", "TAKEN"),
            (json!({ "latitude": 91.0, "longitude": 0.0 }), "latitude", "INVALID"),
            (json!({ "latitude": 1.0 }), "latitude", "REQUIRED"),
            (json!({ "m49": "16" }), "m49", "INVALID"),
            (json!({ "iso3166Alpha2": "KHM" }), "iso3166Alpha2", "INVALID"),
            (json!({ "kind": null }), "kind", "REQUIRED"),
        ] {
            let error = server.user_error(Caller::Admin, update, json!({ "id": country, "input": input })).await;
            assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(["input", field])));
        }
    }

    async fn tokens_are_shown_once_expire_and_can_be_revoked(server: TestServer) {
        let create = "mutation($input: TokenInput!) { tokenCreate(input: $input) { token { id role subject expiresAt } secret userErrors { field code message } } }";
        let created = server.mutate(Caller::Admin, create, json!({ "input": { "subject": "Bo", "name": "laptop", "role": "AUTHOR", "expiresAt": "2007-06-02T00:00:00Z" } })).await;
        let (secret, id) = (created["secret"].as_str().unwrap().to_owned(), created["token"]["id"].clone());
        let viewer_query = json!({ "query": "{ viewer { name role capabilities } }" }).to_string();
        let (status, response) = server.post(Some(&secret), &viewer_query).await;
        assert_eq!((status, &response["data"]["viewer"]), (200, &json!({ "name": "Bo", "role": "AUTHOR", "capabilities": ["READ_EMBARGOED", "WRITE_DRAFTS"] })));
        let listed = server.data(Caller::Admin, "{ tokens { nodes { subject } } }", json!({})).await;
        assert!(!listed.to_string().contains(&secret) && listed["tokens"]["nodes"].as_array().unwrap().len() == 5);
        assert_eq!(server.execute(Caller::Editor, "{ tokens { nodes { subject } } }", json!({})).await["errors"][0]["extensions"]["code"], "FORBIDDEN");

        server.app.clock.set(chrono::DateTime::parse_from_rfc3339("2007-06-02T00:00:00Z").unwrap().to_utc());
        let (status, response) = server.post(Some(&secret), &viewer_query).await;
        assert_eq!((status, &response["errors"][0]["extensions"]["code"]), (401, &json!("UNAUTHENTICATED")));
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("expired at 2007-06-02"));
        server.app.clock.set(crate::harness::noon());
        let revoke = "mutation($id: ID!) { tokenRevoke(id: $id) { deletedId userErrors { code } } }";
        assert_eq!(server.mutate(Caller::Admin, revoke, json!({ "id": id })).await["deletedId"], id);
        let (status, response) = server.post(Some(&secret), &viewer_query).await;
        assert!(status == 401 && response["errors"][0]["message"].as_str().unwrap().contains("revoked"));
        assert_eq!(server.post(Some("nonsense"), &viewer_query).await.0, 401);
        for (role, expires) in [("PUBLIC", json!(null)), ("EDITOR", json!("2007-01-01T00:00:00Z"))] {
            assert_eq!(server.user_error(Caller::Admin, create, json!({ "input": { "subject": "x", "name": "y", "role": role, "expiresAt": expires } })).await["code"], "INVALID");
        }
    }

    async fn each_mutation_is_in_the_journal_in_order_without_gaps(server: TestServer) {
        use sea_orm::{EntityTrait, QueryOrder};
        let before = server.app.newsroom.catalog.snapshot().sequence();
        let id = server.create_published(json!({ "headline": "One" })).await;
        server.user_error(Caller::Editor, CREATE, json!({ "input": { "headline": "" } })).await;
        server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": 1, "kind": "WITH_NOTICE", "notice": "Why." })).await;
        let rows = entity::journal::Entity::find().order_by_asc(entity::journal::Column::Sequence).all(server.app.newsroom.db.reader()).await.unwrap();
        let entries: Vec<_> = rows.iter().skip(before as usize).map(|row| (row.sequence, row.act.as_str(), row.by.as_str(), row.note.as_deref())).collect();
        assert_eq!(entries, [(before + 1, "release.create", "Eda", None), (before + 2, "release.publish", "Eda", None), (before + 3, "release.withdraw", "Eda", Some("Why."))]);
        let all: String = rows.iter().map(|row| format!("{row:?}")).collect();
        assert!(!all.contains("dateline_") && !all.contains("secret"));
    }

    async fn concurrent_writers_lose_no_update(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "Zero" })).await;
        let server = std::sync::Arc::new(server);
        let attempts: Vec<_> = (0..200).map(|number| {
            let (server, id) = (server.clone(), id.clone());
            tokio::spawn(async move {
                let data = server.data(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": format!("Number {number}") } })).await;
                data["releaseRevise"]["userErrors"][0]["code"].as_str().map(str::to_owned)
            })
        }).collect();
        let mut won = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                None => won += 1,
                Some(code) => assert_eq!(code, "STALE_REVISION"),
            }
        }
        assert_eq!(won, 1);
    }
}

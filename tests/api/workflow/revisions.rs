//! Tests of revisions: corrections, diffs, restoring an earlier revision, the four-eyes principle, and optimistic
//! concurrency control.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{CREATE, Caller, PUBLISH, REVISE, TestServer, noon, on_both_databases};

const CORRECT: &str = "mutation($id: ID!, $revision: Int!, $input: ReleaseInput!, $note: String!) { releaseCorrect(id: $id, expectedRevision: $revision, input: $input, correctionNote: $note) { release { id slug revision headline working { number outdated headline } corrections { at note } } userErrors { field code message } } }";
const RESTORE: &str = "mutation($id: ID!, $revision: Int!, $to: Int!) { releaseRestore(id: $id, expectedRevision: $revision, revision: $to) { release { revision headline slug working { number basedOn note headline } } userErrors { field code message } } }";

async fn release_as(server: &TestServer, caller: Caller, slug: &str) -> Value {
    let query = "query($slug: Slug!) { release(ref: {slug: $slug}) { slug headline revision publishedAt modifiedAt corrections { note } working { headline outdated } revisions { nodes { number } } history { nodes { action by { id } note } } } }";
    server.data(caller, query, json!({ "slug": slug })).await["release"].clone()
}

on_both_databases! {
    async fn a_correction_changes_the_live_revision_and_marks_the_working_one_outdated(server: TestServer) {
        let id = server.create_published(json!({ "headline": "Wrng", "slug": "a", "topics": [] })).await;
        let payload = server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "Next year" } })).await;
        assert_eq!(payload["release"]["revision"], 2);
        server.app.clock.set(noon() + TimeDelta::hours(1));
        let variables = json!({ "id": id, "revision": 2, "input": { "headline": "Wrong" }, "note": "The headline had a letter missing." });
        let payload = server.mutate(Caller::Editor, CORRECT, variables).await;
        assert_eq!(payload["release"], json!({ "id": id, "slug": "a", "revision": 3, "headline": "Wrong", "working": { "number": 2, "outdated": true, "headline": "Next year" },
            "corrections": [{ "at": "2007-06-01T13:00:00Z", "note": "The headline had a letter missing." }] }));
        let public = release_as(&server, Caller::Public, "a").await;
        assert_eq!((&public["headline"], &public["corrections"][0]["note"]), (&json!("Wrong"), &json!("The headline had a letter missing.")));
        assert_eq!((&public["publishedAt"], &public["modifiedAt"]), (&json!("2007-06-01T12:00:00Z"), &json!("2007-06-01T13:00:00Z")));
        assert_eq!((&public["working"], &public["revisions"], &public["history"]), (&Value::Null, &Value::Null, &Value::Null));

        // The working revision was created before the correction, so publishing it would undo the correction.
        let error = server.user_error(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 3 })).await;
        assert!(error["code"] == "ILLEGAL_TRANSITION" && error["message"].as_str().unwrap().contains("would undo the correction"), "{error}");
        // A new working revision is based on the correction, so it is not outdated, even if it has the same headline
        // as before.
        let payload = server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 3, "input": { "headline": "Next year" } })).await;
        assert_eq!(payload["release"]["revision"], 4);
        assert_eq!(release_as(&server, Caller::Author, "a").await["working"], json!({ "headline": "Next year", "outdated": false }));
        server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 4 })).await;
        let public = release_as(&server, Caller::Public, "a").await;
        assert_eq!((&public["headline"], public["corrections"].as_array().unwrap().len()), (&json!("Next year"), 1));

        for (input, note, field, code) in [
            (json!({ "headline": "Next year" }), "No change.", json!(["input"]), "REQUIRED"),
            (json!({ "headline": "Other" }), " ", json!(["correctionNote"]), "REQUIRED"),
            (json!({ "headline": "" }), "x", json!(["input", "headline"]), "REQUIRED"),
        ] {
            let error = server.user_error(Caller::Editor, CORRECT, json!({ "id": id, "revision": 4, "input": input, "note": note })).await;
            assert_eq!((&error["field"], &error["code"]), (&field, &json!(code)), "{error}");
        }
        let history = release_as(&server, Caller::Author, "a").await["history"]["nodes"].clone();
        let actions: Vec<&str> = history.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["release.publish", "release.revise", "release.correct", "release.revise", "release.publish", "release.create"]);
        assert_eq!(history[2]["note"], "The headline had a letter missing.");
    }

    async fn a_correction_may_change_the_slug_and_the_old_one_redirects(server: TestServer) {
        let id = server.create_published(json!({ "headline": "One", "slug": "one" })).await;
        let variables = json!({ "id": id, "revision": 1, "input": { "slug": "two" }, "note": "A name in the address was wrong." });
        assert_eq!(server.mutate(Caller::Editor, CORRECT, variables).await["release"]["slug"], "two");
        let lookup = server.data(Caller::Public, r#"{ releaseLookup(ref: {slug: "one"}) { redirectedFrom release { slug } } }"#, json!({})).await;
        assert_eq!(lookup["releaseLookup"], json!({ "redirectedFrom": "one", "release": { "slug": "two" } }));
        let error = server.user_error(Caller::Editor, CREATE, json!({ "input": { "headline": "Other", "slug": "one" } })).await;
        assert_eq!(error["code"], "TAKEN");
    }

    async fn revisions_are_listed_compared_and_restored_as_new_ones(server: TestServer) {
        server.mutate(Caller::Admin, crate::harness::TOPIC, json!({ "input": { "name": "Labour" } })).await;
        let (id, _) = server.create_draft(json!({ "headline": "One", "slug": "a", "summary": "First.", "topics": [{ "slug": "labour" }] })).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "Two", "slug": "b", "summary": null, "topics": [], "bodyMarkdown": "Text." } })).await;
        server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
        let list = "query($id: ID!, $against: Int, $first: Int, $after: String, $last: Int) { node(id: $id) { ... on Release { revisions(first: $first, after: $after, last: $last) { pageInfo { hasNextPage hasPreviousPage endCursor } nodes { number by { id } basedOn topics { slug } diff(against: $against) { field before after } } } } } }";
        let revisions = async |variables: Value| server.data(Caller::Author, list, variables).await["node"]["revisions"].clone();
        let all = revisions(json!({ "id": id })).await;
        assert_eq!(all["nodes"], json!([
            { "number": 2, "by": { "id": "Eda" }, "basedOn": 1, "topics": [], "diff": [
                { "field": "slug", "before": "a", "after": "b" }, { "field": "headline", "before": "One", "after": "Two" }, { "field": "summary", "before": "First.", "after": null },
                { "field": "bodyMarkdown", "before": null, "after": "Text." }, { "field": "topics", "before": "labour", "after": null } ] },
            { "number": 1, "by": { "id": "Eda" }, "basedOn": null, "topics": [{ "slug": "labour" }], "diff": [] },
        ]));
        assert_eq!(revisions(json!({ "id": id, "against": 2, "last": 1 })).await["nodes"][0]["diff"][0], json!({ "field": "slug", "before": "b", "after": "a" }));
        let first = revisions(json!({ "id": id, "first": 1 })).await;
        assert_eq!((&first["nodes"][0]["number"], &first["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
        let next = revisions(json!({ "id": id, "first": 1, "after": first["pageInfo"]["endCursor"] })).await;
        assert_eq!((&next["nodes"][0]["number"], &next["pageInfo"]["hasNextPage"], &next["pageInfo"]["hasPreviousPage"]), (&json!(1), &json!(false), &json!(true)));
        let error = server.execute(Caller::Author, list, json!({ "id": id, "against": 7 })).await;
        assert_eq!((&error["errors"][0]["extensions"]["code"], &error["errors"][0]["extensions"]["argument"]), (&json!("NOT_FOUND"), &json!("against")));

        // Restoring creates a working revision with the content of revision 1. The live revision, the slug and the
        // external id stay.
        let payload = server.mutate(Caller::Editor, RESTORE, json!({ "id": id, "revision": 2, "to": 1 })).await;
        assert_eq!(payload["release"], json!({ "revision": 3, "headline": "Two", "slug": "b", "working": { "number": 3, "basedOn": 2, "note": "restored from revision 1", "headline": "One" } }));
        assert_eq!(release_as(&server, Caller::Public, "b").await["headline"], "Two");
        // A revision number of another release cannot be restored.
        let (other, _) = server.create_draft(json!({ "headline": "Other" })).await;
        let error = server.user_error(Caller::Editor, RESTORE, json!({ "id": other, "revision": 1, "to": 3 })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["revision"]), &json!("NOT_FOUND")));
    }

    async fn of_two_concurrent_editors_one_gets_a_stale_revision_error(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "0" })).await;
        for round in 1..=200 {
            let write = |caller| server.data(caller, REVISE, json!({ "id": id, "revision": round, "input": { "headline": format!("{caller:?} {round}") } }));
            let (eda, kim) = tokio::join!(write(Caller::Editor), write(Caller::Admin));
            let (eda, kim) = (&eda["releaseRevise"], &kim["releaseRevise"]);
            let (accepted, rejected, winner) = if eda["release"].is_null() { (kim, eda, "Kim") } else { (eda, kim, "Eda") };
            assert_eq!((&accepted["release"]["revision"], &accepted["userErrors"]), (&json!(round + 1), &json!([])));
            assert_eq!((&rejected["release"], &rejected["userErrors"][0]["code"]), (&Value::Null, &json!("STALE_REVISION")));
            assert_eq!(rejected["userErrors"][0]["current"], json!({ "revision": round + 1, "by": { "id": winner }, "at": "2007-06-01T12:00:00Z" }));
            let read = server.data(Caller::Author, "query($id: ID!) { node(id: $id) { ... on Release { headline } } }", json!({ "id": id })).await;
            assert_eq!(read["node"]["headline"], accepted["release"]["headline"]);
        }
    }

    async fn concurrent_increments_never_overwrite_each_other(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "0" })).await;
        // Each writer reads the number in the headline and writes the next number.
        let write = async |number: usize| {
            let (mut accepted, mut rejected) = (0, 0);
            for _ in 0..5 {
                let read = server.data(Caller::Editor, "query($id: ID!) { node(id: $id) { ... on Release { revision headline } } }", json!({ "id": id })).await;
                let next: i64 = read["node"]["headline"].as_str().unwrap().parse::<i64>().unwrap() + 1;
                let variables = json!({ "id": id, "revision": read["node"]["revision"], "input": { "headline": next.to_string() } });
                let data = server.data(if number.is_multiple_of(2) { Caller::Editor } else { Caller::Admin }, REVISE, variables).await;
                let payload = &data["releaseRevise"];
                match payload["userErrors"].as_array().unwrap().as_slice() {
                    [] => accepted += 1,
                    [error] => {
                        assert_eq!(error["code"], "STALE_REVISION");
                        let current = &error["current"];
                        assert!(current["revision"].as_i64() > read["node"]["revision"].as_i64() && ["Eda", "Kim"].contains(&current["by"]["id"].as_str().unwrap()), "{error}");
                        rejected += 1;
                    }
                    more => panic!("{more:?}"),
                }
            }
            (accepted, rejected)
        };
        let counts = futures_util::future::join_all((0..40).map(write)).await;
        let (accepted, rejected) = counts.into_iter().fold((0, 0), |(accepted, rejected), (w, l)| (accepted + w, rejected + l));
        assert_eq!(accepted + rejected, 200);
        let result = server.data(Caller::Editor, "query($id: ID!) { node(id: $id) { ... on Release { revision headline revisions(first: 200) { nodes { number headline basedOn } } } } }", json!({ "id": id })).await;
        // Every acknowledged update is stored, and is based on the update before it.
        assert_eq!((&result["node"]["headline"], &result["node"]["revision"]), (&json!(accepted.to_string()), &json!(accepted + 1)));
        for (index, version) in result["node"]["revisions"]["nodes"].as_array().unwrap().iter().enumerate() {
            let number = i64::from(accepted) + 1 - index as i64;
            assert_eq!((&version["number"], &version["headline"]), (&json!(number), &json!((number - 1).to_string())));
            assert_eq!(version["basedOn"], if number == 1 { Value::Null } else { json!(number - 1) });
        }
        println!("{accepted} updates, {rejected} rejected as stale");
        assert!(rejected > 0, "no update was stale, so concurrency was not tested");
    }
}

/// Runs on SQLite only, because the four-eyes principle does not depend on the database.
#[tokio::test]
async fn four_eyes_requires_approval_by_another_person() {
    let server = TestServer::on_sqlite().await.with_four_eyes().await;
    let transition = async |caller, field: &str, id: &str, revision: i64| {
        let mutation = format!(
            "mutation($id: ID!, $r: Int!) {{ {field} {{ release {{ state }} userErrors {{ code message }} }} }}"
        );
        let data = server.data(caller, &mutation, json!({ "id": id, "r": revision })).await;
        let payload = data.as_object().unwrap().values().next().unwrap().clone();
        payload["release"]["state"].as_str().or(payload["userErrors"][0]["code"].as_str()).unwrap().to_owned()
    };
    let (submit, approve, publish) = (
        "releaseSubmit(id: $id, expectedRevision: $r)",
        "releaseApprove(id: $id, expectedRevision: $r)",
        "releasePublish(id: $id, expectedRevision: $r)",
    );
    let schedule = "releaseSchedule(id: $id, expectedRevision: $r, localTime: \"2007-06-02T09:00\", timeZone: \"UTC\")";
    let correct =
        "releaseCorrect(id: $id, expectedRevision: $r, input: {headline: \"Right\"}, correctionNote: \"wrong\")";
    let corrected = "releasePublish(id: $id, expectedRevision: $r, correctionNote: \"It said the wrong thing.\")";
    let (id, _) = server.create_draft(json!({ "headline": "Mine" })).await;
    assert_eq!(transition(Caller::Editor, publish, &id, 1).await, "FORBIDDEN");
    assert_eq!(transition(Caller::Editor, schedule, &id, 1).await, "FORBIDDEN");
    assert_eq!(transition(Caller::Editor, submit, &id, 1).await, "IN_REVIEW");
    assert_eq!(transition(Caller::Editor, approve, &id, 1).await, "FORBIDDEN");
    assert_eq!(transition(Caller::Admin, approve, &id, 1).await, "APPROVED");
    assert_eq!(transition(Caller::Editor, publish, &id, 1).await, "PUBLISHED");
    assert_eq!(transition(Caller::Admin, correct, &id, 1).await, "FORBIDDEN");
    server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "Right" } })).await;
    assert_eq!(transition(Caller::Editor, corrected, &id, 2).await, "FORBIDDEN");
    assert_eq!(transition(Caller::Admin, corrected, &id, 2).await, "PUBLISHED");
    let public = server
        .data(
            Caller::Public,
            "query($id: ID!) { node(id: $id) { ... on Release { headline corrections { note } } } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(public["node"], json!({ "headline": "Right", "corrections": [{ "note": "It said the wrong thing." }] }));
}

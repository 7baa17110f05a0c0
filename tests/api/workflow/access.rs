//! Tests of preview links, the journal, idempotency keys, deletion, and purging.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::harness::{CREATE, Caller, REVISE, TestServer, noon, on_both_databases};

const LINK: &str = "mutation($id: ID!, $until: DateTime!) { previewLinkCreate(releaseId: $id, expiresAt: $until) { id url token userErrors { field code message } } }";
const UNLINK: &str = "mutation($id: ID!) { previewLinkRevoke(id: $id) { deletedId userErrors { field code } } }";
const PREVIEW: &str = "query($token: String!) { preview(token: $token) { number headline by { id } note basedOn editorialNote topics { slug } body { text } diff { field } } }";
const PURGE: &str = "mutation($id: ID!, $revision: Int!, $reason: String!) { releasePurge(id: $id, expectedRevision: $revision, reason: $reason) { deletedId userErrors { field code message } } }";
const JOURNAL: &str = "query($filter: JournalFilter, $first: Int, $after: String) { journal(filter: $filter, first: $first, after: $after) { nodes { sequence at by { id } action note subject } pageInfo { hasNextPage endCursor } } }";

/// Reads all tables that contain text. Returns their content as one text.
async fn stored_text(server: &TestServer) -> String {
    let db = server.app.newsroom.db.reader();
    let mut all = String::new();
    for (table, columns) in [
        (
            "release",
            "slug || coalesce(external_id, '') || coalesce(withdrawal_notice, '') || coalesce(embargo_note, '')",
        ),
        ("revision", "headline || slug || coalesce(body_markdown, '') || coalesce(note, '')"),
        ("slug", "slug"),
        ("journal", "coalesce(note, '') || coalesce(before, '') || coalesce(after, '')"),
        ("correction", "note"),
        ("idempotency", "coalesce(answer, '')"),
    ] {
        let sql = format!("SELECT string_agg({columns}, ' ') FROM {table}");
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
        all += &row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default();
    }
    all
}

on_both_databases! {
    async fn a_preview_link_shows_one_release_to_anyone_who_has_it(server: TestServer) {
        server.mutate(Caller::Admin, crate::harness::TOPIC, json!({ "input": { "name": "Labour" } })).await;
        let (id, revision) = server.create_draft(json!({ "headline": "Soon", "bodyMarkdown": "Text.", "editorialNote": "Internal.", "topics": [{ "slug": "labour" }] })).await;
        let until = "2007-06-02T00:00:00Z";
        let link = server.mutate(Caller::Editor, LINK, json!({ "id": id, "until": until })).await;
        let token = link["token"].as_str().unwrap().to_owned();
        assert_eq!(link["url"], format!("https://example.org/preview?token={token}"));
        let preview = async |token: &str| server.data(Caller::Public, PREVIEW, json!({ "token": token })).await["preview"].clone();
        // A preview does not show the desk's internal information, such as the author of the revision and the
        // editorial note.
        let expected = json!({ "number": 1, "headline": "Soon", "by": null, "note": null, "basedOn": null, "editorialNote": null, "topics": [{ "slug": "labour" }], "body": { "text": "Text." }, "diff": null });
        assert_eq!(preview(&token).await, expected);
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "headline": "Sooner" } })).await;
        assert_eq!(preview(&token).await["headline"], "Sooner");
        let body = json!({ "query": PREVIEW, "variables": { "token": token } }).to_string();
        let (_, headers, _) = server.post_with_headers(None, &[], &body).await;
        assert_eq!(headers["cache-control"], "private, no-store");
        assert!(server.data(Caller::Public, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"] == 0);

        // A preview link token with one changed character, or any other text, shows nothing.
        for position in 0..token.len() {
            let mut forged: Vec<char> = token.chars().collect();
            forged[position] = if forged[position] == 'A' { 'B' } else { 'A' };
            let forged: String = forged.into_iter().collect();
            // The last character is not checked: it contains four unused bits, so a changed character may decode to
            // the same token.
            assert!(position + 1 == token.len() || preview(&forged).await.is_null(), "{position}");
        }
        for nonsense in ["", "x", "====", "\u{0}", &"A".repeat(100_000)] {
            assert_eq!(preview(nonsense).await, Value::Null);
        }
        // A preview link shows only its own release, and nothing after the link is revoked.
        let (other, _) = server.create_draft(json!({ "headline": "Other" })).await;
        let second = server.mutate(Caller::Editor, LINK, json!({ "id": other, "until": until })).await;
        assert_eq!(server.mutate(Caller::Editor, UNLINK, json!({ "id": second["id"] })).await["deletedId"], second["id"]);
        assert_eq!((preview(second["token"].as_str().unwrap()).await, preview(&token).await["headline"].clone()), (Value::Null, json!("Sooner")));
        server.app.clock.set(noon() + TimeDelta::hours(12) - TimeDelta::microseconds(1));
        assert_eq!(preview(&token).await["headline"], "Sooner");
        server.app.clock.set(noon() + TimeDelta::hours(12));
        assert_eq!(preview(&token).await, Value::Null);
        let log = server.data(Caller::Admin, "query($id: ID!) { accessLog(releaseId: $id) { nodes { by { id kind } kind } } }", json!({ "id": id })).await;
        let log = log["accessLog"]["nodes"].as_array().unwrap().clone();
        assert!(log.len() == 5 && log.iter().all(|read| read["kind"] == "PREVIEW" && read["by"] == json!({ "id": link["id"], "kind": "PREVIEW_LINK" })), "{log:?}");
        assert_eq!(server.execute(Caller::Editor, "{ accessLog { nodes { kind } } }", json!({})).await["errors"][0]["extensions"]["code"], "FORBIDDEN");

        for (caller, variables, code) in [
            (Caller::Editor, json!({ "id": id, "until": "2007-06-01T00:00:00Z" }), "INVALID"),
            (Caller::Editor, json!({ "id": "release_00000000000000000000000000000000", "until": "2008-01-01T00:00:00Z" }), "NOT_FOUND"),
            (Caller::Author, json!({ "id": id, "until": "2008-01-01T00:00:00Z" }), "FORBIDDEN"),
            (Caller::Press, json!({ "id": id, "until": "2008-01-01T00:00:00Z" }), "FORBIDDEN"),
        ] {
            assert_eq!(server.user_error(caller, LINK, variables).await["code"], code);
        }
    }

    async fn a_request_repeated_under_one_idempotency_key_is_executed_once(server: TestServer) {
        let editor = server.token(Caller::Editor).unwrap();
        let create = json!({ "query": CREATE, "variables": { "input": { "headline": "Once" } } }).to_string();
        let send = async |bearer: Option<&str>, key: &str, body: &str| server.post_with_headers(bearer, &[("idempotency-key", key)], body).await;
        let (status, headers, first) = send(Some(editor), "key-1", &create).await;
        assert!(status == 200 && !headers.contains_key("idempotent-replayed") && first["data"]["releaseCreate"]["release"]["slug"] == "once", "{first}");
        let sequence = server.app.newsroom.catalog.snapshot().sequence();
        for key in ["key-1", "\"key-1\""] {
            let (status, headers, replayed) = send(Some(editor), key, &create).await;
            assert_eq!((status, &headers["idempotent-replayed"], &headers["cache-control"], &replayed), (200, &"true".parse().unwrap(), &"private, no-store".parse().unwrap(), &first));
        }
        assert_eq!(server.app.newsroom.catalog.catch_up().await.unwrap().sequence(), sequence);
        // A response is stored even if it contains the text `INTERNAL_SERVER_ERROR` as data.
        let input = json!({ "query": CREATE, "variables": { "input": { "headline": "What INTERNAL_SERVER_ERROR means" } } }).to_string();
        let (_, _, response) = send(Some(editor), "key-telling", &input).await;
        assert_eq!(send(Some(editor), "key-telling", &input).await.2, response);
        // The response to a rejected mutation is also stored and replayed.
        let invalid = json!({ "query": CREATE, "variables": { "input": { "headline": "" } } }).to_string();
        let (_, _, rejected) = send(Some(editor), "key-2", &invalid).await;
        assert_eq!(send(Some(editor), "key-2", &invalid).await.2, rejected);
        // A different request with the same idempotency key is rejected. Keys are separate for each person, so
        // another person may use the same key.
        let (status, _, response) = send(Some(editor), "key-1", &invalid).await;
        assert_eq!((status, &response["errors"][0]["extensions"]["code"]), (422, &json!("KEY_REUSED")));
        let (status, _, other) = send(server.token(Caller::Admin), "key-1", &create).await;
        assert_eq!((status, &other["data"]["releaseCreate"]["release"]["slug"]), (200, &json!("once-2")));
        // If the same person sends the request with a token that has another role, the stored response is not
        // returned.
        let author = dateline::newsroom::access::tokens::TokenInput { subject: "Eda".to_owned(), name: "phone".to_owned(), role: entity::api_token::Role::Press, expires_at: None };
        let (_, phone) = server.app.newsroom.token_create(&dateline::auth::viewer::Viewer::new(entity::api_token::Role::Admin, "test"), author, noon()).await.unwrap();
        assert_eq!(send(Some(&phone), "key-1", &create).await.2["data"]["releaseCreate"]["userErrors"][0]["code"], "FORBIDDEN");
        for key in ["", " ", "k\u{e9}y", &"k".repeat(201)] {
            assert_eq!(send(Some(editor), key, &create).await.0, 400, "{key:?}");
        }
        // A response with a secret is not stored, so it cannot be replayed. The retry gets REPEATED and does not
        // create a second token.
        let token = json!({ "query": "mutation { tokenCreate(input: {subject: \"Bo\", name: \"x\", role: PRESS}) { secret } }" }).to_string();
        let (_, _, created) = send(server.token(Caller::Admin), "key-3", &token).await;
        let secret = created["data"]["tokenCreate"]["secret"].as_str().unwrap().to_owned();
        let (status, _, response) = send(server.token(Caller::Admin), "key-3", &token).await;
        assert_eq!((status, &response["errors"][0]["extensions"]["code"]), (409, &json!("REPEATED")));
        assert!(!stored_text(&server).await.contains(&secret));
        // Of several concurrent requests with the same key, the server executes one. The other requests get the
        // stored response or IN_PROGRESS.
        let body = json!({ "query": CREATE, "variables": { "input": { "headline": "Rush" } } }).to_string();
        let results = futures_util::future::join_all((0..20).map(|_| send(Some(editor), "key-4", &body))).await;
        assert!(results.iter().all(|(status, _, response)| (*status == 200 && response["data"]["releaseCreate"]["release"]["slug"] == "rush") || (*status == 409 && response["errors"][0]["extensions"]["code"] == "IN_PROGRESS")));
        assert!(results.iter().any(|(status, ..)| *status == 200));
        let releases = server.data(Caller::Editor, "{ releases { nodes { slug } } }", json!({})).await;
        assert_eq!(releases["releases"]["nodes"].as_array().unwrap().len(), 4, "{releases}");
        // An idempotency key expires after a day.
        server.app.newsroom.delete_expired_keys(noon() + TimeDelta::hours(25)).await.unwrap();
        assert_eq!(send(Some(editor), "key-1", &create).await.2["data"]["releaseCreate"]["release"]["slug"], "once-3");
    }

    async fn a_mutation_committed_before_a_crash_is_not_repeated(server: TestServer) {
        use dateline::{newsroom::{Error, Patch, release::content::ReleaseInput}, auth::viewer::{IdempotentRequest, Viewer}};
        let input = || ReleaseInput { headline: Patch::Set("Once".to_owned()), ..ReleaseInput::default() };
        let viewer = |execution: IdempotentRequest| Viewer { idempotent_request: Some(execution.into()), ..Viewer::new(entity::api_token::Role::Editor, "Eda") };
        let request = || IdempotentRequest::new("Editor Eda".to_owned(), "key-1".to_owned(), "hash".to_owned());
        // Simulates a request whose mutation was committed, but whose response was never stored.
        let first = viewer(request());
        server.app.newsroom.release_create(&first, input(), noon()).await.unwrap();
        // A second mutation in the same request is executed. A mutation in a retry of the request is rejected.
        server.app.newsroom.release_create(&first, input(), noon()).await.unwrap();
        let second = viewer(request());
        assert_eq!(server.app.newsroom.release_create(&second, input(), noon()).await.unwrap_err(), Error::DuplicateRequest);
        assert_eq!(server.data(Caller::Editor, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 2);
    }

    async fn the_journal_records_who_did_what_when_and_why(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Shown" })).await;
        let transition = async |field: &str| {
            let mutation = format!("mutation($id: ID!, $r: Int!) {{ {field} {{ release {{ state }} userErrors {{ message }} }} }}");
            server.mutate(Caller::Editor, &mutation, json!({ "id": id, "r": revision })).await
        };
        transition("releaseSubmit(id: $id, expectedRevision: $r, note: \"please look\")").await;
        server.app.clock.set(noon() + TimeDelta::hours(1));
        transition("releaseReturn(id: $id, expectedRevision: $r, note: \"a source is missing\")").await;
        let journal = async |variables: Value| server.data(Caller::Admin, JOURNAL, variables).await["journal"].clone();
        let all = journal(json!({ "filter": { "subject": id } })).await;
        let entries: Vec<(&str, &Value)> = all["nodes"].as_array().unwrap().iter().map(|entry| (entry["action"].as_str().unwrap(), &entry["note"])).collect();
        assert_eq!(entries, [("release.return", &json!("a source is missing")), ("release.submit", &json!("please look")), ("release.create", &Value::Null)]);
        assert_eq!((&all["nodes"][0]["by"]["id"], &all["nodes"][0]["at"], &all["nodes"][0]["subject"]), (&json!("Eda"), &json!("2007-06-01T13:00:00Z"), &json!(id)));
        for (filter, count) in [
            (json!({ "actions": ["release.submit", "release.return"] }), 2),
            (json!({ "by": "Eda" }), 3),
            (json!({ "by": "nobody\u{0}" }), 0),
            (json!({ "from": "2007-06-01T13:00:00Z" }), 1),
            (json!({ "until": "2007-06-01T12:30:00Z", "by": "Eda" }), 2),
        ] {
            assert_eq!(journal(json!({ "filter": filter })).await["nodes"].as_array().unwrap().len(), count, "{filter}");
        }
        // Reading the journal page by page must return every entry.
        let (mut sequences, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = journal(json!({ "first": 2, "after": after })).await;
            sequences.extend(page["nodes"].as_array().unwrap().iter().map(|entry| entry["sequence"].as_str().unwrap().parse::<i64>().unwrap()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        let head = server.app.newsroom.catalog.snapshot().sequence();
        assert_eq!(sequences, (1..=head).rev().collect::<Vec<_>>());
        for (caller, code) in [(Caller::Public, "UNAUTHENTICATED"), (Caller::Press, "FORBIDDEN"), (Caller::Author, "FORBIDDEN"), (Caller::Editor, "FORBIDDEN")] {
            assert_eq!(server.execute(caller, JOURNAL, json!({})).await["errors"][0]["extensions"]["code"], code);
        }
        let response = server.execute(Caller::Admin, JOURNAL, json!({ "filter": { "subject": "x" } })).await;
        assert_eq!(response["errors"][0]["extensions"]["argument"], "filter.subject");
        for secret in [Caller::Press, Caller::Author, Caller::Editor, Caller::Admin].map(|caller| server.token(caller).unwrap()) {
            assert!(!stored_text(&server).await.contains(secret));
        }
    }

    async fn a_request_dropped_midway_is_executed_once_and_its_retry_gets_the_result(server: TestServer) {
        let editor = server.token(Caller::Editor).unwrap();
        for millis in 0..12 {
            let key = format!("key-{millis}");
            let create = json!({ "query": CREATE, "variables": { "input": { "headline": format!("Try {millis}") } } }).to_string();
            let headers = [("idempotency-key", key.as_str())];
            let send = || server.post_with_headers(Some(editor), &headers, &create);
            let dropped_request = tokio::time::timeout(std::time::Duration::from_millis(millis), send()).await;
            drop(dropped_request);
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            let (status, _, response) = send().await;
            assert_eq!((status, &response["data"]["releaseCreate"]["release"]["slug"]), (200, &json!(format!("try-{millis}"))), "{response}");
        }
        let all = server.data(Caller::Editor, "{ releases { totalCount } }", json!({})).await;
        assert_eq!(all["releases"]["totalCount"], 12);
    }

    async fn a_large_response_is_not_stored_and_its_mutation_is_not_repeated(server: TestServer) {
        let editor = server.token(Caller::Editor).unwrap();
        let query = "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { body { markdown } } userErrors { code } } }";
        let create = json!({ "query": query, "variables": { "input": { "headline": "Long", "bodyMarkdown": "word ".repeat(60_000) } } }).to_string();
        let (status, _, created) = server.post_with_headers(Some(editor), &[("idempotency-key", "long")], &create).await;
        assert!(status == 200 && created["data"]["releaseCreate"]["release"]["body"]["markdown"].as_str().unwrap().len() > 290_000);
        let (status, _, retried) = server.post_with_headers(Some(editor), &[("idempotency-key", "long")], &create).await;
        assert_eq!((status, &retried["errors"][0]["extensions"]["code"]), (409, &json!("REPEATED")));
        assert_eq!(server.data(Caller::Editor, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 1);
    }

    async fn a_timeout_is_not_replayed_under_its_idempotency_key(server: TestServer) {
        let router = server.router();
        // The execution timeout is 0 ms, so it expires before the mutation starts.
        let limits = dateline::limits::Limits { execution_ms: 0, ..Default::default() };
        let server = server.with_http_config(dateline::config::HttpConfig { limits: limits.into(), ..Default::default() });
        let editor = server.token(Caller::Editor).unwrap();
        let create = json!({ "query": CREATE, "variables": { "input": { "headline": "In time?" } } }).to_string();
        let before = server.app.newsroom.catalog.snapshot().sequence();
        let (_, _, timed_out) = server.post_with_headers(Some(editor), &[("idempotency-key", "k")], &create).await;
        assert_eq!(timed_out["errors"][0]["extensions"]["code"], "EXECUTION_TIMEOUT", "{timed_out}");
        let retried = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let retried = retried.header("authorization", format!("Bearer {editor}")).header("idempotency-key", "k");
        let retried = tower::ServiceExt::oneshot(router, retried.body(axum::body::Body::from(create)).unwrap()).await.unwrap();
        assert!(!retried.headers().contains_key("idempotent-replayed") && retried.status() == 200, "{retried:?}");
        let all = server.app.newsroom.catalog.catch_up().await.unwrap();
        assert_eq!((all.len(), all.sequence()), (1, before + 1), "the retry creates exactly one release");
    }

    async fn purged_content_is_erased_and_its_slug_stays_reserved(server: TestServer) {
        let marker = "Xylophonia";
        let editor = server.token(Caller::Editor).unwrap();
        let create = json!({ "query": CREATE, "variables": { "input": { "headline": format!("{marker} was here"), "externalId": marker, "bodyMarkdown": marker } } }).to_string();
        let (_, _, created) = server.post_with_headers(Some(editor), &[("idempotency-key", "k")], &create).await;
        let id = created["data"]["releaseCreate"]["release"]["id"].as_str().unwrap().to_owned();
        server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": 1 })).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "slug": "other-address", "summary": marker } })).await;
        server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": 2 })).await;
        server.mutate(Caller::Editor, crate::harness::WITHDRAW, json!({ "id": id, "revision": 2, "kind": "WITH_NOTICE", "notice": marker })).await;
        let link = server.mutate(Caller::Editor, LINK, json!({ "id": id, "until": "2008-01-01T00:00:00Z" })).await;
        let stored = stored_text(&server).await.to_lowercase();
        assert!(stored.matches(&marker.to_lowercase()).count() > 8, "{stored}");

        let error = server.user_error(Caller::Admin, PURGE, json!({ "id": id, "revision": 2, "reason": " " })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["reason"]), &json!("REQUIRED")));
        assert_eq!(server.user_error(Caller::Admin, PURGE, json!({ "id": id, "revision": 1, "reason": "x" })).await["code"], "STALE_REVISION");
        assert_eq!(server.user_error(Caller::Editor, PURGE, json!({ "id": id, "revision": 2, "reason": "x" })).await["code"], "FORBIDDEN");
        let purged = server.mutate(Caller::Admin, PURGE, json!({ "id": id, "revision": 2, "reason": "Order 12/2007" })).await;
        assert_eq!(purged["deletedId"], json!(id));
        let stored = stored_text(&server).await.to_lowercase();
        assert!(!stored.contains(&marker.to_lowercase()) && !stored.contains("other-address"), "{stored}");
        if let Some(file) = server.url.strip_prefix("sqlite://") {
            for file in [file.to_owned(), format!("{file}-wal")] {
                let bytes = std::fs::read(&file).unwrap_or_default();
                assert!(!bytes.windows(marker.len()).any(|window| window.eq_ignore_ascii_case(marker.as_bytes())), "{file}");
            }
        }
        // The journal still shows who purged the release, when and why. It also keeps the entries of earlier actions,
        // without their notes.
        let journal = server.data(Caller::Admin, JOURNAL, json!({ "filter": { "subject": id } })).await["journal"]["nodes"].clone();
        assert_eq!(journal.as_array().unwrap().len(), 7);
        assert_eq!((&journal[0]["action"], &journal[0]["note"], &journal[0]["by"]["id"]), (&json!("release.purge"), &json!("Order 12/2007"), &json!("Kim")));
        assert!(journal.as_array().unwrap()[1..].iter().all(|entry| entry["note"].is_null()));
        for slug in ["xylophonia-was-here", "other-address"] {
            let data = server.data(Caller::Admin, "query($slug: Slug!) { release(ref: {slug: $slug}) { id } releaseLookup(ref: {slug: $slug}) { tombstone { kind } } }", json!({ "slug": slug })).await;
            assert_eq!(data, json!({ "release": null, "releaseLookup": { "tombstone": null } }));
            let error = server.user_error(Caller::Editor, CREATE, json!({ "input": { "headline": "Other", "slug": slug } })).await;
            assert_eq!(error["code"], "TAKEN");
        }
        assert_eq!(server.data(Caller::Public, PREVIEW, json!({ "token": link["token"] })).await["preview"], Value::Null);
        // The slug of the purged release stays reserved, so a new release with the same headline gets another slug.
        // After the catalog is reloaded, the purged release is still absent.
        let recreated = server.mutate(Caller::Editor, CREATE, json!({ "input": { "headline": "Xylophonia was here" } })).await;
        assert_eq!(recreated["release"]["slug"], "xylophonia-was-here-2");
        assert_eq!(server.app.newsroom.catalog.reload().await.unwrap().len(), 1);
        let (_, _, retried) = server.post_with_headers(Some(editor), &[("idempotency-key", "k")], &create).await;
        assert_eq!(retried["errors"][0]["extensions"]["code"], "REPEATED");
    }

    async fn only_a_draft_can_be_deleted(server: TestServer) {
        const DELETE: &str = "mutation($id: ID!, $revision: Int!) { releaseDelete(id: $id, expectedRevision: $revision) { deletedId userErrors { code } } }";
        let (id, revision) = server.create_draft(json!({ "headline": "Away", "slug": "away", "externalId": "x" })).await;
        assert_eq!(server.user_error(Caller::Author, DELETE, json!({ "id": id, "revision": revision })).await["code"], "FORBIDDEN");
        assert_eq!(server.user_error(Caller::Editor, DELETE, json!({ "id": id, "revision": 9 })).await["code"], "STALE_REVISION");
        assert_eq!(server.mutate(Caller::Editor, DELETE, json!({ "id": id, "revision": revision })).await["deletedId"], json!(id));
        assert_eq!(server.user_error(Caller::Editor, DELETE, json!({ "id": id, "revision": revision })).await["code"], "NOT_FOUND");
        assert_eq!(server.data(Caller::Admin, "query($id: ID!) { node(id: $id) { id } releases { totalCount } }", json!({ "id": id })).await, json!({ "node": null, "releases": { "totalCount": 0 } }));
        // The slug and external id of the deleted draft are free again, because they were never public.
        server.mutate(Caller::Editor, CREATE, json!({ "input": { "headline": "New", "slug": "away", "externalId": "x" } })).await;
    }

    async fn a_redirect_cycle_is_rejected(server: TestServer) {
        let url = |slug: &str| format!("https://example.org/news/{slug}");
        let one = server.create_published(json!({ "headline": "One", "slug": "one" })).await;
        let two = server.create_published(json!({ "headline": "Two", "slug": "two" })).await;
        let three = server.create_published(json!({ "headline": "Three", "slug": "three" })).await;
        let redirect = |id: &str, to: String| json!({ "id": id, "revision": 1, "kind": "REDIRECT", "to": to });
        for cyclic in [url("one"), format!("{}?from=mail#top", url("one")), format!("{}/", url("one"))] {
            let error = server.user_error(Caller::Editor, crate::harness::WITHDRAW, redirect(&one, cyclic)).await;
            assert_eq!((&error["field"], &error["code"]), (&json!(["withdrawal", "redirectTo"]), &json!("CYCLE")));
        }
        server.mutate(Caller::Editor, crate::harness::WITHDRAW, redirect(&one, url("two"))).await;
        server.mutate(Caller::Editor, crate::harness::WITHDRAW, redirect(&two, url("three"))).await;
        let error = server.user_error(Caller::Editor, crate::harness::WITHDRAW, redirect(&three, url("one"))).await;
        assert_eq!(error["code"], "CYCLE");
        server.mutate(Caller::Editor, crate::harness::WITHDRAW, redirect(&three, url("elsewhere"))).await;
    }
}

//! Ways in and what is known of who went them: preview links, the journal, repeatable requests, erasure.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::harness::{CREATE, Desk, REVISE, Who, noon, on_both};

const LINK: &str = "mutation($id: ID!, $until: DateTime!) { previewLinkCreate(releaseId: $id, expiresAt: $until) { id url token userErrors { field code message } } }";
const UNLINK: &str = "mutation($id: ID!) { previewLinkRevoke(id: $id) { deletedId userErrors { field code } } }";
const PREVIEW: &str = "query($token: String!) { preview(token: $token) { number headline by note basedOn editorialNote topics { slug } body { text } diff { field } } }";
const PURGE: &str = "mutation($id: ID!, $revision: Int!, $reason: String!) { releasePurge(id: $id, expectedRevision: $revision, reason: $reason) { deletedId userErrors { field code message } } }";
const JOURNAL: &str = "query($filter: JournalFilter, $first: Int, $after: String) { journal(filter: $filter, first: $first, after: $after) { nodes { sequence at by act note subject } pageInfo { hasNextPage endCursor } } }";

/// Every row of every table that holds texts, as one text.
async fn everything(desk: &Desk) -> String {
    let db = desk.app.newsroom.db.reader();
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

on_both! {
    async fn a_preview_link_shows_one_release_to_whoever_holds_it(desk: Desk) {
        desk.done(Who::Admin, crate::harness::TOPIC, json!({ "input": { "name": "Labour" } })).await;
        let (id, revision) = desk.draft(json!({ "headline": "Soon", "bodyMarkdown": "Text.", "editorialNote": "Internal.", "topics": [{ "slug": "labour" }] })).await;
        let until = "2007-06-02T00:00:00Z";
        let link = desk.done(Who::Editor, LINK, json!({ "id": id, "until": until })).await;
        let token = link["token"].as_str().unwrap().to_owned();
        assert_eq!(link["url"], format!("https://example.org/preview?token={token}"));
        let shown = async |token: &str| desk.data(Who::Public, PREVIEW, json!({ "token": token })).await["preview"].clone();
        // What the desk says among itself stays there.
        let wanted = json!({ "number": 1, "headline": "Soon", "by": null, "note": null, "basedOn": null, "editorialNote": null, "topics": [{ "slug": "labour" }], "body": { "text": "Text." }, "diff": null });
        assert_eq!(shown(&token).await, wanted);
        desk.done(Who::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "headline": "Sooner" } })).await;
        assert_eq!(shown(&token).await["headline"], "Sooner");
        let body = json!({ "query": PREVIEW, "variables": { "token": token } }).to_string();
        let (_, headers, _) = desk.post_with(None, &[], &body).await;
        assert_eq!(headers["cache-control"], "private, no-store");
        assert!(desk.data(Who::Public, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"] == 0);

        // Any change of it, and any other text, shows nothing.
        for at in 0..token.len() {
            let mut forged: Vec<char> = token.chars().collect();
            forged[at] = if forged[at] == 'A' { 'B' } else { 'A' };
            let forged: String = forged.into_iter().collect();
            // The last letter holds four bits of nothing.
            assert!(at + 1 == token.len() || shown(&forged).await.is_null(), "{at}");
        }
        for nonsense in ["", "x", "====", "\u{0}", &"A".repeat(100_000)] {
            assert_eq!(shown(nonsense).await, Value::Null);
        }
        // A link of one release says nothing of another, and ends when it is told to.
        let (other, _) = desk.draft(json!({ "headline": "Other" })).await;
        let second = desk.done(Who::Editor, LINK, json!({ "id": other, "until": until })).await;
        assert_eq!(desk.done(Who::Editor, UNLINK, json!({ "id": second["id"] })).await["deletedId"], second["id"]);
        assert_eq!((shown(second["token"].as_str().unwrap()).await, shown(&token).await["headline"].clone()), (Value::Null, json!("Sooner")));
        desk.app.clock.set(noon() + TimeDelta::hours(12) - TimeDelta::microseconds(1));
        assert_eq!(shown(&token).await["headline"], "Sooner");
        desk.app.clock.set(noon() + TimeDelta::hours(12));
        assert_eq!(shown(&token).await, Value::Null);
        let log = desk.data(Who::Admin, "query($id: ID!) { accessLog(releaseId: $id) { by kind } }", json!({ "id": id })).await;
        let log = log["accessLog"].as_array().unwrap().clone();
        assert!(log.len() == 5 && log.iter().all(|read| read["kind"] == "PREVIEW" && read["by"] == link["id"]), "{log:?}");
        assert_eq!(desk.ask(Who::Editor, "{ accessLog { by } }", json!({})).await["errors"][0]["extensions"]["code"], "FORBIDDEN");

        for (who, variables, code) in [
            (Who::Editor, json!({ "id": id, "until": "2007-06-01T00:00:00Z" }), "INVALID"),
            (Who::Editor, json!({ "id": "release_00000000000000000000000000000000", "until": "2008-01-01T00:00:00Z" }), "NOT_FOUND"),
            (Who::Author, json!({ "id": id, "until": "2008-01-01T00:00:00Z" }), "FORBIDDEN"),
            (Who::Press, json!({ "id": id, "until": "2008-01-01T00:00:00Z" }), "FORBIDDEN"),
        ] {
            assert_eq!(desk.refused(who, LINK, variables).await["code"], code);
        }
    }

    async fn a_request_sent_twice_under_one_key_is_done_once(desk: Desk) {
        let editor = desk.secret(Who::Editor).unwrap();
        let create = json!({ "query": CREATE, "variables": { "input": { "headline": "Once" } } }).to_string();
        let send = async |bearer: Option<&str>, key: &str, body: &str| desk.post_with(bearer, &[("idempotency-key", key)], body).await;
        let (status, headers, first) = send(Some(editor), "key-1", &create).await;
        assert!(status == 200 && !headers.contains_key("idempotent-replayed") && first["data"]["releaseCreate"]["release"]["slug"] == "once", "{first}");
        let sequence = desk.app.newsroom.catalog.snapshot().sequence();
        for key in ["key-1", "\"key-1\""] {
            let (status, headers, again) = send(Some(editor), key, &create).await;
            assert_eq!((status, &headers["idempotent-replayed"], &headers["cache-control"], &again), (200, &"true".parse().unwrap(), &"private, no-store".parse().unwrap(), &first));
        }
        assert_eq!(desk.app.newsroom.catalog.catch_up().await.unwrap().sequence(), sequence);
        // An answer may say anything.
        let telling = json!({ "query": CREATE, "variables": { "input": { "headline": "What INTERNAL_SERVER_ERROR means" } } }).to_string();
        let (_, _, told) = send(Some(editor), "key-telling", &telling).await;
        assert_eq!(send(Some(editor), "key-telling", &telling).await.2, told);
        // Refusals are answers, too.
        let bad = json!({ "query": CREATE, "variables": { "input": { "headline": "" } } }).to_string();
        let (_, _, refused) = send(Some(editor), "key-2", &bad).await;
        assert_eq!(send(Some(editor), "key-2", &bad).await.2, refused);
        // Another request under a key; another person with the same key; none at all.
        let (status, _, told) = send(Some(editor), "key-1", &bad).await;
        assert_eq!((status, &told["errors"][0]["extensions"]["code"]), (422, &json!("KEY_REUSED")));
        let (status, _, other) = send(desk.secret(Who::Admin), "key-1", &create).await;
        assert_eq!((status, &other["data"]["releaseCreate"]["release"]["slug"]), (200, &json!("once-2")));
        // The same person with a token that may less is not told what another of theirs was.
        let author = dateline::newsroom::access::tokens::TokenInput { subject: "Eda".to_owned(), name: "phone".to_owned(), role: entity::api_token::Role::Press, expires_at: None };
        let (_, phone) = desk.app.newsroom.token_create(&dateline::auth::viewer::Viewer::new(entity::api_token::Role::Admin, "test"), author, noon()).await.unwrap();
        assert_eq!(send(Some(&phone), "key-1", &create).await.2["data"]["releaseCreate"]["userErrors"][0]["code"], "FORBIDDEN");
        for key in ["", " ", "k\u{e9}y", &"k".repeat(201)] {
            assert_eq!(send(Some(editor), key, &create).await.0, 400, "{key:?}");
        }
        // A secret is not kept, so it cannot be told again; but it is not made twice.
        let token = json!({ "query": "mutation { tokenCreate(input: {subject: \"Bo\", name: \"x\", role: PRESS}) { secret } }" }).to_string();
        let (_, _, made) = send(desk.secret(Who::Admin), "key-3", &token).await;
        let secret = made["data"]["tokenCreate"]["secret"].as_str().unwrap().to_owned();
        let (status, _, told) = send(desk.secret(Who::Admin), "key-3", &token).await;
        assert_eq!((status, &told["errors"][0]["extensions"]["code"]), (409, &json!("REPEATED")));
        assert!(!everything(&desk).await.contains(&secret));
        // Many at once: one does it, the others wait or get its answer.
        let body = json!({ "query": CREATE, "variables": { "input": { "headline": "Rush" } } }).to_string();
        let rush = futures_util::future::join_all((0..20).map(|_| send(Some(editor), "key-4", &body))).await;
        assert!(rush.iter().all(|(status, _, answer)| (*status == 200 && answer["data"]["releaseCreate"]["release"]["slug"] == "rush") || (*status == 409 && answer["errors"][0]["extensions"]["code"] == "IN_PROGRESS")));
        assert!(rush.iter().any(|(status, ..)| *status == 200));
        let releases = desk.data(Who::Editor, "{ releases { nodes { slug } } }", json!({})).await;
        assert_eq!(releases["releases"]["nodes"].as_array().unwrap().len(), 4, "{releases}");
        // After a day a key is forgotten.
        desk.app.newsroom.delete_expired_keys(noon() + TimeDelta::hours(25)).await.unwrap();
        assert_eq!(send(Some(editor), "key-1", &create).await.2["data"]["releaseCreate"]["release"]["slug"], "once-3");
    }

    async fn what_was_done_before_a_crash_is_not_done_again(desk: Desk) {
        use dateline::{newsroom::{Error, Patch, release::content::ReleaseInput}, auth::viewer::{IdempotentRequest, Viewer}};
        let input = || ReleaseInput { headline: Patch::Set("Once".to_owned()), ..ReleaseInput::default() };
        let viewer = |execution: IdempotentRequest| Viewer { idempotent_request: Some(execution.into()), ..Viewer::new(entity::api_token::Role::Editor, "Eda") };
        // The act was committed; its answer never was kept.
        let first = viewer(IdempotentRequest::new("key-1".to_owned(), "hash".to_owned()));
        desk.app.newsroom.release_create(&first, input(), noon()).await.unwrap();
        // A second act of the same request goes on, one of another execution does not.
        desk.app.newsroom.release_create(&first, input(), noon()).await.unwrap();
        let second = viewer(IdempotentRequest::new("key-1".to_owned(), "hash".to_owned()));
        assert_eq!(desk.app.newsroom.release_create(&second, input(), noon()).await.unwrap_err(), Error::DuplicateRequest);
        assert_eq!(desk.data(Who::Editor, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 2);
    }

    async fn the_journal_tells_who_did_what_when_and_why(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "Told" })).await;
        let act = async |field: &str| {
            let mutation = format!("mutation($id: ID!, $r: Int!) {{ {field} {{ release {{ state }} userErrors {{ message }} }} }}");
            desk.done(Who::Editor, &mutation, json!({ "id": id, "r": revision })).await
        };
        act("releaseSubmit(id: $id, expectedRevision: $r, note: \"please look\")").await;
        desk.app.clock.set(noon() + TimeDelta::hours(1));
        act("releaseReturn(id: $id, expectedRevision: $r, note: \"a source is missing\")").await;
        let journal = async |variables: Value| desk.data(Who::Admin, JOURNAL, variables).await["journal"].clone();
        let all = journal(json!({ "filter": { "subject": id } })).await;
        let told: Vec<(&str, &Value)> = all["nodes"].as_array().unwrap().iter().map(|entry| (entry["act"].as_str().unwrap(), &entry["note"])).collect();
        assert_eq!(told, [("release.return", &json!("a source is missing")), ("release.submit", &json!("please look")), ("release.create", &Value::Null)]);
        assert_eq!((&all["nodes"][0]["by"], &all["nodes"][0]["at"], &all["nodes"][0]["subject"]), (&json!("Eda"), &json!("2007-06-01T13:00:00Z"), &json!(id)));
        for (filter, count) in [
            (json!({ "acts": ["release.submit", "release.return"] }), 2),
            (json!({ "by": "Eda" }), 3),
            (json!({ "by": "nobody\u{0}" }), 0),
            (json!({ "from": "2007-06-01T13:00:00Z" }), 1),
            (json!({ "until": "2007-06-01T12:30:00Z", "by": "Eda" }), 2),
        ] {
            assert_eq!(journal(json!({ "filter": filter })).await["nodes"].as_array().unwrap().len(), count, "{filter}");
        }
        // Pages reach everything, without a gap.
        let (mut sequences, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = journal(json!({ "first": 2, "after": after })).await;
            sequences.extend(page["nodes"].as_array().unwrap().iter().map(|entry| entry["sequence"].as_str().unwrap().parse::<i64>().unwrap()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        let head = desk.app.newsroom.catalog.snapshot().sequence();
        assert_eq!(sequences, (1..=head).rev().collect::<Vec<_>>());
        for (who, code) in [(Who::Public, "UNAUTHENTICATED"), (Who::Press, "FORBIDDEN"), (Who::Author, "FORBIDDEN"), (Who::Editor, "FORBIDDEN")] {
            assert_eq!(desk.ask(who, JOURNAL, json!({})).await["errors"][0]["extensions"]["code"], code);
        }
        let told = desk.ask(Who::Admin, JOURNAL, json!({ "filter": { "subject": "x" } })).await;
        assert_eq!(told["errors"][0]["extensions"]["argument"], "filter.subject");
        for secret in [Who::Press, Who::Author, Who::Editor, Who::Admin].map(|who| desk.secret(who).unwrap()) {
            assert!(!everything(&desk).await.contains(secret));
        }
    }

    async fn who_hangs_up_in_the_middle_finds_it_done_once_and_is_told_how(desk: Desk) {
        let editor = desk.secret(Who::Editor).unwrap();
        for wait in 0..12 {
            let key = format!("key-{wait}");
            let create = json!({ "query": CREATE, "variables": { "input": { "headline": format!("Try {wait}") } } }).to_string();
            let keyed = [("idempotency-key", key.as_str())];
            let send = || desk.post_with(Some(editor), &keyed, &create);
            let hung_up = tokio::time::timeout(std::time::Duration::from_millis(wait), send()).await;
            drop(hung_up);
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            let (status, _, answer) = send().await;
            assert_eq!((status, &answer["data"]["releaseCreate"]["release"]["slug"]), (200, &json!(format!("try-{wait}"))), "{answer}");
        }
        let all = desk.data(Who::Editor, "{ releases { totalCount } }", json!({})).await;
        assert_eq!(all["releases"]["totalCount"], 12);
    }

    async fn a_long_answer_is_not_kept_and_what_it_answered_is_not_done_again(desk: Desk) {
        let editor = desk.secret(Who::Editor).unwrap();
        let query = "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { body { markdown } } userErrors { code } } }";
        let create = json!({ "query": query, "variables": { "input": { "headline": "Long", "bodyMarkdown": "word ".repeat(60_000) } } }).to_string();
        let (status, _, made) = desk.post_with(Some(editor), &[("idempotency-key", "long")], &create).await;
        assert!(status == 200 && made["data"]["releaseCreate"]["release"]["body"]["markdown"].as_str().unwrap().len() > 290_000);
        let (status, _, again) = desk.post_with(Some(editor), &[("idempotency-key", "long")], &create).await;
        assert_eq!((status, &again["errors"][0]["extensions"]["code"]), (409, &json!("REPEATED")));
        assert_eq!(desk.data(Who::Editor, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 1);
    }

    async fn what_failed_here_is_no_answer_to_be_given_again(desk: Desk) {
        let patient = desk.router();
        // Its time is over before its first act: nothing is begun.
        let hurried = dateline::limits::Limits { execution_ms: 0, ..Default::default() };
        let desk = desk.with_http_config(dateline::http::config::HttpConfig { limits: hurried.into(), ..Default::default() });
        let editor = desk.secret(Who::Editor).unwrap();
        let create = json!({ "query": CREATE, "variables": { "input": { "headline": "In time?" } } }).to_string();
        let before = desk.app.newsroom.catalog.snapshot().sequence();
        let (_, _, late) = desk.post_with(Some(editor), &[("idempotency-key", "k")], &create).await;
        assert_eq!(late["errors"][0]["extensions"]["code"], "EXECUTION_TIMEOUT", "{late}");
        let again = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let again = again.header("authorization", format!("Bearer {editor}")).header("idempotency-key", "k");
        let again = tower::ServiceExt::oneshot(patient, again.body(axum::body::Body::from(create)).unwrap()).await.unwrap();
        assert!(!again.headers().contains_key("idempotent-replayed") && again.status() == 200, "{again:?}");
        let all = desk.app.newsroom.catalog.catch_up().await.unwrap();
        assert_eq!((all.len(), all.sequence()), (1, before + 1), "once, and whole");
    }

    async fn what_is_purged_is_nowhere_and_its_address_is_nobodys(desk: Desk) {
        let mark = "Xylophonia";
        let editor = desk.secret(Who::Editor).unwrap();
        let create = json!({ "query": CREATE, "variables": { "input": { "headline": format!("{mark} was here"), "externalId": mark, "bodyMarkdown": mark } } }).to_string();
        let (_, _, made) = desk.post_with(Some(editor), &[("idempotency-key", "k")], &create).await;
        let id = made["data"]["releaseCreate"]["release"]["id"].as_str().unwrap().to_owned();
        desk.done(Who::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": 1 })).await;
        desk.done(Who::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "slug": "other-address", "summary": mark } })).await;
        desk.done(Who::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": 2 })).await;
        desk.done(Who::Editor, crate::harness::WITHDRAW, json!({ "id": id, "revision": 2, "kind": "WITH_NOTICE", "notice": mark })).await;
        let link = desk.done(Who::Editor, LINK, json!({ "id": id, "until": "2008-01-01T00:00:00Z" })).await;
        let there = everything(&desk).await.to_lowercase();
        assert!(there.matches(&mark.to_lowercase()).count() > 8, "{there}");

        let told = desk.refused(Who::Admin, PURGE, json!({ "id": id, "revision": 2, "reason": " " })).await;
        assert_eq!((&told["field"], &told["code"]), (&json!(["reason"]), &json!("REQUIRED")));
        assert_eq!(desk.refused(Who::Admin, PURGE, json!({ "id": id, "revision": 1, "reason": "x" })).await["code"], "STALE_REVISION");
        assert_eq!(desk.refused(Who::Editor, PURGE, json!({ "id": id, "revision": 2, "reason": "x" })).await["code"], "FORBIDDEN");
        let gone = desk.done(Who::Admin, PURGE, json!({ "id": id, "revision": 2, "reason": "Order 12/2007" })).await;
        assert_eq!(gone["deletedId"], json!(id));
        let there = everything(&desk).await.to_lowercase();
        assert!(!there.contains(&mark.to_lowercase()) && !there.contains("other-address"), "{there}");
        if let Some(file) = desk.url.strip_prefix("sqlite://") {
            for file in [file.to_owned(), format!("{file}-wal")] {
                let bytes = std::fs::read(&file).unwrap_or_default();
                assert!(!bytes.windows(mark.len()).any(|window| window.eq_ignore_ascii_case(mark.as_bytes())), "{file}");
            }
        }
        // What stays: that it was done, by whom, when and why; and that there were acts before.
        let journal = desk.data(Who::Admin, JOURNAL, json!({ "filter": { "subject": id } })).await["journal"]["nodes"].clone();
        assert_eq!(journal.as_array().unwrap().len(), 7);
        assert_eq!((&journal[0]["act"], &journal[0]["note"], &journal[0]["by"]), (&json!("release.purge"), &json!("Order 12/2007"), &json!("Kim")));
        assert!(journal.as_array().unwrap()[1..].iter().all(|entry| entry["note"].is_null()));
        for slug in ["xylophonia-was-here", "other-address"] {
            let found = desk.data(Who::Admin, "query($slug: Slug!) { release(ref: {slug: $slug}) { id } tombstone(ref: {slug: $slug}) { kind } }", json!({ "slug": slug })).await;
            assert_eq!(found, json!({ "release": null, "tombstone": null }));
            let told = desk.refused(Who::Editor, CREATE, json!({ "input": { "headline": "Other", "slug": slug } })).await;
            assert_eq!(told["code"], "TAKEN");
        }
        assert_eq!(desk.data(Who::Public, PREVIEW, json!({ "token": link["token"] })).await["preview"], Value::Null);
        // One with the same headline gets another address; a second server that loads finds nothing either.
        let fresh = desk.done(Who::Editor, CREATE, json!({ "input": { "headline": "Xylophonia was here" } })).await;
        assert_eq!(fresh["release"]["slug"], "xylophonia-was-here-2");
        assert_eq!(desk.app.newsroom.catalog.reload().await.unwrap().len(), 1);
        let (_, _, again) = desk.post_with(Some(editor), &[("idempotency-key", "k")], &create).await;
        assert_eq!(again["errors"][0]["extensions"]["code"], "REPEATED");
    }

    async fn a_draft_is_deleted_and_nothing_else_is(desk: Desk) {
        const DELETE: &str = "mutation($id: ID!, $revision: Int!) { releaseDelete(id: $id, expectedRevision: $revision) { deletedId userErrors { code } } }";
        let (id, revision) = desk.draft(json!({ "headline": "Away", "slug": "away", "externalId": "x" })).await;
        assert_eq!(desk.refused(Who::Author, DELETE, json!({ "id": id, "revision": revision })).await["code"], "FORBIDDEN");
        assert_eq!(desk.refused(Who::Editor, DELETE, json!({ "id": id, "revision": 9 })).await["code"], "STALE_REVISION");
        assert_eq!(desk.done(Who::Editor, DELETE, json!({ "id": id, "revision": revision })).await["deletedId"], json!(id));
        assert_eq!(desk.refused(Who::Editor, DELETE, json!({ "id": id, "revision": revision })).await["code"], "NOT_FOUND");
        assert_eq!(desk.data(Who::Admin, "query($id: ID!) { node(id: $id) { id } releases { totalCount } }", json!({ "id": id })).await, json!({ "node": null, "releases": { "totalCount": 0 } }));
        // Its address and externalId are free again: they never were public.
        desk.done(Who::Editor, CREATE, json!({ "input": { "headline": "New", "slug": "away", "externalId": "x" } })).await;
    }

    async fn a_redirect_that_leads_back_is_refused(desk: Desk) {
        let at = |slug: &str| format!("https://example.org/news/{slug}");
        let one = desk.published(json!({ "headline": "One", "slug": "one" })).await;
        let two = desk.published(json!({ "headline": "Two", "slug": "two" })).await;
        let three = desk.published(json!({ "headline": "Three", "slug": "three" })).await;
        let redirect = |id: &str, to: String| json!({ "id": id, "revision": 1, "kind": "REDIRECT", "to": to });
        for loops in [at("one"), format!("{}?from=mail#top", at("one")), format!("{}/", at("one"))] {
            let told = desk.refused(Who::Editor, crate::harness::WITHDRAW, redirect(&one, loops)).await;
            assert_eq!((&told["field"], &told["code"]), (&json!(["redirectTo"]), &json!("CYCLE")));
        }
        desk.done(Who::Editor, crate::harness::WITHDRAW, redirect(&one, at("two"))).await;
        desk.done(Who::Editor, crate::harness::WITHDRAW, redirect(&two, at("three"))).await;
        let told = desk.refused(Who::Editor, crate::harness::WITHDRAW, redirect(&three, at("one"))).await;
        assert_eq!(told["code"], "CYCLE");
        desk.done(Who::Editor, crate::harness::WITHDRAW, redirect(&three, at("elsewhere"))).await;
    }
}

//! Tests of the search index behind the API: restarts, purges, large changes, and scores after a withdrawal.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use dateline::{catalog::IndexLocation, newsroom::NewsroomSettings};
use serde_json::{Value, json};

use crate::harness::{Caller, PUBLISH, REVISE, TestServer, WITHDRAW, on_both_databases};

const SEARCH: &str = "query($text: String!) { releases(search: {text: $text}, first: 50) { totalCount asOf { searchCoverage } edges { node { slug } match { score fields } } } }";

async fn search(server: &TestServer, text: &str) -> Value {
    server.data(Caller::Public, SEARCH, json!({ "text": text })).await["releases"].take()
}

fn release(number: usize, body: &str) -> Value {
    json!({ "type": "release", "slug": format!("release-{number}"), "headline": format!("Number {number}"), "bodyMarkdown": body,
        "releaseDate": "2006-05-01", "state": "PUBLISHED", "publishedAt": "2006-05-01T08:00:00Z" })
}

/// Reopens the newsroom with its index in a folder, and maintains the index until the test ends.
async fn with_index_in(server: TestServer, folder: &Path) -> TestServer {
    let settings = NewsroomSettings {
        search_index: IndexLocation::Folder(folder.to_owned()),
        ..server.app.newsroom.settings.clone()
    };
    let server = server.with_settings(settings).await;
    let catalog = server.app.newsroom.catalog.clone();
    tokio::spawn(async move { catalog.maintain_index().await });
    server
}

/// Returns the number of documents in the files of an index, which a server may be using.
fn documents_in(folder: &Path) -> usize {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    let storage = search::Storage::open(copy.path()).unwrap();
    storage.load(&HashMap::new()).unwrap().segments.dead_keys().unwrap().len()
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            // The server may remove a file after the list was read.
            let _ = fs::copy(entry.path(), target);
        }
    }
}

/// Waits until a condition holds, for up to a minute.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(1), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

on_both_databases! {
    async fn an_index_in_a_folder_survives_a_restart_and_forgets_a_purged_release(server: TestServer) {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("index");
        server.import(&(0..20).map(|number| release(number, if number == 7 { "A secretword." } else { "A word." })).collect::<Vec<_>>()).await;
        let server = with_index_in(server, &index).await;
        assert_eq!(search(&server, "secretword").await["totalCount"], 1);
        eventually("the index is written", || documents_in(&index) == 20).await;
        let found = server.data(Caller::Admin, "{ release(ref: {slug: \"release-7\"}) { id revision } }", json!({})).await;
        let purge = "mutation($id: ID!, $revision: Int!) { releasePurge(id: $id, expectedRevision: $revision, reason: \"court order\") { deletedId userErrors { message } } }";
        server.mutate(Caller::Admin, purge, found["release"].clone()).await;
        assert_eq!(search(&server, "secretword").await["totalCount"], 0);
        eventually("the purged text is removed from the files", || documents_in(&index) == 19).await;
        assert_eq!(search(&server, "word").await["totalCount"], 19);
    }

    async fn many_changes_at_once_are_indexed_in_the_background(server: TestServer) {
        let folder = tempfile::tempdir().unwrap();
        let server = with_index_in(server, folder.path()).await;
        server.import(&[release(0, "A word.")]).await;
        assert_eq!(search(&server, "word").await["totalCount"], 1);
        server.import(&(1..1200).map(|number| release(number, "A word.")).collect::<Vec<_>>()).await;
        let start = Instant::now();
        loop {
            let found = search(&server, "word").await;
            let (coverage, count) = (found["asOf"]["searchCoverage"].as_f64().unwrap(), found["totalCount"].as_u64().unwrap());
            // What is found is what the index covers.
            assert!(count as f64 <= coverage * 1200.0 + 500.5, "{found}");
            if coverage >= 1.0 {
                assert_eq!(count, 1200);
                break;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "{found}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn scores_after_changes_equal_those_of_a_fresh_index(server: TestServer) {
        let body = |number: usize| format!("{} labour {}", "word ".repeat(number % 7), "work ".repeat(number % 5));
        server.import(&(0..40).map(|number| release(number, &body(number))).collect::<Vec<_>>()).await;
        search(&server, "labour").await;
        for number in (0..40).step_by(3) {
            let slug = json!({ "slug": format!("release-{number}") });
            let found = server.data(Caller::Editor, "query($slug: Slug!) { release(ref: {slug: $slug}) { id revision } }", slug).await;
            let (id, revision) = (&found["release"]["id"], &found["release"]["revision"]);
            if number % 2 == 0 {
                server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": revision, "kind": "VANISH" })).await;
            } else {
                let input = json!({ "bodyMarkdown": "Other labour." });
                let revised = server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": revision, "input": input })).await;
                server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": revised["release"]["revision"] })).await;
            }
            search(&server, "labour").await;
        }
        let (labour, work) = (search(&server, "labour").await, search(&server, "work word").await);
        let server = server.restarted().await;
        assert_eq!(search(&server, "labour").await, labour);
        assert_eq!(search(&server, "work word").await, work);
    }
}

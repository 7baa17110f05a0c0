//! Tests of `dateline demo-data`, which generates a newsroom.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::server_process::{post, run, serve};

/// Exports the newsroom in a folder, and returns its records of a type.
fn exported(folder: &std::path::Path, record_type: &str) -> Vec<Value> {
    let (code, output, error) = run(folder, &["export"]);
    assert_eq!(code, Some(0), "{error}");
    let records = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["type"] == record_type).collect()
}

#[test]
fn a_newsroom_of_any_size_reaches_to_today() {
    for releases in [1, 30, 1500] {
        let folder = tempfile::tempdir().unwrap();
        let (code, output, error) = run(folder.path(), &["demo-data", &releases.to_string()]);
        assert_eq!(code, Some(0), "{error}");
        let advice = ["dateline serve --database sqlite://dateline.db", "dateline token create"];
        assert!(output.starts_with(&format!("Created {releases} releases")), "{output}");
        assert!(advice.iter().all(|text| output.contains(text)), "{output}");
        let newest = exported(folder.path(), "release").iter().map(|release| release["releaseDate"].to_string()).max();
        assert!(output.contains(&format!("to {}", newest.unwrap().trim_matches('"'))), "{output}");
    }
}

#[test]
fn the_generated_releases_are_varied_and_published() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["demo-data", "1500"]).0, Some(0));
    let releases = exported(folder.path(), "release");
    assert_eq!(releases.len(), 1500);
    assert!(releases.iter().all(|release| release["state"] == "PUBLISHED"));
    let distinct = |field: &str| releases.iter().map(|release| release[field].to_string()).collect::<BTreeSet<_>>();
    assert_eq!(distinct("kind").len(), 7);
    // The language of the newsroom is not exported.
    assert_eq!(distinct("language").len(), 5, "{:?}", distinct("language"));
    assert!(distinct("headline").len() > 1200, "{}", distinct("headline").len());
    let topics = exported(folder.path(), "topic");
    assert!(topics.iter().any(|topic| topic["name"] == "مبادرة الواحات"));
    assert!(topics.iter().any(|topic| topic["name"].as_str().unwrap().len() > 100));
    let server = serve(folder.path(), &[]);
    let response = post(server.port, None, "{ trendingTopics(first: 5) { topic { slug } } }");
    assert!(response.contains("youth-employment"), "{response}");
}

#[test]
fn two_runs_generate_the_same_texts() {
    let texts = || {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(run(folder.path(), &["demo-data", "200"]).0, Some(0));
        let release = |release: &Value| json!([release["slug"], release["headline"], release["bodyMarkdown"]]);
        exported(folder.path(), "release").iter().map(release).collect::<Vec<_>>()
    };
    assert_eq!(texts(), texts());
}

#[test]
fn a_database_with_content_and_a_wrong_number_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["demo-data", "2"]).0, Some(0));
    let (code, _, error) = run(folder.path(), &["demo-data", "2"]);
    assert!(code == Some(1) && error.contains("is not empty") && error.contains("--database"), "{error}");
    assert_eq!(exported(folder.path(), "release").len(), 2);
    for number in ["0", "1000001", "many"] {
        let (code, _, error) = run(folder.path(), &["demo-data", number]);
        assert!(code == Some(2) && error.contains(number), "{error}");
    }
}

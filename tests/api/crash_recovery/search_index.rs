//! Kills the server at random moments while it builds and maintains its search index, and damages the files of the
//! index in between. After each restart, a search either fails because the index is not complete, or finds what the
//! database contains.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::server_process::{ServerProcess, post, run, serve};

/// Number of kills.
const ROUNDS: u64 = 20;

/// Number of releases. Building their index takes longer than the shortest rounds.
const RELEASES: u64 = 4000;

/// Longest time from the start of a server until its index is complete.
const TIMEOUT: Duration = Duration::from_mins(2);

#[test]
fn a_killed_server_never_finds_wrong_releases() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("killed.db").display());
    let file = folder.path().join("releases.ndjson");
    // Every seventh release has the word "seven", every eleventh the word "eleven".
    let lines = (0..RELEASES).map(|number| {
        let word = |divisor: u64, word: &str| if number % divisor == 0 { word.to_owned() } else { String::new() };
        let body = format!("{} {} {}", word(7, "seven"), word(11, "eleven"), "Some words. ".repeat(100));
        format!(
            "{}\n",
            json!({ "type": "release", "slug": format!("release-{number}"), "headline": format!("Number {number}"), "bodyMarkdown": body,
                "releaseDate": "2006-05-01", "state": "PUBLISHED", "publishedAt": "2006-05-01T08:00:00Z" })
        )
    });
    fs::write(&file, lines.collect::<String>()).unwrap();
    let (code, _, stderr) = run(folder.path(), &["import", "--database", &url, file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{stderr}");
    for round in 0..ROUNDS {
        let server = serve(folder.path(), &["--database", &url]);
        let end = Instant::now() + Duration::from_millis(u64::from(getrandom::u32().unwrap()) % (100 * (round + 1)));
        while Instant::now() < end {
            check(&server);
        }
        drop(server);
        damage(&folder.path().join("killed.db-search"), round);
    }
    let server = serve(folder.path(), &["--database", &url]);
    let started = Instant::now();
    while !check(&server) {
        assert!(started.elapsed() < TIMEOUT, "the index is not complete");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Checks the number of releases that two searches find. Returns whether the index is complete.
fn check(server: &ServerProcess) -> bool {
    let query = "{ seven: releases(search: {text: \"seven\"}) { totalCount asOf { searchCoverage } }
        both: releases(search: {text: \"seven eleven\"}) { totalCount } }";
    let response = post(server.port, None, query);
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    let response: Value = serde_json::from_str(body).unwrap();
    if let Some(errors) = response.get("errors") {
        assert_eq!(errors[0]["extensions"]["code"], "UNAVAILABLE", "{response}");
        return false;
    }
    assert_eq!(response["data"]["seven"]["asOf"]["searchCoverage"], 1.0, "{response}");
    assert_eq!(response["data"]["seven"]["totalCount"], RELEASES.div_ceil(7), "{response}");
    assert_eq!(response["data"]["both"]["totalCount"], RELEASES.div_ceil(77), "{response}");
    true
}

/// Damages a random file of the index: it is cut, deleted, overwritten, or replaced by one of another format.
fn damage(index: &Path, round: u64) {
    let mut files = Vec::new();
    collect(index, &mut files);
    let Some(file) = files.get(getrandom::u32().unwrap() as usize % files.len().max(1)) else { return };
    match round % 4 {
        0 => fs::write(file, &fs::read(file).unwrap()[..fs::metadata(file).unwrap().len() as usize / 2]).unwrap(),
        1 => fs::remove_file(file).unwrap(),
        2 => fs::write(file, fs::read(file).unwrap().iter().map(|byte| !byte).collect::<Vec<_>>()).unwrap(),
        // Nothing is damaged, so the next server continues what this one began.
        _ => {}
    }
}

/// Collects all files below a folder, except the lock file.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_none_or(|extension| extension != "lock") {
            files.push(path);
        }
    }
}

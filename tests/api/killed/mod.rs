//! `kill -9` in a storm of mutations, twenty times on one database: what was answered is there, what was sent and not answered
//! happened wholly or not at all, and rows and journal tell the same story.
//!
//! It is the program that dies, not the machine: what a loss of power leaves is for the database to promise (on SQLite
//! `synchronous = FULL`).

mod editor;
mod rows;

use std::{
    collections::HashMap,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::{
    editor::{Editor, Known},
    rows::Rows,
};
use crate::{
    postgres,
    served::{exchange, run, serve},
};

const ROUNDS: usize = 20;
const EDITORS: usize = 4;

/// A release as the API answers it: state, revision, headline, headline of the newest version.
type Seen = (String, i64, String, String);

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("killed.db").display());
    storm(folder.path(), &url, "SQLite");
}

#[test]
fn on_postgres() {
    let Some(cluster) = postgres::available() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(cluster.fresh_database());
    storm(tempfile::tempdir().unwrap().path(), &database.url, "PostgreSQL");
}

#[expect(clippy::print_stdout, reason = "the figures, for whoever runs it with --nocapture")]
fn storm(folder: &Path, url: &str, name: &str) {
    let begun = Instant::now();
    let made = ["token", "create", "--subject", "Eda", "--name", "storm", "--role", "EDITOR", "--database", url];
    let (code, secret, told) = run(folder, &made);
    assert_eq!(code, Some(0), "{told}");
    let token = secret.trim();
    let mut editors: Vec<Editor> = (0..EDITORS).map(|number| Editor::new(format!("Editor {number}"))).collect();
    let (mut open_in_all, mut happened_in_all) = (0, 0);
    let mut served = serve(folder, &["--database", url]);
    for round in 1..=ROUNDS {
        let before: usize = editors.iter().map(|editor| editor.answered).sum();
        let pause = Duration::from_millis(100 + u64::from(getrandom::u32().unwrap() % 301));
        thread::scope(|scope| {
            for editor in &mut editors {
                let port = served.port;
                scope.spawn(move || editor.act(port, token));
            }
            thread::sleep(pause);
            served.child.kill().unwrap();
            served.child.wait().unwrap();
        });
        rows::are_let_go(url);
        served = serve(folder, &["--database", url]);
        let seen = everything(served.port, token);
        let open = editors.iter().filter(|editor| editor.open.is_some()).count();
        let happened = editors.iter_mut().map(|editor| agree(editor, &seen)).filter(|&happened| happened).count();
        let known: Vec<&Known> = editors.iter().flat_map(|editor| &editor.known).collect();
        assert_eq!(seen.len(), known.len(), "there are releases that nobody made");
        // One entry for each act that happened, and one for the token.
        let acts: usize = known.iter().map(|known| known.acts).sum();
        let rows = Rows::read(url);
        rows.agree();
        assert_eq!(rows.head, acts as i64 + 1, "an act is in the journal twice, or not at all");
        for known in known {
            rows.have(known);
        }
        let answered = editors.iter().map(|editor| editor.answered).sum::<usize>() - before;
        (open_in_all, happened_in_all) = (open_in_all + open, happened_in_all + happened);
        println!(
            "{name}, round {round}: killed after {} ms; {answered} acts answered, {open} in flight, of which {happened} happened",
            pause.as_millis()
        );
    }
    let answered: usize = editors.iter().map(|editor| editor.answered).sum();
    assert!(answered > ROUNDS, "too little was done to learn anything from");
    let releases: usize = editors.iter().map(|editor| editor.known.len()).sum();
    println!(
        "{name}: {answered} acts answered and none lost, {open_in_all} in flight, of which {happened_in_all} happened; \
         {releases} releases; {:.1} s",
        begun.elapsed().as_secs_f64()
    );
}

/// All releases through the API, by id.
fn everything(port: u16, token: &str) -> HashMap<String, Seen> {
    let query = "query($after: String) { releases(first: 200, after: $after) { pageInfo { hasNextPage endCursor } nodes { id state revision headline working { headline } } } }";
    let (mut seen, mut after) = (HashMap::new(), Value::Null);
    loop {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let body = json!({ "query": query, "variables": { "after": after } });
        let answer = exchange(&mut stream, Some(token), &body).expect("answered");
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
        let page = &answer["data"]["releases"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        for node in page["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")) {
            let headline = text(&node["headline"]).unwrap();
            let newest = text(&node["working"]["headline"]).unwrap_or_else(|| headline.clone());
            let release = (text(&node["state"]).unwrap(), node["revision"].as_i64().unwrap(), headline, newest);
            seen.insert(text(&node["id"]).unwrap(), release);
        }
        if page["pageInfo"]["hasNextPage"] != true {
            return seen;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// What an editor knows is there, and the act that was not answered is there wholly or not at all; whether it is.
fn agree(editor: &mut Editor, seen: &HashMap<String, Seen>) -> bool {
    let is = |known: &Known, found: &Seen| {
        *found == (known.state.to_owned(), known.revision, known.headline().to_owned(), known.newest.clone())
    };
    let open = editor.open.as_ref();
    let mut happened = None;
    for (index, known) in editor.known.iter().enumerate() {
        let found = seen.get(&known.id).unwrap_or_else(|| panic!("{known:?} is lost"));
        if is(known, found) {
            continue;
        }
        let act = open.filter(|act| act.on == Some(index) && is(&act.after, found));
        assert!(act.is_some(), "{found:?} is neither {known:?} nor what {open:?} would make of it");
        happened = Some(known.id.clone());
    }
    if let Some(act) = open.filter(|act| act.on.is_none()) {
        // What it made is known by its headline, which no other release ever had.
        happened = seen.iter().find(|(_, found)| found.3 == act.after.newest).map(|(id, found)| {
            assert!(is(&act.after, found), "{found:?} is half of {act:?}");
            id.clone()
        });
    }
    let answer = happened.is_some();
    editor.settle(happened);
    answer
}

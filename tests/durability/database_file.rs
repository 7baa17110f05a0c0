//! The database file: refused where it is not what it was, watched while it is served, damaged, and private.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    client::{Caller, Reply, status_of},
    program::{Program, Setup},
    server_process::run,
};

const CREATE: &str =
    "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { id } userErrors { message } } }";

/// How long it may take until something is noticed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens to a file.
type Fate<'a> = &'a dyn Fn(&Newsroom);

/// A newsroom on a file in a folder of its own.
struct Newsroom {
    folder: tempfile::TempDir,
    file: PathBuf,
    url: String,
}

impl Newsroom {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("news.db");
        let url = format!("sqlite://{}", file.display());
        Self { folder, file, url }
    }

    fn setup(&self) -> Setup<'_> {
        Setup { folder: self.folder.path(), url: &self.url, faults: None }
    }

    /// Served, with an administrator.
    fn served(&self) -> (Program, Caller) {
        let token = self.setup().token("Ada", "ADMIN");
        let program = self.setup().serve();
        let caller = Caller { port: program.port, token };
        assert_eq!(create(&caller, "Before"), Reply::Done);
        (program, caller)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}{ending}", self.file.display()))
    }
}

fn create(caller: &Caller, headline: &str) -> Reply {
    let body = "A long text that takes some room. ".repeat(100);
    let input = json!({ "input": { "headline": headline, "bodyMarkdown": body } });
    caller.ask(CREATE, &input, None).unwrap().reply()
}

/// Waits until the server says that it is not ready, and that it refuses to write.
fn writes_stop(program: &Program, caller: &Caller, reason: &str) {
    let begun = Instant::now();
    while status_of(program.port, "/health/ready").is_none_or(|(status, _)| status != 503) {
        assert!(begun.elapsed() < PATIENCE, "it is not noticed");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(create(caller, "After"), Reply::Refused("UNAVAILABLE".to_owned()));
    let log = program.log();
    assert!(log.contains("writes have stopped") && log.contains(reason), "{log}");
    assert_eq!(status_of(program.port, "/health/live").unwrap().0, 200);
}

#[test]
fn a_file_that_is_deleted_moved_replaced_or_written_over_while_it_is_served_stops_writes() {
    let older = |newsroom: &Newsroom| {
        let copy = newsroom.folder.path().join("older.db");
        fs::copy(&newsroom.file, &copy).unwrap();
        copy
    };
    let fates: [(&str, &str, Fate<'_>); 6] = [
        ("deleted", "was deleted or moved away", &|newsroom| fs::remove_file(&newsroom.file).unwrap()),
        ("moved", "was deleted or moved away", &|newsroom| {
            fs::rename(&newsroom.file, newsroom.folder.path().join("moved.db")).unwrap();
        }),
        ("replaced", "was replaced by another file", &|newsroom| {
            fs::rename(older(newsroom), &newsroom.file).unwrap();
        }),
        ("truncated", "was truncated", &|newsroom| drop(File::create(&newsroom.file).unwrap())),
        ("written over", "was written over", &|newsroom| {
            let file = OpenOptions::new().write(true).open(&newsroom.file).unwrap();
            file.write_all_at(&[b'x'; 100], 0).unwrap();
        }),
        ("log deleted", "was deleted or moved away", &|newsroom| fs::remove_file(newsroom.beside("-wal")).unwrap()),
    ];
    for (name, reason, fate) in fates {
        println!("{name}");
        let newsroom = Newsroom::new();
        let (program, caller) = newsroom.served();
        fate(&newsroom);
        writes_stop(&program, &caller, reason);
    }
}

#[test]
fn a_file_behind_a_symbolic_link_is_watched_where_it_is() {
    let newsroom = Newsroom::new();
    let link = newsroom.folder.path().join("link.db");
    std::os::unix::fs::symlink(&newsroom.file, &link).unwrap();
    let token = newsroom.setup().token("Ada", "ADMIN");
    let url = format!("sqlite://{}", link.display());
    let program = Setup { url: &url, ..newsroom.setup() }.serve();
    let caller = Caller { port: program.port, token };
    assert_eq!(create(&caller, "Through the link"), Reply::Done);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(status_of(program.port, "/health/ready").unwrap().0, 200);
    fs::remove_file(&newsroom.file).unwrap();
    writes_stop(&program, &caller, "was deleted or moved away");
}

#[test]
fn nothing_is_acknowledged_from_the_moment_on_that_the_file_is_gone() {
    let newsroom = Newsroom::new();
    let (_program, caller) = newsroom.served();
    fs::remove_file(&newsroom.file).unwrap();
    // At once, not only when somebody has looked.
    assert_eq!(create(&caller, "Lost"), Reply::Refused("UNAVAILABLE".to_owned()));
}

#[test]
fn a_limit_of_the_file_size_refuses_writes_and_loses_none() {
    let newsroom = Newsroom::new();
    let (program, caller) = newsroom.served();
    let limit = ["--pid", &program.id().to_string(), "--fsize=1500000"];
    let limited = Command::new("prlimit").args(limit).status();
    assert!(limited.is_ok_and(|status| status.success()), "prlimit (util-linux) is missing");
    let mut done = Vec::new();
    for number in 0.. {
        let headline = format!("Number {number}");
        match create(&caller, &headline) {
            Reply::Done => done.push(headline),
            // The write may be in the log.
            Reply::Unknown | Reply::Refused(_) => break,
            other => panic!("{other}"),
        }
        assert!(number < 2000, "the limit is never met");
    }
    writes_stop(&program, &caller, "restart");
    program.kill();
    let program = newsroom.setup().serve();
    let caller = Caller { port: program.port, ..caller };
    assert_eq!(create(&caller, "With room"), Reply::Done);
    for headline in done {
        let slug = headline.to_lowercase().replace(' ', "-");
        let query = "query($slug: Slug!) { release(ref: { slug: $slug }) { headline } }";
        let found = caller.ask(query, &json!({ "slug": slug }), None).unwrap();
        assert_eq!(found.field()["headline"], json!(headline), "{found:?}");
    }
}

#[test]
fn damage_that_a_read_meets_stops_writes() {
    let newsroom = Newsroom::new();
    let (program, caller) = newsroom.served();
    for number in 0..300 {
        assert_eq!(create(&caller, &format!("Number {number}")), Reply::Done);
    }
    program.kill();
    // What the write-ahead log has goes into the file.
    let (code, _, told) = run(newsroom.folder.path(), &["migrate", "--database", &newsroom.url]);
    assert_eq!(code, Some(0), "{told}");
    assert!(!newsroom.beside("-wal").exists(), "somebody has the file open");
    let program = newsroom.setup().serve();
    let caller = Caller { port: program.port, ..caller };
    // Behind the pages that a start reads: those with bodies among them.
    let file = OpenOptions::new().write(true).open(&newsroom.file).unwrap();
    let length = file.metadata().unwrap().len();
    let bodies = fs::read(&newsroom.file).unwrap();
    let mark = b"that takes some room";
    let mut damaged = 0;
    for page in (0..length / 4096).filter(|page| {
        let page = &bodies[*page as usize * 4096..][..4096];
        page.windows(mark.len()).any(|window| window == mark)
    }) {
        file.write_all_at(&[0xff; 4096], page * 4096).unwrap();
        damaged += 1;
    }
    assert!(damaged > 100, "{damaged} pages have bodies");
    let bodies = "{ releases(first: 200) { nodes { headline body { text } } } }";
    let answer = caller.ask(bodies, &json!({}), None).unwrap();
    assert!(answer.codes().iter().all(|code| *code == "UNAVAILABLE") && !answer.codes().is_empty(), "{answer:?}");
    writes_stop(&program, &caller, "dateline check");
}

#[test]
fn a_file_that_cannot_be_the_database_is_refused_at_the_start() {
    let serve = |newsroom: &Newsroom, flags: &[&str]| {
        let command = ["migrate", "--database", &newsroom.url];
        run(newsroom.folder.path(), &[&command[..], flags].concat())
    };
    let truncate = |path: &Path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    let fates: [(&str, Fate<'_>); 3] = [
        ("is empty", &|newsroom| drop(File::create(&newsroom.file).unwrap())),
        ("is truncated", &|newsroom| truncate(&newsroom.file)),
        (".lock beside it does", &|newsroom| fs::remove_file(&newsroom.file).unwrap()),
    ];
    for (reason, fate) in fates {
        let newsroom = Newsroom::new();
        let (mut program, _) = newsroom.served();
        program.signal("TERM");
        assert!(program.ended_within(PATIENCE).is_some_and(|status| status.success()));
        fate(&newsroom);
        let left = fs::read(&newsroom.file).ok();
        let (code, _, told) = serve(&newsroom, &[]);
        assert!(code == Some(1) && told.contains(reason) && told.contains("--new-database"), "{code:?} {told}");
        assert_eq!(fs::read(&newsroom.file).ok(), left, "it was changed");
        let (code, _, told) = serve(&newsroom, &["--new-database"]);
        assert_eq!(code, Some(0), "{told}");
        let kept = fs::read(newsroom.beside(".old-1")).ok();
        assert_eq!(kept, left.filter(|bytes| !bytes.is_empty()), "what was left is not kept");
        assert_eq!(serve(&newsroom, &[]).0, Some(0));
    }
}

#[test]
fn a_new_database_and_its_companions_are_private() {
    let newsroom = Newsroom::new();
    let (_program, _) = newsroom.served();
    for ending in ["", "-wal", "-shm", ".lock"] {
        let mode = newsroom.beside(ending).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{ending:?} has the mode {mode:o}");
    }
}

//! Tests in which the SQLite database file is deleted, replaced, truncated, damaged, or limited in size while the
//! server runs. Also tests database files that the server rejects at startup, and file permissions.

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
    client::{Client, RequestResult, status_of},
    program::{Program, Setup},
    server_process::run,
};

const CREATE: &str =
    "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { id } userErrors { message } } }";

/// Maximum time until the server detects a change to the database file.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A function that changes the database file while the server runs.
type FileChange<'a> = &'a dyn Fn(&DatabaseFile);

/// A newsroom whose SQLite file is alone in a temporary folder.
struct DatabaseFile {
    folder: tempfile::TempDir,
    file: PathBuf,
    url: String,
}

impl DatabaseFile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("news.db");
        let url = format!("sqlite://{}", file.display());
        Self { folder, file, url }
    }

    fn setup(&self) -> Setup<'_> {
        Setup { folder: self.folder.path(), url: &self.url, faults: None }
    }

    /// Starts the server. Returns the server and a client with the role ADMIN.
    fn serve(&self) -> (Program, Client) {
        let token = self.setup().token("Ada", "ADMIN");
        let program = self.setup().serve();
        let client = Client { port: program.port, token };
        assert_eq!(create(&client, "Before"), RequestResult::Done);
        (program, client)
    }

    fn companion(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.file.display()))
    }
}

fn create(client: &Client, headline: &str) -> RequestResult {
    let body = "A long text that takes some space. ".repeat(100);
    let input = json!({ "input": { "headline": headline, "bodyMarkdown": body } });
    client.execute(CREATE, &input, None).unwrap().mutation_result()
}

/// Waits until `/health/ready` fails. Then checks that the server rejects writes and has logged `reason`.
fn assert_writes_stopped(program: &Program, client: &Client, reason: &str) {
    let started = Instant::now();
    while status_of(program.port, "/health/ready").is_none_or(|(status, _)| status != 503) {
        assert!(started.elapsed() < TIMEOUT, "the server did not detect the change in time");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(create(client, "After"), RequestResult::Refused("UNAVAILABLE".to_owned()));
    let log = program.log();
    assert!(log.contains("writes have stopped") && log.contains(reason), "{log}");
    assert_eq!(status_of(program.port, "/health/live").unwrap().0, 200);
}

#[test]
fn writes_stop_when_the_file_is_deleted_moved_replaced_or_overwritten() {
    let copy_file = |database: &DatabaseFile| {
        let copy = database.folder.path().join("older.db");
        fs::copy(&database.file, &copy).unwrap();
        copy
    };
    let changes: [(&str, &str, FileChange<'_>); 6] = [
        ("deleted", "was deleted or moved away", &|database| fs::remove_file(&database.file).unwrap()),
        ("moved", "was deleted or moved away", &|database| {
            fs::rename(&database.file, database.folder.path().join("moved.db")).unwrap();
        }),
        ("replaced", "was replaced by another file", &|database| {
            fs::rename(copy_file(database), &database.file).unwrap();
        }),
        ("truncated", "was truncated", &|database| drop(File::create(&database.file).unwrap())),
        ("overwritten", "was overwritten", &|database| {
            let file = OpenOptions::new().write(true).open(&database.file).unwrap();
            file.write_all_at(&[b'x'; 100], 0).unwrap();
        }),
        ("log deleted", "was deleted or moved away", &|database| fs::remove_file(database.companion("-wal")).unwrap()),
    ];
    for (name, reason, change) in changes {
        println!("{name}");
        let database = DatabaseFile::new();
        let (program, client) = database.serve();
        change(&database);
        assert_writes_stopped(&program, &client, reason);
    }
}

#[test]
fn a_file_behind_a_symbolic_link_is_watched_at_its_target() {
    let database = DatabaseFile::new();
    let link = database.folder.path().join("link.db");
    std::os::unix::fs::symlink(&database.file, &link).unwrap();
    let token = database.setup().token("Ada", "ADMIN");
    let url = format!("sqlite://{}", link.display());
    let program = Setup { url: &url, ..database.setup() }.serve();
    let client = Client { port: program.port, token };
    assert_eq!(create(&client, "Through the link"), RequestResult::Done);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(status_of(program.port, "/health/ready").unwrap().0, 200);
    fs::remove_file(&database.file).unwrap();
    assert_writes_stopped(&program, &client, "was deleted or moved away");
}

#[test]
fn no_write_is_acknowledged_after_the_file_is_deleted() {
    let database = DatabaseFile::new();
    let (_program, client) = database.serve();
    fs::remove_file(&database.file).unwrap();
    // The server must reject the write at once, although its next periodic check of the file comes later.
    assert_eq!(create(&client, "Lost"), RequestResult::Refused("UNAVAILABLE".to_owned()));
}

#[test]
fn a_file_size_limit_rejects_writes_and_loses_none() {
    let database = DatabaseFile::new();
    let (program, client) = database.serve();
    let arguments = ["--pid", &program.id().to_string(), "--fsize=1500000"];
    let prlimit = Command::new("prlimit").args(arguments).status();
    assert!(prlimit.is_ok_and(|status| status.success()), "prlimit (util-linux) is missing");
    let mut done = Vec::new();
    for number in 0.. {
        let headline = format!("Number {number}");
        match create(&client, &headline) {
            RequestResult::Done => done.push(headline),
            // If the result is unknown, the failed write may be in the write-ahead log.
            RequestResult::Unknown | RequestResult::Refused(_) => break,
            other => panic!("{other}"),
        }
        assert!(number < 2000, "the file size limit was never reached");
    }
    assert_writes_stopped(&program, &client, "restart");
    program.kill();
    let program = database.setup().serve();
    let client = Client { port: program.port, ..client };
    assert_eq!(create(&client, "With space"), RequestResult::Done);
    for headline in done {
        let slug = headline.to_lowercase().replace(' ', "-");
        let query = "query($slug: Slug!) { release(ref: { slug: $slug }) { headline } }";
        let response = client.execute(query, &json!({ "slug": slug }), None).unwrap();
        assert_eq!(response.field()["headline"], json!(headline), "{response:?}");
    }
}

#[test]
fn a_damaged_page_found_by_a_read_stops_writes() {
    let database = DatabaseFile::new();
    let (program, client) = database.serve();
    for number in 0..300 {
        assert_eq!(create(&client, &format!("Number {number}")), RequestResult::Done);
    }
    program.kill();
    // `dateline migrate` copies the write-ahead log into the database file (a checkpoint).
    let (code, _, stderr) = run(database.folder.path(), &["migrate", "--database", &database.url]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!database.companion("-wal").exists(), "another process has the file open");
    let program = database.setup().serve();
    let client = Client { port: program.port, ..client };
    // Damages only the pages that contain release bodies, because the server does not read bodies at startup.
    let file = OpenOptions::new().write(true).open(&database.file).unwrap();
    let length = file.metadata().unwrap().len();
    let bodies = fs::read(&database.file).unwrap();
    let mark = b"that takes some space";
    let mut damaged_pages = 0;
    for page in (0..length / 4096).filter(|page| {
        let page = &bodies[*page as usize * 4096..][..4096];
        page.windows(mark.len()).any(|window| window == mark)
    }) {
        file.write_all_at(&[0xff; 4096], page * 4096).unwrap();
        damaged_pages += 1;
    }
    assert!(damaged_pages > 100, "only {damaged_pages} pages contain bodies");
    let bodies = "{ releases(first: 200) { nodes { headline body { text } } } }";
    let response = client.execute(bodies, &json!({}), None).unwrap();
    assert!(
        response.error_codes().iter().all(|code| *code == "UNAVAILABLE") && !response.error_codes().is_empty(),
        "{response:?}"
    );
    assert_writes_stopped(&program, &client, "dateline check");
}

#[test]
fn an_empty_truncated_or_missing_file_is_rejected_at_startup() {
    let migrate = |database: &DatabaseFile, flags: &[&str]| {
        let command = ["migrate", "--database", &database.url];
        run(database.folder.path(), &[&command[..], flags].concat())
    };
    let truncate = |path: &Path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    let changes: [(&str, FileChange<'_>); 3] = [
        ("is empty", &|database| drop(File::create(&database.file).unwrap())),
        ("is truncated", &|database| truncate(&database.file)),
        (".lock beside it does", &|database| fs::remove_file(&database.file).unwrap()),
    ];
    for (reason, change) in changes {
        let database = DatabaseFile::new();
        let (mut program, _) = database.serve();
        program.signal("TERM");
        assert!(program.wait_for_exit(TIMEOUT).is_some_and(|status| status.success()));
        change(&database);
        let content_before = fs::read(&database.file).ok();
        let (code, _, stderr) = migrate(&database, &[]);
        assert!(code == Some(1) && stderr.contains(reason) && stderr.contains("--new-database"), "{code:?} {stderr}");
        assert_eq!(fs::read(&database.file).ok(), content_before, "the file was changed");
        let (code, _, stderr) = migrate(&database, &["--new-database"]);
        assert_eq!(code, Some(0), "{stderr}");
        let backup = fs::read(database.companion(".old-1")).ok();
        assert_eq!(backup, content_before.filter(|bytes| !bytes.is_empty()), "the old file was not kept as a backup");
        assert_eq!(migrate(&database, &[]).0, Some(0));
    }
}

#[test]
fn a_new_database_and_its_companions_are_private() {
    let database = DatabaseFile::new();
    let (_program, _) = database.serve();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mode = database.companion(suffix).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{suffix:?} has the mode {mode:o}");
    }
}

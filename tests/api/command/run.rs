//! Tests of the `dateline` command: output, error messages, and exit codes.

use std::{
    io::Write,
    net::TcpListener,
    process::{Command, Stdio},
};

use crate::harness::server_process::{dateline, post, run, serve};

#[test]
fn the_demo_newsroom_can_be_served_and_edited() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(folder.path(), &["--demo"]);
    let token = server
        .startup_output
        .lines()
        .find_map(|line| line.trim().strip_prefix("dateline_"))
        .expect("the demo prints a token");
    let token = format!("dateline_{token}");
    assert!(server.startup_output.contains("Dateline serves 157 releases"), "{}", server.startup_output);
    let response = post(
        server.port,
        Some(&token),
        "mutation { releaseCreate(input: {headline: \"Mine\"}) { release { slug } userErrors { message } } }",
    );
    assert!(response.contains(r#"{"slug":"mine"}"#), "{response}");
    // `serve --demo` imports the demo releases as the actor `command line`, so that actor is their author. The system
    // then carries out their schedules and embargoes.
    let response = post(
        server.port,
        Some(&token),
        "{ releases(first: 1, filter: {kinds: [SPEECH]}) { nodes { author { id name kind } } } }",
    );
    assert!(response.contains(r#"{"id":"command line","name":"Command line","kind":"COMMAND_LINE"}"#), "{response}");
    // A second server cannot open the same SQLite file. An import can run while the server runs, and the server shows
    // the imported releases.
    let (code, _, output) = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(code == Some(1) && output.contains("served by another process"), "{output}");
    let line =
        "{\"type\":\"release\",\"headline\":\"Beside\",\"releaseDate\":\"2006-05-01\",\"state\":\"PUBLISHED\"}\n";
    std::fs::write(folder.path().join("beside.ndjson"), line).unwrap();
    assert_eq!(run(folder.path(), &["import", "beside.ndjson"]).0, Some(0));
    let started = std::time::Instant::now();
    while !post(server.port, None, "{ release(ref: {slug: \"beside\"}) { slug } }").contains("\"slug\":\"beside\"") {
        assert!(started.elapsed().as_secs() < 10, "the server does not show the imported release");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // A purge from the command line takes effect in the running server. Without `--yes`, the command purges nothing.
    let release_exists =
        || post(server.port, None, "{ release(ref: {slug: \"beside\"}) { slug } }").contains("\"slug\":\"beside\"");
    let purge = &["purge", "beside", "--reason", "a test"][..];
    let (code, output, _) = run(folder.path(), purge);
    assert!(code == Some(1) && output.contains("add --yes") && release_exists(), "{output}");
    let (code, output, error) = run(folder.path(), &[purge, &["--yes"]].concat());
    assert!(code == Some(0) && output.contains("is purged"), "{output}{error}");
    let started = std::time::Instant::now();
    while release_exists() {
        assert!(started.elapsed().as_millis() < 1000, "the server still shows the purged release after a second");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (code, _, error) = run(folder.path(), &[purge, &["--yes"]].concat());
    assert!(code == Some(1) && error.contains("there is no release \"beside\""), "{error}");
    // `dateline restored` changes the epoch of the database. The running server must notice it and return a new data
    // version.
    let revision = "{ releaseStats { asOf { version } } }";
    let position = post(server.port, None, revision);
    let position = position.split("\"version\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (code, output, error) = run(folder.path(), &["restored"]);
    assert!(code == Some(0) && output.contains("marked as restored"), "{output}{error}");
    let started = std::time::Instant::now();
    while post(server.port, None, revision).contains(&position) {
        assert!(started.elapsed().as_secs() < 10, "the server did not detect the restored database");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // The running server rejects a token as soon as the command line has revoked it.
    let (_, tokens, _) = run(folder.path(), &["token", "list"]);
    let fields: Vec<&str> = tokens.lines().next().unwrap().split('\t').collect();
    assert!(fields[1..5] == ["EDITOR", "Demo editor", "serve --demo", "never expires"], "{tokens}");
    assert!(fields[5].starts_with("last used 20"), "{tokens}");
    let id = fields[0].to_owned();
    assert_eq!(run(folder.path(), &["token", "revoke", &id]).0, Some(0));
    assert!(post(server.port, Some(&token), "{ viewer { name } }").starts_with("HTTP/1.1 401"));
    // After SIGTERM, the server exits with code 0.
    assert!(Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_profile_is_chosen_by_a_flag() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), &["--profile", "hardened"]);
    let response = post(server.port, None, "{ __schema { types { name } } }");
    assert!(response.contains("INTROSPECTION_DISABLED") && response.contains("ratelimit: \"address\""), "{response}");
}

#[test]
fn serving_an_empty_newsroom_prints_the_next_steps() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), &[]);
    assert!(
        server.startup_output.contains("dateline import") && server.startup_output.contains("serve --demo"),
        "{}",
        server.startup_output
    );
}

#[test]
fn startup_errors_contain_advice() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("text.db"),
        "this is not a database, only some text that is long enough to be looked at".repeat(40),
    )
    .unwrap();
    std::fs::write(folder.path().join("bad.toml"), "colour = \"red\"\n").unwrap();
    std::fs::write(folder.path().join("half.toml"), "[tls]\ncertificate = \"c.pem\"\n").unwrap();
    std::fs::write(folder.path().join("gone.toml"), "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n").unwrap();
    std::fs::write(folder.path().join("trust.toml"), "[documents]\ntrust = \"only\"\n").unwrap();
    std::fs::write(folder.path().join("none.toml"), "[limits]\ntokens = 0\n").unwrap();
    assert_eq!(run(folder.path(), &["migrate", "--database", "sqlite://real.db"]).0, Some(0));
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().to_string();
    for (arguments, fragment) in [
        (vec!["migrate", "--database", "sqlite://text.db"], "is not a SQLite database"),
        (vec!["migrate", "--database", "sqlite://no/such/folder/x.db"], "does not exist: create it first"),
        (vec!["migrate", "--database", "sqlite://."], "it is a folder"),
        (vec!["migrate", "--database", "mysql://x"], "write sqlite://FILE or postgres://"),
        (vec!["migrate", "--database", "postgres://ana:secret@127.0.0.1:1/x"], "check host, port"),
        (vec!["serve", "--listen", &port], "another program listens there"),
        (vec!["serve", "--listen", "nowhere"], "the flag --listen"),
        (vec!["serve", "--profile", "loose"], "open or hardened"),
        (vec!["serve", "--config", "half.toml"], "tls.certificate and tls.key"),
        (vec!["serve", "--config", "gone.toml", "--listen", "127.0.0.1:0"], "c.pem, which cannot be read"),
        (vec!["serve", "--config", "trust.toml"], "documents.manifest is not"),
        (vec!["serve", "--config", "none.toml"], "a whole number, 1 or more"),
        (vec!["migrate", "--config", "bad.toml"], "bad.toml:1: there is no setting \"colour\""),
        (vec!["migrate", "--config", "missing.toml"], "cannot be read"),
        (vec!["import", "missing.ndjson"], "missing.ndjson cannot be opened"),
        (vec!["token", "revoke", "x", "--database", "sqlite://real.db"], "is not the id of a token"),
        (vec!["token", "revoke", "x"], "there is no database sqlite://dateline.db"),
        (vec!["token", "list"], "there is no database"),
        (vec!["export"], "there is no database"),
        (vec!["purge", "x", "--reason", "a test"], "there is no database"),
        (vec!["restored"], "there is no database"),
        (vec!["migrate", "--log", "verbose"], "a level"),
        (vec!["migrate", "--log", "3"], "a level"),
        (vec!["token", "create", "--subject", "a", "--name", "b", "--role", "EDITOR", "--expires", "soon"], "use 90d"),
    ] {
        let (code, _, error) = run(folder.path(), &arguments);
        assert!(
            code == Some(1) && error.contains(fragment) && !error.contains("secret") && !error.contains("panicked"),
            "{arguments:?}: {code:?} {error}"
        );
    }
    assert!(!folder.path().join("dateline.db").exists(), "an invalid command created a database");
    let (code, _, error) = run(folder.path(), &["improt"]);
    assert!(code == Some(2) && error.contains("import"), "{error}");
}

#[test]
fn the_exit_code_of_an_import_tells_its_result() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mixed.ndjson"), "{\"type\":\"topic\",\"slug\":\"a\",\"name\":\"A\"}\nrubbish\n")
        .unwrap();
    let (code, _, stderr) = run(folder.path(), &["import", "--strict", "mixed.ndjson"]);
    assert!(
        code == Some(3) && stderr.contains("mixed.ndjson:2: refused") && stderr.contains("nothing was changed"),
        "{stderr}"
    );
    let (code, _, stderr) = run(folder.path(), &["import", "mixed.ndjson"]);
    assert!(code == Some(3) && stderr.contains("imported: 1 new"), "{stderr}");
    let mut child =
        dateline(folder.path()).args(["import", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"type\":\"topic\",\"slug\":\"b\",\"name\":\"B\",\"broader\":\"a\"}\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("imported: 1 new"));
    let (code, lines, _) = run(folder.path(), &["export"]);
    assert_eq!((code, lines.lines().count()), (Some(0), 3));
}

#[test]
fn an_unknown_environment_variable_is_reported_with_the_settings_page() {
    let folder = tempfile::tempdir().unwrap();
    let output = dateline(folder.path()).arg("schema").env("DATELINE_LIMITS_COSTS", "1").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("DATELINE_LIMITS_COSTS") && stderr.contains("docs/settings.md lists all settings"),
        "{stderr}"
    );
    assert!(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md")).exists());
}

#[test]
fn a_database_of_a_newer_version_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["migrate"]).0, Some(0));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        use sea_orm::ConnectionTrait;
        let db =
            dateline::db::Db::open(&format!("sqlite://{}", folder.path().join("dateline.db").display())).await.unwrap();
        let tx = db.begin_write().await.unwrap();
        tx.execute_unprepared(
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_future', 0)",
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        db.close().await;
    });
    let (code, _, stderr) = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        code == Some(1) && stderr.contains("newer Dateline") && stderr.contains("m29990101_000001_future"),
        "{stderr}"
    );
}

//! Tests of `dateline check`: it reports nothing after normal use, and finds every kind of damage to the database.

use std::path::{Path, PathBuf};

use dateline::{
    db::Db,
    newsroom::check::{CheckReport, FindingKind, check},
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::harness::{
    TestServer, on_both_databases, postgres,
    random_acts::RandomActivity,
    server_process::{run, serve},
};

/// Number of random mutations that fill the database before a test damages it.
const MUTATIONS: usize = 250;

/// Runs random mutations until [`MUTATIONS`] of them have succeeded, so that the database contains a long history.
async fn seed_random_history(server: &TestServer) {
    let mut activity = RandomActivity::new(&server.app);
    while activity.succeeded < MUTATIONS {
        activity.step().await;
    }
}

/// Runs `dateline check` on the database at a URL. Returns the exit code and the output.
pub(super) fn run_check(url: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let (code, output, error) = run(folder.path(), &["check", "--database", url]);
    assert!(!error.contains("panicked"), "{error}");
    (code, output + &error)
}

/// Executes a SQL statement that changes the database in a way that Dateline itself never does.
async fn damage(server: &TestServer, sql: &str) {
    let tx = server.app.newsroom.db.begin_write().await.unwrap();
    tx.execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

/// Like [`damage`], but disables foreign key checks for the statement.
async fn damage_without_foreign_keys(server: &TestServer, sql: &str) {
    let db = &server.app.newsroom.db;
    if db.backend() == DbBackend::Sqlite {
        let folder = PathBuf::from(server.url.strip_prefix("sqlite://").unwrap());
        let options = sea_orm::ConnectOptions::new(format!("sqlite://{}", folder.display()))
            .map_sqlx_sqlite_opts(|options| options.foreign_keys(false))
            .sqlx_logging(false)
            .clone();
        let other = sea_orm::Database::connect(options).await.unwrap();
        other.execute_unprepared(sql).await.unwrap();
        other.close().await.unwrap();
    } else {
        damage(server, &format!("SET LOCAL session_replication_role = replica; {sql}")).await;
    }
}

/// Executes a SELECT statement and returns the text in the first column of its row.
async fn query_text(server: &TestServer, sql: &str) -> String {
    let db = &server.app.newsroom.db;
    let row = db.reader().query_one_raw(Statement::from_string(db.backend(), sql.to_owned())).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn report(server: &TestServer) -> CheckReport {
    check(&server.app.newsroom.db).await.unwrap()
}

/// Checks that a finding has the kind `kind` and contains all of `words`. Also checks that `dateline check` prints
/// every finding and exits with code 3.
async fn assert_found(server: &TestServer, kind: FindingKind, words: &[&str]) {
    let report = report(server).await;
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let is_listed =
        lines.iter().any(|line| line.starts_with(&format!("{kind}: ")) && words.iter().all(|word| line.contains(word)));
    assert!(is_listed, "no finding of kind {kind} with {words:?} in {lines:#?}");
    let (code, output) = run_check(&server.url);
    assert_eq!(code, Some(3), "{output}");
    assert!(
        lines.iter().all(|line| output.lines().any(|other| other == line)),
        "the command must list {lines:#?}, got {output}"
    );
    assert!(output.contains("check found something wrong"), "{output}");
}

on_both_databases! {
    async fn check_finds_nothing_wrong_after_random_activity(server: TestServer) {
        seed_random_history(&server).await;
        let report = report(&server).await;
        assert_eq!((report.findings, report.unlisted), (Vec::new(), Vec::new()));
        let (code, output) = run_check(&server.url);
        assert_eq!((code, output.lines().count()), (Some(0), 1), "{output}");
        assert!(output.contains("journal entries 1 to ") && output.ends_with(": nothing is wrong\n"), "{output}");
    }

    async fn check_finds_nothing_wrong_during_writes(server: TestServer) {
        let other = Db::open(&server.url).await.unwrap();
        let checking = async {
            for _ in 0..10 {
                assert_eq!(check(&other).await.unwrap().findings, []);
            }
        };
        tokio::join!(seed_random_history(&server), checking);
        other.close().await;
    }

    async fn a_deleted_journal_entry_is_found(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "DELETE FROM journal WHERE sequence IN (40, 41, 100)").await;
        assert_found(&server, FindingKind::Sequence, &["journal 40 to 41", "missing"]).await;
        assert_found(&server, FindingKind::Sequence, &["journal 100: the entry is missing"]).await;
    }

    async fn a_wrong_journal_head_is_found(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "UPDATE journal_head SET sequence = sequence + 2").await;
        assert_found(&server, FindingKind::Sequence, &["the entries are missing"]).await;
        damage(&server, "UPDATE journal_head SET sequence = sequence - 3").await;
        assert_found(&server, FindingKind::Sequence, &["journal_head", "the next write would fail"]).await;
        damage(&server, "DELETE FROM journal_head").await;
        assert_found(&server, FindingKind::Sequence, &["the head of the journal is missing"]).await;
    }

    async fn an_image_that_cannot_be_read_is_found(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "UPDATE journal SET \"after\" = '{\"noun\":' WHERE sequence = 50").await;
        assert_found(&server, FindingKind::Entry, &["journal 50", "the after image cannot be read"]).await;
    }

    async fn an_image_that_is_missing_is_found(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "UPDATE journal SET \"after\" = NULL WHERE sequence = (SELECT max(sequence) FROM journal WHERE act = 'release.create' AND noun_id IN (SELECT id FROM \"release\"))").await;
        assert_found(&server, FindingKind::Entry, &["the after image of release_", "is missing"]).await;
        damage(&server, "UPDATE journal SET act = 'topic.publish' WHERE sequence = (SELECT max(sequence) FROM journal WHERE act = 'release.create')").await;
        assert_found(&server, FindingKind::Entry, &["\"topic.publish\" is not an action of the noun release"]).await;
    }

    async fn a_row_changed_without_a_journal_entry_is_found(server: TestServer) {
        seed_random_history(&server).await;
        let slug = query_text(&server, "SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED'").await;
        damage(&server, &format!("UPDATE \"release\" SET author = 'Nobody', modified_at = created_at WHERE slug = '{slug}'")).await;
        assert_found(&server, FindingKind::Image, &["release_", "author, modified_at"]).await;
        assert_found(&server, FindingKind::Catalog, &["release_", "author"]).await;
        damage(&server, "UPDATE topic SET name = 'Another' WHERE slug = (SELECT min(slug) FROM topic)").await;
        assert_found(&server, FindingKind::Image, &["topic_", "in: name"]).await;
    }

    async fn a_release_deleted_without_a_journal_entry_is_found(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "DELETE FROM \"release\" WHERE slug = (SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED')").await;
        assert_found(&server, FindingKind::Image, &["release_", "release has no row for it"]).await;
        assert_found(&server, FindingKind::Orphan, &["slug slug=", "owner_id"]).await;
        assert_found(&server, FindingKind::Catalog, &["whether it exists"]).await;
    }

    async fn a_topic_without_a_journal_entry_is_found(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "DELETE FROM journal WHERE noun_id = (SELECT id FROM topic WHERE slug = (SELECT min(slug) FROM topic))").await;
        assert_found(&server, FindingKind::Image, &["topic_", "the journal has no entry for it"]).await;
    }

    async fn a_broken_foreign_key_is_found(server: TestServer) {
        seed_random_history(&server).await;
        let topic_id = "(SELECT topic_id FROM revision_topic t JOIN \"release\" r ON r.live_revision_id = t.revision_id LIMIT 1)";
        damage_without_foreign_keys(&server, &format!("DELETE FROM topic WHERE id = {topic_id}")).await;
        assert_found(&server, FindingKind::Orphan, &["revision_topic revision_id=", "which does not exist in topic"]).await;
    }

    async fn a_missing_revision_is_found(server: TestServer) {
        seed_random_history(&server).await;
        damage_without_foreign_keys(&server, "DELETE FROM revision WHERE id = (SELECT live_revision_id FROM \"release\" WHERE slug = (SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED'))").await;
        assert_found(&server, FindingKind::Revision, &["release_", "its newest revision is number"]).await;
        assert_found(&server, FindingKind::Orphan, &["release id=", "live_revision_id"]).await;
        assert_found(&server, FindingKind::Image, &["the revision that it shows is missing"]).await;
    }

    async fn a_slug_without_an_owner_is_found(server: TestServer) {
        seed_random_history(&server).await;
        let slug = query_text(&server, "SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED'").await;
        damage(&server, &format!("DELETE FROM slug WHERE noun = 'RELEASE' AND slug = '{slug}'")).await;
        assert_found(&server, FindingKind::Slug, &["release_", &format!("\"{slug}\" is not in the table slug")]).await;
        let topic = query_text(&server, "SELECT min(slug) FROM topic").await;
        damage(&server, &format!("UPDATE slug SET owner_id = (SELECT id FROM topic WHERE slug <> '{topic}' LIMIT 1) WHERE noun = 'TOPIC' AND slug = '{topic}'")).await;
        assert_found(&server, FindingKind::Slug, &["topic_", &format!("\"{topic}\" belongs to topic_")]).await;
    }

    async fn an_unreadable_value_is_found_and_the_rest_is_verified(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "UPDATE \"release\" SET state = 'LOST' WHERE slug = (SELECT min(slug) FROM \"release\")").await;
        damage(&server, "DELETE FROM journal WHERE sequence = 60").await;
        damage(&server, "UPDATE topic SET name = 'Another' WHERE slug = (SELECT min(slug) FROM topic)").await;
        assert_found(&server, FindingKind::Row, &["release id=", "cannot be read"]).await;
        assert_found(&server, FindingKind::Row, &["release_", "it cannot be read"]).await;
        assert_found(&server, FindingKind::Damage, &["catalog", "could not be checked completely"]).await;
        assert_found(&server, FindingKind::Sequence, &["journal 60"]).await;
        assert_found(&server, FindingKind::Image, &["topic_", "in: name"]).await;
    }

    async fn findings_beyond_fifty_of_a_kind_are_counted(server: TestServer) {
        seed_random_history(&server).await;
        damage(&server, "UPDATE journal SET act = 'nothing'").await;
        let report = report(&server).await;
        let listed = report.findings.iter().filter(|finding| finding.kind == FindingKind::Entry).count();
        assert!(listed == 50 && report.unlisted.iter().any(|(kind, _)| *kind == FindingKind::Entry), "{report:#?}");
        let (code, output) = run_check(&server.url);
        assert!(code == Some(3) && output.contains("journal entry: and "), "{output}");
    }

    async fn a_database_with_other_migrations_is_not_verified(server: TestServer) {
        damage(&server, "DELETE FROM seaql_migrations WHERE version = 'm20261124_000012_access'").await;
        let (code, output) = run_check(&server.url);
        assert!(code == Some(1) && output.contains("number of missing migrations: 1,") && output.contains("m20261124_000012_access"), "{output}");
        damage(&server, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_future', 0)").await;
        let (code, output) = run_check(&server.url);
        assert!(code == Some(1) && output.contains("newer Dateline") && output.contains("m29990101_000001_future"), "{output}");
    }
}

#[tokio::test]
async fn an_infinite_timestamp_is_found_on_postgres() {
    let Some(server) = TestServer::on_postgres().await else { return };
    seed_random_history(&server).await;
    damage(&server, "UPDATE \"release\" SET modified_at = 'infinity' WHERE slug = (SELECT min(slug) FROM \"release\")")
        .await;
    damage(&server, "UPDATE topic SET retired_at = '-infinity' WHERE slug = (SELECT min(slug) FROM topic)").await;
    damage(&server, "UPDATE topic SET name = 'Another' WHERE slug = (SELECT max(slug) FROM topic)").await;
    assert_found(&server, FindingKind::Row, &["release id=", "driver cannot decode"]).await;
    assert_found(&server, FindingKind::Range, &["release ", "modified_at is infinity"]).await;
    assert_found(&server, FindingKind::Row, &["topic id=", "driver cannot decode"]).await;
    assert_found(&server, FindingKind::Image, &["topic_", "in: name"]).await;
}

#[tokio::test]
async fn indexes_are_verified_where_amcheck_is_installed() {
    let Some(server) = TestServer::on_postgres().await else { return };
    seed_random_history(&server).await;
    let available =
        query_text(&server, "SELECT count(*)::text FROM pg_available_extensions WHERE name = 'amcheck'").await;
    if available == "0" {
        return;
    }
    damage(&server, "CREATE SCHEMA tools; CREATE EXTENSION amcheck SCHEMA tools").await;
    assert_eq!(report(&server).await.findings, []);
    // Declares the index as descending. Its stored entries are ascending, so PostgreSQL's amcheck finds them out of
    // order.
    damage(&server, "UPDATE pg_index SET indoption = '1' WHERE indexrelid = 'journal_pkey'::regclass").await;
    assert_found(&server, FindingKind::Damage, &["index journal_pkey", "REINDEX"]).await;
}

/// Runs `dateline check` on the demo newsroom twice: while a server uses the database, and after the server has
/// exited.
fn assert_demo_is_valid(folder: &Path, url: &str) {
    let server = serve(folder, &["--demo", "--database", url]);
    let (code, output) = run_check(url);
    assert_eq!(code, Some(0), "{output}");
    assert!(
        output.contains(": 157 releases with 160 revisions, ") && output.ends_with("nothing is wrong\n"),
        "{output}"
    );
    drop(server);
    assert_eq!(run_check(url).0, Some(0));
}

#[test]
fn nothing_is_wrong_with_the_demo_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    assert_demo_is_valid(folder.path(), &format!("sqlite://{}", folder.path().join("demo.db").display()));
}

#[test]
fn nothing_is_wrong_with_the_demo_on_postgres() {
    let Some(cluster) = postgres::available() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(cluster.fresh_database());
    assert_demo_is_valid(tempfile::tempdir().unwrap().path(), &database.url);
}

#[test]
fn check_creates_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, error) = run(folder.path(), &["check"]);
    assert!(code == Some(1) && error.contains("there is no database"), "{error}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn damaged_pages_of_a_sqlite_file_are_found() {
    let server = TestServer::on_sqlite().await;
    seed_random_history(&server).await;
    let page = |name: &str| format!("SELECT CAST(rootpage AS TEXT) FROM sqlite_master WHERE name = '{name}'");
    let mut pages = Vec::new();
    for name in ["revision", "journal", "slug_owner"] {
        pages.push(query_text(&server, &page(name)).await.parse::<usize>().unwrap());
    }
    server.app.newsroom.db.scrub().await;
    let contents = std::fs::read(server.url.strip_prefix("sqlite://").unwrap()).unwrap();
    let size = usize::from(u16::from_be_bytes([contents[16], contents[17]]));
    for number in pages {
        // Damages each page of the database file in turn, each time in a fresh copy of the file.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("damaged.db");
        let mut bytes = contents.clone();
        bytes[(number - 1) * size..number * size].fill(0xa5);
        std::fs::write(&file, bytes).unwrap();
        let (code, output) = run_check(&format!("sqlite://{}", file.display()));
        assert_eq!(code, Some(3), "{output}");
        assert!(output.contains("damage: SQLite file: ") && output.contains("restore a backup"), "{output}");
        assert!(output.lines().count() > 1 && output.ends_with("check found something wrong\n"), "{output}");
    }
}

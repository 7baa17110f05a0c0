//! `dateline check`: nothing is wrong with a newsroom that only Dateline wrote to, and what somebody else did to it is found.

use std::path::{Path, PathBuf};

use dateline::{
    db::Db,
    newsroom::check::{CheckReport, FindingKind, check},
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::harness::{
    Desk, on_both, postgres,
    random_acts::World,
    server_process::{run, serve},
};

/// Acts before a database is damaged.
const ACTS: usize = 250;

/// A newsroom with a past.
async fn lived_in(desk: &Desk) {
    let mut world = World::new(&desk.app);
    while world.done < ACTS {
        world.go_on().await;
    }
}

/// What the command says: its exit code and its lines.
fn command(url: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let (code, told, error) = run(folder.path(), &["check", "--database", url]);
    assert!(!error.contains("panicked"), "{error}");
    (code, told + &error)
}

/// Does something to the database that Dateline would not do.
async fn damage(desk: &Desk, sql: &str) {
    let own = desk.app.newsroom.db.begin_write().await.unwrap();
    own.execute_unprepared(sql).await.unwrap();
    own.commit().await.unwrap();
}

/// The same without the database looking after its references.
async fn damage_unguarded(desk: &Desk, sql: &str) {
    let db = &desk.app.newsroom.db;
    if db.backend() == DbBackend::Sqlite {
        let folder = PathBuf::from(desk.url.strip_prefix("sqlite://").unwrap());
        let options = sea_orm::ConnectOptions::new(format!("sqlite://{}", folder.display()))
            .map_sqlx_sqlite_opts(|options| options.foreign_keys(false))
            .sqlx_logging(false)
            .clone();
        let other = sea_orm::Database::connect(options).await.unwrap();
        other.execute_unprepared(sql).await.unwrap();
        other.close().await.unwrap();
    } else {
        damage(desk, &format!("SET LOCAL session_replication_role = replica; {sql}")).await;
    }
}

/// One text that the database answers.
async fn asked(desk: &Desk, sql: &str) -> String {
    let db = &desk.app.newsroom.db;
    let row = db.reader().query_one_raw(Statement::from_string(db.backend(), sql.to_owned())).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn report(desk: &Desk) -> CheckReport {
    check(&desk.app.newsroom.db).await.unwrap()
}

/// That there is a finding of this kind with these words, and that the command lists it and ends with 3.
async fn found(desk: &Desk, kind: FindingKind, words: &[&str]) {
    let report = report(desk).await;
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let found =
        lines.iter().any(|line| line.starts_with(&format!("{kind}: ")) && words.iter().all(|word| line.contains(word)));
    assert!(found, "no {kind} with {words:?} in {lines:#?}");
    let (code, told) = command(&desk.url);
    assert_eq!(code, Some(3), "{told}");
    assert!(lines.iter().all(|line| told.lines().any(|other| other == line)), "{lines:#?} is not {told}");
    assert!(told.contains("check found something wrong"), "{told}");
}

on_both! {
    async fn nothing_is_wrong_with_a_newsroom_that_is_lived_in(desk: Desk) {
        lived_in(&desk).await;
        let report = report(&desk).await;
        assert_eq!((report.findings, report.unlisted), (Vec::new(), Vec::new()));
        let (code, told) = command(&desk.url);
        assert_eq!((code, told.lines().count()), (Some(0), 1), "{told}");
        assert!(told.contains("journal entries 1 to ") && told.ends_with(": nothing is wrong\n"), "{told}");
    }

    async fn nothing_is_wrong_while_somebody_writes(desk: Desk) {
        let other = Db::open(&desk.url).await.unwrap();
        let checking = async {
            for _ in 0..10 {
                assert_eq!(check(&other).await.unwrap().findings, []);
            }
        };
        tokio::join!(lived_in(&desk), checking);
        other.close().await;
    }

    async fn an_entry_that_was_deleted_is_missed(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "DELETE FROM journal WHERE sequence IN (40, 41, 100)").await;
        found(&desk, FindingKind::Sequence, &["journal 40 to 41", "missing"]).await;
        found(&desk, FindingKind::Sequence, &["journal 100: the entry is missing"]).await;
    }

    async fn a_head_that_is_ahead_or_behind_is_found(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "UPDATE journal_head SET sequence = sequence + 2").await;
        found(&desk, FindingKind::Sequence, &["the entries are missing"]).await;
        damage(&desk, "UPDATE journal_head SET sequence = sequence - 3").await;
        found(&desk, FindingKind::Sequence, &["journal_head", "the next write would fail"]).await;
        damage(&desk, "DELETE FROM journal_head").await;
        found(&desk, FindingKind::Sequence, &["the journal has no head"]).await;
    }

    async fn an_image_that_cannot_be_read_is_found(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "UPDATE journal SET \"after\" = '{\"noun\":' WHERE sequence = 50").await;
        found(&desk, FindingKind::Entry, &["journal 50", "image after cannot be read"]).await;
    }

    async fn an_image_that_is_missing_is_found(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "UPDATE journal SET \"after\" = NULL WHERE sequence = (SELECT max(sequence) FROM journal WHERE act = 'release.create' AND noun_id IN (SELECT id FROM \"release\"))").await;
        found(&desk, FindingKind::Entry, &["the image of release_", "is missing"]).await;
        damage(&desk, "UPDATE journal SET act = 'topic.publish' WHERE sequence = (SELECT max(sequence) FROM journal WHERE act = 'release.create')").await;
        found(&desk, FindingKind::Entry, &["the act \"topic.publish\" is none of a release"]).await;
    }

    async fn a_row_that_was_changed_past_the_journal_is_found(desk: Desk) {
        lived_in(&desk).await;
        let slug = asked(&desk, "SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED'").await;
        damage(&desk, &format!("UPDATE \"release\" SET author = 'Nobody', modified_at = created_at WHERE slug = '{slug}'")).await;
        found(&desk, FindingKind::Image, &["release_", "author, modified_at"]).await;
        found(&desk, FindingKind::Catalog, &["release_", "author"]).await;
        damage(&desk, "UPDATE topic SET name = 'Another' WHERE slug = (SELECT min(slug) FROM topic)").await;
        found(&desk, FindingKind::Image, &["topic_", "in: name"]).await;
    }

    async fn a_release_that_was_deleted_past_the_journal_is_found(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "DELETE FROM \"release\" WHERE slug = (SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED')").await;
        found(&desk, FindingKind::Image, &["release_", "it is not in the rows of release"]).await;
        found(&desk, FindingKind::Orphan, &["slug slug=", "owner_id"]).await;
        found(&desk, FindingKind::Catalog, &["whether it is there"]).await;
    }

    async fn a_thing_without_an_entry_is_found(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "DELETE FROM journal WHERE noun_id = (SELECT id FROM topic WHERE slug = (SELECT min(slug) FROM topic))").await;
        found(&desk, FindingKind::Image, &["topic_", "the journal has no entry of it"]).await;
    }

    async fn a_row_that_refers_to_nothing_is_found(desk: Desk) {
        lived_in(&desk).await;
        let of = "(SELECT topic_id FROM revision_topic t JOIN \"release\" r ON r.live_revision_id = t.revision_id LIMIT 1)";
        damage_unguarded(&desk, &format!("DELETE FROM topic WHERE id = {of}")).await;
        found(&desk, FindingKind::Orphan, &["revision_topic revision_id=", "topic has no such row"]).await;
    }

    async fn a_version_that_is_gone_is_found(desk: Desk) {
        lived_in(&desk).await;
        damage_unguarded(&desk, "DELETE FROM revision WHERE id = (SELECT live_revision_id FROM \"release\" WHERE slug = (SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED'))").await;
        found(&desk, FindingKind::Revision, &["release_", "its newest version is number"]).await;
        found(&desk, FindingKind::Orphan, &["release id=", "live_revision_id"]).await;
        found(&desk, FindingKind::Image, &["its row has no version to show"]).await;
    }

    async fn an_address_that_nobody_holds_is_found(desk: Desk) {
        lived_in(&desk).await;
        let slug = asked(&desk, "SELECT min(slug) FROM \"release\" WHERE state = 'PUBLISHED'").await;
        damage(&desk, &format!("DELETE FROM slug WHERE noun = 'RELEASE' AND slug = '{slug}'")).await;
        found(&desk, FindingKind::Slug, &["release_", &format!("\"{slug}\" is not in the table slug")]).await;
        let topic = asked(&desk, "SELECT min(slug) FROM topic").await;
        damage(&desk, &format!("UPDATE slug SET owner_id = (SELECT id FROM topic WHERE slug <> '{topic}' LIMIT 1) WHERE noun = 'TOPIC' AND slug = '{topic}'")).await;
        found(&desk, FindingKind::Slug, &["topic_", &format!("\"{topic}\" belongs to topic_")]).await;
    }

    async fn a_value_that_cannot_be_read_is_found_and_the_rest_is_verified(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "UPDATE \"release\" SET state = 'LOST' WHERE slug = (SELECT min(slug) FROM \"release\")").await;
        damage(&desk, "DELETE FROM journal WHERE sequence = 60").await;
        damage(&desk, "UPDATE topic SET name = 'Another' WHERE slug = (SELECT min(slug) FROM topic)").await;
        found(&desk, FindingKind::Row, &["release id=", "cannot be read"]).await;
        found(&desk, FindingKind::Row, &["release_", "it cannot be read"]).await;
        found(&desk, FindingKind::Damage, &["catalog", "could not be verified to its end"]).await;
        found(&desk, FindingKind::Sequence, &["journal 60"]).await;
        found(&desk, FindingKind::Image, &["topic_", "in: name"]).await;
    }

    async fn findings_beyond_fifty_of_a_kind_are_counted(desk: Desk) {
        lived_in(&desk).await;
        damage(&desk, "UPDATE journal SET act = 'nothing'").await;
        let report = report(&desk).await;
        let listed = report.findings.iter().filter(|finding| finding.kind == FindingKind::Entry).count();
        assert!(listed == 50 && report.unlisted.iter().any(|(kind, _)| *kind == FindingKind::Entry), "{report:#?}");
        let (code, told) = command(&desk.url);
        assert!(code == Some(3) && told.contains("journal entry: and "), "{told}");
    }

    async fn a_database_of_another_shape_is_not_verified(desk: Desk) {
        damage(&desk, "DELETE FROM seaql_migrations WHERE version = 'm20261124_000012_access'").await;
        let (code, told) = command(&desk.url);
        assert!(code == Some(1) && told.contains("1 migrations are missing") && told.contains("m20261124_000012_access"), "{told}");
        damage(&desk, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_future', 0)").await;
        let (code, told) = command(&desk.url);
        assert!(code == Some(1) && told.contains("newer Dateline") && told.contains("m29990101_000001_future"), "{told}");
    }
}

#[tokio::test]
async fn an_instant_without_end_is_found_on_postgres() {
    let Some(desk) = Desk::on_postgres().await else { return };
    lived_in(&desk).await;
    damage(&desk, "UPDATE \"release\" SET modified_at = 'infinity' WHERE slug = (SELECT min(slug) FROM \"release\")")
        .await;
    damage(&desk, "UPDATE topic SET retired_at = '-infinity' WHERE slug = (SELECT min(slug) FROM topic)").await;
    damage(&desk, "UPDATE topic SET name = 'Another' WHERE slug = (SELECT max(slug) FROM topic)").await;
    found(&desk, FindingKind::Row, &["release id=", "beyond everything"]).await;
    found(&desk, FindingKind::Range, &["release ", "modified_at is infinity"]).await;
    found(&desk, FindingKind::Row, &["topic id=", "beyond everything"]).await;
    found(&desk, FindingKind::Image, &["topic_", "in: name"]).await;
}

#[tokio::test]
async fn indexes_are_verified_where_amcheck_is_installed() {
    let Some(desk) = Desk::on_postgres().await else { return };
    lived_in(&desk).await;
    let there = asked(&desk, "SELECT count(*)::text FROM pg_available_extensions WHERE name = 'amcheck'").await;
    if there == "0" {
        return;
    }
    damage(&desk, "CREATE SCHEMA tools; CREATE EXTENSION amcheck SCHEMA tools").await;
    assert_eq!(report(&desk).await.findings, []);
    // An index that is told to order what it has by another rule is not in order.
    damage(&desk, "UPDATE pg_index SET indoption = '1' WHERE indexrelid = 'journal_pkey'::regclass").await;
    found(&desk, FindingKind::Damage, &["index journal_pkey", "REINDEX"]).await;
}

/// The demo newsroom is verified while it is served.
fn the_demo_is_sound(folder: &Path, url: &str) {
    let served = serve(folder, &["--demo", "--database", url]);
    let (code, told) = command(url);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(": 157 releases with 160 versions, ") && told.ends_with("nothing is wrong\n"), "{told}");
    drop(served);
    assert_eq!(command(url).0, Some(0));
}

#[test]
fn nothing_is_wrong_with_the_demo_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    the_demo_is_sound(folder.path(), &format!("sqlite://{}", folder.path().join("demo.db").display()));
}

#[test]
fn nothing_is_wrong_with_the_demo_on_postgres() {
    let Some(cluster) = postgres::available() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(cluster.fresh_database());
    the_demo_is_sound(tempfile::tempdir().unwrap().path(), &database.url);
}

#[test]
fn a_database_that_does_not_exist_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, error) = run(folder.path(), &["check"]);
    assert!(code == Some(1) && error.contains("there is no database"), "{error}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn damaged_pages_of_a_sqlite_file_are_found() {
    let desk = Desk::on_sqlite().await;
    lived_in(&desk).await;
    let page = |name: &str| format!("SELECT CAST(rootpage AS TEXT) FROM sqlite_master WHERE name = '{name}'");
    let mut pages = Vec::new();
    for name in ["revision", "journal", "slug_owner"] {
        pages.push(asked(&desk, &page(name)).await.parse::<usize>().unwrap());
    }
    desk.app.newsroom.db.scrub().await;
    let whole = std::fs::read(desk.url.strip_prefix("sqlite://").unwrap()).unwrap();
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    for number in pages {
        // Each page in a copy of its own.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("damaged.db");
        let mut bytes = whole.clone();
        bytes[(number - 1) * size..number * size].fill(0xa5);
        std::fs::write(&file, bytes).unwrap();
        let (code, told) = command(&format!("sqlite://{}", file.display()));
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains("damage: SQLite file: ") && told.contains("restore a backup"), "{told}");
        assert!(told.lines().count() > 1 && told.ends_with("check found something wrong\n"), "{told}");
    }
}

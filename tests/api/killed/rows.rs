//! The database itself, past the program: whether its rows and its journal tell the same story.

use std::{collections::HashMap, thread, time::Duration};

use dateline::{db::Db, journal::Image};
use entity::{
    Noun, journal, journal_head,
    release::{self, ReleaseState},
    revision, slug,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, EntityTrait, QueryOrder, Statement};
use uuid::Uuid;

use super::editor::Known;

/// What there is of releases, in one state of the database.
pub(super) struct Rows {
    /// How far the journal goes, as its head says.
    pub(super) head: i64,
    journal: Vec<journal::Model>,
    releases: HashMap<Uuid, release::Model>,
    revisions: HashMap<Uuid, revision::Model>,
    slugs: HashMap<String, Uuid>,
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Waits until the database knows that the killed program is gone. PostgreSQL may still be committing its last act.
pub(super) fn are_let_go(url: &str) {
    if url.starts_with("sqlite:") {
        return;
    }
    run(async {
        let connection = Database::connect(ConnectOptions::new(url).sqlx_logging(false).clone()).await.unwrap();
        let theirs =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dateline'";
        for _ in 0..500 {
            let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, theirs)).await.unwrap();
            if rows.is_empty() {
                return connection.close().await.unwrap();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("PostgreSQL did not let the killed program's connections go");
    });
}

impl Rows {
    pub(super) fn read(url: &str) -> Self {
        run(async {
            let db = Db::open(url).await.unwrap();
            let tx = db.begin_read().await.unwrap();
            if db.backend() == DbBackend::Sqlite {
                let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
                let told: String = tx.query_one_raw(check).await.unwrap().unwrap().try_get_by_index(0).unwrap();
                assert_eq!(told, "ok");
            }
            let rows = Self {
                head: journal_head::Entity::find_by_id(1).one(&tx).await.unwrap().unwrap().sequence,
                journal: journal::Entity::find().order_by_asc(journal::Column::Sequence).all(&tx).await.unwrap(),
                releases: keyed(release::Entity::find().all(&tx).await.unwrap(), |row| row.id),
                revisions: keyed(revision::Entity::find().all(&tx).await.unwrap(), |row| row.id),
                slugs: slug::Entity::find()
                    .all(&tx)
                    .await
                    .unwrap()
                    .into_iter()
                    .map(|row| (row.slug, row.owner_id))
                    .collect(),
            };
            tx.commit().await.unwrap();
            db.close().await;
            rows
        })
    }

    /// The journal has no hole and ends at its head; no row is half of an act; the last entry of each release is its row.
    pub(super) fn agree(&self) {
        assert_eq!(self.journal.len() as i64, self.head);
        assert!(
            self.journal.iter().zip(1..).all(|(entry, sequence)| entry.sequence == sequence),
            "the journal has a hole"
        );
        let mut last: HashMap<Uuid, Image> = HashMap::new();
        for entry in self.journal.iter().filter(|entry| entry.noun == Noun::Release) {
            let image = |text: &Option<String>| text.as_ref().map(|text| serde_json::from_str::<Image>(text).unwrap());
            // Each act begins where the one before it ended.
            assert_eq!(last.remove(&entry.noun_id), image(&entry.before), "before {}", entry.sequence);
            last.insert(entry.noun_id, image(&entry.after).unwrap());
        }
        assert_eq!(last.len(), self.releases.len(), "a release is not in the journal, or only there");
        let mut numbers: HashMap<Uuid, Vec<i32>> = HashMap::new();
        for revision in self.revisions.values() {
            numbers.entry(revision.release_id).or_default().push(revision.number);
        }
        for row in self.releases.values() {
            let Some(Image::Release(image)) = last.get(&row.id) else { panic!("{row:?} is not in the journal") };
            assert_eq!((image.state, image.revision, &image.slug), (row.state, row.revision, &row.slug), "{row:?}");
            let shown = row.live_revision_id.or(row.working_revision_id);
            assert_eq!(Some(image.shown.revision_id), shown, "{row:?}");
            let beside = row.working_revision_id.filter(|_| row.live_revision_id.is_some());
            assert_eq!(image.working.as_ref().map(|working| working.revision_id), beside, "{row:?}");
            for key in [row.live_revision_id, row.working_revision_id].into_iter().flatten() {
                assert_eq!(self.revisions.get(&key).map(|revision| revision.release_id), Some(row.id), "{row:?}");
            }
            let mut numbers = numbers.remove(&row.id).unwrap_or_default();
            numbers.sort_unstable();
            assert!(numbers.iter().copied().eq(1..=row.revision), "{numbers:?} of {row:?}");
            // A withdrawn release keeps the version that was public; a draft never had one.
            let public = row.state == ReleaseState::Published;
            let withdrawn = row.state == ReleaseState::Withdrawn;
            assert_eq!(row.live_revision_id.is_some(), public || withdrawn, "{row:?}");
            assert_eq!((row.withdrawn_at.is_some(), row.withdrawal_kind.is_some()), (withdrawn, withdrawn), "{row:?}");
            assert_eq!(self.slugs.get(&row.slug), Some(&row.id), "{row:?}");
        }
        assert!(numbers.is_empty(), "revisions of no release");
    }

    /// A release's row, versions and entries are those that its editor knows of.
    pub(super) fn have(&self, known: &Known) {
        let key = known.id.rsplit('_').next().and_then(|key| Uuid::try_parse(key).ok()).unwrap();
        let row = &self.releases[&key];
        let headline = |key: Option<Uuid>| key.map(|key| self.revisions[&key].headline.clone());
        assert_eq!(i64::from(row.revision), known.revision, "{known:?}");
        assert_eq!(headline(row.live_revision_id), known.live, "{known:?}");
        assert_eq!(headline(row.working_revision_id.or(row.live_revision_id)).as_ref(), Some(&known.newest));
        assert_eq!(self.journal.iter().filter(|entry| entry.noun_id == key).count(), known.acts, "{known:?}");
    }
}

fn keyed<T>(rows: Vec<T>, key: impl Fn(&T) -> Uuid) -> HashMap<Uuid, T> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

//! Reads the database after a crash, and checks that the rows agree with the journal entries and their before and
//! after images.

use std::{
    collections::{HashMap, HashSet},
    thread,
    time::Duration,
};

use dateline::{
    db::Db,
    journal::{Image, ReleaseImage},
    newsroom::{access::public_id::IdCodec, check::check},
};
use entity::{
    Noun, api_token, correction, journal, journal_head, merged_concept, place, preview_link,
    release::{self, ReleaseState},
    revision, slug, topic, topic_broader,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr, EntityTrait, QueryOrder, Statement};
use uuid::Uuid;

/// The rows of all tables, read from one consistent state of the database.
pub(super) struct Rows {
    /// The sequence of the last journal entry, from the table `journal_head`.
    pub(super) head: i64,
    pub(super) releases: HashMap<Uuid, release::Model>,
    /// The revisions of each release, ordered by revision number.
    pub(super) versions: HashMap<Uuid, Vec<revision::Model>>,
    /// The correction notes of each release, oldest first.
    pub(super) corrections: HashMap<Uuid, Vec<String>>,
    /// The preview links of each release: row key, and whether the link is revoked.
    pub(super) links: HashMap<Uuid, Vec<(Uuid, bool)>>,
    /// Topics and places by key: the name, the revision, the key of the broader topic or containing place, and
    /// whether the concept is retired.
    pub(super) concepts: HashMap<Uuid, (String, i32, Option<Uuid>, bool)>,
    /// The key of the concept that each merged topic or place was merged into.
    pub(super) merged: HashMap<Uuid, Uuid>,
    pub(super) tokens: HashMap<Uuid, api_token::Model>,
    pub(super) slugs: HashMap<(Noun, String), Uuid>,
    ids: IdCodec,
    journal: Vec<journal::Model>,
    purged: HashSet<Uuid>,
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Waits until the database has closed the connections of the killed server. Until then, PostgreSQL may still be
/// committing the server's last write.
pub(super) fn wait_for_connections_to_close(url: &str) {
    if url.starts_with("sqlite:") {
        return;
    }
    run(async {
        let connection = Database::connect(ConnectOptions::new(url).sqlx_logging(false).clone()).await.unwrap();
        let sql =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dateline'";
        for _ in 0..500 {
            let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
            if rows.is_empty() {
                return connection.close().await.unwrap();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("PostgreSQL did not close the connections of the killed program");
    });
}

impl Rows {
    /// Decodes an API id into the row key.
    pub(super) fn key(&self, id: &str) -> Uuid {
        self.ids.decode(id).unwrap().1
    }

    pub(super) fn read(url: &str) -> Self {
        run(async {
            let db = Db::open(url).await.unwrap();
            let tx = db.begin_read().await.unwrap();
            if db.backend() == DbBackend::Sqlite {
                let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
                let result: String = tx.query_one_raw(check).await.unwrap().unwrap().try_get_by_index(0).unwrap();
                assert_eq!(result, "ok");
            }
            let rows = Self::load(&tx, IdCodec::load(&db).await.unwrap()).await.unwrap();
            tx.commit().await.unwrap();
            // The verification that `dateline check` runs must find nothing.
            assert_eq!(check(&db).await.unwrap().findings, []);
            db.close().await;
            rows
        })
    }

    async fn load<C: ConnectionTrait>(tx: &C, ids: IdCodec) -> Result<Self, DbErr> {
        let (mut versions, mut corrections, mut links) = (HashMap::new(), HashMap::new(), HashMap::new());
        for row in revision::Entity::find().order_by_asc(revision::Column::Number).all(tx).await? {
            versions.entry(row.release_id).or_insert_with(Vec::new).push(row);
        }
        for row in correction::Entity::find().order_by_asc(correction::Column::Revision).all(tx).await? {
            corrections.entry(row.release_id).or_insert_with(Vec::new).push(row.note);
        }
        for row in preview_link::Entity::find().order_by_asc(preview_link::Column::Id).all(tx).await? {
            links.entry(row.release_id).or_insert_with(Vec::new).push((row.id, row.revoked_at.is_some()));
        }
        let broader_links = topic_broader::Entity::find().all(tx).await?;
        let parent = by_key(broader_links, |broader_link| broader_link.topic_id);
        let topics = topic::Entity::find().all(tx).await?.into_iter().map(|row| {
            let parent = parent.get(&row.id).map(|broader_link| broader_link.broader_id);
            (row.id, (row.name, row.revision, parent, row.retired_at.is_some()))
        });
        let places = place::Entity::find().all(tx).await?.into_iter();
        let places = places.map(|row| (row.id, (row.name, row.revision, row.within_id, row.retired_at.is_some())));
        let merged = merged_concept::Entity::find().all(tx).await?;
        let slugs = slug::Entity::find().all(tx).await?;
        let journal = journal::Entity::find().order_by_asc(journal::Column::Sequence).all(tx).await?;
        let purged = journal.iter().filter(|entry| entry.act == "release.purge");
        Ok(Self {
            purged: purged.map(|entry| entry.noun_id).collect(),
            head: journal_head::Entity::find_by_id(1).one(tx).await?.map_or(0, |head| head.sequence),
            releases: by_key(release::Entity::find().all(tx).await?, |row| row.id),
            versions,
            corrections,
            links,
            concepts: topics.chain(places).collect(),
            merged: merged.into_iter().map(|row| (row.id, row.into_id)).collect(),
            tokens: by_key(api_token::Entity::find().all(tx).await?, |row| row.id),
            ids,
            slugs: slugs.into_iter().map(|row| ((row.noun, row.slug), row.owner_id)).collect(),
            journal,
        })
    }

    /// Returns the journal actions on the resource with a key, oldest first.
    pub(super) fn actions(&self, key: Uuid) -> Vec<&str> {
        self.journal.iter().filter(|entry| entry.noun_id == key).map(|entry| entry.act.as_str()).collect()
    }

    /// Returns whether the journal contains a purge of the release with a key.
    pub(super) fn is_purged(&self, key: Uuid) -> bool {
        self.purged.contains(&key)
    }

    /// Checks that the sequences in the journal have no gaps and end at the value in `journal_head`. Also checks that
    /// no action is stored partially: the last after image of each resource must match its rows.
    pub(super) fn assert_consistent(&self) {
        assert_eq!(self.journal.len() as i64, self.head);
        assert!(
            self.journal.iter().zip(1..).all(|(entry, sequence)| entry.sequence == sequence),
            "the journal has a gap"
        );
        let last = self.last_images();
        let concepts = last.values().filter(|image| !matches!(image, Image::Release(_))).count();
        assert_eq!(concepts, self.concepts.len(), "topics and places in the journal and in the tables differ");
        for (key, (name, revision, ..)) in &self.concepts {
            let image = match &last[key] {
                Image::Topic(image) => (&image.name, image.revision),
                Image::Place(image) => (&image.name, image.revision),
                other => panic!("{other:?} is not a topic or place"),
            };
            assert_eq!(image, (name, *revision));
        }
        assert_eq!(last.len() - concepts, self.releases.len(), "releases in the journal and in the tables differ");
        for row in self.releases.values() {
            let Some(Image::Release(image)) = last.get(&row.id) else { panic!("{row:?} is not in the journal") };
            self.assert_matches_image(row, image);
        }
        let of =
            [self.versions.keys().collect::<Vec<_>>(), self.corrections.keys().collect(), self.links.keys().collect()];
        assert!(
            of.iter().flatten().all(|key| self.releases.contains_key(key)),
            "rows refer to a release that does not exist"
        );
    }

    /// Returns the after image of the last action on each existing release, topic and place.
    fn last_images(&self) -> HashMap<Uuid, Image> {
        let mut last: HashMap<Uuid, Image> = HashMap::new();
        let image = |text: &Option<String>| text.as_ref().map(|text| serde_json::from_str::<Image>(text).unwrap());
        for entry in self.journal.iter().filter(|entry| entry.noun != Noun::Token) {
            let (before, after) = (image(&entry.before), image(&entry.after));
            if self.is_purged(entry.noun_id) {
                let is_purge_entry = entry.act == "release.purge";
                assert_eq!(
                    (matches!(before, Some(Image::Purged { .. })), &after),
                    (is_purge_entry, &None),
                    "{entry:?}"
                );
                assert_eq!((before.is_some(), entry.note.is_some()), (is_purge_entry, is_purge_entry), "{entry:?}");
                continue;
            }
            let merged = matches!(entry.act.as_str(), "topic.merge" | "place.merge");
            // The before image of a merge shows the merged concept, which ceases to exist. The after image shows the
            // concept that it was merged into.
            let key = match &before {
                Some(Image::Topic(before)) if merged => before.id,
                Some(Image::Place(before)) if merged => before.id,
                _ => entry.noun_id,
            };
            let previous = last.remove(&key);
            // The before image must equal the previous after image. For topics and places only the name and revision
            // are compared: a merge also moves the concepts below the merged concept, without separate journal
            // entries.
            match (&previous, &before) {
                (Some(Image::Topic(previous)), Some(Image::Topic(before))) => {
                    assert_eq!(
                        (&previous.name, previous.revision),
                        (&before.name, before.revision),
                        "before {}",
                        entry.sequence
                    );
                }
                (Some(Image::Place(previous)), Some(Image::Place(before))) => {
                    assert_eq!(
                        (&previous.name, previous.revision),
                        (&before.name, before.revision),
                        "before {}",
                        entry.sequence
                    );
                }
                _ => assert_eq!(previous, before, "before {}", entry.sequence),
            }
            if let Some(after) = after {
                last.insert(entry.noun_id, after);
            }
        }
        last
    }

    /// Checks that the row, revisions and slug of a release match the release's last image in the journal.
    fn assert_matches_image(&self, row: &release::Model, image: &ReleaseImage) {
        assert_eq!((image.state, image.revision, &image.slug), (row.state, row.revision, &row.slug), "{row:?}");
        assert_eq!((image.embargo_until, image.schedule_at), (row.embargo_until, row.schedule_at), "{row:?}");
        assert_eq!(image.withdrawal_kind, row.withdrawal_kind, "{row:?}");
        let shown_revision = row.live_revision_id.or(row.working_revision_id);
        assert_eq!(Some(image.shown.revision_id), shown_revision, "{row:?}");
        let working_revision = row.working_revision_id.filter(|_| row.live_revision_id.is_some());
        assert_eq!(image.working.as_ref().map(|working| working.revision_id), working_revision, "{row:?}");
        let versions = &self.versions[&row.id];
        for key in [row.live_revision_id, row.working_revision_id].into_iter().flatten() {
            assert!(versions.iter().any(|version| version.id == key), "{row:?}");
        }
        assert!(versions.iter().map(|version| version.number).eq(1..=row.revision), "{versions:?} of {row:?}");
        // A withdrawn or retracted release keeps its live revision. A release that was never published has no live
        // revision.
        let ended = matches!(row.state, ReleaseState::Withdrawn | ReleaseState::Retracted);
        assert_eq!(row.live_revision_id.is_some(), row.state == ReleaseState::Published || ended, "{row:?}");
        assert_eq!((row.withdrawn_at.is_some(), row.withdrawal_kind.is_some()), (ended, ended), "{row:?}");
        assert_eq!(row.schedule_at.is_some(), row.state == ReleaseState::Scheduled, "{row:?}");
        assert_eq!(self.slugs.get(&(Noun::Release, row.slug.clone())), Some(&row.id), "{row:?}");
    }
}

fn by_key<T>(rows: Vec<T>, key: impl Fn(&T) -> Uuid) -> HashMap<Uuid, T> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

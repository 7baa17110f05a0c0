//! Unit of work: a write transaction that changes rows and appends entries with before and after images to the journal.
//!
//! `Newsroom::begin` takes the write lock before any statement of the command, so journal entries are in commit
//! order. On PostgreSQL, the write lock is a row lock on the journal's head row. On SQLite, the whole database has
//! one write lock. `begin` also checks the request deadline and claims the idempotency key.
//!
//! `UnitOfWork::commit` waits until another database connection has read the new journal entries and the catalog has
//! applied them. If either of the two fails, `commit` returns the error `OutcomeUnknown`. A unit of work that is
//! dropped without a commit is rolled back.

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, SubsecRound, Utc};
use entity::{Noun, journal, journal_head};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    error::{CurrentRevision, Error},
    service::Newsroom,
};
use crate::{
    auth::viewer::Viewer,
    catalog::{Catalog, View, place_images, release_images, topic_images},
    db::{DatabaseError, Db, Transaction},
    journal::Image,
};

/// A write transaction in progress.
#[derive(Debug)]
pub struct UnitOfWork {
    tx: Transaction,
    db: Db,
    catalog: Arc<Catalog>,
    head: i64,
    at: DateTime<Utc>,
    by: String,
    entries: Vec<journal::ActiveModel>,
    lock_acquired_at: Instant,
}

impl Newsroom {
    /// Begins a write that records `now` as its instant. Fails if the deadline of the viewer's request has passed, or
    /// while the server clock differs too much from the database's clock.
    pub async fn begin(&self, viewer: &Viewer, now: DateTime<Utc>) -> Result<UnitOfWork, Error> {
        if viewer.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Error::DeadlineExceeded);
        }
        self.db.check_clock()?;
        let tx = self.db.begin_write().await?;
        let head = journal_head::Entity::find_by_id(1);
        let head = match self.db.backend() {
            DbBackend::Postgres => head.lock_exclusive(),
            _ => head,
        };
        let head = head.one(&tx).await?.map_or(0, |head| head.sequence);
        let unit_of_work = UnitOfWork {
            tx,
            db: self.db.clone(),
            catalog: self.catalog.clone(),
            head,
            at: now.trunc_subsecs(6),
            by: viewer.subject.clone(),
            entries: Vec::new(),
            lock_acquired_at: Instant::now(),
        };
        unit_of_work.claim_key(viewer).await?;
        Ok(unit_of_work)
    }
}

impl UnitOfWork {
    /// Returns the transaction in which the command runs its statements.
    pub fn tx(&self) -> &Transaction {
        &self.tx
    }

    /// Returns the instant of the command, with microsecond precision.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Returns the time at which the write lock was acquired.
    pub fn lock_acquired_at(&self) -> Instant {
        self.lock_acquired_at
    }

    /// Returns the subject that the journal records as the actor.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Adds a journal entry that names the viewer's subject as the actor.
    pub fn record(
        &mut self,
        action: &str,
        noun: Noun,
        id: Uuid,
        note: Option<String>,
        before: Option<&Image>,
        after: Option<&Image>,
    ) -> Result<(), Error> {
        let by = self.by.clone();
        self.record_by(&by, action, noun, id, note, before, after)
    }

    /// Adds a journal entry that names `by` as the actor: another subject, or the system.
    #[expect(clippy::too_many_arguments, reason = "the columns of the journal")]
    pub fn record_by(
        &mut self,
        by: &str,
        action: &str,
        noun: Noun,
        id: Uuid,
        note: Option<String>,
        before: Option<&Image>,
        after: Option<&Image>,
    ) -> Result<(), Error> {
        let to_json =
            |image: &Image| serde_json::to_string(image).map_err(|error| sea_orm::DbErr::Json(error.to_string()));
        let sequence = self.head + self.entries.len() as i64 + 1;
        self.entries.push(journal::ActiveModel {
            sequence: Set(sequence),
            at: Set(self.at),
            by: Set(by.to_owned()),
            act: Set(action.to_owned()),
            noun: Set(noun),
            noun_id: Set(id),
            note: Set(note),
            before: Set(before.map(to_json).transpose()?),
            after: Set(after.map(to_json).transpose()?),
        });
        Ok(())
    }

    /// Returns the journal image of an object as this transaction sees it. Returns `None` if the object does not
    /// exist. Also returns `None` for tokens and preview links, because the catalog does not contain them.
    pub async fn image(&self, noun: Noun, id: Uuid) -> Result<Option<Image>, Error> {
        let ids = [id];
        Ok(match noun {
            Noun::Release => release_images(&self.tx, &ids).await?.pop().map(|image| Image::Release(Box::new(image))),
            Noun::Topic => topic_images(&self.tx, Some(&ids)).await?.pop().map(|image| Image::Topic(Box::new(image))),
            Noun::Place => place_images(&self.tx, Some(&ids)).await?.pop().map(|image| Image::Place(Box::new(image))),
            Noun::Token | Noun::PreviewLink => None,
        })
    }

    /// Returns who last changed an object and when, for the error that reports a revision conflict.
    pub async fn last_change(&self, id: Uuid, revision: i32) -> Result<CurrentRevision, Error> {
        let entry = journal::Entity::find()
            .filter(journal::Column::NounId.eq(id))
            .order_by_desc(journal::Column::Sequence)
            .one(&self.tx)
            .await?;
        let (by, at) = entry.map_or_else(|| (String::new(), DateTime::UNIX_EPOCH), |entry| (entry.by, entry.at));
        Ok(CurrentRevision { revision, by, at })
    }

    /// Appends the recorded entries to the journal. Returns the sequence of the last journal entry.
    async fn append_to_journal(&mut self) -> Result<i64, Error> {
        let entries = std::mem::take(&mut self.entries);
        if entries.is_empty() {
            return Ok(self.head);
        }
        self.head += entries.len() as i64;
        // An entry has nine values, and SQLite allows 32,766 values per statement.
        for chunk in entries.chunks(1000) {
            journal::Entity::insert_many(chunk.to_vec()).exec_without_returning(&self.tx).await?;
        }
        journal_head::Entity::update_many()
            .col_expr(journal_head::Column::Sequence, Expr::value(self.head))
            .filter(journal_head::Column::Id.eq(1))
            .exec(&self.tx)
            .await?;
        Ok(self.head)
    }

    /// Commits and returns a snapshot that includes the changes.
    ///
    /// Succeeds only after another connection has read the committed journal entries. If that check fails, returns
    /// [`DatabaseError::OutcomeUnknown`].
    pub async fn commit(mut self) -> Result<Arc<View>, Error> {
        let head = self.append_to_journal().await?;
        let Self { tx, db, catalog, .. } = self;
        tx.commit().await?;
        let synced = match catalog.catch_up().await {
            Err(error @ DatabaseError::Failed(_)) => {
                tracing::error!(%error, "the catalog could not apply a committed write: reloading it");
                catalog.reload().await
            }
            synced => synced,
        };
        let snapshot = synced.map_err(|error| DatabaseError::OutcomeUnknown(error.to_string()))?;
        confirm_commit(&db, snapshot.sequence(), head)?;
        Ok(snapshot)
    }

    /// Commits without waiting for the catalog. Imports use this function, because they do not read the result.
    pub async fn commit_without_catalog(mut self) -> Result<(), Error> {
        let head = self.append_to_journal().await?;
        let Self { tx, db, .. } = self;
        tx.commit().await?;
        let stored = journal_head::Entity::find_by_id(1).one(db.reader()).await;
        let stored = stored.map_err(|error| DatabaseError::OutcomeUnknown(error.to_string()))?;
        confirm_commit(&db, stored.map_or(0, |stored| stored.sequence), head)
    }

    /// Ends one chunk of a long write. Appends the recorded entries to the journal and keeps the transaction open.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.append_to_journal().await?;
        Ok(())
    }

    /// Rolls back the transaction.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.tx.rollback().await?)
    }
}

/// Returns the error for an object that this server has just written but that is missing in the snapshot after the
/// commit. Another process must have removed the object in between.
pub(super) fn removed_since_commit() -> Error {
    DatabaseError::OutcomeUnknown("another process removed the object after the commit".to_owned()).into()
}

/// Checks that another connection can read the committed journal entries: `stored` is the last sequence that the
/// other connection read, and `head` is the last sequence that was committed. If `stored` is lower, closes the writer
/// connections and fails.
fn confirm_commit(db: &Db, stored: i64, head: i64) -> Result<(), Error> {
    if stored >= head {
        return Ok(());
    }
    db.close_writers();
    let message = format!("journal entry {head} was committed but cannot be read: the journal ends at entry {stored}");
    tracing::error!(found = stored, head, "a committed journal entry is not visible to another connection");
    Err(DatabaseError::OutcomeUnknown(message).into())
}

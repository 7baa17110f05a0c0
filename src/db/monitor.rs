//! Database monitor: health check four times a second, clock samples, integrity of the SQLite file, WAL checkpoints.
//!
//! Runs while the server runs. Checkpoints are made here and not by SQLite, because SQLite ignores their errors.

use std::time::{self, Duration};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{
    database::Db,
    error::{DatabaseError, ErrorKind},
};
use crate::clock::Clock;

/// How often the database is asked whether it answers.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// How long it may take to answer. With the interval this is how long a loss can go unnoticed.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// How often the write-ahead log is copied into the database file while something is written.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// When the log is emptied after an erasure, if that was not possible at once.
const TRUNCATION_RETRY: Duration = Duration::from_secs(30);

impl Db {
    /// Watches the database for as long as it is polled, and has the clock follow it. Serving needs it: without it a loss shows
    /// only in the operations that fail, and the clock goes by what was measured last.
    pub async fn monitor(&self, clock: &Clock) {
        let mut ticks = interval(PROBE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut checkpoint_at, mut checkpointing) = (Instant::now(), tokio::spawn(async {}));
        loop {
            ticks.tick().await;
            if let Some(reason) = self.file.as_ref().and_then(|file| file.header_problem()) {
                self.health.stop_writes(&reason);
            }
            match timeout(PROBE_TIMEOUT, self.measure(clock)).await {
                Ok(Ok(())) => self.health.mark_available(),
                Ok(Err(error)) => match self.health.observe(&error) {
                    ErrorKind::Lost | ErrorKind::NoConnection | ErrorKind::Locked => {
                        self.health.mark_unavailable(&error.to_string())
                    }
                    // It answers, if only that something is wrong with it.
                    ErrorKind::Full | ErrorKind::Damaged | ErrorKind::Moved | ErrorKind::Other => {
                        self.health.mark_available()
                    }
                },
                Err(_) => self.health.mark_unavailable(&format!("no answer within {} ms", PROBE_TIMEOUT.as_millis())),
            }
            // Beside the probe, which must not wait for a disk. A failure is logged, and the next attempt comes by itself.
            if checkpointing.is_finished() && checkpoint_at.elapsed() >= CHECKPOINT_INTERVAL {
                let db = self.clone();
                checkpointing = tokio::spawn(async move { drop(db.checkpoint().await) });
                checkpoint_at = Instant::now();
            }
        }
    }

    /// Asks the database whether it answers and what time it has, and notes what is wrong with the clock then.
    pub async fn measure(&self, clock: &Clock) -> Result<(), DbErr> {
        let mut result = self.probe(clock).await;
        // Where somebody ended the connection the database may still be there: that shows on another one.
        if let Err(error) = &result
            && ErrorKind::of(error) == ErrorKind::Lost
        {
            self.health.observe(error);
            result = self.probe(clock).await;
        }
        self.health.set_clock_problem(clock.problem());
        result
    }

    /// Reads one row by its key, on a connection that nothing else uses, and the time.
    async fn probe(&self, clock: &Clock) -> Result<(), DbErr> {
        let head = |columns| {
            Statement::from_string(self.backend(), format!("SELECT {columns} FROM journal_head WHERE id = 1"))
        };
        if self.backend() == DbBackend::Sqlite {
            clock.sample_system_clock();
            return self.probe.query_one_raw(head("sequence")).await.map(drop);
        }
        let sent = time::Instant::now();
        let row = self.probe.query_one_raw(head("clock_timestamp()")).await?;
        let received = time::Instant::now();
        if let Some(row) = row {
            clock.add_sample(sent, received, row.try_get_by_index::<DateTime<Utc>>(0)?);
        }
        Ok(())
    }

    /// SQLite: copies what was committed from the write-ahead log into the database file, where something was committed since
    /// the last time; so that the log begins anew and stays small. A failed fsync stops all writes. PostgreSQL does this by
    /// itself.
    pub async fn checkpoint(&self) -> Result<(), DatabaseError> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.has_stopped_writing() || !(file.take_written() || file.needs_checkpoint()) {
            return Ok(());
        }
        let truncate = file.take_truncation();
        let mode = if truncate { "TRUNCATE" } else { "PASSIVE" };
        let pragma = Statement::from_string(self.backend(), format!("PRAGMA wal_checkpoint({mode})"));
        // On the connection that writes: while others write, the log never ends and cannot begin anew.
        let result = self.health.run_while_available(None, self.write.query_one_raw(pragma)).await;
        let is_busy = |row: QueryResult| row.try_get_by_index::<i32>(0).is_ok_and(|busy| busy != 0);
        match result {
            Ok(row) => {
                if truncate && row.is_some_and(is_busy) {
                    // Somebody reads. Each attempt has writers wait, so the next one is not soon.
                    file.schedule_truncation(TRUNCATION_RETRY);
                }
                Ok(())
            }
            Err(error) => {
                file.mark_written();
                if truncate {
                    file.schedule_truncation(TRUNCATION_RETRY);
                }
                self.health.observe(&error);
                tracing::warn!(%error, "the write-ahead log could not be copied into the database file; trying again");
                Err(error.into())
            }
        }
    }
}

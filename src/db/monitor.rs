//! Watching a database while it is served: whether it answers, what time it has, whether its file is still the one that was
//! opened, and the checkpoints of its write-ahead log.

use std::time::{self, Duration};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{
    Db,
    error::{Fault, Kind},
};
use crate::clock::Clock;

/// How often the database is asked whether it answers.
const INTERVAL: Duration = Duration::from_millis(250);

/// How long it may take to answer. With the interval this is how long a loss can go unnoticed.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How often the write-ahead log is copied into the database file while something is written.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// When the log is emptied after an erasure, if that was not possible at once.
const TRUNCATION: Duration = Duration::from_secs(30);

impl Db {
    /// Watches the database for as long as it is polled, and has the clock follow it. Serving needs it: without it a loss shows
    /// only in the operations that fail, and the clock goes by what was measured last.
    pub async fn monitor(&self, clock: &Clock) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut checkpoint_at, mut checkpointing) = (Instant::now(), tokio::spawn(async {}));
        loop {
            ticks.tick().await;
            if let Some(reason) = self.file.as_ref().and_then(|file| file.fault_of_header()) {
                self.health.stop_writes(&reason);
            }
            match timeout(PATIENCE, self.measure(clock)).await {
                Ok(Ok(())) => self.health.answered(),
                Ok(Err(error)) => match self.health.observe(&error) {
                    Kind::Lost | Kind::NoConnection | Kind::Locked => self.health.lost(&error.to_string()),
                    // It answers, if only that something is wrong with it.
                    Kind::Full | Kind::Damaged | Kind::Moved | Kind::Other => self.health.answered(),
                },
                Err(_) => self.health.lost(&format!("no answer within {} ms", PATIENCE.as_millis())),
            }
            // Beside the probe, which must not wait for a disk. A failure is logged, and the next attempt comes by itself.
            if checkpointing.is_finished() && checkpoint_at.elapsed() >= CHECKPOINT {
                let db = self.clone();
                checkpointing = tokio::spawn(async move { drop(db.checkpoint().await) });
                checkpoint_at = Instant::now();
            }
        }
    }

    /// Asks the database whether it answers and what time it has, and notes what is wrong with the clock then.
    pub async fn measure(&self, clock: &Clock) -> Result<(), DbErr> {
        let mut probed = self.probe(clock).await;
        // Where somebody ended the connection the database may still be there: that shows on another one.
        if let Err(error) = &probed
            && Kind::of(error) == Kind::Lost
        {
            self.health.observe(error);
            probed = self.probe(clock).await;
        }
        self.health.clock_is(clock.complaint());
        probed
    }

    /// Reads one row by its key, on a connection that nothing else uses, and the time.
    async fn probe(&self, clock: &Clock) -> Result<(), DbErr> {
        let head = |columns| {
            Statement::from_string(self.backend(), format!("SELECT {columns} FROM journal_head WHERE id = 1"))
        };
        if self.backend() == DbBackend::Sqlite {
            clock.measured_here();
            return self.probe.query_one_raw(head("sequence")).await.map(drop);
        }
        let sent = time::Instant::now();
        let row = self.probe.query_one_raw(head("clock_timestamp()")).await?;
        let received = time::Instant::now();
        if let Some(row) = row {
            clock.measured(sent, received, row.try_get_by_index::<DateTime<Utc>>(0)?);
        }
        Ok(())
    }

    /// SQLite: copies what was committed from the write-ahead log into the database file, where something was committed since
    /// the last time; so that the log begins anew and stays small. A failed fsync stops all writes. PostgreSQL does this by
    /// itself.
    pub async fn checkpoint(&self) -> Result<(), Fault> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.has_stopped_writing() || !(file.take_written() || file.has_long_log()) {
            return Ok(());
        }
        let truncates = file.take_truncation();
        let mode = if truncates { "TRUNCATE" } else { "PASSIVE" };
        let pragma = Statement::from_string(self.backend(), format!("PRAGMA wal_checkpoint({mode})"));
        // On the connection that writes: while others write, the log never ends and cannot begin anew.
        let done = self.health.while_it_answers(None, self.write.query_one_raw(pragma)).await;
        let is_busy = |row: QueryResult| row.try_get_by_index::<i32>(0).is_ok_and(|busy| busy != 0);
        match done {
            Ok(row) => {
                if truncates && row.is_some_and(is_busy) {
                    // Somebody reads. Each attempt has writers wait, so the next one is not soon.
                    file.want_truncation(TRUNCATION);
                }
                Ok(())
            }
            Err(error) => {
                file.written();
                if truncates {
                    file.want_truncation(TRUNCATION);
                }
                self.health.observe(&error);
                tracing::warn!(%error, "the write-ahead log could not be copied into the database file; trying again");
                Err(error.into())
            }
        }
    }
}

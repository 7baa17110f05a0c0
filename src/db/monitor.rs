//! Database monitor: checks the database's health and samples its clock four times a second, checks the integrity of
//! the SQLite file, and makes WAL checkpoints.
//!
//! The monitor runs while the server runs. It makes the checkpoints itself, because SQLite ignores errors of its
//! automatic checkpoints.

use std::time::{self, Duration};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{
    database::Db,
    error::{DatabaseError, ErrorKind},
};
use crate::clock::Clock;

/// Interval between two health checks.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// Time limit of one health check. An outage can stay undetected for this time plus the interval between two checks.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Minimum interval between two checkpoints of the write-ahead log while there are writes.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// Delay before the next attempt to truncate the write-ahead log, if an attempt failed.
const TRUNCATION_RETRY: Duration = Duration::from_secs(30);

impl Db {
    /// Monitors the database and synchronises `clock` with the database's clock, for as long as the caller polls the
    /// future. A server must run this. Otherwise only failing operations reveal an outage, and the clock keeps its
    /// last measurement.
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
                    // The database answered, although with an error.
                    ErrorKind::Full | ErrorKind::Damaged | ErrorKind::Moved | ErrorKind::Other => {
                        self.health.mark_available()
                    }
                },
                Err(_) => self.health.mark_unavailable(&format!("no answer within {} ms", PROBE_TIMEOUT.as_millis())),
            }
            // The checkpoint runs in its own task, because the health check must not wait for a disk. A failed
            // checkpoint is logged and tried again later.
            if checkpointing.is_finished() && checkpoint_at.elapsed() >= CHECKPOINT_INTERVAL {
                let db = self.clone();
                checkpointing = tokio::spawn(async move { drop(db.checkpoint().await) });
                checkpoint_at = Instant::now();
            }
        }
    }

    /// Checks that the database answers, samples its clock, and updates the clock problem that `Db::check_clock`
    /// reports.
    pub async fn measure(&self, clock: &Clock) -> Result<(), DbErr> {
        let mut result = self.probe(clock).await;
        // If only this connection was lost, the database answers on a new connection.
        if let Err(error) = &result
            && ErrorKind::of(error) == ErrorKind::Lost
        {
            self.health.observe(error);
            result = self.probe(clock).await;
        }
        self.health.set_clock_problem(clock.problem());
        result
    }

    /// Reads one row by its key on the monitor's own connection. The same statement reads the time of PostgreSQL.
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

    /// Makes a checkpoint on SQLite: copies committed data from the write-ahead log into the database file, so the
    /// log can restart and stays small. Does nothing if there is no such data, or on PostgreSQL, which makes its own
    /// checkpoints. A failed fsync stops all writes.
    pub async fn checkpoint(&self) -> Result<(), DatabaseError> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.has_stopped_writing() || !(file.take_written() || file.needs_checkpoint()) {
            return Ok(());
        }
        let truncate = file.take_truncation();
        let mode = if truncate { "TRUNCATE" } else { "PASSIVE" };
        let pragma = Statement::from_string(self.backend(), format!("PRAGMA wal_checkpoint({mode})"));
        // The checkpoint uses the only write connection, so this process does not write meanwhile. SQLite cannot
        // restart the log during a write.
        let result = self.health.run_while_available(None, self.write.query_one_raw(pragma)).await;
        let is_busy = |row: QueryResult| row.try_get_by_index::<i32>(0).is_ok_and(|busy| busy != 0);
        match result {
            Ok(row) => {
                if truncate && row.is_some_and(is_busy) {
                    // A reader blocked the truncation. Each attempt blocks writers, so the next attempt is delayed.
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
                tracing::warn!(%error, "checkpoint of the write-ahead log failed; it will be retried");
                Err(error.into())
            }
        }
    }
}

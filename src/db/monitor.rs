//! Database monitor: health check four times a second, clock samples, integrity of the SQLite file, WAL checkpoints.
//!
//! Runs while the server runs. Makes the checkpoints instead of SQLite, because SQLite ignores their errors.

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

/// Time limit of a health check. Together with the interval this is how long an outage can stay undetected.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Interval between two checkpoints of the write-ahead log while there are writes.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// Delay before the next attempt to truncate the log after an erasure.
const TRUNCATION_RETRY: Duration = Duration::from_secs(30);

impl Db {
    /// Monitors the database for as long as the future is polled, and synchronises the clock with it. A server needs
    /// it: otherwise an outage is only detected by failing operations, and the clock keeps its last measurement.
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
                    // The database answers, although with an error.
                    ErrorKind::Full | ErrorKind::Damaged | ErrorKind::Moved | ErrorKind::Other => {
                        self.health.mark_available()
                    }
                },
                Err(_) => self.health.mark_unavailable(&format!("no answer within {} ms", PROBE_TIMEOUT.as_millis())),
            }
            // Runs beside the health check, which must not wait for a disk. A failure is logged, and the next attempt
            // follows.
            if checkpointing.is_finished() && checkpoint_at.elapsed() >= CHECKPOINT_INTERVAL {
                let db = self.clone();
                checkpointing = tokio::spawn(async move { drop(db.checkpoint().await) });
                checkpoint_at = Instant::now();
            }
        }
    }

    /// Checks that the database answers, samples its clock, and updates the clock problem.
    pub async fn measure(&self, clock: &Clock) -> Result<(), DbErr> {
        let mut result = self.probe(clock).await;
        // If only the connection was ended, the database answers on another one.
        if let Err(error) = &result
            && ErrorKind::of(error) == ErrorKind::Lost
        {
            self.health.observe(error);
            result = self.probe(clock).await;
        }
        self.health.set_clock_problem(clock.problem());
        result
    }

    /// Reads one row by its key, and the time, on the monitor's own connection.
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

    /// On SQLite, copies committed data from the write-ahead log into the database file if there is any, so that the
    /// log can restart and stays small. A failed fsync stops all writes. Does nothing on PostgreSQL, which makes its
    /// own checkpoints.
    pub async fn checkpoint(&self) -> Result<(), DatabaseError> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.has_stopped_writing() || !(file.take_written() || file.needs_checkpoint()) {
            return Ok(());
        }
        let truncate = file.take_truncation();
        let mode = if truncate { "TRUNCATE" } else { "PASSIVE" };
        let pragma = Statement::from_string(self.backend(), format!("PRAGMA wal_checkpoint({mode})"));
        // Runs on the write connection. The log cannot restart while other connections write.
        let result = self.health.run_while_available(None, self.write.query_one_raw(pragma)).await;
        let is_busy = |row: QueryResult| row.try_get_by_index::<i32>(0).is_ok_and(|busy| busy != 0);
        match result {
            Ok(row) => {
                if truncate && row.is_some_and(is_busy) {
                    // A reader is active. Each attempt blocks writers, so the next attempt is delayed.
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

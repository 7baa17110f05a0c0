//! Health of the database, shared by all its connections: outage, stopped writes, retired connections, clock problem.
//!
//! `Health` works as a circuit breaker. When the database is found not to answer, operations in flight are aborted,
//! and new operations fail at once until the database answers again. The monitor sets this state, and errors of
//! operations change it too.

use std::{
    borrow::Cow,
    sync::{Mutex, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use sea_orm::DbErr;
use tokio::sync::watch;

use super::error::{DatabaseError, ErrorKind, unresponsive};

/// What a connection is used for: reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// The health of one database, as this process sees it.
#[derive(Debug)]
pub(super) struct Health {
    /// Why the database does not answer. `None` while it answers.
    outage: watch::Sender<Option<String>>,
    /// Why writes have stopped. Set at most once; only a restart clears it.
    writes_stopped: OnceLock<String>,
    /// For each purpose, the instant of the last retirement. Connections that were opened before it are closed
    /// instead of used.
    bad_before: [RwLock<Option<Instant>>; 2],
    /// The current problem of the server's clock. `None` if there is no problem.
    clock_problem: RwLock<Option<String>>,
    /// Whether the database is a SQLite file. If so, this process must stop writes when it detects damage.
    is_file: bool,
    /// Instant of the last log message about a failed operation.
    last_logged: Mutex<Option<Instant>>,
}

/// Minimum interval between two log messages about failed operations.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

impl Health {
    pub(super) fn new(is_file: bool) -> Self {
        Self {
            outage: watch::Sender::new(None),
            writes_stopped: OnceLock::new(),
            bad_before: Default::default(),
            clock_problem: RwLock::default(),
            is_file,
            last_logged: Mutex::new(None),
        }
    }

    /// Returns why a server that uses this database is not ready, or `None` if it is ready.
    pub(super) fn unready_reason(&self) -> Option<Cow<'static, str>> {
        if self.writes_stopped.get().is_some() {
            return Some("writes have stopped: see the log of the server".into());
        }
        let is_unavailable = self.outage.borrow().is_some();
        is_unavailable.then_some("the database does not answer".into()).or_else(|| self.clock_problem().map(Cow::from))
    }

    fn clock_problem(&self) -> Option<String> {
        self.clock_problem.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fails while there is a clock problem. Operations that record a new instant call this first.
    pub(super) fn check_clock(&self) -> Result<(), DatabaseError> {
        self.clock_problem().map_or(Ok(()), |reason| Err(DatabaseError::ClockIsOff(reason)))
    }

    /// Sets or clears the clock problem, and logs when it begins or ends.
    pub(super) fn set_clock_problem(&self, problem: Option<String>) {
        let mut current = self.clock_problem.write().unwrap_or_else(PoisonError::into_inner);
        match (&*current, &problem) {
            (None, Some(reason)) => {
                tracing::warn!(
                    reason,
                    "clock problem: this server is not ready and rejects changes until it is resolved"
                );
            }
            (Some(_), None) => tracing::info!("clock problem resolved"),
            _ => {}
        }
        *current = problem;
    }

    /// Fails if writes have stopped.
    pub(super) fn check_writable(&self) -> Result<(), DatabaseError> {
        match self.writes_stopped.get() {
            Some(reason) => Err(DatabaseError::WritesStopped(reason.clone())),
            None => Ok(()),
        }
    }

    /// Stops all writes until the server is restarted, and logs the first reason.
    pub(super) fn stop_writes(&self, reason: &str) {
        if self.writes_stopped.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "writes have stopped: this server is not ready until it is restarted");
        }
    }

    /// Records that the database answers, and ends an outage.
    pub(super) fn mark_available(&self) {
        let was_unavailable = self.outage.send_if_modified(|outage| outage.take().is_some());
        if was_unavailable {
            tracing::info!("the database is available again");
        }
    }

    /// Records that the database does not answer: retires its connections and aborts operations in flight.
    pub(super) fn mark_unavailable(&self, reason: &str) {
        self.retire_all();
        let is_new = self.outage.send_if_modified(|outage| {
            let is_new = outage.is_none();
            outage.get_or_insert_with(|| reason.to_owned());
            is_new
        });
        if is_new {
            tracing::error!(reason, "the database does not answer: operations fail until it does");
        }
    }

    /// Retires all connections of a purpose that are open now: they are closed before their next use.
    pub(super) fn retire(&self, purpose: Purpose) {
        *self.bad_before[purpose as usize].write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn retire_all(&self) {
        // Read connections of a SQLite file stay open. When the last connection closes, SQLite deletes the
        // write-ahead log, and the deletion of this watched file would stop writes.
        if !self.is_file {
            self.retire(Purpose::Read);
        }
        self.retire(Purpose::Write);
    }

    /// Returns whether a connection that was opened `age` ago for a purpose must be closed.
    pub(super) fn is_retired(&self, purpose: Purpose, age: Duration) -> bool {
        let bad_before = *self.bad_before[purpose as usize].read().unwrap_or_else(PoisonError::into_inner);
        bad_before.is_some_and(|before| before.elapsed() <= age)
    }

    /// Reacts to a driver error: retires connections that may be broken, and stops writes if a SQLite file is damaged
    /// or was moved. Returns the kind of the error.
    pub(super) fn observe(&self, error: &DbErr) -> ErrorKind {
        let kind = ErrorKind::of(error);
        match kind {
            ErrorKind::Lost => self.retire_all(),
            ErrorKind::Damaged if self.is_file => self.stop_writes(&format!(
                "the database file cannot be read or written reliably ({error}): check the disk and its free space, run \
                 `dateline check`, restore a backup if it finds damage, then restart"
            )),
            ErrorKind::Moved => self.stop_writes(&format!(
                "the database file was moved or deleted while the server was running ({error}): put it back, then restart"
            )),
            ErrorKind::Damaged => tracing::error!(%error, "the database reports damage or a disk error: check the database server"),
            _ => {}
        }
        if kind != ErrorKind::Other && self.outage.borrow().is_none() {
            let mut last_logged = self.last_logged.lock().unwrap_or_else(PoisonError::into_inner);
            if last_logged.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
                *last_logged = Some(Instant::now());
                tracing::warn!(%error, "a database operation failed; further failures are not logged for 5 s");
            }
        }
        kind
    }

    /// Runs an operation. Aborts the operation after `limit`, or as soon as the database is found not to answer.
    pub(super) async fn run_while_available<T>(
        &self,
        limit: Option<Duration>,
        operation: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let mut outage = self.outage.subscribe();
        let limit = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // Completes at once if the outage has already begun. `wait_for` cannot fail, because `self` holds the
            // sender.
            _ = outage.wait_for(Option::is_some) => Err(unresponsive()),
            result = operation => result,
            () = limit => Err(unresponsive()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn operations_fail_at_once_while_the_database_does_not_answer() {
        let health = Health::new(false);
        let waiting = health.run_while_available(None, std::future::pending::<Result<(), DbErr>>());
        let (result, ()) = tokio::join!(waiting, async { health.mark_unavailable("gone") });
        assert_eq!(result, Err(unresponsive()));
        assert_eq!(health.run_while_available(None, async { Ok(1) }).await, Err(unresponsive()));
        assert_eq!(health.unready_reason().as_deref(), Some("the database does not answer"));
        assert!(health.is_retired(Purpose::Read, Duration::from_secs(1)));
        assert!(health.is_retired(Purpose::Write, Duration::from_secs(1)));
        health.mark_available();
        assert_eq!(health.run_while_available(None, async { Ok(1) }).await, Ok(1));
        assert_eq!(health.unready_reason(), None);
        assert!(!health.is_retired(Purpose::Read, Duration::ZERO));
    }

    #[test]
    fn writes_stop_once_with_the_first_reason() {
        let health = Health::new(true);
        assert_eq!(health.check_writable(), Ok(()));
        health.stop_writes("first");
        health.stop_writes("second");
        health.mark_available();
        assert_eq!(health.check_writable(), Err(DatabaseError::WritesStopped("first".to_owned())));
    }

    #[test]
    fn writes_that_record_an_instant_are_refused_while_the_clock_is_not_right() {
        let health = Health::new(false);
        assert_eq!((health.check_clock(), health.unready_reason()), (Ok(()), None));
        for reason in ["90 s", "91 s"] {
            health.set_clock_problem(Some(reason.to_owned()));
            assert_eq!(health.check_clock(), Err(DatabaseError::ClockIsOff(reason.to_owned())));
            assert_eq!(health.unready_reason().as_deref(), Some(reason));
            assert_eq!(health.check_writable(), Ok(()), "writes that record no new instant are still allowed");
        }
        health.mark_unavailable("gone");
        assert_eq!(health.unready_reason().as_deref(), Some("the database does not answer"));
        health.mark_available();
        health.set_clock_problem(None);
        assert_eq!((health.check_clock(), health.unready_reason()), (Ok(()), None));
    }
}

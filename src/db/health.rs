//! Health of the database, shared by all its users: availability, stopped writes, retired connections, clock problems.
//!
//! A circuit breaker: when the database is known not to answer, operations in flight end and new ones fail at once
//! until it answers again. The monitor sets the state; errors of operations are observed, too.

use std::{
    borrow::Cow,
    sync::{Mutex, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use sea_orm::DbErr;
use tokio::sync::watch;

use super::error::{DatabaseError, ErrorKind, unresponsive};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// The health of one database.
#[derive(Debug)]
pub(super) struct Health {
    /// Why it does not answer; none while it does.
    outage: watch::Sender<Option<String>>,
    /// Why nothing is written any more. Set once; only a restart begins anew.
    writes_stopped: OnceLock<String>,
    /// Connections opened before this instant are closed, not used: those that read, those that write.
    bad_before: [RwLock<Option<Instant>>; 2],
    /// What is wrong with the clock; none while nothing is.
    clock_problem: RwLock<Option<String>>,
    /// Whether the database is a file whose damage is ours to find.
    is_file: bool,
    /// When a passing failure was logged last.
    last_logged: Mutex<Option<Instant>>,
}

/// How often passing failures are logged at most.
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

    /// Why a server on this database is not ready; none where it is.
    pub(super) fn unready_reason(&self) -> Option<Cow<'static, str>> {
        if self.writes_stopped.get().is_some() {
            return Some("writes have stopped: the log says why".into());
        }
        let is_unavailable = self.outage.borrow().is_some();
        is_unavailable.then_some("the database does not answer".into()).or_else(|| self.clock_problem().map(Cow::from))
    }

    fn clock_problem(&self) -> Option<String> {
        self.clock_problem.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refuses what records the instant of an act while the clock is not right.
    pub(super) fn check_clock(&self) -> Result<(), DatabaseError> {
        self.clock_problem().map_or(Ok(()), |reason| Err(DatabaseError::ClockIsOff(reason)))
    }

    /// Notes what is wrong with the clock, if anything is; logs when it becomes wrong or right.
    pub(super) fn set_clock_problem(&self, problem: Option<String>) {
        let mut current = self.clock_problem.write().unwrap_or_else(PoisonError::into_inner);
        match (&*current, &problem) {
            (None, Some(reason)) => {
                tracing::warn!(
                    reason,
                    "the clock is not right: this server is not ready and changes nothing until it is"
                );
            }
            (Some(_), None) => tracing::info!("the clock is right again"),
            _ => {}
        }
        *current = problem;
    }

    /// Refuses what would write once writes have stopped.
    pub(super) fn check_writable(&self) -> Result<(), DatabaseError> {
        match self.writes_stopped.get() {
            Some(reason) => Err(DatabaseError::WritesStopped(reason.clone())),
            None => Ok(()),
        }
    }

    /// Stops all writes until the server is restarted, and says why, once.
    pub(super) fn stop_writes(&self, reason: &str) {
        if self.writes_stopped.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "writes have stopped and this server is not ready");
        }
    }

    /// Notes that the database answered.
    pub(super) fn mark_available(&self) {
        let was_unavailable = self.outage.send_if_modified(|outage| outage.take().is_some());
        if was_unavailable {
            tracing::info!("the database answers again");
        }
    }

    /// Notes that the database does not answer: connections are bad, and operations under way end.
    pub(super) fn mark_unavailable(&self, reason: &str) {
        self.retire_all();
        let is_new = self.outage.send_if_modified(|outage| {
            let is_new = outage.is_none();
            outage.get_or_insert_with(|| reason.to_owned());
            is_new
        });
        if is_new {
            tracing::error!(reason, "the database does not answer; what needs it is refused until it does");
        }
    }

    /// Has every connection of a purpose that is open now closed before it is used again.
    pub(super) fn retire(&self, purpose: Purpose) {
        *self.bad_before[purpose as usize].write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn retire_all(&self) {
        // Of a file the readers stay open: with the last connection SQLite deletes its log, and the file that is watched.
        if !self.is_file {
            self.retire(Purpose::Read);
        }
        self.retire(Purpose::Write);
    }

    /// Whether a connection of a purpose, opened so long ago, is to be closed.
    pub(super) fn is_retired(&self, purpose: Purpose, age: Duration) -> bool {
        let bad_before = *self.bad_before[purpose as usize].read().unwrap_or_else(PoisonError::into_inner);
        bad_before.is_some_and(|before| before.elapsed() <= age)
    }

    /// Draws conclusions from an error: closes connections that may be bad, stops writes where the file is damaged.
    pub(super) fn observe(&self, error: &DbErr) -> ErrorKind {
        let kind = ErrorKind::of(error);
        match kind {
            ErrorKind::Lost => self.retire_all(),
            ErrorKind::Damaged if self.is_file => self.stop_writes(&format!(
                "the database file cannot be read or written reliably ({error}): check the disk and its free space, run \
                 `dateline check`, restore a backup if it finds damage, then restart"
            )),
            ErrorKind::Moved => self.stop_writes(&format!(
                "the database file was moved or deleted while it was served ({error}): put it back, then restart"
            )),
            ErrorKind::Damaged => tracing::error!(%error, "the database reports damage or an error of its disk: check its server"),
            _ => {}
        }
        if kind != ErrorKind::Other && self.outage.borrow().is_none() {
            let mut last_logged = self.last_logged.lock().unwrap_or_else(PoisonError::into_inner);
            if last_logged.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
                *last_logged = Some(Instant::now());
                tracing::warn!(%error, "an operation of the database failed; the next such failures are not logged for 5 s");
            }
        }
        kind
    }

    /// Does something with the database, and gives up as soon as it is known not to answer, or after a time.
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
            // It is refused at once where the database does not answer already. The sender lives as long as `self`.
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
            assert_eq!(health.check_writable(), Ok(()), "what was done and read is still put down");
        }
        health.mark_unavailable("gone");
        assert_eq!(health.unready_reason().as_deref(), Some("the database does not answer"));
        health.mark_available();
        health.set_clock_problem(None);
        assert_eq!((health.check_clock(), health.unready_reason()), (Ok(()), None));
    }
}

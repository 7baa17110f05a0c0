//! What is known of the database's health, shared by everything that uses it.
//!
//! Four facts: whether the database answers (the monitor asks it four times a second), whether writes have stopped until
//! the next start, since when connections are known to be bad, and what is wrong with the clock. Operations under way end as
//! soon as the database is known not to answer, and new ones are refused at once until it answers again: nobody waits for a
//! timeout of their own.

use std::{
    borrow::Cow,
    sync::{Mutex, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use sea_orm::DbErr;
use tokio::sync::watch;

use super::error::{Fault, Kind, no_answer};

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
    away: watch::Sender<Option<String>>,
    /// Why nothing is written any more. Set once; only a restart begins anew.
    stopped: OnceLock<String>,
    /// Connections opened before this instant are closed, not used: those that read, those that write.
    bad_before: [RwLock<Option<Instant>>; 2],
    /// What is wrong with the clock; none while nothing is.
    clock: RwLock<Option<String>>,
    /// Whether the database is a file whose damage is ours to find.
    is_file: bool,
    /// When a passing failure was logged last.
    logged: Mutex<Option<Instant>>,
}

/// How often passing failures are logged at most.
const LOGGING: Duration = Duration::from_secs(5);

impl Health {
    pub(super) fn new(is_file: bool) -> Self {
        Self {
            away: watch::Sender::new(None),
            stopped: OnceLock::new(),
            bad_before: Default::default(),
            clock: RwLock::default(),
            is_file,
            logged: Mutex::new(None),
        }
    }

    /// Why a server on this database is not ready; none where it is.
    pub(super) fn complaint(&self) -> Option<Cow<'static, str>> {
        if self.stopped.get().is_some() {
            return Some("writes have stopped: the log says why".into());
        }
        let is_away = self.away.borrow().is_some();
        is_away.then_some("the database does not answer".into()).or_else(|| self.clock_complaint().map(Cow::from))
    }

    fn clock_complaint(&self) -> Option<String> {
        self.clock.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refuses what records the instant of an act while the clock is not right.
    pub(super) fn may_act(&self) -> Result<(), Fault> {
        self.clock_complaint().map_or(Ok(()), |reason| Err(Fault::ClockIsOff(reason)))
    }

    /// Notes what is wrong with the clock, if anything is; logs when it becomes wrong or right.
    pub(super) fn clock_is(&self, complaint: Option<String>) {
        let mut clock = self.clock.write().unwrap_or_else(PoisonError::into_inner);
        match (&*clock, &complaint) {
            (None, Some(reason)) => {
                tracing::warn!(
                    reason,
                    "the clock is not right: this server is not ready and changes nothing until it is"
                );
            }
            (Some(_), None) => tracing::info!("the clock is right again"),
            _ => {}
        }
        *clock = complaint;
    }

    /// Refuses what would write once writes have stopped.
    pub(super) fn may_write(&self) -> Result<(), Fault> {
        match self.stopped.get() {
            Some(reason) => Err(Fault::WritesStopped(reason.clone())),
            None => Ok(()),
        }
    }

    /// Stops all writes until the server is restarted, and says why, once.
    pub(super) fn stop_writes(&self, reason: &str) {
        if self.stopped.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "writes have stopped and this server is not ready");
        }
    }

    /// Notes that the database answered.
    pub(super) fn answered(&self) {
        let was_away = self.away.send_if_modified(|away| away.take().is_some());
        if was_away {
            tracing::info!("the database answers again");
        }
    }

    /// Notes that the database does not answer: connections are bad, and operations under way end.
    pub(super) fn lost(&self, reason: &str) {
        self.retire_all();
        let is_news = self.away.send_if_modified(|away| {
            let is_news = away.is_none();
            away.get_or_insert_with(|| reason.to_owned());
            is_news
        });
        if is_news {
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
    pub(super) fn observe(&self, error: &DbErr) -> Kind {
        let kind = Kind::of(error);
        match kind {
            Kind::Lost => self.retire_all(),
            Kind::Damaged if self.is_file => self.stop_writes(&format!(
                "the database file cannot be read or written reliably ({error}): check the disk and its free space, run \
                 `dateline check`, restore a backup if it finds damage, then restart"
            )),
            Kind::Moved => self.stop_writes(&format!(
                "the database file was moved or deleted while it was served ({error}): put it back, then restart"
            )),
            Kind::Damaged => tracing::error!(%error, "the database reports damage or an error of its disk: check its server"),
            _ => {}
        }
        if kind != Kind::Other && self.away.borrow().is_none() {
            let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
            if logged.is_none_or(|at| at.elapsed() >= LOGGING) {
                *logged = Some(Instant::now());
                tracing::warn!(%error, "an operation of the database failed; the next such failures are not logged for 5 s");
            }
        }
        kind
    }

    /// Does something with the database, and gives up as soon as it is known not to answer, or after a time.
    pub(super) async fn while_it_answers<T>(
        &self,
        limit: Option<Duration>,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let mut away = self.away.subscribe();
        let limit = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // It is refused at once where the database does not answer already. The sender lives as long as `self`.
            _ = away.wait_for(Option::is_some) => Err(no_answer()),
            done = work => done,
            () = limit => Err(no_answer()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_under_way_ends_when_the_database_is_lost_and_new_work_is_refused_until_it_answers() {
        let health = Health::new(false);
        let waiting = health.while_it_answers(None, std::future::pending::<Result<(), DbErr>>());
        let (done, ()) = tokio::join!(waiting, async { health.lost("gone") });
        assert_eq!(done, Err(no_answer()));
        assert_eq!(health.while_it_answers(None, async { Ok(1) }).await, Err(no_answer()));
        assert_eq!(health.complaint().as_deref(), Some("the database does not answer"));
        assert!(health.is_retired(Purpose::Read, Duration::from_secs(1)));
        assert!(health.is_retired(Purpose::Write, Duration::from_secs(1)));
        health.answered();
        assert_eq!(health.while_it_answers(None, async { Ok(1) }).await, Ok(1));
        assert_eq!(health.complaint(), None);
        assert!(!health.is_retired(Purpose::Read, Duration::ZERO));
    }

    #[test]
    fn writes_stop_once_and_for_the_first_reason() {
        let health = Health::new(true);
        assert_eq!(health.may_write(), Ok(()));
        health.stop_writes("first");
        health.stop_writes("second");
        health.answered();
        assert_eq!(health.may_write(), Err(Fault::WritesStopped("first".to_owned())));
    }

    #[test]
    fn nothing_is_done_while_the_clock_is_not_right() {
        let health = Health::new(false);
        assert_eq!((health.may_act(), health.complaint()), (Ok(()), None));
        for reason in ["90 s", "91 s"] {
            health.clock_is(Some(reason.to_owned()));
            assert_eq!(health.may_act(), Err(Fault::ClockIsOff(reason.to_owned())));
            assert_eq!(health.complaint().as_deref(), Some(reason));
            assert_eq!(health.may_write(), Ok(()), "what was done and read is still put down");
        }
        health.lost("gone");
        assert_eq!(health.complaint().as_deref(), Some("the database does not answer"));
        health.answered();
        health.clock_is(None);
        assert_eq!((health.may_act(), health.complaint()), (Ok(()), None));
    }
}

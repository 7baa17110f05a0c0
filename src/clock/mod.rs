//! Clock synchronised with the database's clock, so that all servers of one database agree on what is public at an
//! instant.
//!
//! PostgreSQL's clock is sampled four times a second (Cristian's algorithm, NTP-style clock filter). With SQLite,
//! the system clock is sampled instead. Between samples, the monotonic clock advances the time. The time never goes
//! back: if the database clock was set back, the time stands still until the database clock has caught up.
//!
//! If the system clock differs from the database clock by more than `clock.max_offset`, the clock reports a
//! problem; the time itself is not affected. Code below the entry points takes the time as a parameter. Tests use a
//! fixed clock.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Default of `clock.max_offset`, the maximum offset of the system clock from the database clock.
pub const MAX_OFFSET: Duration = Duration::from_secs(2);

/// Maximum round trip of a precise measurement, in microseconds. The error of a measurement is at most half its
/// round trip. A slower measurement is used only while there is no precise one. In that case the database is
/// assumed to have read its clock when the response arrived, so that the resulting time is never ahead of the
/// database.
const MAX_ROUND_TRIP: i64 = 1_000_000;

/// Maximum number of measurements that are kept. At four measurements per second, they cover two seconds.
const SAMPLES: usize = 8;

/// Inverse of the maximum drift between two independent clocks (1000 ppm). The maximum also covers a clock that is
/// being slewed, at 500 ppm.
const DRIFT_DIVISOR: i64 = 1000;

/// Tolerance when two measurements are compared, in microseconds, in addition to their error bounds. It is needed
/// because a measurement reads two clocks one after the other.
const TOLERANCE: i64 = 1000;

/// Source of the present time. Its precision is a microsecond, as in both databases. Clones share the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Manual(Arc<Mutex<DateTime<Utc>>>),
    Synchronized(Arc<Synchronized>),
}

impl Clock {
    /// Returns a clock that follows the database. The system clock may differ from the database clock by
    /// [`MAX_OFFSET`] before a problem is reported.
    pub fn system() -> Self {
        Self::with_max_offset(MAX_OFFSET)
    }

    /// Returns a clock that follows the database, with another maximum offset of the system clock. Zero accepts any
    /// offset; the time may then stand still for [`MAX_OFFSET`] before a problem is reported.
    pub fn with_max_offset(max_offset: Duration) -> Self {
        Self::synchronized(max_offset, 0)
    }

    /// Returns a clock whose system clock is wrong by a time span, for tests.
    pub fn skewed(by: TimeDelta) -> Self {
        Self::synchronized(MAX_OFFSET, micros(by))
    }

    /// Returns a manual clock that stands still at an instant, for tests.
    pub fn fixed_at(at: DateTime<Utc>) -> Self {
        Self(Kind::Manual(Arc::new(Mutex::new(at))))
    }

    fn synchronized(max_offset: Duration, skew: i64) -> Self {
        let max_offset = i64::try_from(max_offset.as_micros()).unwrap_or(i64::MAX);
        Self(Kind::Synchronized(Arc::new(Synchronized {
            origin: Instant::now(),
            skew: AtomicI64::new(skew),
            reference: ReferenceClock::new(system() + skew, max_offset),
        })))
    }

    /// Sets a manual clock. Does nothing for other clocks.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Kind::Manual(time) = &self.0 {
            *time.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// Changes the simulated error of the system clock that [`Clock::skewed`] set, for tests.
    pub fn set_skew(&self, by: TimeDelta) {
        if let Kind::Synchronized(synchronized) = &self.0 {
            synchronized.skew.store(micros(by), Relaxed);
        }
    }

    /// Returns the present instant. Except for a manual clock, it is never earlier than an instant that was
    /// returned before.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::Manual(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            Kind::Synchronized(synchronized) => {
                let now = synchronized.reference.now(synchronized.elapsed());
                DateTime::from_timestamp_micros(now).unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
        }
    }

    /// Returns true if the database's time is known from a precise measurement. Always true for a manual clock.
    pub fn is_measured(&self) -> bool {
        match &self.0 {
            Kind::Manual(_) => true,
            Kind::Synchronized(synchronized) => synchronized.reference.is_measured(),
        }
    }

    /// Adds a measurement: the time that the database returned, the instant at which the request was sent, and the
    /// instant at which the response was received.
    pub fn add_sample(&self, sent: Instant, received: Instant, database: DateTime<Utc>) {
        if let Kind::Synchronized(synchronized) = &self.0 {
            synchronized.reference.add_sample(
                synchronized.since(sent),
                synchronized.since(received),
                database.timestamp_micros(),
            );
        }
    }

    /// Adds the system clock as a measurement, for SQLite.
    pub fn sample_system_clock(&self) {
        if let Kind::Synchronized(synchronized) = &self.0 {
            let (sent, system) = (synchronized.elapsed(), synchronized.system());
            synchronized.reference.add_sample(sent, synchronized.elapsed(), system);
        }
    }

    /// Returns the message of the clock's present problem, or `None` if there is no problem.
    pub fn problem(&self) -> Option<String> {
        match &self.0 {
            Kind::Manual(_) => None,
            Kind::Synchronized(synchronized) => {
                synchronized.reference.problem(synchronized.elapsed(), synchronized.system())
            }
        }
    }
}

/// State of a clock that follows the database. All clones share it.
#[derive(Debug)]
struct Synchronized {
    /// Instant that counts as zero in monotonic time.
    origin: Instant,
    /// Simulated error of the system clock in microseconds. 0 except in tests.
    skew: AtomicI64,
    reference: ReferenceClock,
}

impl Synchronized {
    fn since(&self, at: Instant) -> i64 {
        i64::try_from(at.saturating_duration_since(self.origin).as_micros()).unwrap_or(i64::MAX)
    }

    fn elapsed(&self) -> i64 {
        self.since(Instant::now())
    }

    /// Returns the time of the system clock, in microseconds since 1970.
    fn system(&self) -> i64 {
        system() + self.skew.load(Relaxed)
    }
}

/// The database's clock as this process knows it: the recent measurements, and the latest instant that was
/// returned. It reads no clock itself, so that tests are deterministic. All times are in microseconds. `elapsed`,
/// `sent` and `received` are on the monotonic clock; all other times are since 1970.
#[derive(Debug)]
struct ReferenceClock {
    /// Time of the reference clock at monotonic time 0, according to the best measurement.
    base: AtomicI64,
    /// The latest instant that was returned.
    last_returned: AtomicI64,
    /// The latest measurements that agree with the newest one, newest first.
    recent: Mutex<VecDeque<Measurement>>,
    /// Maximum offset of the system clock, and maximum time for which the returned time may stand still. 0 accepts
    /// any offset of the system clock.
    max_offset: i64,
    /// Whether the last call of `problem` found a value over the limit.
    was_over_limit: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Measurement {
    /// Time of the reference clock at monotonic time 0, according to this measurement.
    base: i64,
    /// Error bound of `base` at the time of the measurement: half the round trip.
    error: i64,
    /// Monotonic time of the measurement.
    elapsed: i64,
}

impl Measurement {
    /// Returns the error bound at another monotonic time. It grows with the distance from the measurement, because
    /// clocks drift.
    fn error_at(&self, elapsed: i64) -> i64 {
        self.error + elapsed.abs_diff(self.elapsed) as i64 / DRIFT_DIVISOR
    }

    fn is_precise(&self) -> bool {
        self.error <= MAX_ROUND_TRIP / 2
    }
}

impl ReferenceClock {
    /// Creates a reference clock without a measurement. Until the first measurement, it returns the time of the
    /// system clock.
    fn new(system: i64, max_offset: i64) -> Self {
        Self {
            base: AtomicI64::new(system),
            last_returned: AtomicI64::new(i64::MIN),
            recent: Mutex::default(),
            max_offset,
            was_over_limit: AtomicBool::new(false),
        }
    }

    fn recent<T>(&self, access: impl FnOnce(&mut VecDeque<Measurement>) -> T) -> T {
        access(&mut self.recent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_measured(&self) -> bool {
        self.recent(|recent| recent.iter().any(Measurement::is_precise))
    }

    /// Returns the time of the reference clock, even if it is earlier than an instant that was returned before.
    fn raw(&self, elapsed: i64) -> i64 {
        self.base.load(Relaxed).saturating_add(elapsed)
    }

    fn now(&self, elapsed: i64) -> i64 {
        let now = self.raw(elapsed);
        self.last_returned.fetch_max(now, Relaxed).max(now)
    }

    /// Adds a measurement (Cristian's algorithm). The database is assumed to have read its clock in the middle of
    /// the round trip, so half the round trip is the error bound.
    ///
    /// Among the recent measurements, the one with the smallest error bound determines the time, as in NTP's clock
    /// filter. Older measurements whose error intervals do not overlap with the new one are dropped. They disagree
    /// if a clock was stepped, or if the machine was suspended, because the monotonic clock does not count the time
    /// of a suspension.
    fn add_sample(&self, sent: i64, received: i64, reading: i64) {
        let error = (received - sent + 1) / 2;
        let mut new = Measurement { base: reading - sent - (received - sent) / 2, error, elapsed: received };
        if !new.is_precise() {
            new.base = reading - received;
        }
        self.recent(|recent| {
            if !new.is_precise() && recent.iter().any(Measurement::is_precise) {
                return;
            }
            let agrees = |old: &Measurement| {
                old.base.abs_diff(new.base) as i64 <= old.error_at(received) + new.error + TOLERANCE
            };
            recent.retain(agrees);
            recent.truncate(SAMPLES - 1);
            recent.push_front(new);
            if let Some(best) = recent.iter().min_by_key(|measurement| measurement.error_at(received)) {
                self.base.store(best.base, Relaxed);
            }
        });
    }

    /// Returns the message of the present problem, if any. Once an offset was over the limit, the limit is nine
    /// tenths of the maximum. This hysteresis keeps an offset near the maximum from alternating between problem and
    /// no problem.
    ///
    /// Even if `max_offset` accepts any offset of the system clock, the returned time may stand still for at most
    /// [`MAX_OFFSET`], because a time that stands still does not depend on the system clock.
    fn problem(&self, elapsed: i64, system: i64) -> Option<String> {
        if !self.is_measured() {
            return Some(format!(
                "the database's time is not known yet, because every request for it took longer than {} ms: check the load of \
                 this server and of the database, and the network between them",
                MAX_ROUND_TRIP / 1000
            ));
        }
        let is_unlimited = self.max_offset == 0;
        let (max, setting) =
            if is_unlimited { (MAX_OFFSET.as_micros() as i64, "") } else { (self.max_offset, " (clock.max_offset)") };
        let now = self.raw(elapsed);
        let limit = if self.was_over_limit.load(Relaxed) { max / 10 * 9 } else { max };
        let ahead = if is_unlimited { 0 } else { system - now };
        let stalled = self.last_returned.load(Relaxed).saturating_sub(now);
        self.was_over_limit.store(ahead.abs() > limit || stalled > limit, Relaxed);
        if ahead.abs() > limit {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            return Some(format!(
                "this server's clock is {} s {side} the database's; the maximum is {} s{setting}: synchronise both machines \
                 with NTP",
                seconds(ahead.abs()),
                seconds(limit)
            ));
        }
        (stalled > limit).then(|| {
            format!(
                "the clock that this server follows (the database's, or with SQLite the system's) was set back: this server's \
                 time stands still for another {} s; the maximum is {} s{setting}: restart this server to resume at once",
                seconds(stalled),
                seconds(limit)
            )
        })
    }
}

/// Returns the time of the system clock, in microseconds since 1970.
fn system() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the clock that all other code uses")]
    Utc::now().timestamp_micros()
}

fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(if span < TimeDelta::zero() { i64::MIN / 4 } else { i64::MAX / 4 })
}

/// Formats microseconds (0 or more) as seconds. Rounds up to one decimal, so that a time span beyond a limit never
/// looks equal to the limit.
fn seconds(micros: i64) -> String {
    let tenths = micros.saturating_add(99_999) / 100_000;
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests;

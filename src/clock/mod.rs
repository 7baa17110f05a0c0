//! Clock synchronized with the database, so that all servers of one database agree on what is public at an instant.
//!
//! PostgreSQL is sampled four times a second (Cristian's algorithm, NTP-style clock filter); SQLite uses the system
//! clock. Between samples the time runs on the monotonic clock. It never goes back: if the database clock was set back,
//! the time stands still until it has caught up. An offset of the system clock beyond `clock.max_offset` is reported as
//! a problem; the time itself is not affected by it. Code below the entry points takes the time as a parameter. Tests
//! use a fixed clock.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};

/// How far the system's clock may be from the database's where nobody says anything: `clock.max_offset`.
pub const MAX_OFFSET: Duration = Duration::from_secs(2);

/// Microseconds that a measurement may take. It is wrong by half of that at most. A longer one is used only while there is no
/// other, and as if the answer had come at once, so that nothing is early.
const MAX_ROUND_TRIP: i64 = 1_000_000;

/// Measurements that are kept: those of two seconds, at four a second.
const SAMPLES: usize = 8;

/// Two clocks that run on their own differ by one part in this number at most, one of them being slewed (500 ppm) included.
const DRIFT_DIVISOR: i64 = 1000;

/// Microseconds by which two measurements may differ beyond what each may be wrong by: clocks are read one after the other.
const TOLERANCE: i64 = 1000;

/// Tells the time, to the microsecond: what both databases keep. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Manual(Arc<Mutex<DateTime<Utc>>>),
    Synchronized(Arc<Synchronized>),
}

impl Clock {
    /// One that follows the database, on a machine whose own clock may differ from it by [`MAX_OFFSET`].
    pub fn system() -> Self {
        Self::with_max_offset(MAX_OFFSET)
    }

    /// The same with another limit; zero: any offset is taken, and the time may stand still for [`MAX_OFFSET`].
    pub fn with_max_offset(max_offset: Duration) -> Self {
        Self::synchronized(max_offset, 0)
    }

    /// One of a machine whose own clock is wrong by a span; for tests of what that does.
    pub fn skewed(by: TimeDelta) -> Self {
        Self::synchronized(MAX_OFFSET, micros(by))
    }

    /// One that stands where it is put; for tests of what time does.
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

    /// Sets a manual clock; a synchronized one cannot be set.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Kind::Manual(time) = &self.0 {
            *time.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// Puts the machine's own clock of [`Clock::skewed`] wrong by another span, as somebody does who corrects it.
    pub fn set_skew(&self, by: TimeDelta) {
        if let Kind::Synchronized(synchronized) = &self.0 {
            synchronized.skew.store(micros(by), Relaxed);
        }
    }

    /// The instant it is; never earlier than one that was returned before.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::Manual(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            Kind::Synchronized(synchronized) => {
                let now = synchronized.reference.now(synchronized.elapsed());
                DateTime::from_timestamp_micros(now).unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
        }
    }

    /// Whether it was measured, well enough to go by it.
    pub fn is_measured(&self) -> bool {
        match &self.0 {
            Kind::Manual(_) => true,
            Kind::Synchronized(synchronized) => synchronized.reference.is_measured(),
        }
    }

    /// Takes a measurement: what time the database said it was, and between which instants it was asked.
    pub fn add_sample(&self, sent: Instant, received: Instant, database: DateTime<Utc>) {
        if let Kind::Synchronized(synchronized) = &self.0 {
            synchronized.reference.add_sample(
                synchronized.since(sent),
                synchronized.since(received),
                database.timestamp_micros(),
            );
        }
    }

    /// Takes the system's clock for the database's, which is a file.
    pub fn sample_system_clock(&self) {
        if let Kind::Synchronized(synchronized) = &self.0 {
            let (sent, system) = (synchronized.elapsed(), synchronized.system());
            synchronized.reference.add_sample(sent, synchronized.elapsed(), system);
        }
    }

    /// What is wrong with it, by what is known now; none where nothing is.
    pub fn problem(&self) -> Option<String> {
        match &self.0 {
            Kind::Manual(_) => None,
            Kind::Synchronized(synchronized) => {
                synchronized.reference.problem(synchronized.elapsed(), synchronized.system())
            }
        }
    }
}

/// The clock of a process.
#[derive(Debug)]
struct Synchronized {
    /// Monotonic instants are counted from here.
    origin: Instant,
    /// Microseconds by which the system's clock is taken for wrong; 0 but in tests.
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

    /// Microseconds since 1970 by the system's clock.
    fn system(&self) -> i64 {
        system() + self.skew.load(Relaxed)
    }
}

/// A clock that is followed: what was measured of it, and what was returned. Pure: all times are microseconds, `elapsed` on
/// the monotonic clock, others since 1970.
#[derive(Debug)]
struct ReferenceClock {
    /// What it says where the monotonic clock says 0, by the best measurement.
    base: AtomicI64,
    /// The latest instant that was returned.
    last_returned: AtomicI64,
    /// The newest measurements that agree with the last one.
    recent: Mutex<VecDeque<Measurement>>,
    /// How far the system's clock may be from it, and how long the time may stand still; 0: any offset is taken.
    max_offset: i64,
    /// Whether the last word on the offset was that it is too large.
    was_over_limit: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Measurement {
    /// What the clock says where the monotonic clock says 0.
    base: i64,
    /// By how much that may be wrong: the answer took twice as long.
    error: i64,
    /// When it was made.
    elapsed: i64,
}

impl Measurement {
    /// By how much it may be wrong some time later.
    fn error_at(&self, elapsed: i64) -> i64 {
        self.error + elapsed.abs_diff(self.elapsed) as i64 / DRIFT_DIVISOR
    }

    fn is_precise(&self) -> bool {
        self.error <= MAX_ROUND_TRIP / 2
    }
}

impl ReferenceClock {
    /// Not measured yet: the system's clock is taken for it.
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

    /// What the clock says now, whatever was returned before.
    fn raw(&self, elapsed: i64) -> i64 {
        self.base.load(Relaxed).saturating_add(elapsed)
    }

    fn now(&self, elapsed: i64) -> i64 {
        let now = self.raw(elapsed);
        self.last_returned.fetch_max(now, Relaxed).max(now)
    }

    /// Adds a sample (Cristian's algorithm): the reading is placed at the middle of the round trip, half of which is the error
    /// bound.
    ///
    /// Of the newest samples the one with the smallest error bound is used, as in NTP's clock filter. Samples whose intervals do
    /// not overlap with this one are dropped: a clock was stepped, or the machine was suspended, which the monotonic clock does
    /// not count.
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

    /// What is wrong. An offset that was too large has to fall below nine tenths of what is allowed, so that one at the limit does
    /// not come and go.
    ///
    /// Where any offset is taken, the time may stand still for [`MAX_OFFSET`]: that says nothing of the system's clock.
    fn problem(&self, elapsed: i64, system: i64) -> Option<String> {
        if !self.is_measured() {
            return Some(format!(
                "the database's time is not known yet: asking for it took longer than {} ms each time; check the load of this server \
                 and of the database, and the network between them",
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
                "this server's clock is {} s {side} the database's, and {} s are allowed{setting}: synchronize both machines \
                 with NTP",
                seconds(ahead.abs()),
                seconds(limit)
            ));
        }
        (stalled > limit).then(|| {
            format!(
                "the clock that this server follows (the database's; with SQLite the system's) was set back: this server's time \
                 stands still for another {} s, and {} s are allowed{setting}: restart this server to go on at once",
                seconds(stalled),
                seconds(limit)
            )
        })
    }
}

/// Microseconds since 1970 by the system's clock.
fn system() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
    Utc::now().timestamp_micros()
}

fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(if span < TimeDelta::zero() { i64::MIN / 4 } else { i64::MAX / 4 })
}

/// Microseconds (0 or more) as seconds, rounded up to one decimal, so that a span beyond a limit is never shown as the limit.
fn seconds(micros: i64) -> String {
    let tenths = micros.saturating_add(99_999) / 100_000;
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests;

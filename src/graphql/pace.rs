//! How long an operation has been worked on. Operations are short at first: they run at once, in slices, and let others run
//! between slices. One that turns out to be long, by its processor time or by what it reads, goes on only with a permit, of which
//! there are few and which callers get in turn; so long operations delay each other and not the short ones (a feedback queue with
//! two levels).

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::turns::{Caller, Full, Turn, Turns};

/// For how long an operation is worked on before others have their turn.
const SLICE: Duration = Duration::from_millis(2);

/// Processor time after which an operation is a long one.
const SHORT: Duration = Duration::from_millis(4);

/// Rows that a short operation may read.
const ROWS: u64 = 256;

/// Bytes of bodies that a short operation may read.
const BYTES: u64 = 128 * 1024;

/// The pace of one operation.
#[derive(Debug)]
pub struct Pace {
    /// Where a long operation gets its permit, and for whom. Without one it needs none: a mutation is not held up.
    turns: Option<(Arc<Turns>, Caller)>,
    /// How long it waits for the permit before it is refused.
    patience: Duration,
    /// The permit, kept until the answer has been written.
    turn: Mutex<Option<Turn>>,
    is_long: AtomicBool,
    /// Whether it may do what only long operations do.
    is_admitted: AtomicBool,
    admission: Notify,
    /// Nanoseconds that it was worked on.
    used: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    slice: Mutex<Instant>,
}

/// It got no permit in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overloaded;

impl Default for Pace {
    fn default() -> Self {
        Self::new(None, Duration::MAX)
    }
}

impl Pace {
    /// Of an operation that needs a permit of these when it is a long one, or of one that never needs one; and how long it waits.
    pub fn new(turns: Option<(Arc<Turns>, Caller)>, patience: Duration) -> Self {
        Self {
            patience,
            is_admitted: AtomicBool::new(turns.is_none()),
            turns,
            turn: Mutex::default(),
            admission: Notify::new(),
            is_long: AtomicBool::default(),
            used: AtomicU64::default(),
            rows: AtomicU64::default(),
            bytes: AtomicU64::default(),
            slice: Mutex::new(Instant::now()),
        }
    }

    /// Whether it turned out to be a long operation.
    pub fn is_long(&self) -> bool {
        self.is_long.load(Ordering::Relaxed)
    }

    /// Works on an operation: at once while it is short, then with a permit. While it waits for the permit, what it has begun goes
    /// on: a read that nobody polls would keep its connection, which the holder of the permit may be waiting for.
    pub async fn keep<T>(&self, work: impl Future<Output = T>) -> Result<T, Overloaded> {
        let (mut work, mut permit) = (pin!(work), pin!(self.permit()));
        poll_fn(|context| {
            if self.is_long() && !self.is_admitted.load(Ordering::Relaxed) {
                match permit.as_mut().poll(context) {
                    Poll::Ready(Ok(())) => {
                        self.is_admitted.store(true, Ordering::Relaxed);
                        self.admission.notify_waiters();
                    }
                    Poll::Ready(Err(overloaded)) => return Poll::Ready(Err(overloaded)),
                    Poll::Pending => {}
                }
            }
            self.in_slice(|| work.as_mut().poll(context)).map(Ok)
        })
        .await
    }

    /// Waits for a permit, and keeps it.
    async fn permit(&self) -> Result<(), Overloaded> {
        if let Some((turns, caller)) = &self.turns {
            let turn = tokio::time::timeout(self.patience, turns.take(*caller)).await;
            let turn = turn.map_err(|_| Overloaded)?.map_err(|Full| Overloaded)?;
            *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
        }
        Ok(())
    }

    /// Waits until a long operation may go on.
    async fn admitted(&self) {
        while self.is_long() && !self.is_admitted.load(Ordering::Relaxed) {
            let mut admission = pin!(self.admission.notified());
            // It hears of an admission from here on.
            admission.as_mut().enable();
            if !self.is_admitted.load(Ordering::Relaxed) {
                admission.await;
            }
        }
    }

    /// One slice of the work, measured.
    fn in_slice<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        *self.slice() = began;
        let done = work();
        self.add(began.elapsed());
        done
    }

    /// It used the processor for so long.
    pub fn add(&self, time: Duration) {
        let time = time.as_nanos() as u64;
        if self.used.fetch_add(time, Ordering::Relaxed) + time > SHORT.as_nanos() as u64 {
            self.is_long.store(true, Ordering::Relaxed);
        }
    }

    fn slice(&self) -> MutexGuard<'_, Instant> {
        self.slice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets others run, where the slice is over, and waits for the permit where it turned out to be long. Several parts of one
    /// operation share its slice.
    pub async fn breathe(&self) {
        while self.slice().elapsed() >= SLICE {
            tokio::task::yield_now().await;
        }
        self.admitted().await;
    }

    /// Waits until the operation may read so many rows, and so many bytes of bodies: at once while it is short.
    pub async fn before_reading(&self, rows: usize, bytes: usize) {
        let count = |counter: &AtomicU64, more: usize| counter.fetch_add(more as u64, Ordering::Relaxed) + more as u64;
        if count(&self.rows, rows) > ROWS || count(&self.bytes, bytes) > BYTES {
            self.is_long.store(true, Ordering::Relaxed);
            // Whoever works on it sees that it needs a permit when it is polled again.
            tokio::task::yield_now().await;
            self.admitted().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::FutureExt;

    use super::*;

    const CALLER: Caller = Caller::Address(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn gated(turns: &Arc<Turns>) -> Pace {
        Pace::new(Some((turns.clone(), CALLER)), Duration::from_secs(5))
    }

    #[tokio::test]
    async fn a_short_operation_needs_no_permit_and_a_long_one_waits_for_it() {
        let turns = Turns::new((1, 1), (9, 9));
        let held = turns.take(CALLER).await.unwrap();
        let pace = gated(&turns);
        pace.keep(pace.before_reading(ROWS as usize, BYTES as usize)).await.expect("nothing to wait for");
        let pace = gated(&turns);
        let done = Mutex::new(0);
        let part = async |number: i32| {
            pace.before_reading(ROWS as usize, 0).await;
            pace.before_reading(1, 0).await;
            *done.lock().unwrap() += number;
        };
        let mut work = Box::pin(pace.keep(async { tokio::join!(part(1), part(2)) }));
        for _ in 0..10 {
            assert!(work.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        assert_eq!(*done.lock().unwrap(), 0, "no part of it went on");
        drop(held);
        work.await.expect("it has its turn");
        assert_eq!((*done.lock().unwrap(), pace.is_long()), (3, true));
        assert!(turns.take(CALLER).now_or_never().is_none(), "the permit is kept until the answer is written");
        drop(pace);
        assert!(turns.take(CALLER).now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_was_begun_goes_on_while_a_permit_is_waited_for() {
        let (turns, connections) = (Turns::new((1, 1), (9, 9)), tokio::sync::Semaphore::new(1));
        let held = turns.take(CALLER).await.unwrap();
        let pace = gated(&turns);
        // One part has a connection when another makes the operation long.
        let reads = async {
            let _connection = connections.acquire().await;
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        };
        let mut work = Box::pin(pace.keep(async { tokio::join!(reads, pace.before_reading(1000, 0)) }));
        for _ in 0..5 {
            assert!(work.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        assert_eq!(connections.available_permits(), 1, "it was given back");
        drop(held);
        work.await.expect("it has its turn");
    }

    #[tokio::test]
    async fn what_works_for_long_becomes_long_and_pauses() {
        let turns = Turns::new((1, 1), (9, 9));
        let pace = gated(&turns);
        let mut slices = 0;
        let mut work = Box::pin(pace.keep(async {
            let until = Instant::now() + SHORT * 3;
            while Instant::now() < until {
                pace.breathe().await;
            }
        }));
        while work.as_mut().now_or_never().is_none() {
            slices += 1;
            tokio::task::yield_now().await;
        }
        drop(work);
        assert!(slices >= 2 && pace.is_long(), "{slices}");
    }

    #[tokio::test]
    async fn one_long_slice_makes_it_long() {
        let pace = gated(&Turns::new((1, 1), (9, 9)));
        let work = async {
            std::thread::sleep(SHORT * 2);
            tokio::task::yield_now().await;
            pace.is_long()
        };
        assert_eq!(pace.keep(work).await, Ok(true));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_too_long_is_sent_away() {
        let turns = Turns::new((1, 1), (9, 9));
        let _held = turns.take(CALLER).await.unwrap();
        let pace = gated(&turns);
        assert_eq!(pace.keep(pace.before_reading(1, BYTES as usize + 1)).await, Err(Overloaded));
        let free = Pace::default();
        assert_eq!(free.keep(free.before_reading(100_000, 1 << 30)).await, Ok(()), "this one needs no permit");
    }
}

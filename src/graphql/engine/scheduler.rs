//! Scheduler of GraphQL operations: a two-level feedback queue that keeps short queries fast while long queries run.
//!
//! An operation starts as short and runs at once, in time slices. It becomes long when it uses more CPU time or reads
//! than a short operation may. A long operation needs a permit from a semaphore that is fair between callers
//! (`fair_semaphore`). If it gets no permit in time, it fails with `Overloaded`.

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

use crate::fair_semaphore::{Caller, FairSemaphore, Permit, QueueFull};

/// Length of a time slice. An operation that has run for this long yields to other tasks.
const TIME_SLICE: Duration = Duration::from_millis(2);

/// Maximum CPU time of a short operation.
const SHORT_CPU_TIME: Duration = Duration::from_millis(4);

/// Maximum number of rows that a short operation reads.
const SHORT_ROWS: u64 = 256;

/// Maximum number of bytes of bodies that a short operation reads.
const SHORT_BYTES: u64 = 128 * 1024;

/// The execution of one operation: its CPU time and reads so far, and its permit if it is a long operation.
#[derive(Debug)]
pub struct Execution {
    /// The source of the permit. None if the operation never needs a permit.
    permits: Option<Permits>,
    /// The permit, once the operation has it. It is released when the execution is dropped, after the response was
    /// written.
    permit: Mutex<Option<Permit>>,
    is_long: AtomicBool,
    /// Whether the operation holds its permit, or never needs a permit.
    is_admitted: AtomicBool,
    admission: Notify,
    /// CPU time so far, in nanoseconds.
    cpu_nanos: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    /// The start of the current time slice.
    slice: Mutex<Instant>,
}

/// The source of permits for the operations of one caller.
#[derive(Clone, Debug)]
pub struct Permits {
    /// The semaphore that issues permits for long operations.
    pub semaphore: Arc<FairSemaphore>,
    /// The caller. The semaphore limits the number of permits for each caller.
    pub caller: Caller,
    /// Maximum time that an operation waits for a permit before it fails.
    pub timeout: Duration,
}

impl Permits {
    /// Waits for a permit. Fails after `timeout`, or at once if too many operations are waiting already.
    pub async fn acquire(&self) -> Result<Permit, Overloaded> {
        let permit = tokio::time::timeout(self.timeout, self.semaphore.acquire(self.caller)).await;
        permit.map_err(|_| Overloaded)?.map_err(|QueueFull| Overloaded)
    }
}

/// Error: a long operation got no permit, because too many operations were waiting or because it waited too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overloaded;

impl Default for Execution {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Execution {
    /// Creates an execution that needs a permit once the operation is long. If `permits` is None, it never needs a
    /// permit.
    pub fn new(permits: Option<Permits>) -> Self {
        Self {
            is_admitted: AtomicBool::new(permits.is_none()),
            permits,
            permit: Mutex::default(),
            admission: Notify::new(),
            is_long: AtomicBool::default(),
            cpu_nanos: AtomicU64::default(),
            rows: AtomicU64::default(),
            bytes: AtomicU64::default(),
            slice: Mutex::new(Instant::now()),
        }
    }

    /// Returns whether the operation has become long.
    pub fn is_long(&self) -> bool {
        self.is_long.load(Ordering::Relaxed)
    }

    /// Executes an operation. Continues to poll the operation's database reads in flight while the operation waits
    /// for its permit. Otherwise a read would keep its database connection, and the operation that holds the permit
    /// may be waiting for that connection.
    pub async fn run<T>(&self, operation: impl Future<Output = T>) -> Result<T, Overloaded> {
        let (mut operation, mut admission) = (pin!(operation), pin!(self.acquire()));
        poll_fn(|context| {
            if self.needs_permit() {
                match admission.as_mut().poll(context) {
                    Poll::Ready(Ok(())) => {
                        self.is_admitted.store(true, Ordering::Relaxed);
                        self.admission.notify_waiters();
                    }
                    Poll::Ready(Err(overloaded)) => return Poll::Ready(Err(overloaded)),
                    Poll::Pending => {}
                }
            }
            let began = Instant::now();
            *self.slice() = began;
            let polled = operation.as_mut().poll(context);
            self.add_time(began.elapsed());
            polled.map(Ok)
        })
        .await
    }

    fn needs_permit(&self) -> bool {
        self.is_long() && !self.is_admitted.load(Ordering::Relaxed)
    }

    async fn acquire(&self) -> Result<(), Overloaded> {
        if let Some(permits) = &self.permits {
            let permit = permits.acquire().await?;
            *self.permit.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
        }
        Ok(())
    }

    /// Waits for the permit if the operation needs one.
    async fn wait_until_admitted(&self) {
        while self.needs_permit() {
            let mut admission = pin!(self.admission.notified());
            // After this call, no notification is missed.
            admission.as_mut().enable();
            if self.needs_permit() {
                admission.await;
            }
        }
    }

    /// Adds CPU time to that of the operation, including time that its work takes on other threads.
    pub fn add_time(&self, time: Duration) {
        let time = time.as_nanos() as u64;
        if self.cpu_nanos.fetch_add(time, Ordering::Relaxed) + time > SHORT_CPU_TIME.as_nanos() as u64 {
            self.is_long.store(true, Ordering::Relaxed);
        }
    }

    fn slice(&self) -> MutexGuard<'_, Instant> {
        self.slice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Yields to other tasks if the time slice is over, then waits for the permit if the operation needs one. Fields
    /// that are resolved concurrently share one time slice.
    pub async fn yield_if_due(&self) {
        while self.slice().elapsed() >= TIME_SLICE {
            tokio::task::yield_now().await;
        }
        self.wait_until_admitted().await;
    }

    /// Counts rows and bytes of bodies that the operation is about to read, then waits for the permit if the
    /// operation needs one.
    pub async fn before_reading(&self, rows: usize, bytes: usize) {
        let add = |counter: &AtomicU64, more: usize| counter.fetch_add(more as u64, Ordering::Relaxed) + more as u64;
        let (rows, bytes) = (add(&self.rows, rows), add(&self.bytes, bytes));
        if rows > SHORT_ROWS || bytes > SHORT_BYTES {
            self.is_long.store(true, Ordering::Relaxed);
        }
        if self.needs_permit() {
            // `run` requests the permit when it is polled next.
            tokio::task::yield_now().await;
            self.wait_until_admitted().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures_util::FutureExt;

    use super::*;
    use crate::fair_semaphore::Limit;

    const CALLER: Caller = Caller::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn one_permit() -> Arc<FairSemaphore> {
        FairSemaphore::new(Limit { total: 1, per_caller: 1 }, Limit { total: 9, per_caller: 9 })
    }

    fn execution(semaphore: &Arc<FairSemaphore>) -> Execution {
        let (semaphore, timeout) = (semaphore.clone(), Duration::from_secs(5));
        Execution::new(Some(Permits { semaphore, caller: CALLER, timeout }))
    }

    #[tokio::test]
    async fn a_short_operation_needs_no_permit_and_a_long_one_waits_for_it() {
        let semaphore = one_permit();
        let held = semaphore.acquire(CALLER).await.unwrap();
        let short = execution(&semaphore);
        short
            .run(short.before_reading(SHORT_ROWS as usize, SHORT_BYTES as usize))
            .await
            .expect("a short operation needs no permit");
        let long = execution(&semaphore);
        let done = Mutex::new(0);
        let part = async |number: i32| {
            long.before_reading(SHORT_ROWS as usize, 0).await;
            long.before_reading(1, 0).await;
            *done.lock().unwrap() += number;
        };
        let mut running = Box::pin(long.run(async { tokio::join!(part(1), part(2)) }));
        for _ in 0..10 {
            assert!(running.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        assert_eq!(*done.lock().unwrap(), 0, "both parts wait for the permit");
        drop(held);
        running.await.expect("the permit is available again");
        assert_eq!((*done.lock().unwrap(), long.is_long()), (3, true));
        assert!(
            semaphore.acquire(CALLER).now_or_never().is_none(),
            "the permit is held until the execution is dropped"
        );
        drop(long);
        assert!(semaphore.acquire(CALLER).now_or_never().is_some());
    }

    #[tokio::test]
    async fn reads_that_were_begun_go_on_during_the_wait_for_a_permit() {
        let (semaphore, connections) = (one_permit(), tokio::sync::Semaphore::new(1));
        let held = semaphore.acquire(CALLER).await.unwrap();
        let execution = execution(&semaphore);
        // One field holds a database connection when another field makes the operation long.
        let read = async {
            let _connection = connections.acquire().await;
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        };
        let mut running = Box::pin(execution.run(async { tokio::join!(read, execution.before_reading(1000, 0)) }));
        for _ in 0..5 {
            assert!(running.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        assert_eq!(connections.available_permits(), 1, "the read ended and released its connection");
        drop(held);
        running.await.expect("the permit is available again");
    }

    #[tokio::test]
    async fn an_operation_that_computes_for_long_becomes_long_and_yields() {
        let execution = execution(&one_permit());
        let mut slices = 0;
        let mut running = Box::pin(execution.run(async {
            let until = Instant::now() + SHORT_CPU_TIME * 3;
            while Instant::now() < until {
                execution.yield_if_due().await;
            }
        }));
        while running.as_mut().now_or_never().is_none() {
            slices += 1;
            tokio::task::yield_now().await;
        }
        drop(running);
        assert!(slices >= 2 && execution.is_long(), "{slices}");
    }

    #[tokio::test]
    async fn one_long_slice_makes_an_operation_long() {
        let execution = execution(&one_permit());
        let operation = async {
            std::thread::sleep(SHORT_CPU_TIME * 2);
            tokio::task::yield_now().await;
            execution.is_long()
        };
        assert_eq!(execution.run(operation).await, Ok(true));
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_waits_for_too_long_fails() {
        let semaphore = one_permit();
        let _held = semaphore.acquire(CALLER).await.unwrap();
        let long = execution(&semaphore);
        assert_eq!(long.run(long.before_reading(1, SHORT_BYTES as usize + 1)).await, Err(Overloaded));
        let free = Execution::default();
        assert_eq!(
            free.run(free.before_reading(100_000, 1 << 30)).await,
            Ok(()),
            "an execution without `Permits` needs no permit"
        );
    }
}

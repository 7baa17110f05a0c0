//! Idle timeout and minimum read rate: tracks requests in flight and unread response bytes, and decides when to close.
//!
//! Closes a connection without requests after the idle timeout, and one whose client reads a response slower than 8 KiB
//! per second beyond `limits.write_ms`. What a client was given is reported by `paced_body`, what it took by
//! `write_timeout`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Bytes of an answer that a reader takes in a second at least, once its patience (`limits.write_ms`) is over.
const MIN_BYTES_PER_SECOND: u64 = 8 * 1024;

/// How often it is looked whether all is done on a connection that ends.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The requests of one connection.
pub(in crate::http) struct ConnectionActivity {
    /// How long nothing may be under way.
    idle_timeout: Duration,
    /// How long a reader may take for an answer, beside what its length allows.
    write_timeout: Duration,
    state: Mutex<State>,
}

struct State {
    /// Requests under way: until when the reader must have taken what it was given, where it is the reader's turn.
    in_flight_requests: Vec<(u64, Option<Instant>)>,
    /// When a request ended last; before the first, when the connection began.
    last_ended: Instant,
    /// When something was taken last.
    last_written: Instant,
    /// Bytes of answers that were given and not taken yet, as far as is known.
    unwritten: u64,
    /// How many there were when a request ended last.
    unwritten_at_end: u64,
    /// How many requests there were.
    request_count: u64,
    /// Whether the client may be sending bytes that are not read.
    unread: bool,
}

/// Why a connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum CloseReason {
    /// It never asked for anything.
    NoRequest,
    /// It asks for nothing more.
    Idle,
    /// It does not take what it asked for.
    SlowReader,
}

impl ConnectionActivity {
    pub(in crate::http) fn new(idle_timeout: Duration, write_timeout: Duration) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            in_flight_requests: Vec::new(),
            last_ended: now,
            last_written: now,
            unwritten: 0,
            unwritten_at_end: 0,
            request_count: 0,
            unread: false,
        };
        Arc::new(Self { idle_timeout, write_timeout, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is under way until what is returned is dropped.
    pub(in crate::http) fn begin_request(self: &Arc<Self>) -> InFlight {
        let mut state = self.state();
        state.request_count += 1;
        state.unread = false;
        let id = state.request_count;
        state.in_flight_requests.push((id, None));
        InFlight { activity: self.clone(), id }
    }

    /// Bytes were received. If no request is under way, they may be headers that are refused and never become one (400, 431).
    pub(in crate::http) fn record_received(&self) {
        let mut state = self.state();
        state.unread |= state.in_flight_requests.is_empty();
    }

    /// Whether the client may be sending bytes that are not read, such as the rest of a body. Then the connection must linger
    /// when it is closed.
    pub(in crate::http) fn has_unread(&self) -> bool {
        self.state().unread
    }

    /// A new request resets this.
    pub(in crate::http) fn set_unread(&self, unread: bool) {
        self.state().unread = unread;
    }

    /// Something was taken: some of an answer, or a frame of HTTP/2 that says nothing.
    pub(in crate::http) fn record_written(&self, bytes: usize) {
        let mut state = self.state();
        state.last_written = Instant::now();
        state.unwritten = state.unwritten.saturating_sub(bytes as u64);
    }

    /// Waits until the connection is to be closed.
    pub(in crate::http) async fn until_close(&self) -> CloseReason {
        loop {
            let until = {
                let (state, now) = (self.state(), Instant::now());
                let (client_deadline, idle_deadline) = (state.client_deadline(), self.idle_deadline(&state, now));
                if client_deadline.is_some_and(|until| until <= now) {
                    return CloseReason::SlowReader;
                }
                if idle_deadline <= now {
                    return if state.request_count == 0 { CloseReason::NoRequest } else { CloseReason::Idle };
                }
                // What is taken meanwhile may bring the end nearer.
                client_deadline
                    .map_or(idle_deadline, |client_deadline| client_deadline.min(idle_deadline))
                    .min(now + self.idle_timeout)
            };
            tokio::time::sleep_until(until).await;
        }
    }

    /// When the connection will have been idle for too long. The end of an answer may be taken after its request; it has the
    /// time that any part of an answer has, and no more: acknowledged pings are taken, too.
    fn idle_deadline(&self, state: &State, now: Instant) -> Instant {
        let idle_since = match state {
            _ if !state.in_flight_requests.is_empty() => now,
            State { request_count: 0, .. } => state.last_ended,
            State { unwritten: 0, .. } => state.last_written.clamp(state.last_ended, self.write_deadline(state)),
            _ => self.write_deadline(state).min(state.last_written.max(state.last_ended) + self.write_timeout),
        };
        idle_since + self.idle_timeout
    }

    /// When everything must have been taken that was given before the last request ended.
    fn write_deadline(&self, state: &State) -> Instant {
        state.last_ended + self.write_timeout + transfer_time(state.unwritten_at_end)
    }

    /// Waits until no request is under way that its reader takes.
    pub(in crate::http) async fn until_idle(&self) {
        loop {
            let until = {
                let (state, now) = (self.state(), Instant::now());
                let client_deadline = state.client_deadline();
                if state.in_flight_requests.is_empty() || client_deadline.is_some_and(|until| until <= now) {
                    return;
                }
                client_deadline.unwrap_or(now + POLL_INTERVAL).min(now + POLL_INTERVAL)
            };
            tokio::time::sleep_until(until).await;
        }
    }
}

impl State {
    /// Until when something must have been taken by its reader.
    fn client_deadline(&self) -> Option<Instant> {
        self.in_flight_requests.iter().filter_map(|(_, until)| *until).min()
    }
}

/// A request under way.
pub(in crate::http) struct InFlight {
    activity: Arc<ConnectionActivity>,
    id: u64,
}

impl InFlight {
    /// The reader was given a piece of so many bytes, and so many in all since an instant: it has its patience for this piece, and
    /// a pace to keep for all together.
    pub(super) fn record_given(&self, bytes: u64, since: Instant, total: u64) {
        self.activity.state().unwritten += bytes;
        let write_timeout = self.activity.write_timeout;
        let deadline = Instant::now() + write_timeout + transfer_time(bytes);
        self.set_client_deadline(Some(deadline.min(since + write_timeout + transfer_time(total))));
    }

    /// The reader took what it was given: now it is our turn.
    pub(super) fn wait_for_server(&self) {
        self.set_client_deadline(None);
    }

    /// Whose turn it is: the reader's until then, or ours.
    fn set_client_deadline(&self, until: Option<Instant>) {
        let mut state = self.activity.state();
        if let Some(request) = state.in_flight_requests.iter_mut().find(|(id, _)| *id == self.id) {
            request.1 = until;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if let Some(at) = state.in_flight_requests.iter().position(|(id, _)| *id == self.id) {
            state.in_flight_requests.swap_remove(at);
        }
        state.last_ended = Instant::now();
        state.unwritten_at_end = state.unwritten;
    }
}

/// How long a reader may take for so many bytes, beside its patience.
fn transfer_time(bytes: u64) -> Duration {
    Duration::from_secs(bytes / MIN_BYTES_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::Pin};

    use axum::body::{Body, HttpBody};

    use super::*;
    use crate::http::transport::paced_body::{CHUNK, PacedBody};

    const IDLE: Duration = Duration::from_secs(5);

    fn activity() -> Arc<ConnectionActivity> {
        ConnectionActivity::new(IDLE, Duration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_closed_after_the_idle_timeout() {
        let (activity, started) = (activity(), Instant::now());
        assert_eq!((activity.until_close().await, started.elapsed()), (CloseReason::NoRequest, IDLE));
        let in_flight = activity.begin_request();
        let client = activity.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_mins(1)).await;
            drop(in_flight);
            tokio::time::sleep(Duration::from_secs(3)).await;
            client.record_written(17);
        });
        assert_eq!((activity.until_close().await, started.elapsed().as_secs()), (CloseReason::Idle, 5 + 60 + 3 + 5));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_written_without_a_request_do_not_keep_a_connection_open() {
        let (activity, started) = (activity(), Instant::now());
        let client = activity.clone();
        let pings = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                client.record_written(17);
            }
        });
        assert_eq!((activity.until_close().await, started.elapsed()), (CloseReason::NoRequest, IDLE));
        drop(activity.begin_request());
        assert_eq!((activity.until_close().await, started.elapsed().as_secs()), (CloseReason::Idle, 5 + 10 + 5));
        pings.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_when_no_request_is_in_flight() {
        let (activity, started) = (activity(), Instant::now());
        activity.until_idle().await;
        let in_flight = activity.begin_request();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            drop(in_flight);
        });
        activity.until_idle().await;
        assert_eq!(started.elapsed().as_secs(), 3);
    }

    async fn next(body: &mut PacedBody) -> Option<usize> {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        Some(frame.unwrap().into_data().unwrap().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_must_be_read_at_the_minimum_rate() {
        let (activity, started) = (activity(), Instant::now());
        let mut body = PacedBody::new(Body::from(vec![7; 80 * 1024]), activity.begin_request());
        assert!(!body.is_end_stream() && body.size_hint().exact() == Some(80 * 1024));
        assert_eq!((next(&mut body).await, body.is_end_stream()), (Some(CHUNK), false));
        assert_eq!(body.size_hint().exact(), Some(80 * 1024 - CHUNK as u64));
        // Its patience, and a second for every eight kilobytes of the piece.
        assert_eq!((activity.until_close().await, started.elapsed().as_secs()), (CloseReason::SlowReader, 10 + 4));
        assert_eq!(next(&mut body).await, Some(CHUNK));
        // All together have a pace, however often some is taken.
        assert_eq!((activity.until_close().await, started.elapsed().as_secs()), (CloseReason::SlowReader, 10 + 8));
        assert_eq!((next(&mut body).await, next(&mut body).await), (Some(16 * 1024), None));
        drop(body);
        assert_eq!(activity.until_close().await, CloseReason::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_response_may_be_read_after_its_request_but_not_indefinitely() {
        for (rate, expected) in [(0, 10 + 5), (8 * 1024, 4 + 5), (17, 10 + 4 + 5)] {
            let activity = activity();
            let mut body = PacedBody::new(Body::from(vec![7; CHUNK]), activity.begin_request());
            while next(&mut body).await.is_some() {}
            drop(body);
            let (started, client) = (Instant::now(), activity.clone());
            let reader = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    if rate > 0 {
                        client.record_written(rate);
                    }
                    // What is owed is taken; then nothing more is said.
                    if client.state().unwritten == 0 {
                        break;
                    }
                }
            });
            assert_eq!(
                (activity.until_close().await, started.elapsed().as_secs()),
                (CloseReason::Idle, expected),
                "{rate} a second"
            );
            reader.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_waits_for_the_next_event_is_not_slow() {
        let activity = activity();
        let events = futures_util::stream::iter([Ok::<_, std::io::Error>("event")]);
        let events = futures_util::StreamExt::chain(events, futures_util::stream::pending());
        let mut body = PacedBody::new(Body::from_stream(events), activity.begin_request());
        let reader =
            tokio::spawn(
                async move { while poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.is_some() {} },
            );
        let waited = tokio::time::timeout(Duration::from_hours(1), activity.until_close()).await;
        assert!(waited.is_err(), "{waited:?}");
        reader.abort();
    }
}

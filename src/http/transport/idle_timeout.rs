//! Idle timeout and minimum read rate of connections: tracks requests in flight and unread response bytes, and
//! decides when to close a connection.
//!
//! A connection without a request in flight is closed after the idle timeout. A connection is also closed if its
//! client reads a response too slowly: the client has `limits.write_ms`, and one second more for every 8 KiB.
//! `paced_body` reports which response bytes were handed to hyper, and `write_timeout` reports which bytes were
//! written to the socket.
//!
//! A timeout for each read, as in the crate `tokio-io-timeout`, would close a connection whose client waits for a
//! response, and would not close one that only sends pings.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Minimum rate at which a client must read a response, in bytes per second. In addition, the client has
/// `limits.write_ms`.
const MIN_BYTES_PER_SECOND: u64 = 8 * 1024;

/// How often a closing connection checks whether its requests are done.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The request activity of one connection.
pub(in crate::http) struct ConnectionActivity {
    /// Maximum time without a request in flight.
    idle_timeout: Duration,
    /// Time that a client has to read a response, in addition to the time that the minimum read rate allows for its
    /// length.
    write_timeout: Duration,
    state: Mutex<State>,
}

struct State {
    /// Requests in flight: the number of each request, and the deadline by which the client must have read the
    /// response bytes sent so far. The deadline is `None` while the request waits for the server.
    in_flight_requests: Vec<(u64, Option<Instant>)>,
    /// When a request last ended. Until the first request has ended, the instant when the connection began.
    last_ended: Instant,
    /// When bytes were last written to the socket.
    last_written: Instant,
    /// Response bytes handed to hyper and not yet written to the socket (estimate).
    unwritten: u64,
    /// Value of `unwritten` when a request last ended.
    unwritten_at_end: u64,
    /// Number of requests on the connection so far.
    request_count: u64,
    /// True if the client may be sending bytes that the server does not read.
    unread: bool,
}

/// The reason for closing a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum CloseReason {
    /// The client sent no request within the idle timeout.
    NoRequest,
    /// The client sent no further request within the idle timeout.
    Idle,
    /// The client reads a response too slowly.
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

    /// Records that a request has begun. The request is in flight until the returned value is dropped.
    pub(in crate::http) fn begin_request(self: &Arc<Self>) -> InFlight {
        let mut state = self.state();
        state.request_count += 1;
        state.unread = false;
        let id = state.request_count;
        state.in_flight_requests.push((id, None));
        InFlight { activity: self.clone(), id }
    }

    /// Records that bytes were received. If no request is in flight, the bytes count as unread: they may be headers
    /// that hyper rejects (400, 431), so that no request begins.
    pub(in crate::http) fn record_received(&self) {
        let mut state = self.state();
        state.unread |= state.in_flight_requests.is_empty();
    }

    /// Returns whether the client may be sending bytes that the server does not read, such as the rest of a body.
    /// Such a connection must be closed with a lingering close.
    pub(in crate::http) fn has_unread(&self) -> bool {
        self.state().unread
    }

    /// Sets whether the client may be sending bytes that the server does not read. The next request sets this to
    /// false.
    pub(in crate::http) fn set_unread(&self, unread: bool) {
        self.state().unread = unread;
    }

    /// Records bytes written to the socket. They may be part of a response or of an HTTP/2 control frame.
    pub(in crate::http) fn record_written(&self, bytes: usize) {
        let mut state = self.state();
        state.last_written = Instant::now();
        state.unwritten = state.unwritten.saturating_sub(bytes as u64);
    }

    /// Waits until the connection must be closed, and returns the reason.
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
                // Sleeps no longer than the idle timeout, because new requests and written bytes change the deadlines
                // in the meantime.
                client_deadline
                    .map_or(idle_deadline, |client_deadline| client_deadline.min(idle_deadline))
                    .min(now + self.idle_timeout)
            };
            tokio::time::sleep_until(until).await;
        }
    }

    /// Returns the instant at which the connection will have been idle for too long. A client may read the end of a
    /// response after the request has ended. For these bytes it has as much time as for any other part of a response,
    /// and no more. Otherwise a client could keep the connection open with pings, because acknowledgements of pings
    /// count as written bytes.
    fn idle_deadline(&self, state: &State, now: Instant) -> Instant {
        let idle_since = match state {
            _ if !state.in_flight_requests.is_empty() => now,
            State { request_count: 0, .. } => state.last_ended,
            State { unwritten: 0, .. } => state.last_written.clamp(state.last_ended, self.write_deadline(state)),
            _ => self.write_deadline(state).min(state.last_written.max(state.last_ended) + self.write_timeout),
        };
        idle_since + self.idle_timeout
    }

    /// Returns the deadline for reading the bytes that were handed to hyper before the last request ended.
    fn write_deadline(&self, state: &State) -> Instant {
        state.last_ended + self.write_timeout + transfer_time(state.unwritten_at_end)
    }

    /// Waits until no request is in flight, or until a client has missed its deadline for reading a response.
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
    /// Returns the earliest deadline by which the client must have read response bytes; `None` if there is none.
    fn client_deadline(&self) -> Option<Instant> {
        self.in_flight_requests.iter().filter_map(|(_, until)| *until).min()
    }
}

/// A request in flight.
pub(in crate::http) struct InFlight {
    activity: Arc<ConnectionActivity>,
    id: u64,
}

impl InFlight {
    /// Records that a chunk of `bytes` bytes was handed to hyper, and `total` bytes since the instant `since`. The
    /// client has `limits.write_ms` and the time at the minimum read rate, both for the chunk and for the total. The
    /// earlier deadline applies.
    pub(super) fn record_given(&self, bytes: u64, since: Instant, total: u64) {
        self.activity.state().unwritten += bytes;
        let write_timeout = self.activity.write_timeout;
        let deadline = Instant::now() + write_timeout + transfer_time(bytes);
        self.set_client_deadline(Some(deadline.min(since + write_timeout + transfer_time(total))));
    }

    /// Records that the client has read all bytes sent so far, so the request waits for the server.
    pub(super) fn wait_for_server(&self) {
        self.set_client_deadline(None);
    }

    /// Sets the deadline by which the client must have read the response bytes sent so far. It is `None` while the
    /// request waits for the server.
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

/// Returns the time that a client may take to read a number of bytes, in addition to `limits.write_ms`.
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
        // The client has `limits.write_ms`, and one second for every 8 KiB of the chunk.
        assert_eq!((activity.until_close().await, started.elapsed().as_secs()), (CloseReason::SlowReader, 10 + 4));
        assert_eq!(next(&mut body).await, Some(CHUNK));
        // The minimum rate applies to all bytes sent, so reading a few bytes now and then does not extend the
        // deadline.
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
                    // Stops when all outstanding bytes are written.
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

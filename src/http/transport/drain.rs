//! Draining of request bodies that the handler did not read to the end.
//!
//! A request can be rejected before its body has arrived (401, 404, 413, 429 and others). If the server then closed
//! the connection, TCP would reset it, and the client would lose the response. Therefore a task reads and discards
//! the rest of the body.
//!
//! The task stops at the limits of `DrainLimits`: eight times `limits.body_bytes`, `limits.body_ms` after the request
//! headers, or two seconds without data. If the body exceeds a limit, the connection is closed with a
//! `lingering_close`.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, Request, header},
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::idle_timeout::{ConnectionActivity, InFlight};
use crate::limits::Limits;

/// Maximum number of bytes of one body that are discarded, as a multiple of `limits.body_bytes` (64 MiB by default).
/// Bodies that are several times too large are still drained, because discarding a byte costs less than accepting it.
const DRAIN_FACTOR: u64 = 8;

/// How long a drain waits for the next bytes of a body. Two seconds are enough to retransmit a lost packet. If
/// nothing arrives, the client has probably stopped sending.
const DRAIN_IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// The limits for draining a request body.
pub(in crate::http) struct DrainLimits {
    /// Maximum number of bytes of one body that are discarded.
    bytes: u64,
    /// Time from the request headers to the end of the drain: `limits.body_ms`, which is also the limit for reading a
    /// body.
    time: Duration,
    /// Becomes true when the server stops. All drains then end at once.
    stopping: watch::Receiver<bool>,
}

impl DrainLimits {
    pub(in crate::http) fn new(limits: &Limits, stopping: watch::Receiver<bool>) -> Arc<Self> {
        let bytes = limits.body_bytes.saturating_mul(DRAIN_FACTOR);
        Arc::new(Self { bytes, time: Duration::from_millis(limits.body_ms), stopping })
    }
}

/// A request body. If a handler drops it before reading it to the end, a task drains the rest.
pub(in crate::http) struct DrainedBody {
    /// The body. None after the body has ended or failed.
    body: Option<Incoming>,
    /// Whether the client still waits for `100 Continue`, which hyper sends when the body is polled for the first
    /// time.
    waits: bool,
    /// The instant at which a drain of this body must end.
    until: Instant,
    limits: Arc<DrainLimits>,
    activity: Arc<ConnectionActivity>,
}

impl DrainedBody {
    /// Wraps the body of a request whose headers have just arrived.
    pub(in crate::http) fn wrap(
        request: Request<Incoming>,
        limits: &Arc<DrainLimits>,
        activity: &Arc<ConnectionActivity>,
    ) -> Request<Body> {
        let (parts, body) = request.into_parts();
        if body.is_end_stream() {
            return Request::from_parts(parts, Body::new(body));
        }
        let waits = expects_continue(&parts.headers);
        let until = Instant::now() + limits.time;
        let body = Self { body: Some(body), waits, until, limits: limits.clone(), activity: activity.clone() };
        Request::from_parts(parts, Body::new(body))
    }
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

impl HttpBody for DrainedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        match polled {
            Poll::Ready(None) => self.body = None,
            // The rest of the body cannot be parsed, but the client may still be sending it.
            Poll::Ready(Some(Err(_))) => {
                self.body = None;
                self.activity.set_unread(true);
            }
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for DrainedBody {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        // A body is not drained in two cases. A client that waits for `100 Continue` sends nothing. If the announced
        // length exceeds the limit, the response has `Connection: close`, so that the client can stop sending.
        let drained = !self.waits && body.size_hint().lower() <= self.limits.bytes;
        match Handle::try_current() {
            Ok(runtime) if drained => {
                // The drain counts as a request in flight, so the connection is not idle while the body is drained.
                let in_flight = self.activity.begin_request();
                runtime.spawn(drain(body, self.until, self.limits.clone(), self.activity.clone(), in_flight));
            }
            _ => self.activity.set_unread(true),
        }
    }
}

/// Drains a body. If the body did not end, records that the connection has unread bytes.
async fn drain(
    mut body: Incoming,
    until: Instant,
    limits: Arc<DrainLimits>,
    activity: Arc<ConnectionActivity>,
    _in_flight: InFlight,
) {
    let mut stopping = limits.stopping.clone();
    let ended = tokio::select! {
        ended = discard(&mut body, limits.bytes, until) => ended,
        _ = stopping.wait_for(|stopping| *stopping) => false,
    };
    // This must happen before the body is dropped, because dropping it closes the connection.
    if !ended {
        activity.set_unread(true);
    }
}

/// Reads and discards a body to its end. Returns false if the body is longer than `bytes`, does not end before
/// `until`, sends nothing for [`DRAIN_IDLE_TIMEOUT`], or fails.
async fn discard<B: HttpBody<Data = Bytes> + Unpin>(body: &mut B, bytes: u64, until: Instant) -> bool {
    let mut left = bytes;
    let reading = async {
        while let Ok(frame) = timeout(DRAIN_IDLE_TIMEOUT, body.frame()).await {
            let Some(frame) = frame else { return true };
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            let Some(rest) = left.checked_sub(length) else { return false };
            left = rest;
        }
        false
    };
    timeout_at(until, reading).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::stream;

    use super::*;

    /// Returns a body in chunks of 100 bytes, with a pause before each chunk and before the end.
    fn body(chunks: usize, pause: Duration) -> Body {
        Body::from_stream(stream::unfold(chunks, move |left| async move {
            tokio::time::sleep(pause).await;
            (left > 0).then(|| (Ok::<_, io::Error>(Bytes::from_static(&[7; 100])), left - 1))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_discarded_up_to_the_limits() {
        let (quick, slow) = (Duration::from_millis(10), Duration::from_secs(1));
        for (name, chunks, pause, took, ended) in [
            ("as many bytes as allowed", 10, quick, 110, true),
            ("one chunk more", 11, quick, 110, false),
            ("nine seconds", 8, slow, 9000, true),
            ("eleven seconds", 10, slow, 10_000, false),
            ("silence", 1, DRAIN_IDLE_TIMEOUT + slow, 2000, false),
        ] {
            let started = Instant::now();
            let actual = discard(&mut body(chunks, pause), 1000, started + Duration::from_secs(10)).await;
            assert_eq!((actual, started.elapsed().as_millis()), (ended, took), "{name}");
        }
    }

    #[tokio::test]
    async fn a_body_with_an_error_has_not_ended() {
        let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err(io::Error::other("broken"))]);
        assert!(!discard(&mut Body::from_stream(broken), 1000, Instant::now() + DRAIN_IDLE_TIMEOUT).await);
    }

    #[test]
    fn a_client_that_waits_for_100_continue_is_recognized() {
        let expects = |value: &'static str| {
            expects_continue(&HeaderMap::from_iter([(header::EXPECT, header::HeaderValue::from_static(value))]))
        };
        assert!(expects("100-continue") && expects("100-Continue"));
        assert!(!expects("something else") && !expects_continue(&HeaderMap::new()));
    }
}

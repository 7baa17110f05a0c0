//! Response body that is handed to hyper in chunks of 32 KiB, each reported to `idle_timeout`.
//!
//! hyper buffers all data that it is given, and does not report which bytes were sent. With chunks, the server knows
//! roughly how much the client has read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::idle_timeout::InFlight;

/// Chunk size, in bytes. Chunks are small, because the server cannot tell which bytes of a chunk were sent.
pub(super) const CHUNK: usize = 32 * 1024;

/// A response body that keeps its request in flight until the body is sent. Hands the body to hyper in chunks,
/// because hyper's HTTP/2 accepts any amount of data, even if the flow-control window is full. hyper polls for the
/// next chunk when some of the data was sent.
pub(in crate::http) struct PacedBody {
    body: Body,
    /// Bytes that were read from `body` and not handed to hyper yet.
    pending: Bytes,
    in_flight: InFlight,
    /// The instant since which the client has data to read, and the number of bytes handed to hyper since then.
    /// `None` while the client has nothing to read.
    sending: Option<(Instant, u64)>,
    started: bool,
}

impl PacedBody {
    pub(in crate::http) fn new(body: Body, in_flight: InFlight) -> Self {
        Self { body, pending: Bytes::new(), in_flight, sending: None, started: false }
    }

    /// Takes the next chunk from `pending`, and records it as handed to hyper.
    fn next_chunk(&mut self) -> Bytes {
        let chunk = self.pending.split_to(self.pending.len().min(CHUNK));
        let bytes = chunk.len() as u64;
        let (since, before) = self.sending.unwrap_or((Instant::now(), 0));
        let total = before + bytes;
        self.sending = Some((since, total));
        self.started = true;
        self.in_flight.record_given(bytes, since, total);
        chunk
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.pending.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.next_chunk()))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match polled {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    self.pending = data;
                    Poll::Ready(Some(Ok(Frame::data(self.next_chunk()))))
                }
                Err(other) => Poll::Ready(Some(Ok(other))),
            },
            // hyper polls for the next chunk when most of the last chunk was sent. The body has no data at the
            // moment, so the request now waits for the server.
            polled => {
                if self.started {
                    self.sending = None;
                    self.in_flight.wait_for_server();
                }
                polled
            }
        }
    }

    /// Returns true only for a body that is empty from the start. Any other body ends when hyper polls again after
    /// the last chunk, because a chunk handed to hyper is not yet sent.
    fn is_end_stream(&self) -> bool {
        !self.started && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (pending, body) = (self.pending.len() as u64, self.body.size_hint());
        let mut whole = SizeHint::new();
        whole.set_lower(body.lower() + pending);
        if let Some(upper) = body.upper() {
            whole.set_upper(upper + pending);
        }
        whole
    }
}

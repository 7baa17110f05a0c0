//! Response body that is handed to hyper in chunks of 32 KiB, each reported to `idle_timeout`.
//!
//! hyper buffers whatever it is given and does not report what was sent.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::idle_timeout::InFlight;

/// Chunk size, in bytes. Bytes handed to hyper cannot be distinguished from bytes that were sent, so chunks are
/// small.
pub(super) const CHUNK: usize = 32 * 1024;

/// A response body whose request is in flight until the body is sent. hyper's HTTP/2 accepts any amount of data, even
/// without flow-control window, and polls again when some of it was sent. So the body is passed on in chunks.
pub(in crate::http) struct PacedBody {
    body: Body,
    /// Bytes that were read from the body and not passed on yet.
    pending: Bytes,
    in_flight: InFlight,
    /// Since when the client has data to read, and the number of bytes passed on since then.
    sending: Option<(Instant, u64)>,
    started: bool,
}

impl PacedBody {
    pub(in crate::http) fn new(body: Body, in_flight: InFlight) -> Self {
        Self { body, pending: Bytes::new(), in_flight, sending: None, started: false }
    }

    /// Passes on the next chunk.
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
            // hyper polls for the next chunk when most of the last one was sent: now the request waits for the
            // server.
            polled => {
                if self.started {
                    self.sending = None;
                    self.in_flight.wait_for_server();
                }
                polled
            }
        }
    }

    /// Not before hyper has polled after the last chunk, since a chunk that was passed on is not yet sent.
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

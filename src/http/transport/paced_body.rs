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

/// Bytes of an answer that are given at a time: what was given cannot be told from what was taken.
pub(super) const CHUNK: usize = 32 * 1024;

/// The body of an answer: its request is under way until it is sent.
///
/// HTTP/2 takes what it is given whether there is room for it or not, and asks for more when some of it was sent. So it is given
/// in pieces.
pub(in crate::http) struct PacedBody {
    body: Body,
    /// What was read of the body and not given yet.
    pending: Bytes,
    in_flight: InFlight,
    /// Since when the reader has something to take, and how much it was given since then.
    sending: Option<(Instant, u64)>,
    started: bool,
}

impl PacedBody {
    pub(in crate::http) fn new(body: Body, in_flight: InFlight) -> Self {
        Self { body, pending: Bytes::new(), in_flight, sending: None, started: false }
    }

    /// Gives a piece to the reader.
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
            // It is asked for the next piece when the last one was taken, or nearly so: now it is our turn.
            polled => {
                if self.started {
                    self.sending = None;
                    self.in_flight.wait_for_server();
                }
                polled
            }
        }
    }

    /// Not before it was asked for more in vain: what is handed out is not yet sent.
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

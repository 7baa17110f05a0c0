//! Socket wrapper with a write timeout (`limits.write_ms`), a connection permit and a lingering close.
//!
//! A write fails if the client reads no byte within the timeout. This holds for every protocol on the connection,
//! including WebSocket. Written bytes are reported to `idle_timeout`. A flush does not count as written bytes.
//!
//! The crate `tokio-io-timeout` would replace 16 of these lines, but its error does not name the setting. The permit,
//! the report of written bytes and the lingering close would stay.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::{idle_timeout::ConnectionActivity, lingering_close::Linger};
use crate::http::limits::connection_limit::ConnectionPermit;

/// The byte stream of a connection. A write fails if the client reads nothing for too long, whatever the protocol.
/// The connection permit is released when the stream is dropped, either by HTTP or by the WebSocket that the
/// connection was upgraded to.
pub(in crate::http) struct TimedStream<S> {
    stream: S,
    write_timeout: Duration,
    /// Timer for the write timeout. Runs while a write waits for the client to read.
    stalled: Option<Pin<Box<Sleep>>>,
    /// State of the lingering close. Set after the write side was shut down.
    linger: Option<Linger>,
    activity: Arc<ConnectionActivity>,
    _permit: ConnectionPermit,
}

impl<S> TimedStream<S> {
    pub(in crate::http) fn new(
        stream: S,
        write_timeout: Duration,
        activity: Arc<ConnectionActivity>,
        permit: ConnectionPermit,
    ) -> Self {
        Self { stream, write_timeout, stalled: None, linger: None, activity, _permit: permit }
    }

    /// Records the bytes of a successful write. Not called for a flush, because a flush also succeeds if nothing is
    /// waiting to be written.
    fn record_written(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written
            && *bytes > 0
        {
            self.activity.record_written(*bytes);
        }
    }

    /// Returns the result of a write, or an error if the write has been pending for longer than the write timeout.
    fn with_timeout<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let stalled =
            self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + write_timeout)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client read nothing in time (limits.write_ms)")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.activity.record_received();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.record_written(&written);
        self.with_timeout(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.record_written(&written);
        self.with_timeout(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.stream).poll_flush(context);
        self.with_timeout(context, written)
    }

    /// Shuts down the write side, then performs a lingering close, so that a client that is still sending receives
    /// the response.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            let written = Pin::new(&mut this.stream).poll_shutdown(context);
            ready!(this.with_timeout(context, written))?;
        }
        let activity = &this.activity;
        let linger = this.linger.get_or_insert_with(|| Linger::new(activity.has_unread()));
        linger.poll(&mut this.stream, context).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{config::HttpConfig, http::limits::connection_limit::ConnectionLimiter};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_times_out_and_one_that_reads_slowly_does_not() {
        let limiter = ConnectionLimiter::new(&HttpConfig::default());
        let (local, mut peer) = tokio::io::duplex(64);
        let permit = limiter.admit(limiter.wait_for_slot().await.unwrap(), "127.0.0.1".parse().unwrap()).unwrap();
        let write_timeout = Duration::from_secs(10);
        let mut stream =
            TimedStream::new(local, write_timeout, ConnectionActivity::new(write_timeout, write_timeout), permit);
        let slow_reader = tokio::spawn(async move {
            let mut buffer = [0; 32];
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(8)).await;
                peer.read_exact(&mut buffer).await.unwrap();
            }
            peer
        });
        stream.write_all(&[7; 128]).await.unwrap();
        let _peer = slow_reader.await.unwrap();
        let started = Instant::now();
        let error = stream.write_all(&[7; 128]).await.unwrap_err();
        assert_eq!((error.kind(), started.elapsed().as_secs()), (io::ErrorKind::TimedOut, 10));
        drop(stream);
        limiter.until_none_open().await;
    }
}

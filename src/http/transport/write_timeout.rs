//! The bytes of a connection: its place among those held, an end to readers who take nothing, and a lingering close.

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

use super::{idle_timeout::Traffic, lingering_close::Linger};
use crate::http::limits::connection_limit::Place;

/// A connection's bytes. What is written and not taken for too long is an error, whichever protocol is spoken; the place that
/// it takes goes back when it is dropped, be it by HTTP or by a WebSocket that it became.
pub(in crate::http) struct Line<S> {
    stream: S,
    patience: Duration,
    /// Runs while the other side takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
    /// Set once the write side is shut down.
    linger: Option<Linger>,
    traffic: Arc<Traffic>,
    _place: Place,
}

impl<S> Line<S> {
    pub(in crate::http) fn new(stream: S, patience: Duration, traffic: Arc<Traffic>, place: Place) -> Self {
        Self { stream, patience, stuck: None, linger: None, traffic, _place: place }
    }

    /// Tells that something was taken. Flushing is none of it: that succeeds where nothing waits to be taken.
    fn tell(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written
            && *bytes > 0
        {
            self.traffic.taken(*bytes);
        }
    }

    /// The outcome of writing, or that it has waited too long.
    fn in_time<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let patience = self.patience;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + patience)));
        ready!(stuck.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the reader took nothing in time (limits.write_ms)")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.traffic.received();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.tell(&written);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.tell(&written);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.stream).poll_flush(context);
        self.in_time(context, written)
    }

    /// Shuts down the write side, then performs a lingering close, so that a client that is still sending gets the answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line = &mut *self;
        if line.linger.is_none() {
            let written = Pin::new(&mut line.stream).poll_shutdown(context);
            ready!(line.in_time(context, written))?;
        }
        let traffic = &line.traffic;
        let linger = line.linger.get_or_insert_with(|| Linger::new(traffic.has_unread()));
        linger.poll(&mut line.stream, context).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::http::{config::Edge, limits::connection_limit::Places};

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_takes_nothing_is_given_up_and_one_who_takes_a_little_is_not() {
        let places = Places::new(&Edge::default());
        let (near, mut far) = tokio::io::duplex(64);
        let place = places.give(places.free().await.unwrap(), "127.0.0.1".parse().unwrap()).unwrap();
        let patience = Duration::from_secs(10);
        let mut line = Line::new(near, patience, Traffic::new(patience, patience), place);
        let slow = tokio::spawn(async move {
            let mut taken = [0; 32];
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(8)).await;
                far.read_exact(&mut taken).await.unwrap();
            }
            far
        });
        line.write_all(&[7; 128]).await.unwrap();
        let _far = slow.await.unwrap();
        let begun = Instant::now();
        let error = line.write_all(&[7; 128]).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, 10));
        drop(line);
        places.all_given_back().await;
    }
}

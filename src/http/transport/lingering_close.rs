//! Lingering close (RFC 9112, 9.6): after shutting down the write side, reads and discards what the client still sends.
//!
//! Without a lingering close, TCP would answer unread bytes with a reset, and the client could lose the response. A
//! lingering close ends after two seconds or 16 MiB at the latest.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    task::coop::has_budget_remaining,
    time::Sleep,
};

/// Maximum duration of a lingering close. In this time, the response and the end of the stream reach the client, and
/// the client's own end of the stream comes back. The duration must be well below the time that a stopping server
/// waits (`server::SHUTDOWN_GRACE`).
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum number of bytes that a lingering close discards. It covers the socket buffers of server and client, some
/// MiB each, which may still be full when the client receives the end of the stream.
const MAX_LINGER_BYTES: usize = 16 * 1024 * 1024;

/// Maximum number of bytes in one read.
const READ_BYTES: usize = 16 * 1024;

/// The state of a lingering close, which begins after the write side was shut down.
pub(in crate::http) struct Linger {
    /// Number of bytes that may still be discarded.
    left: usize,
    /// Timer for the time limit. `None` while nothing shows that the client is still sending.
    until: Option<Pin<Box<Sleep>>>,
}

impl Linger {
    /// Creates the state. `sending` is whether the client may still be sending. If it is false, the lingering close
    /// ends as soon as there is nothing to read, so that an ordinary close is not delayed.
    pub(in crate::http) fn new(sending: bool) -> Self {
        Self { left: MAX_LINGER_BYTES, until: sending.then(timer) }
    }

    /// Reads and discards bytes. Returns `Ready` at the end of the stream, on an error, or at a limit.
    pub(in crate::http) fn poll<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if let Some(until) = &mut self.until
            && until.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(());
        }
        let mut piece = [std::mem::MaybeUninit::uninit(); READ_BYTES];
        while self.left > 0 {
            let mut piece = ReadBuf::uninit(&mut piece);
            match Pin::new(&mut *stream).poll_read(context, &mut piece) {
                Poll::Ready(Ok(())) if !piece.filled().is_empty() => {
                    self.left = self.left.saturating_sub(piece.filled().len());
                    if self.until.is_none() {
                        self.until = Some(timer());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    return match &mut self.until {
                        Some(until) => until.as_mut().poll(context),
                        None if has_budget_remaining() => Poll::Ready(()),
                        // The read may be pending only because the task has used up its Tokio budget. Tokio then
                        // wakes the task again.
                        None => Poll::Pending,
                    };
                }
            }
        }
        Poll::Ready(())
    }
}

fn timer() -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(LINGER_TIMEOUT))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::{
        io::{AsyncWriteExt, DuplexStream},
        time::Instant,
    };

    use super::*;

    async fn lingered(sending: bool, near: &mut DuplexStream) -> u128 {
        let (mut linger, started) = (Linger::new(sending), Instant::now());
        poll_fn(|context| linger.poll(near, context)).await;
        started.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_stream_or_at_a_limit() {
        let (mut near, mut far) = tokio::io::duplex(64);
        assert_eq!(lingered(false, &mut near).await, 0, "not sending");
        assert_eq!(lingered(true, &mut near).await, LINGER_TIMEOUT.as_millis(), "may be sending, and does not close");
        far.write_all(b"more").await.unwrap();
        assert_eq!(lingered(false, &mut near).await, LINGER_TIMEOUT.as_millis(), "had sent something");
        let sending = tokio::spawn(async move {
            for _ in 0..10 {
                tokio::time::sleep(LINGER_TIMEOUT / 20).await;
                far.write_all(&[7; 200]).await.unwrap();
            }
        });
        assert_eq!(lingered(true, &mut near).await, LINGER_TIMEOUT.as_millis() / 2, "closes");
        sending.await.unwrap();

        let (mut near, mut far) = tokio::io::duplex(1024 * 1024);
        let sending = tokio::spawn(async move {
            let mut sent = 0;
            while let Ok(bytes) = far.write(&[7; 8 * 1024]).await {
                sent += bytes;
            }
            sent
        });
        assert_eq!(lingered(true, &mut near).await, 0, "sends too much");
        drop(near);
        let sent = sending.await.unwrap();
        assert!((MAX_LINGER_BYTES..MAX_LINGER_BYTES + 2 * 1024 * 1024).contains(&sent), "{sent}");
    }
}

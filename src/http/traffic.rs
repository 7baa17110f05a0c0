//! What is under way on a connection, and when it is to be closed: when nothing was asked for too long, whatever it is busy
//! with instead (a handshake, half a header, nothing at all), or when an answer is taken too slowly.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

/// Bytes of an answer that a reader takes in a second at least, once its patience (`limits.write_ms`) is over.
const SLOWEST: u64 = 8 * 1024;

/// How often it is looked whether all is done on a connection that ends.
const REST: Duration = Duration::from_millis(200);

/// The requests of one connection.
pub(super) struct Traffic {
    /// How long nothing may be under way.
    idle: Duration,
    /// How long a reader may take for an answer, beside what its length allows.
    reading: Duration,
    state: Mutex<State>,
}

struct State {
    /// Requests under way: until when the reader must have taken what it was given, where it is the reader's turn.
    open: Vec<(u64, Option<Instant>)>,
    /// When a request ended last; before the first, when the connection began.
    ended: Instant,
    /// When something was taken last.
    taken: Instant,
    /// How many requests there were.
    asked: u64,
}

/// Why a connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quiet {
    /// It never asked for anything.
    Unasked,
    /// It asks for nothing more.
    Idle,
    /// It does not take what it asked for.
    Stuck,
}

impl Traffic {
    pub(super) fn new(idle: Duration, reading: Duration) -> Arc<Self> {
        let now = Instant::now();
        let state = State { open: Vec::new(), ended: now, taken: now, asked: 0 };
        Arc::new(Self { idle, reading, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is under way until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Turn {
        let mut state = self.state();
        state.asked += 1;
        let id = state.asked;
        state.open.push((id, None));
        Turn { traffic: self.clone(), id }
    }

    /// Something was taken: some of an answer, or a frame of HTTP/2 that says nothing.
    pub(super) fn taken(&self) {
        self.state().taken = Instant::now();
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn quiet(&self) -> Quiet {
        loop {
            let until = {
                let (state, now) = (self.state(), Instant::now());
                let (stuck, idle) = (state.stuck(), self.idle_at(&state, now));
                if stuck.is_some_and(|until| until <= now) {
                    return Quiet::Stuck;
                }
                if idle <= now {
                    return if state.asked == 0 { Quiet::Unasked } else { Quiet::Idle };
                }
                stuck.map_or(idle, |stuck| stuck.min(idle))
            };
            tokio::time::sleep_until(until).await;
        }
    }

    /// When the connection will have been idle for too long. What is taken after the last request may be the end of its answer,
    /// so it counts; but only for as long as a reader may take for that: acknowledged pings are taken, too.
    fn idle_at(&self, state: &State, now: Instant) -> Instant {
        match state {
            _ if !state.open.is_empty() => now + self.idle,
            State { asked: 0, .. } => state.ended + self.idle,
            _ => state.taken.clamp(state.ended, state.ended + self.reading) + self.idle,
        }
    }

    /// Waits until no request is under way that its reader takes.
    pub(super) async fn at_rest(&self) {
        loop {
            let until = {
                let (state, now) = (self.state(), Instant::now());
                let stuck = state.stuck();
                if state.open.is_empty() || stuck.is_some_and(|until| until <= now) {
                    return;
                }
                stuck.unwrap_or(now + REST).min(now + REST)
            };
            tokio::time::sleep_until(until).await;
        }
    }
}

impl State {
    /// Until when something must have been taken by its reader.
    fn stuck(&self) -> Option<Instant> {
        self.open.iter().filter_map(|(_, until)| *until).min()
    }
}

/// A request under way.
pub(super) struct Turn {
    traffic: Arc<Traffic>,
    id: u64,
}

impl Turn {
    /// Whose turn it is: the reader's until then, or ours.
    fn is_the_readers(&self, until: Option<Instant>) {
        let mut state = self.traffic.state();
        if let Some(open) = state.open.iter_mut().find(|(id, _)| *id == self.id) {
            open.1 = until;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.traffic.state();
        if let Some(at) = state.open.iter().position(|(id, _)| *id == self.id) {
            state.open.swap_remove(at);
        }
        state.ended = Instant::now();
    }
}

/// The body of an answer: its request is under way until it is sent.
pub(super) struct Answered {
    body: Body,
    turn: Turn,
    begun: bool,
}

impl Answered {
    pub(super) fn new(body: Body, turn: Turn) -> Self {
        Self { body, turn, begun: false }
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let given = match &polled {
            Poll::Ready(Some(Ok(frame))) => Some(frame.data_ref().map_or(0, Bytes::len)),
            _ => None,
        };
        // It is asked for the next frame when this one was taken, or nearly so.
        let patience = given.map(|bytes| self.turn.traffic.reading + Duration::from_secs(bytes as u64 / SLOWEST));
        if patience.is_some() || self.begun {
            self.turn.is_the_readers(patience.map(|patience| Instant::now() + patience));
        }
        self.begun |= patience.is_some();
        polled
    }

    /// Not before it was asked for more in vain: what is handed out is not yet sent.
    fn is_end_stream(&self) -> bool {
        !self.begun && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const IDLE: Duration = Duration::from_secs(5);

    fn traffic() -> Arc<Traffic> {
        Traffic::new(IDLE, Duration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_quiet_when_nothing_was_under_way_for_so_long() {
        let (traffic, begun) = (traffic(), Instant::now());
        assert_eq!((traffic.quiet().await, begun.elapsed()), (Quiet::Unasked, IDLE));
        let turn = traffic.begin();
        let other = traffic.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_mins(1)).await;
            drop(turn);
            tokio::time::sleep(Duration::from_secs(3)).await;
            other.taken();
        });
        assert_eq!((traffic.quiet().await, begun.elapsed().as_secs()), (Quiet::Idle, 5 + 60 + 3 + 5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_without_a_request_keeps_nothing_open() {
        let (traffic, begun) = (traffic(), Instant::now());
        let other = traffic.clone();
        let pings = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                other.taken();
            }
        });
        assert_eq!((traffic.quiet().await, begun.elapsed()), (Quiet::Unasked, IDLE));
        drop(traffic.begin());
        assert_eq!((traffic.quiet().await, begun.elapsed().as_secs()), (Quiet::Idle, 5 + 10 + 5));
        pings.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_at_rest_when_nothing_is_under_way() {
        let (traffic, begun) = (traffic(), Instant::now());
        traffic.at_rest().await;
        let turn = traffic.begin();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            drop(turn);
        });
        traffic.at_rest().await;
        assert_eq!(begun.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_must_be_taken_at_some_pace() {
        let (traffic, begun) = (traffic(), Instant::now());
        let mut body = Answered::new(Body::from(vec![7; 80 * 1024]), traffic.begin());
        assert!(!body.is_end_stream());
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.unwrap().unwrap();
        assert_eq!((frame.into_data().unwrap().len(), body.is_end_stream()), (80 * 1024, false));
        assert_eq!((traffic.quiet().await, begun.elapsed().as_secs()), (Quiet::Stuck, 10 + 10));
        assert!(poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.is_none());
        drop(body);
        assert_eq!(traffic.quiet().await, Quiet::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_the_next_event_is_not_slow() {
        let traffic = traffic();
        let events = futures_util::stream::iter([Ok::<_, std::io::Error>("event")]);
        let events = futures_util::StreamExt::chain(events, futures_util::stream::pending());
        let mut body = Answered::new(Body::from_stream(events), traffic.begin());
        let reading =
            tokio::spawn(
                async move { while poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.is_some() {} },
            );
        let waited = tokio::time::timeout(Duration::from_hours(1), traffic.quiet()).await;
        assert!(waited.is_err(), "{waited:?}");
        reading.abort();
    }
}

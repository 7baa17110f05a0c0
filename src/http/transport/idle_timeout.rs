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

/// Bytes of an answer that are given at a time: what was given cannot be told from what was taken.
const PIECE: usize = 32 * 1024;

/// How often it is looked whether all is done on a connection that ends.
const REST: Duration = Duration::from_millis(200);

/// The requests of one connection.
pub(in crate::http) struct Traffic {
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
    /// Bytes of answers that were given and not taken yet, as far as is known.
    owed: u64,
    /// How many there were when a request ended last.
    owed_then: u64,
    /// How many requests there were.
    asked: u64,
    /// Whether the client may be sending bytes that are not read.
    unread: bool,
}

/// Why a connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Quiet {
    /// It never asked for anything.
    Unasked,
    /// It asks for nothing more.
    Idle,
    /// It does not take what it asked for.
    Stuck,
}

impl Traffic {
    pub(in crate::http) fn new(idle: Duration, reading: Duration) -> Arc<Self> {
        let now = Instant::now();
        let state = State { open: Vec::new(), ended: now, taken: now, owed: 0, owed_then: 0, asked: 0, unread: false };
        Arc::new(Self { idle, reading, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is under way until what is returned is dropped.
    pub(in crate::http) fn begin(self: &Arc<Self>) -> Turn {
        let mut state = self.state();
        state.asked += 1;
        state.unread = false;
        let id = state.asked;
        state.open.push((id, None));
        Turn { traffic: self.clone(), id }
    }

    /// Bytes were received. If no request is under way, they may be headers that are refused and never become one (400, 431).
    pub(in crate::http) fn received(&self) {
        let mut state = self.state();
        state.unread |= state.open.is_empty();
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
    pub(in crate::http) fn taken(&self, bytes: usize) {
        let mut state = self.state();
        state.taken = Instant::now();
        state.owed = state.owed.saturating_sub(bytes as u64);
    }

    /// Waits until the connection is to be closed.
    pub(in crate::http) async fn quiet(&self) -> Quiet {
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
                // What is taken meanwhile may bring the end nearer.
                stuck.map_or(idle, |stuck| stuck.min(idle)).min(now + self.idle)
            };
            tokio::time::sleep_until(until).await;
        }
    }

    /// When the connection will have been idle for too long. The end of an answer may be taken after its request; it has the
    /// time that any part of an answer has, and no more: acknowledged pings are taken, too.
    fn idle_at(&self, state: &State, now: Instant) -> Instant {
        let over = match state {
            _ if !state.open.is_empty() => now,
            State { asked: 0, .. } => state.ended,
            State { owed: 0, .. } => state.taken.clamp(state.ended, self.all_taken(state)),
            _ => self.all_taken(state).min(state.taken.max(state.ended) + self.reading),
        };
        over + self.idle
    }

    /// When everything must have been taken that was given before the last request ended.
    fn all_taken(&self, state: &State) -> Instant {
        state.ended + self.reading + pace(state.owed_then)
    }

    /// Waits until no request is under way that its reader takes.
    pub(in crate::http) async fn at_rest(&self) {
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
pub(in crate::http) struct Turn {
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
        state.owed_then = state.owed;
    }
}

/// How long a reader may take for so many bytes, beside its patience.
fn pace(bytes: u64) -> Duration {
    Duration::from_secs(bytes / SLOWEST)
}

/// The body of an answer: its request is under way until it is sent.
///
/// HTTP/2 takes what it is given whether there is room for it or not, and asks for more when some of it was sent. So it is given
/// in pieces.
pub(in crate::http) struct Answered {
    body: Body,
    /// What was read of the body and not given yet.
    rest: Bytes,
    turn: Turn,
    /// Since when the reader has something to take, and how much it was given since then.
    given: Option<(Instant, u64)>,
    begun: bool,
}

impl Answered {
    pub(in crate::http) fn new(body: Body, turn: Turn) -> Self {
        Self { body, rest: Bytes::new(), turn, given: None, begun: false }
    }

    /// Gives a piece: the reader has its patience for this one, and a pace to keep for all together.
    fn give(&mut self) -> Bytes {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        let (bytes, now) = (piece.len() as u64, Instant::now());
        let (since, before) = self.given.unwrap_or((now, 0));
        let given = before + bytes;
        let reading = self.turn.traffic.reading;
        self.given = Some((since, given));
        self.begun = true;
        self.turn.traffic.state().owed += bytes;
        self.turn.is_the_readers(Some((now + reading + pace(bytes)).min(since + reading + pace(given))));
        piece
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.give()))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match polled {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    self.rest = data;
                    Poll::Ready(Some(Ok(Frame::data(self.give()))))
                }
                Err(other) => Poll::Ready(Some(Ok(other))),
            },
            // It is asked for the next piece when the last one was taken, or nearly so: now it is our turn.
            polled => {
                if self.begun {
                    self.given = None;
                    self.turn.is_the_readers(None);
                }
                polled
            }
        }
    }

    /// Not before it was asked for more in vain: what is handed out is not yet sent.
    fn is_end_stream(&self) -> bool {
        !self.begun && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut whole = SizeHint::new();
        whole.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            whole.set_upper(upper + rest);
        }
        whole
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
            other.taken(17);
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
                other.taken(17);
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

    async fn next(body: &mut Answered) -> Option<usize> {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        Some(frame.unwrap().into_data().unwrap().len())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_must_be_taken_at_some_pace() {
        let (traffic, begun) = (traffic(), Instant::now());
        let mut body = Answered::new(Body::from(vec![7; 80 * 1024]), traffic.begin());
        assert!(!body.is_end_stream() && body.size_hint().exact() == Some(80 * 1024));
        assert_eq!((next(&mut body).await, body.is_end_stream()), (Some(PIECE), false));
        assert_eq!(body.size_hint().exact(), Some(80 * 1024 - PIECE as u64));
        // Its patience, and a second for every eight kilobytes of the piece.
        assert_eq!((traffic.quiet().await, begun.elapsed().as_secs()), (Quiet::Stuck, 10 + 4));
        assert_eq!(next(&mut body).await, Some(PIECE));
        // All together have a pace, however often some is taken.
        assert_eq!((traffic.quiet().await, begun.elapsed().as_secs()), (Quiet::Stuck, 10 + 8));
        assert_eq!((next(&mut body).await, next(&mut body).await), (Some(16 * 1024), None));
        drop(body);
        assert_eq!(traffic.quiet().await, Quiet::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_an_answer_may_be_taken_after_its_request_and_not_for_ever() {
        for (each, over) in [(0, 10 + 5), (8 * 1024, 4 + 5), (17, 10 + 4 + 5)] {
            let traffic = traffic();
            let mut body = Answered::new(Body::from(vec![7; PIECE]), traffic.begin());
            while next(&mut body).await.is_some() {}
            drop(body);
            let (begun, other) = (Instant::now(), traffic.clone());
            let taking = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    if each > 0 {
                        other.taken(each);
                    }
                    // What is owed is taken; then nothing more is said.
                    if other.state().owed == 0 {
                        break;
                    }
                }
            });
            assert_eq!((traffic.quiet().await, begun.elapsed().as_secs()), (Quiet::Idle, over), "{each} a second");
            taking.abort();
        }
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

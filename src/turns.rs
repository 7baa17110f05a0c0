//! Fair admission: a limited number of permits, handed to waiting callers in turn (round robin between callers, first come first
//! served within one). One caller that asks for a thousand permits delays another by the permits in use, not by the thousand.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Who is counted as one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// An address without a token (IPv6: a /64).
    Address(IpAddr),
    /// The first 16 bytes of a token's SHA-256 digest.
    Token(u128),
}

/// Permits that callers share.
#[derive(Debug)]
pub struct Turns {
    /// How many permits there are.
    most: usize,
    /// How many of them one caller may have.
    most_each: usize,
    /// How many may wait, in all and of one caller.
    most_waiting: (usize, usize),
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    taken_by: HashMap<Caller, usize>,
    waiting: HashMap<Caller, VecDeque<oneshot::Sender<Turn>>>,
    /// Callers that have something waiting, the next one first.
    order: VecDeque<Caller>,
}

/// As many wait for a permit as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A permit; dropping it hands it to the next caller.
#[derive(Debug)]
pub struct Turn {
    /// Nothing once it was handed on.
    of: Option<(Arc<Turns>, Caller)>,
}

impl Turns {
    /// So many permits in all, and so many of them for one caller; at least one each. So many may wait, in all and of one caller.
    pub fn new((most, most_each): (u64, u64), (waiting, waiting_each): (u64, u64)) -> Arc<Self> {
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX).max(1);
        let most_waiting = (count(waiting), count(waiting_each));
        Arc::new(Self { most: count(most), most_each: count(most_each), most_waiting, state: Mutex::default() })
    }

    /// Waits for a permit; fails at once where as many wait as may. Dropping the future gives up the place in the queue.
    pub async fn take(self: &Arc<Self>, caller: Caller) -> Result<Turn, Full> {
        let receiver = {
            let mut state = self.state();
            if state.taken < self.most && state.taken_by(caller) < self.most_each {
                state.give(caller);
                return Ok(Turn { of: Some((self.clone(), caller)) });
            }
            let (sender, receiver) = oneshot::channel();
            state.enqueue(caller, sender, self.most_waiting)?;
            receiver
        };
        match receiver.await {
            Ok(turn) => Ok(turn),
            // Senders are dropped unused only when their receiver has gone.
            Err(_) => std::future::pending().await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a permit back, and hands permits out to whoever waits.
    fn give_back(self: &Arc<Self>, caller: Caller) {
        let mut back = Some(caller);
        loop {
            let next = {
                // In one step, so that a newcomer does not take it before those who wait.
                let mut state = self.state();
                back.take().into_iter().for_each(|caller| state.release(caller));
                state.next(self.most, self.most_each)
            };
            let Some((caller, sender)) = next else { return };
            let turn = Turn { of: Some((self.clone(), caller)) };
            // Whoever has given up meanwhile sends it back; it is not dropped, which would come here again.
            if let Err(mut turn) = sender.send(turn) {
                turn.of = None;
                back = Some(caller);
            }
        }
    }

    /// Whether nobody has a permit, and nobody waits.
    #[cfg(test)]
    fn is_idle(&self) -> bool {
        let state = self.state();
        state.taken == 0 && state.taken_by.is_empty() && state.waiting.is_empty() && state.order.is_empty()
    }
}

impl State {
    fn taken_by(&self, caller: Caller) -> usize {
        self.taken_by.get(&caller).copied().unwrap_or(0)
    }

    fn give(&mut self, caller: Caller) {
        self.taken += 1;
        *self.taken_by.entry(caller).or_insert(0) += 1;
    }

    fn release(&mut self, caller: Caller) {
        self.taken -= 1;
        if let Some(count) = self.taken_by.get_mut(&caller) {
            *count -= 1;
            if *count == 0 {
                self.taken_by.remove(&caller);
            }
        }
    }

    fn enqueue(
        &mut self,
        caller: Caller,
        sender: oneshot::Sender<Turn>,
        (most, most_each): (usize, usize),
    ) -> Result<(), Full> {
        let own = self.waiting.get(&caller).map_or(0, VecDeque::len);
        let all = self.waiting.values().map(VecDeque::len).sum::<usize>();
        if own >= most_each || all >= most {
            // Those who gave up leave their places when somebody has none.
            self.waiting.values_mut().for_each(|queue| queue.retain(|sender| !sender.is_closed()));
            self.waiting.retain(|_, queue| !queue.is_empty());
            self.order.retain(|caller| self.waiting.contains_key(caller));
            let own = self.waiting.get(&caller).map_or(0, VecDeque::len);
            if own >= most_each || self.waiting.values().map(VecDeque::len).sum::<usize>() >= most {
                return Err(Full);
            }
        }
        self.waiting.entry(caller).or_default().push_back(sender);
        if !self.order.contains(&caller) {
            self.order.push_back(caller);
        }
        Ok(())
    }

    /// The next that may have a permit, which is counted as given.
    fn next(&mut self, most: usize, most_each: usize) -> Option<(Caller, oneshot::Sender<Turn>)> {
        if self.taken >= most {
            return None;
        }
        for _ in 0..self.order.len() {
            let caller = self.order.pop_front()?;
            let has_most = self.taken_by(caller) >= most_each;
            let Some(queue) = self.waiting.get_mut(&caller) else { continue };
            let sender =
                if has_most { None } else { std::iter::from_fn(|| queue.pop_front()).find(|s| !s.is_closed()) };
            if queue.is_empty() {
                self.waiting.remove(&caller);
            } else {
                self.order.push_back(caller);
            }
            if let Some(sender) = sender {
                self.give(caller);
                return Some((caller, sender));
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((turns, caller)) = self.of.take() {
            turns.give_back(caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn caller(last: u8) -> Caller {
        Caller::Address(IpAddr::from([1, 1, 1, last]))
    }

    #[tokio::test]
    async fn callers_that_wait_are_served_in_turn() {
        let turns = Turns::new((1, 1), (1000, 1000));
        let first = turns.take(caller(1)).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in [1, 1, 1, 2, 3, 3] {
            let (turns, order) = (turns.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let turn = turns.take(caller(number)).await.unwrap();
                order.lock().unwrap().push(number);
                tokio::task::yield_now().await;
                drop(turn);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1, 3, 1]);
        assert!(turns.is_idle());
    }

    #[tokio::test]
    async fn one_caller_has_no_more_than_its_part() {
        let turns = Turns::new((3, 2), (1000, 1000));
        let held = [turns.take(caller(1)).await.unwrap(), turns.take(caller(1)).await.unwrap()];
        let mut third = Box::pin(turns.take(caller(1)));
        assert!(third.as_mut().now_or_never().is_none());
        let other = turns.take(caller(2)).now_or_never().expect("one is left");
        let mut waiting = Box::pin(turns.take(caller(3)));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(other);
        let waited = waiting.now_or_never().expect("the first caller has its part, so the next one is served");
        drop(held);
        drop((third.now_or_never().expect("it has room again"), waited));
        assert!(turns.is_idle());
    }

    #[tokio::test]
    async fn whoever_gives_up_keeps_nobody_waiting() {
        let turns = Turns::new((1, 1), (1000, 1000));
        let held = turns.take(caller(1)).await.unwrap();
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(turns.take(caller(2)))).collect();
        assert!(waiting.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        let mut last = Box::pin(turns.take(caller(3)));
        assert!(last.as_mut().now_or_never().is_none());
        // One gives up before it is served, another after, before it looks.
        drop(waiting.split_off(1));
        drop(held);
        assert!(last.as_mut().now_or_never().is_none(), "the caller before it is served");
        drop(waiting);
        drop(last.now_or_never().expect("it is served"));
        assert!(turns.is_idle());
    }

    #[tokio::test]
    async fn no_more_wait_than_may() {
        let turns = Turns::new((1, 1), (3, 2));
        let held = turns.take(caller(1)).await.unwrap();
        let mut waiting: Vec<_> = [1, 1, 2].into_iter().map(|number| Box::pin(turns.take(caller(number)))).collect();
        assert!(waiting.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        assert_eq!(turns.take(caller(1)).now_or_never().map(Result::err), Some(Some(Full)), "it has two there");
        assert_eq!(turns.take(caller(3)).now_or_never().map(Result::err), Some(Some(Full)), "three wait");
        drop(waiting.remove(0));
        let mut again = Box::pin(turns.take(caller(3)));
        assert!(again.as_mut().now_or_never().is_none(), "one gave up, so there is room");
        drop((held, waiting, again));
        assert!(turns.is_idle());
    }
}

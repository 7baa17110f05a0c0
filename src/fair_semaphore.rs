//! Fair semaphore: limits how many requests run at the same time, in total and per caller, and serves waiting callers
//! round robin.
//!
//! Requests of one caller are served in order (FIFO). A caller that queues a thousand requests does not make other
//! callers wait for all of them. The number of waiting requests is limited too, in total and per caller.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// The client that a request counts for: every caller has its own limit and its own queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The IP address of a client that sent no token. For IPv6, the /64 prefix of the address.
    Address(IpAddr),
    /// The first 16 bytes of the SHA-256 digest of the client's token.
    Token(u128),
}

/// A limit on permits or on waiting requests, in total and per caller.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Maximum for all callers together.
    pub total: usize,
    /// Maximum for each caller.
    pub per_caller: usize,
}

/// A semaphore that issues permits to waiting callers round robin.
#[derive(Debug)]
pub struct FairSemaphore {
    permits: Limit,
    waiters: Limit,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Number of permits in use, for all callers together.
    used: usize,
    used_by: HashMap<Caller, usize>,
    /// The waiting requests of each caller. Callers without waiting requests have no entry.
    queues: HashMap<Caller, VecDeque<oneshot::Sender<Permit>>>,
    /// The callers with waiting requests. The first caller in this list is served next.
    round: VecDeque<Caller>,
}

/// The error for a request that may not wait, because the limit on waiting requests is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

/// A permit of a [`FairSemaphore`]. Dropping the permit releases it.
#[derive(Debug)]
pub struct Permit {
    /// The semaphore and the caller that the permit counts for. `None` once the permit was released.
    issued: Option<(Arc<FairSemaphore>, Caller)>,
}

impl FairSemaphore {
    /// Creates a semaphore. `permits` limits the permits in use, and `waiters` limits the waiting requests. A limit
    /// of 0 counts as 1.
    pub fn new(permits: Limit, waiters: Limit) -> Arc<Self> {
        let at_least_one = |limit: Limit| Limit { total: limit.total.max(1), per_caller: limit.per_caller.max(1) };
        Arc::new(Self { permits: at_least_one(permits), waiters: at_least_one(waiters), state: Mutex::default() })
    }

    /// Waits for a permit. Fails at once if no permit is available and the limit on waiting requests is reached.
    /// Dropping the future removes the request from the queue.
    pub async fn acquire(self: &Arc<Self>, caller: Caller) -> Result<Permit, QueueFull> {
        let receiver = {
            let mut state = self.state();
            if state.has_permit_for(caller, self.permits) {
                state.add(caller);
                return Ok(Permit { issued: Some((self.clone(), caller)) });
            }
            let (sender, receiver) = oneshot::channel();
            state.enqueue(caller, sender, self.waiters)?;
            receiver
        };
        match receiver.await {
            Ok(permit) => Ok(permit),
            // Cannot happen: a sender is only dropped unused after its receiver was dropped.
            Err(_) => std::future::pending().await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases one permit of `caller`, then issues permits to waiting requests.
    fn release(self: &Arc<Self>, caller: Caller) {
        let mut released = Some(caller);
        loop {
            let next = {
                // Releasing and choosing the next request happen under one lock, so a new request cannot overtake
                // waiting ones.
                let mut state = self.state();
                if let Some(caller) = released.take() {
                    state.remove(caller);
                }
                state.next(self.permits)
            };
            let Some((caller, sender)) = next else { return };
            let permit = Permit { issued: Some((self.clone(), caller)) };
            if let Err(mut permit) = sender.send(permit) {
                // The waiting request was dropped. The next iteration releases its permit; `Permit::drop` would call
                // this function recursively.
                permit.issued = None;
                released = Some(caller);
            }
        }
    }

    /// Whether no permit is in use and no request waits.
    #[cfg(test)]
    fn is_idle(&self) -> bool {
        let state = self.state();
        state.used == 0 && state.used_by.is_empty() && state.queues.is_empty() && state.round.is_empty()
    }
}

impl State {
    fn has_permit_for(&self, caller: Caller, permits: Limit) -> bool {
        let own = self.used_by.get(&caller).copied().unwrap_or(0);
        self.used < permits.total && own < permits.per_caller
    }

    fn add(&mut self, caller: Caller) {
        self.used += 1;
        *self.used_by.entry(caller).or_insert(0) += 1;
    }

    fn remove(&mut self, caller: Caller) {
        self.used -= 1;
        if let Some(count) = self.used_by.get_mut(&caller) {
            *count -= 1;
            if *count == 0 {
                self.used_by.remove(&caller);
            }
        }
    }

    fn may_wait(&self, caller: Caller, waiters: Limit) -> bool {
        let own = self.queues.get(&caller).map_or(0, VecDeque::len);
        let all: usize = self.queues.values().map(VecDeque::len).sum();
        all < waiters.total && own < waiters.per_caller
    }

    fn enqueue(&mut self, caller: Caller, sender: oneshot::Sender<Permit>, waiters: Limit) -> Result<(), QueueFull> {
        if !self.may_wait(caller, waiters) {
            self.remove_closed();
            if !self.may_wait(caller, waiters) {
                return Err(QueueFull);
            }
        }
        let queue = self.queues.entry(caller).or_default();
        if queue.is_empty() {
            self.round.push_back(caller);
        }
        queue.push_back(sender);
        Ok(())
    }

    /// Removes the waiting requests whose futures were dropped.
    fn remove_closed(&mut self) {
        self.queues.values_mut().for_each(|queue| queue.retain(|sender| !sender.is_closed()));
        self.queues.retain(|_, queue| !queue.is_empty());
        self.round.retain(|caller| self.queues.contains_key(caller));
    }

    /// Removes the waiting request that gets the next permit from its queue, and counts the permit as used. Returns
    /// `None` if no permit is available for any waiting request.
    fn next(&mut self, permits: Limit) -> Option<(Caller, oneshot::Sender<Permit>)> {
        for _ in 0..self.round.len() {
            let caller = self.round.pop_front()?;
            let has_permit = self.has_permit_for(caller, permits);
            let queue = self.queues.get_mut(&caller)?;
            let mut open = std::iter::from_fn(|| queue.pop_front()).skip_while(oneshot::Sender::is_closed);
            let sender = if has_permit { open.next() } else { None };
            if queue.is_empty() {
                self.queues.remove(&caller);
            } else {
                self.round.push_back(caller);
            }
            if let Some(sender) = sender {
                self.add(caller);
                return Some((caller, sender));
            }
        }
        None
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((semaphore, caller)) = self.issued.take() {
            semaphore.release(caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const MANY: Limit = Limit { total: 1000, per_caller: 1000 };

    fn limit(total: usize, per_caller: usize) -> Limit {
        Limit { total, per_caller }
    }

    fn caller(last: u8) -> Caller {
        Caller::Address(IpAddr::from([1, 1, 1, last]))
    }

    #[tokio::test]
    async fn waiting_callers_are_served_round_robin() {
        let semaphore = FairSemaphore::new(limit(1, 1), MANY);
        let first = semaphore.acquire(caller(1)).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in [1, 1, 1, 2, 3, 3] {
            let (semaphore, order) = (semaphore.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let permit = semaphore.acquire(caller(number)).await.unwrap();
                order.lock().unwrap().push(number);
                tokio::task::yield_now().await;
                drop(permit);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1, 3, 1]);
        assert!(semaphore.is_idle());
    }

    #[tokio::test]
    async fn one_caller_has_no_more_permits_than_its_limit() {
        let semaphore = FairSemaphore::new(limit(3, 2), MANY);
        let permits = [semaphore.acquire(caller(1)).await.unwrap(), semaphore.acquire(caller(1)).await.unwrap()];
        let mut third = Box::pin(semaphore.acquire(caller(1)));
        assert!(third.as_mut().now_or_never().is_none());
        let other = semaphore.acquire(caller(2)).now_or_never().expect("one permit is left");
        let mut waiting = Box::pin(semaphore.acquire(caller(3)));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(other);
        let permit = waiting.now_or_never().expect("the first caller is at its limit, so the next one is served");
        drop(permits);
        drop((third.now_or_never().expect("the first caller is below its limit again"), permit));
        assert!(semaphore.is_idle());
    }

    #[tokio::test]
    async fn a_request_that_leaves_the_queue_delays_nobody() {
        let semaphore = FairSemaphore::new(limit(1, 1), MANY);
        let permits = semaphore.acquire(caller(1)).await.unwrap();
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(semaphore.acquire(caller(2)))).collect();
        assert!(waiting.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        let mut last = Box::pin(semaphore.acquire(caller(3)));
        assert!(last.as_mut().now_or_never().is_none());
        // All requests of caller 2 except the first leave the queue before they get a permit. The first request
        // leaves after it got the permit, but before it is polled again.
        drop(waiting.split_off(1));
        drop(permits);
        assert!(last.as_mut().now_or_never().is_none(), "the previous caller is served first");
        drop(waiting);
        drop(last.now_or_never().expect("the last caller is served"));
        assert!(semaphore.is_idle());
    }

    #[tokio::test]
    async fn no_more_requests_wait_than_the_limits_allow() {
        let semaphore = FairSemaphore::new(limit(1, 1), limit(3, 2));
        let permits = semaphore.acquire(caller(1)).await.unwrap();
        let mut waiting: Vec<_> =
            [1, 1, 2].into_iter().map(|number| Box::pin(semaphore.acquire(caller(number)))).collect();
        assert!(waiting.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        let rejection = |number| semaphore.acquire(caller(number)).now_or_never().map(Result::err);
        assert_eq!(rejection(1), Some(Some(QueueFull)), "the caller has two waiting requests");
        assert_eq!(rejection(3), Some(Some(QueueFull)), "there are three waiting requests");
        drop(waiting.remove(0));
        let mut again = Box::pin(semaphore.acquire(caller(3)));
        assert!(again.as_mut().now_or_never().is_none(), "a request left the queue, so another may wait");
        drop((permits, waiting, again));
        assert!(semaphore.is_idle());
    }
}

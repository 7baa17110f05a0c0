//! Who comes how often: rates by token and by address, tokens that are tried in vain, and how much is worked on at once.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::{Extensions, HeaderMap, HeaderValue};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use ipnet::IpNet;
use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    body_memory::Memory,
    per_ip::{Share, Shares},
};
use crate::{
    blocking,
    fair_semaphore::{self, Caller, FairSemaphore, Permit},
    graphql::Permits,
    http::{config::Edge, graphql::request_error::Refusal, transport::connection::Peer},
};

/// How long a query waits for others to be done before it is sent away.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a long operation waits for its permit at most.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// After so many questions the states of callers who have been quiet are forgotten.
const SWEEP: u32 = 10_000;

/// Addresses that are remembered for trying tokens in vain.
const BLOCKED: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

type Limiter = RateLimiter<Caller, DashMapStateStore<Caller>, DefaultClock, StateInformationMiddleware>;

/// A rate, and what it is called.
struct Rate {
    name: &'static str,
    setting: &'static str,
    per_minute: u32,
    limiter: Limiter,
    asked: AtomicU32,
}

impl Rate {
    /// None where any number is taken.
    fn new(name: &'static str, setting: &'static str, per_minute: u64) -> Option<Self> {
        let per_minute = NonZeroU32::new(per_minute.min(u32::MAX.into()) as u32)?;
        let limiter = RateLimiter::dashmap(Quota::per_minute(per_minute)).with_middleware();
        Some(Self { name, setting, per_minute: per_minute.get(), limiter, asked: AtomicU32::new(0) })
    }

    /// Counts a request: what is left, or how many seconds to wait.
    fn count(&self, caller: Caller) -> Result<u32, u64> {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP) {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&caller) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
            }
        }
    }

    /// Policy and state (IETF draft-ietf-httpapi-ratelimit-headers).
    fn headers(&self, left: u32) -> Vec<(&'static str, HeaderValue)> {
        let (name, all) = (self.name, self.per_minute);
        let full = (u64::from(all - left.min(all)) * 60).div_ceil(all.into());
        let policy = format!("\"{name}\";q={all};w=60");
        let state = format!("\"{name}\";r={left};t={full}");
        [("ratelimit-policy", policy), ("ratelimit", state)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?)))
            .collect()
    }
}

/// The guard of a server.
pub(in crate::http) struct Guard {
    proxies: Vec<IpNet>,
    public: Option<Rate>,
    token: Option<Rate>,
    failures: Option<Rate>,
    blocked: Mutex<LruCache<IpAddr, Instant>>,
    /// Permits of requests whose operations are being executed (`limits.requests`).
    requests: Arc<FairSemaphore>,
    /// Permits of long operations.
    long_operations: Arc<FairSemaphore>,
    /// How long a long operation waits for its permit.
    permit_timeout: Duration,
    streams: Arc<Semaphore>,
    streams_of: Arc<Shares>,
    /// What is held of bodies.
    pub(in crate::http) memory: Arc<Memory>,
}

/// A place among what lasts, until it is dropped.
pub(in crate::http) struct Lasting {
    _permit: OwnedSemaphorePermit,
    _share: Share,
}

/// That a request was counted: the headers that tell of it.
pub(in crate::http) type Counted = Vec<(&'static str, HeaderValue)>;

impl Guard {
    pub(in crate::http) fn new(edge: &Edge) -> Self {
        let limits = &edge.limits;
        let (requests, cores) = (limits.requests.min(u32::MAX.into()) as usize, blocking::cores().max(2));
        let limit = |total: usize, per_caller: usize| fair_semaphore::Limit { total, per_caller };
        // How many wait is bounded by the number of connections.
        let any_number = limit(usize::MAX, usize::MAX);
        // Waiting long operations keep their permits of `requests`, most of which must be left for others.
        let few = limit(requests / 4, requests / 16);
        let permits = |count: u64| Arc::new(Semaphore::new((count as usize).min(Semaphore::MAX_PERMITS)));
        Self {
            proxies: edge.trusted_proxies.clone(),
            public: Rate::new("address", "rate.public_per_minute", limits.public_per_minute),
            token: Rate::new("token", "rate.token_per_minute", limits.token_per_minute),
            failures: Rate::new("failures", "rate.failures_per_minute", limits.failures_per_minute),
            blocked: Mutex::new(LruCache::new(BLOCKED)),
            requests: FairSemaphore::new(limit(requests, requests.div_ceil(2)), any_number),
            long_operations: FairSemaphore::new(limit(cores, cores.div_ceil(2)), few),
            // Half of the time that the operation has, so that there is time left for its execution.
            permit_timeout: PERMIT_TIMEOUT.min(Duration::from_millis(limits.execution_ms / 2)),
            streams: permits(limits.streams),
            streams_of: Shares::new(limits.address_streams),
            memory: Memory::new(limits.bodies_bytes),
        }
    }

    /// Where a request comes from: of the addresses that trusted proxies tell, the last that is not a trusted proxy's own.
    pub(in crate::http) fn address(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let mut address = peer(extensions);
        if self.is_trusted(address) {
            let told: Vec<&str> = headers
                .get_all("x-forwarded-for")
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .collect();
            for item in told.iter().rev().take(20) {
                let item = item.trim();
                let read = item.parse().or_else(|_| item.parse::<SocketAddr>().map(|address| address.ip()));
                let Ok(told) = read.map(|told: IpAddr| told.to_canonical()) else { break };
                address = told;
                if !self.is_trusted(told) {
                    break;
                }
            }
        }
        network(address)
    }

    /// Whether a request comes from a trusted proxy.
    pub(in crate::http) fn is_proxied(&self, extensions: &Extensions) -> bool {
        self.is_trusted(peer(extensions))
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address))
    }

    /// Counts a request of a token, or of an address without one.
    pub(in crate::http) fn count(&self, address: IpAddr, bearer: Option<&str>) -> Result<Counted, Refusal> {
        let rate = if bearer.is_some() { &self.token } else { &self.public };
        let Some(rate) = rate else { return Ok(Vec::new()) };
        match rate.count(caller(address, bearer)) {
            Ok(left) => Ok(rate.headers(left)),
            Err(seconds) => {
                let told = format!(
                    "more than {} requests a minute ({}): wait {seconds} s, and ask for more at a time",
                    rate.per_minute, rate.setting
                );
                Err(Refusal::too_often("RATE_LIMITED", told, seconds))
            }
        }
    }

    /// Whether an address may try a token: not while it waits for having tried too many in vain.
    pub(in crate::http) fn may_try(&self, address: IpAddr) -> Result<(), Refusal> {
        let until = self.blocked.lock().unwrap_or_else(PoisonError::into_inner).get(&address).copied();
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(());
        }
        let seconds = left.as_secs() + 1;
        let told = format!("too many tokens from here were not known (rate.failures_per_minute): wait {seconds} s");
        Err(Refusal::too_often("RATE_LIMITED", told, seconds))
    }

    /// A token from there was not known.
    pub(in crate::http) fn failed(&self, address: IpAddr) {
        if let Some(Err(seconds)) = self.failures.as_ref().map(|rate| rate.count(Caller::Address(address))) {
            let until = Instant::now() + Duration::from_secs(seconds);
            self.blocked.lock().unwrap_or_else(PoisonError::into_inner).put(address, until);
        }
    }

    /// A permit to execute an operation; waits for it for two seconds.
    pub(in crate::http) async fn place(&self, caller: Caller) -> Result<Permit, Refusal> {
        match tokio::time::timeout(PATIENCE, self.requests.acquire(caller)).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Refusal::too_often("OVERLOADED", "too much is asked at once (limits.requests): try again", 1)),
        }
    }

    /// Where a caller's long operations get their permits.
    pub(in crate::http) fn permits(&self, caller: Caller) -> Permits {
        Permits { semaphore: self.long_operations.clone(), caller, timeout: self.permit_timeout }
    }

    /// A place among what lasts, for an address: sockets and event streams.
    pub(in crate::http) fn lasting_place(&self, address: IpAddr) -> Result<Lasting, Refusal> {
        let full = |whose: &str, setting: &str| {
            let told = format!("{whose} has as many sockets and streams open as there may be ({setting}): close some");
            Refusal::too_often("OVERLOADED", told, 10)
        };
        let share = self.streams_of.take(address).ok_or_else(|| full("your address", "limits.address_streams"))?;
        let permit = self.streams.clone().try_acquire_owned();
        let permit = permit.map_err(|_| full("this server", "limits.streams"))?;
        Ok(Lasting { _permit: permit, _share: share })
    }
}

/// Who asks: the holder of a token, or an address without one.
pub(in crate::http) fn caller(address: IpAddr, bearer: Option<&str>) -> Caller {
    let Some(secret) = bearer else { return Caller::Address(address) };
    let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let mut beginning = [0; 16];
    beginning.copy_from_slice(&digest[..16]);
    Caller::Token(u128::from_be_bytes(beginning))
}

/// Who is at the other end of a request's connection; nobody's address where it has none.
fn peer(extensions: &Extensions) -> IpAddr {
    extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| peer.ip().to_canonical())
}

/// What counts as one caller: of IPv6 a subscriber has a /64 at least (RFC 6177).
pub(in crate::http) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn guard(proxies: &[&str], change: impl Fn(&mut Limits)) -> Guard {
        let mut limits = Limits::default();
        change(&mut limits);
        let trusted_proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        Guard::new(&Edge { limits: Arc::new(limits), trusted_proxies, ..Edge::default() })
    }

    fn address(guard: &Guard, peer: &str, told: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let headers =
            told.iter().map(|value| (axum::http::HeaderName::from_static("x-forwarded-for"), value.parse().unwrap()));
        guard.address(&extensions, &headers.collect()).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let plain = guard(&[], |_| {});
        assert_eq!(address(&plain, "10.0.0.1:5", &["1.2.3.4"]), "10.0.0.1");
        let behind = guard(&["10.0.0.0/8", "::1/128"], |_| {});
        assert_eq!(address(&behind, "10.0.0.1:5", &["1.2.3.4"]), "1.2.3.4");
        // What the client itself wrote stands left of what the proxies saw.
        assert_eq!(address(&behind, "10.0.0.1:5", &["6.6.6.6, 1.2.3.4, 10.9.9.9"]), "1.2.3.4");
        assert_eq!(address(&behind, "10.0.0.1:5", &["6.6.6.6", "1.2.3.4:80"]), "1.2.3.4");
        assert_eq!(address(&behind, "10.0.0.1:5", &["rubbish"]), "10.0.0.1");
        assert_eq!(address(&behind, "9.9.9.9:5", &["1.2.3.4"]), "9.9.9.9");
        assert_eq!(address(&behind, "[::1]:5", &["2001:db8:1:2:3:4:5:6"]), "2001:db8:1:2::");
    }

    #[test]
    fn a_rate_is_counted_by_caller_and_told() {
        let guard = guard(&[], |limits| limits.public_per_minute = 3);
        let (here, there): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "1.1.1.2".parse().unwrap());
        for left in [2, 1, 0] {
            let counted = guard.count(here, None).unwrap();
            assert_eq!(counted[0].1, "\"address\";q=3;w=60");
            assert!(counted[1].1.to_str().unwrap().starts_with(&format!("\"address\";r={left};t=")), "{counted:?}");
        }
        let refusal = guard.count(here, None).unwrap_err();
        assert!(refusal.told().1.contains("rate.public_per_minute"));
        assert!(guard.count(there, None).is_ok() && guard.count(here, Some("token")).is_ok());
    }

    #[test]
    fn one_address_has_not_all_that_lasts() {
        let guard = guard(&[], |limits| (limits.streams, limits.address_streams) = (3, 2));
        let (here, there): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "1.1.1.2".parse().unwrap());
        let held = [guard.lasting_place(here), guard.lasting_place(here)].map(Result::unwrap);
        let told = |refused: Result<Lasting, Refusal>| refused.err().expect("refused").told().1.to_owned();
        assert!(told(guard.lasting_place(here)).contains("limits.address_streams"));
        let other = guard.lasting_place(there).unwrap();
        assert!(told(guard.lasting_place(there)).contains("(limits.streams)"));
        drop(held);
        assert!(guard.lasting_place(here).is_ok());
        drop(other);
        assert!(guard.streams_of.is_empty());
    }

    #[test]
    fn tokens_tried_in_vain_make_an_address_wait() {
        let guard = guard(&[], |limits| limits.failures_per_minute = 5);
        let (here, there): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "1.1.1.2".parse().unwrap());
        for _ in 0..5 {
            assert!(guard.may_try(here).is_ok());
            guard.failed(here);
        }
        guard.failed(here);
        assert_eq!(guard.may_try(here).unwrap_err().status(), 429);
        // Who was let in before goes on.
        assert!(guard.count(here, Some("x")).is_ok() && guard.may_try(there).is_ok());
    }
}

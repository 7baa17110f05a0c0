//! Rate limits per token, or per client IP for requests without a token; lockout after failed authentication; limits
//! on concurrent operations and streams.
//!
//! Rate limits use the algorithm GCRA (crate `governor`), and responses report them in the `RateLimit` headers. An
//! operation needs a permit from a semaphore that is fair between callers. Streams are limited in total and per
//! client IP. The limits are the settings `rate.*` and `limits.*`. Open connections are limited in
//! `connection_limit`.

use std::{
    net::IpAddr,
    num::{NonZeroU32, NonZeroUsize},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::HeaderValue;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    body_memory::BodyMemory,
    per_ip::{IpSlot, PerIpCounter},
};
use crate::{
    blocking,
    config::HttpConfig,
    error_code,
    fair_semaphore::{self, Caller, FairSemaphore, Permit},
    graphql::Permits,
    http::error::HttpError,
};

/// Maximum time that an operation waits for its execution permit before it is rejected.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum time that an operation waits, once it is long, for a permit for long operations.
const LONG_OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// Number of checks of a rate limit after which the state of idle callers is evicted.
const CHECKS_PER_SWEEP: u32 = 10_000;

/// Maximum number of client IPs for which a lockout is remembered.
const MAX_LOCKED_OUT: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

type KeyedRateLimiter = RateLimiter<Caller, DashMapStateStore<Caller>, DefaultClock, StateInformationMiddleware>;

/// A rate limit, with its name for the `RateLimit` headers and the name of its setting.
struct Rate {
    name: &'static str,
    setting: &'static str,
    per_minute: u32,
    limiter: KeyedRateLimiter,
    checks: AtomicU32,
}

impl Rate {
    /// Creates a rate limit. Returns `None` if `per_minute` is 0, which means that there is no limit.
    fn new(name: &'static str, setting: &'static str, per_minute: u64) -> Option<Self> {
        let per_minute = NonZeroU32::new(per_minute.min(u32::MAX.into()) as u32)?;
        let limiter = RateLimiter::dashmap(Quota::per_minute(per_minute)).with_middleware();
        Some(Self { name, setting, per_minute: per_minute.get(), limiter, checks: AtomicU32::new(0) })
    }

    /// Counts a request of a caller. Returns the number of requests that the caller may still send now. Fails with
    /// the number of seconds to wait if the limit is reached.
    fn check(&self, caller: Caller) -> Result<u32, u64> {
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_PER_SWEEP) {
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

    /// Returns the headers `RateLimit-Policy` and `RateLimit` (IETF draft-ietf-httpapi-ratelimit-headers).
    fn headers(&self, remaining: u32) -> Vec<(&'static str, HeaderValue)> {
        let (name, all) = (self.name, self.per_minute);
        let full = (u64::from(all - remaining.min(all)) * 60).div_ceil(all.into());
        let policy = format!("\"{name}\";q={all};w=60");
        let state = format!("\"{name}\";r={remaining};t={full}");
        [("ratelimit-policy", policy), ("ratelimit", state)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?)))
            .collect()
    }
}

/// The request limiter of a server: rate limits, lockout, and permits for operations and streams.
pub(in crate::http) struct RequestLimiter {
    public: Option<Rate>,
    token: Option<Rate>,
    failures: Option<Rate>,
    locked_out: Mutex<LruCache<IpAddr, Instant>>,
    /// Permits for requests in execution (`limits.requests`).
    requests: Arc<FairSemaphore>,
    /// Permits for long operations.
    long_operations: Arc<FairSemaphore>,
    /// Maximum time that a long operation waits for its permit.
    permit_timeout: Duration,
    streams: Arc<Semaphore>,
    streams_by_ip: Arc<PerIpCounter>,
    /// Memory of request and response bodies.
    pub(in crate::http) memory: Arc<BodyMemory>,
}

/// A permit for one open WebSocket or event stream. It is released when it is dropped.
pub(in crate::http) struct StreamPermit {
    _permit: OwnedSemaphorePermit,
    _ip_slot: IpSlot,
}

/// The headers `RateLimit-Policy` and `RateLimit` for the response to a request.
pub(in crate::http) type RateLimitHeaders = Vec<(&'static str, HeaderValue)>;

impl RequestLimiter {
    pub(in crate::http) fn new(config: &HttpConfig) -> Self {
        let limits = &config.limits;
        let (requests, cores) = (limits.requests.min(u32::MAX.into()) as usize, blocking::cores().max(2));
        let limit = |total: usize, per_caller: usize| fair_semaphore::Limit { total, per_caller };
        // The limit on connections already bounds the number of waiting requests.
        let unlimited = limit(usize::MAX, usize::MAX);
        // While a long operation waits for a permit, it keeps its permit of `requests`. Most permits of `requests`
        // must remain for other requests.
        let waiting_limit = limit(requests / 4, requests / 16);
        let semaphore = |count: u64| Arc::new(Semaphore::new((count as usize).min(Semaphore::MAX_PERMITS)));
        Self {
            public: Rate::new("address", "rate.public_per_minute", limits.public_per_minute),
            token: Rate::new("token", "rate.token_per_minute", limits.token_per_minute),
            failures: Rate::new("failures", "rate.failures_per_minute", limits.failures_per_minute),
            locked_out: Mutex::new(LruCache::new(MAX_LOCKED_OUT)),
            requests: FairSemaphore::new(limit(requests, requests.div_ceil(2)), unlimited),
            long_operations: FairSemaphore::new(limit(cores, cores.div_ceil(2)), waiting_limit),
            // At most half of the time limit of an operation, so that time is left to execute the operation.
            permit_timeout: LONG_OPERATION_TIMEOUT.min(Duration::from_millis(limits.execution_ms / 2)),
            streams: semaphore(limits.streams),
            streams_by_ip: PerIpCounter::new(limits.address_streams),
            memory: BodyMemory::new(limits.bodies_bytes),
        }
    }

    /// Counts a request towards the rate limit of its token, or of its client IP if it has no token. Returns the
    /// headers for the response. Fails if the limit is reached.
    pub(in crate::http) fn check_rate(
        &self,
        address: IpAddr,
        bearer: Option<&str>,
    ) -> Result<RateLimitHeaders, HttpError> {
        let rate = if bearer.is_some() { &self.token } else { &self.public };
        let Some(rate) = rate else { return Ok(Vec::new()) };
        match rate.check(caller(address, bearer)) {
            Ok(remaining) => Ok(rate.headers(remaining)),
            Err(seconds) => {
                let message = format!(
                    "more than {} requests per minute ({}): wait {seconds} s, and combine requests",
                    rate.per_minute, rate.setting
                );
                Err(HttpError::too_many_requests(error_code::RATE_LIMITED, message, seconds))
            }
        }
    }

    /// Returns an error if the client IP is locked out after too many failed authentications.
    pub(in crate::http) fn check_lockout(&self, address: IpAddr) -> Result<(), HttpError> {
        let until = self.locked_out.lock().unwrap_or_else(PoisonError::into_inner).get(&address).copied();
        let remaining = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        if remaining.is_zero() {
            return Ok(());
        }
        let seconds = remaining.as_secs() + 1;
        let message =
            format!("too many failed authentications from this client IP (rate.failures_per_minute): wait {seconds} s");
        Err(HttpError::too_many_requests(error_code::RATE_LIMITED, message, seconds))
    }

    /// Records a failed authentication of a client IP.
    pub(in crate::http) fn record_auth_failure(&self, address: IpAddr) {
        if let Some(Err(seconds)) = self.failures.as_ref().map(|rate| rate.check(Caller::Address(address))) {
            let until = Instant::now() + Duration::from_secs(seconds);
            self.locked_out.lock().unwrap_or_else(PoisonError::into_inner).put(address, until);
        }
    }

    /// Waits up to two seconds for a permit to execute an operation.
    pub(in crate::http) async fn execution_permit(&self, caller: Caller) -> Result<Permit, HttpError> {
        match tokio::time::timeout(QUEUE_TIMEOUT, self.requests.acquire(caller)).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(HttpError::too_many_requests(
                error_code::OVERLOADED,
                "too many requests are in execution (limits.requests): retry",
                1,
            )),
        }
    }

    /// Returns the source of permits for a caller's long operations.
    pub(in crate::http) fn long_operation_permits(&self, caller: Caller) -> Permits {
        Permits { semaphore: self.long_operations.clone(), caller, timeout: self.permit_timeout }
    }

    /// Returns a permit for one more WebSocket or event stream of a client IP. Fails if a limit on streams is
    /// reached.
    pub(in crate::http) fn stream_permit(&self, address: IpAddr) -> Result<StreamPermit, HttpError> {
        let full = |owner: &str, setting: &str| {
            let message =
                format!("{owner} has reached the limit of open WebSockets and event streams ({setting}): close some");
            HttpError::too_many_requests(error_code::OVERLOADED, message, 10)
        };
        let ip_slot =
            self.streams_by_ip.try_acquire(address).ok_or_else(|| full("this client IP", "limits.address_streams"))?;
        let permit = self.streams.clone().try_acquire_owned();
        let permit = permit.map_err(|_| full("this server", "limits.streams"))?;
        Ok(StreamPermit { _permit: permit, _ip_slot: ip_slot })
    }
}

/// Returns the caller for whom limits are counted: the token of a request, or its client IP if it has no token.
pub(in crate::http) fn caller(address: IpAddr, bearer: Option<&str>) -> Caller {
    let Some(secret) = bearer else { return Caller::Address(address) };
    let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let mut prefix = [0; 16];
    prefix.copy_from_slice(&digest[..16]);
    Caller::Token(u128::from_be_bytes(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn limiter(change: impl Fn(&mut Limits)) -> RequestLimiter {
        let mut limits = Limits::default();
        change(&mut limits);
        RequestLimiter::new(&HttpConfig { limits: Arc::new(limits), ..HttpConfig::default() })
    }

    #[test]
    fn the_rate_is_counted_per_caller_and_reported_in_headers() {
        let limiter = limiter(|limits| limits.public_per_minute = 3);
        let (first_ip, other_ip): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "1.1.1.2".parse().unwrap());
        for remaining in [2, 1, 0] {
            let headers = limiter.check_rate(first_ip, None).unwrap();
            assert_eq!(headers[0].1, "\"address\";q=3;w=60");
            assert!(
                headers[1].1.to_str().unwrap().starts_with(&format!("\"address\";r={remaining};t=")),
                "{headers:?}"
            );
        }
        let error = limiter.check_rate(first_ip, None).unwrap_err();
        assert!(error.message().contains("rate.public_per_minute"));
        assert!(limiter.check_rate(other_ip, None).is_ok() && limiter.check_rate(first_ip, Some("token")).is_ok());
    }

    #[test]
    fn streams_are_limited_per_ip_and_in_total() {
        let limiter = limiter(|limits| (limits.streams, limits.address_streams) = (3, 2));
        let (first_ip, other_ip): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "1.1.1.2".parse().unwrap());
        let permits = [limiter.stream_permit(first_ip), limiter.stream_permit(first_ip)].map(Result::unwrap);
        let message = |result: Result<StreamPermit, HttpError>| result.err().expect("refused").message().to_owned();
        assert!(message(limiter.stream_permit(first_ip)).contains("limits.address_streams"));
        let other = limiter.stream_permit(other_ip).unwrap();
        assert!(message(limiter.stream_permit(other_ip)).contains("(limits.streams)"));
        drop(permits);
        assert!(limiter.stream_permit(first_ip).is_ok());
        drop(other);
        assert!(limiter.streams_by_ip.is_empty());
    }

    #[test]
    fn an_ip_is_locked_out_after_too_many_unknown_tokens() {
        let limiter = limiter(|limits| limits.failures_per_minute = 5);
        let (first_ip, other_ip): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "1.1.1.2".parse().unwrap());
        for _ in 0..5 {
            assert!(limiter.check_lockout(first_ip).is_ok());
            limiter.record_auth_failure(first_ip);
        }
        limiter.record_auth_failure(first_ip);
        assert_eq!(limiter.check_lockout(first_ip).unwrap_err().status(), 429);
        // The lockout affects neither the rate limit of a token nor other client IPs.
        assert!(limiter.check_rate(first_ip, Some("x")).is_ok() && limiter.check_lockout(other_ip).is_ok());
    }
}

//! JWKS cache: fetches the issuer's public keys from a URL or a file, keeps them and refreshes them.
//!
//! Keys are refreshed hourly (from a file: when it changed, checked every 30 seconds), and when a token names an
//! unknown key, but at most once in 30 seconds and by one request for all waiting callers. While the issuer does not
//! respond, the last keys stay in use. A fetch continues when the request that caused it is gone.

use std::{
    fs::File,
    io::Read,
    path::Path,
    sync::{Arc, Mutex as Lock, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::{keys::JwkSet, settings::JwksSource};

/// The keys are not fetched twice within this time.
const MIN_FETCH_INTERVAL: TimeDelta = TimeDelta::seconds(30);

/// From this age on keys are fetched again.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// How long a fetch may take in all.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest JWK Set, in bytes.
const MAX_JWK_SET_BYTES: u64 = 256 * 1024;

/// An issuer's keys, and how they came.
#[derive(Debug)]
pub(super) struct JwksCache {
    source: JwksSource,
    current: ArcSwap<JwkSet>,
    times: Lock<FetchTimes>,
    /// Whoever holds it fetches.
    fetch_lock: Arc<Mutex<()>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct FetchTimes {
    last_attempt: Option<DateTime<Utc>>,
    last_success: Option<DateTime<Utc>>,
    /// When a file was changed last, and its size.
    stamp: Option<(SystemTime, u64)>,
}

/// What a look at the source brought.
enum Fetched {
    /// A JWK Set, and the stamp of the file it came from.
    Changed(Vec<u8>, Option<(SystemTime, u64)>),
    /// The file is as it was.
    Unchanged,
}

impl JwksCache {
    pub(super) fn new(source: JwksSource) -> Self {
        Self { source, current: ArcSwap::default(), times: Lock::default(), fetch_lock: Arc::default() }
    }

    /// The keys that there are now.
    pub(super) fn keys(&self) -> Arc<JwkSet> {
        self.current.load_full()
    }

    /// Whether there is no key at all.
    pub(super) fn is_empty(&self) -> bool {
        self.current.load().len() == 0
    }

    /// Whether it is time to look again, though nobody missed a key. To look at a file costs nothing.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        matches!(self.source, JwksSource::File(_))
            || self.times().last_success.is_none_or(|last_success| !is_within(last_success, now, MAX_AGE))
    }

    /// Looks again, if nobody did within half a minute; waits where somebody is doing so.
    pub(super) async fn refresh(self: &Arc<Self>, now: DateTime<Utc>) {
        let fetch_lock = self.fetch_lock.clone().lock_owned().await;
        if self.times().last_attempt.is_some_and(|last_attempt| is_within(last_attempt, now, MIN_FETCH_INTERVAL)) {
            return;
        }
        self.change_times(|times| times.last_attempt = Some(now));
        let cache = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            cache.refresh_now(now);
            drop(fetch_lock);
        });
        if task.await.is_err() {
            tracing::error!("the look at the issuer's keys broke off");
        }
    }

    fn refresh_now(&self, now: DateTime<Utc>) {
        let fetched = match &self.source {
            JwksSource::Url(url) => fetch_url(url).map(|set| Fetched::Changed(set, None)),
            JwksSource::File(file) => read_file(file, self.times().stamp),
        };
        let keys_read = fetched.and_then(|change| match change {
            Fetched::Changed(set, stamp) => JwkSet::parse(&set).map(|keys| Some((keys, stamp))),
            Fetched::Unchanged => Ok(None),
        });
        match keys_read {
            Ok(Some((keys, stamp))) => {
                if keys.len() == 0 {
                    tracing::warn!(left_out = keys.left_out, "the issuer has no key that could be used");
                }
                tracing::info!(keys = keys.len(), left_out = keys.left_out, "the issuer's keys were read");
                self.current.store(Arc::new(keys));
                self.change_times(|times| *times = FetchTimes { last_success: Some(now), stamp, ..*times });
            }
            Ok(None) => self.change_times(|times| times.last_success = Some(now)),
            Err(error) => tracing::warn!(
                error,
                keys = self.keys().len(),
                "oidc_jwks: the issuer's keys could not be read; those that were had go on"
            ),
        }
    }

    fn times(&self) -> FetchTimes {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_times(&self, change: impl FnOnce(&mut FetchTimes)) {
        change(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Whether an instant lies less than a span ago. One that lies ahead does not: a clock that was put back shall stop nothing.
fn is_within(then: DateTime<Utc>, now: DateTime<Utc>, span: TimeDelta) -> bool {
    then <= now && now - then < span
}

/// What an address answers. From https it follows to https only.
fn fetch_url(url: &str) -> Result<Vec<u8>, String> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_TIMEOUT))
        .https_only(url.starts_with("https://"))
        .max_redirects(3)
        .user_agent(concat!("dateline/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let mut response = agent.get(url).header("accept", "application/json").call().map_err(|error| error.to_string())?;
    response.body_mut().with_config().limit(MAX_JWK_SET_BYTES).read_to_vec().map_err(|error| error.to_string())
}

/// What a file holds, where it is not as it was.
fn read_file(file: &Path, before: Option<(SystemTime, u64)>) -> Result<Fetched, String> {
    let with_path = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut opened = File::open(file).map_err(with_path)?;
    let metadata = opened.metadata().map_err(with_path)?;
    let stamp = metadata.modified().ok().map(|at| (at, metadata.len()));
    if stamp.is_some() && stamp == before {
        return Ok(Fetched::Unchanged);
    }
    let mut set = Vec::new();
    opened.by_ref().take(MAX_JWK_SET_BYTES + 1).read_to_end(&mut set).map_err(with_path)?;
    if set.len() as u64 > MAX_JWK_SET_BYTES {
        return Err(format!("{}: it is larger than {MAX_JWK_SET_BYTES} bytes", file.display()));
    }
    Ok(Fetched::Changed(set, stamp))
}

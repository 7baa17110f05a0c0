//! JWKS cache: fetches the issuer's public keys from a URL or a file, caches and refreshes them.
//!
//! Keys from a URL are refreshed every hour; a file is checked every 30 seconds and read again if it changed. A token
//! that names an unknown key also causes a refresh. There is at most one refresh in 30 seconds, and concurrent callers
//! share it. While the issuer does not respond, the last keys stay in use. A fetch continues if the request that caused
//! it is dropped.

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

/// Minimum time between two attempts to fetch the keys.
const MIN_FETCH_INTERVAL: TimeDelta = TimeDelta::seconds(30);

/// Age from which the keys are fetched again.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// Timeout of a fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of a JWK Set, in bytes.
const MAX_JWK_SET_BYTES: u64 = 256 * 1024;

/// An issuer's keys, and the state of their refresh.
#[derive(Debug)]
pub(super) struct JwksCache {
    source: JwksSource,
    current: ArcSwap<JwkSet>,
    times: Lock<FetchTimes>,
    /// Held during a fetch.
    fetch_lock: Arc<Mutex<()>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct FetchTimes {
    last_attempt: Option<DateTime<Utc>>,
    last_success: Option<DateTime<Utc>>,
    /// Modification time and size of the file when it was last read; `None` for a URL.
    stamp: Option<(SystemTime, u64)>,
}

/// The result of reading the source.
enum Fetched {
    /// A JWK Set, with the modification time and size of its file.
    Changed(Vec<u8>, Option<(SystemTime, u64)>),
    /// The file has not changed.
    Unchanged,
}

impl JwksCache {
    pub(super) fn new(source: JwksSource) -> Self {
        Self { source, current: ArcSwap::default(), times: Lock::default(), fetch_lock: Arc::default() }
    }

    /// Returns the current keys.
    pub(super) fn keys(&self) -> Arc<JwkSet> {
        self.current.load_full()
    }

    /// Returns true if there is no key.
    pub(super) fn is_empty(&self) -> bool {
        self.current.load().len() == 0
    }

    /// Returns true if a periodic refresh is due. It is always due for a file, because checking a file is cheap.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        matches!(self.source, JwksSource::File(_))
            || self.times().last_success.is_none_or(|last_success| !is_within(last_success, now, MAX_AGE))
    }

    /// Refreshes the keys, unless the last attempt was less than 30 seconds ago. Waits for a refresh in progress.
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
            tracing::error!("the task that fetches the issuer's keys panicked");
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
                    tracing::warn!(left_out = keys.left_out, "the issuer has no usable key");
                }
                tracing::info!(keys = keys.len(), left_out = keys.left_out, "loaded the issuer's keys");
                self.current.store(Arc::new(keys));
                self.change_times(|times| *times = FetchTimes { last_success: Some(now), stamp, ..*times });
            }
            Ok(None) => self.change_times(|times| times.last_success = Some(now)),
            Err(error) => tracing::warn!(
                error,
                keys = self.keys().len(),
                "failed to load the issuer's keys (oidc_jwks); the previous keys stay in use"
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

/// Returns true if an instant is less than a span ago. An instant in the future is not, so that a clock that was set
/// back does not block refreshes.
fn is_within(then: DateTime<Utc>, now: DateTime<Utc>, span: TimeDelta) -> bool {
    then <= now && now - then < span
}

/// Fetches a URL. Redirects from https are followed to https only.
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

/// Reads a file, if it has changed.
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

//! JWKS cache: fetches the issuer's public keys from a URL or a file, caches and refreshes them.
//!
//! Keys from a URL are refreshed every hour. A file is checked every 30 seconds, and read again if it has changed.
//! A token that names an unknown key also causes a refresh. At most one refresh is attempted in 30 seconds, and
//! concurrent callers share it. If a refresh fails, the previous keys stay in use. A fetch continues even if the
//! request that caused it is dropped.

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

/// Age after which keys from a URL are fetched again.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// Timeout for fetching the keys from a URL.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of a JWK Set, in bytes.
const MAX_JWK_SET_BYTES: u64 = 256 * 1024;

/// An issuer's keys, and the state of their refresh.
#[derive(Debug)]
pub(super) struct JwksCache {
    source: JwksSource,
    current: ArcSwap<JwkSet>,
    times: Lock<FetchTimes>,
    /// Lock that is held during a fetch, so that only one fetch runs at a time.
    fetch_lock: Arc<Mutex<()>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct FetchTimes {
    last_attempt: Option<DateTime<Utc>>,
    last_success: Option<DateTime<Utc>>,
    /// Modification time and size of the key file when it was last read; `None` for a URL.
    stamp: Option<(SystemTime, u64)>,
}

/// Result of reading the source of the keys.
enum Fetched {
    /// The text of a JWK Set. If it comes from a file, also the modification time and size of the file.
    Changed(Vec<u8>, Option<(SystemTime, u64)>),
    /// The key file has not changed since it was last read.
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

    /// Returns true if the cache has no usable key.
    pub(super) fn is_empty(&self) -> bool {
        self.current.load().len() == 0
    }

    /// Returns true if a periodic refresh is due. For a file, a refresh is always due, because checking whether the
    /// file has changed is cheap.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        matches!(self.source, JwksSource::File(_))
            || self.times().last_success.is_none_or(|last_success| !is_within(last_success, now, MAX_AGE))
    }

    /// Refreshes the keys, unless the last attempt was less than 30 seconds ago. If a refresh is already in
    /// progress, waits for it.
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

/// Returns true if `then` is less than `span` before `now`. Returns false if `then` is in the future, so that
/// refreshes continue after a clock was set back.
fn is_within(then: DateTime<Utc>, now: DateTime<Utc>, span: TimeDelta) -> bool {
    then <= now && now - then < span
}

/// Fetches a JWK Set from a URL. If the URL is https, follows redirects only to https URLs.
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

/// Reads a JWK Set from a file, unless the file still has the modification time and size in `before`.
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

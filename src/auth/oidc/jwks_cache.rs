//! Keeps the issuer's keys: fetches them, and again when a token names one that is not there, but then at most once in half a
//! minute and by one request for all who wait. So a storm of invented keys costs the issuer next to nothing, and whoever comes
//! with a known key never waits for it.
//!
//! While the issuer does not answer, the keys that were had go on. The fetch is a task of its own: it is finished even where
//! the request that asked for it went away.

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

use super::{Jwks, keys::Keys};

/// The keys are not fetched twice within this time.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// From this age on keys are fetched again.
const AGE: TimeDelta = TimeDelta::hours(1);

/// How long a fetch may take in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Largest JWK Set, in bytes.
const LARGEST: u64 = 256 * 1024;

/// An issuer's keys, and how they came.
#[derive(Debug)]
pub(super) struct Keyring {
    source: Jwks,
    held: ArcSwap<Keys>,
    times: Lock<Times>,
    /// Whoever holds it fetches.
    turn: Arc<Mutex<()>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    tried: Option<DateTime<Utc>>,
    had: Option<DateTime<Utc>>,
    /// When a file was changed last, and its size.
    stamp: Option<(SystemTime, u64)>,
}

/// What a look at the source brought.
enum Look {
    /// A JWK Set, and the stamp of the file it came from.
    Set(Vec<u8>, Option<(SystemTime, u64)>),
    /// The file is as it was.
    Unchanged,
}

impl Keyring {
    pub(super) fn new(source: Jwks) -> Self {
        Self { source, held: ArcSwap::default(), times: Lock::default(), turn: Arc::default() }
    }

    /// The keys that there are now.
    pub(super) fn keys(&self) -> Arc<Keys> {
        self.held.load_full()
    }

    /// Whether there is no key at all.
    pub(super) fn is_empty(&self) -> bool {
        self.held.load().len() == 0
    }

    /// Whether it is time to look again, though nobody missed a key. To look at a file costs nothing.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        matches!(self.source, Jwks::File(_)) || self.times().had.is_none_or(|had| !is_within(had, now, AGE))
    }

    /// Looks again, if nobody did within half a minute; waits where somebody is doing so.
    pub(super) async fn renew(self: &Arc<Self>, now: DateTime<Utc>) {
        let turn = self.turn.clone().lock_owned().await;
        if self.times().tried.is_some_and(|tried| is_within(tried, now, PAUSE)) {
            return;
        }
        self.change_times(|times| times.tried = Some(now));
        let keyring = self.clone();
        let looking = tokio::task::spawn_blocking(move || {
            keyring.look(now);
            drop(turn);
        });
        if looking.await.is_err() {
            tracing::error!("the look at the issuer's keys broke off");
        }
    }

    fn look(&self, now: DateTime<Utc>) {
        let looked = match &self.source {
            Jwks::Url(url) => fetch(url).map(|set| Look::Set(set, None)),
            Jwks::File(file) => read(file, self.times().stamp),
        };
        let read = looked.and_then(|look| match look {
            Look::Set(set, stamp) => Keys::read(&set).map(|keys| Some((keys, stamp))),
            Look::Unchanged => Ok(None),
        });
        match read {
            Ok(Some((keys, stamp))) => {
                if keys.len() == 0 {
                    tracing::warn!(left_out = keys.left_out, "the issuer has no key that could be used");
                }
                tracing::info!(keys = keys.len(), left_out = keys.left_out, "the issuer's keys were read");
                self.held.store(Arc::new(keys));
                self.change_times(|times| *times = Times { had: Some(now), stamp, ..*times });
            }
            Ok(None) => self.change_times(|times| times.had = Some(now)),
            Err(error) => tracing::warn!(
                error,
                keys = self.keys().len(),
                "oidc_jwks: the issuer's keys could not be read; those that were had go on"
            ),
        }
    }

    fn times(&self) -> Times {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_times(&self, change: impl FnOnce(&mut Times)) {
        change(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Whether an instant lies less than a span ago. One that lies ahead does not: a clock that was put back shall stop nothing.
fn is_within(then: DateTime<Utc>, now: DateTime<Utc>, span: TimeDelta) -> bool {
    then <= now && now - then < span
}

/// What an address answers. From https it follows to https only.
fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .https_only(url.starts_with("https://"))
        .max_redirects(3)
        .user_agent(concat!("dateline/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let mut response = agent.get(url).header("accept", "application/json").call().map_err(|error| error.to_string())?;
    response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(|error| error.to_string())
}

/// What a file holds, where it is not as it was.
fn read(file: &Path, before: Option<(SystemTime, u64)>) -> Result<Look, String> {
    let told = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut open = File::open(file).map_err(told)?;
    let about = open.metadata().map_err(told)?;
    let stamp = about.modified().ok().map(|at| (at, about.len()));
    if stamp.is_some() && stamp == before {
        return Ok(Look::Unchanged);
    }
    let mut set = Vec::new();
    open.by_ref().take(LARGEST + 1).read_to_end(&mut set).map_err(told)?;
    if set.len() as u64 > LARGEST {
        return Err(format!("{}: it is larger than {LARGEST} bytes", file.display()));
    }
    Ok(Look::Set(set, stamp))
}

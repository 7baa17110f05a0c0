//! The clock: the only place that knows what time it is. Everything below the edges is told.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time, to the microsecond: what both databases keep.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    set: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self::default()
    }

    /// One that stands where it is put; for tests of what time does.
    pub fn standing_at(at: DateTime<Utc>) -> Self {
        Self { set: Some(Arc::new(Mutex::new(at))) }
    }

    /// Puts a standing clock; the system's cannot be put.
    pub fn put(&self, at: DateTime<Utc>) {
        if let Some(set) = &self.set {
            *set.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// The instant it is.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.set {
            Some(set) => *set.lock().unwrap_or_else(PoisonError::into_inner),
            None => {
                #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
                let now = Utc::now();
                now.trunc_subsecs(6)
            }
        }
    }
}

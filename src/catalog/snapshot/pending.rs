//! Pending transitions of one release: when it is to be published and when its embargo ends.

use chrono::{DateTime, Utc};
use entity::release::ReleaseState;

use crate::journal::ReleaseImage;

/// What is to come of a release, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::catalog) struct PendingTransitions {
    /// It will be published.
    pub(in crate::catalog) schedule: Option<i64>,
    /// Its embargo ends, where it is published by then.
    pub(in crate::catalog) embargo: Option<i64>,
}

impl PendingTransitions {
    /// What an image says is to come.
    pub(in crate::catalog) fn of(image: &ReleaseImage) -> Self {
        let micros = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
        Self {
            schedule: micros(image.schedule_at).filter(|_| image.state == ReleaseState::Scheduled),
            embargo: micros(image.embargo_until),
        }
    }

    /// The instants at which something happens to a release in a state.
    pub(in crate::catalog) fn instants(self, state: ReleaseState) -> impl Iterator<Item = i64> {
        // The embargo of what is not published holds nothing back.
        let embargo = self.embargo.filter(|_| self.schedule.is_some() || state == ReleaseState::Published);
        self.schedule.into_iter().chain(embargo)
    }
}

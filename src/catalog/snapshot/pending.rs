//! Pending transitions of one release: a scheduled publication and the end of an embargo.

use chrono::{DateTime, Utc};
use entity::release::ReleaseState;

use crate::journal::ReleaseImage;

/// Instants of a release's pending transitions, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::catalog) struct PendingTransitions {
    /// Instant of the scheduled publication.
    pub(in crate::catalog) schedule: Option<i64>,
    /// End of the embargo. It has an effect only if the release is published by then.
    pub(in crate::catalog) embargo: Option<i64>,
}

impl PendingTransitions {
    /// Returns the pending transitions of the release in an image.
    pub(in crate::catalog) fn of(image: &ReleaseImage) -> Self {
        let micros = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
        Self {
            schedule: micros(image.schedule_at).filter(|_| image.state == ReleaseState::Scheduled),
            embargo: micros(image.embargo_until),
        }
    }

    /// Returns the instants at which the pending transitions change a release that is now in the given state.
    pub(in crate::catalog) fn instants(self, state: ReleaseState) -> impl Iterator<Item = i64> {
        // The end of an embargo changes nothing if the release is neither published nor scheduled.
        let embargo = self.embargo.filter(|_| self.schedule.is_some() || state == ReleaseState::Published);
        self.schedule.into_iter().chain(embargo)
    }
}

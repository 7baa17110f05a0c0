//! Pending transitions of one release: scheduled publication and end of the embargo.

use chrono::{DateTime, Utc};
use entity::release::ReleaseState;

use crate::journal::ReleaseImage;

/// Instants of the pending transitions of a release, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::catalog) struct PendingTransitions {
    /// Scheduled publication.
    pub(in crate::catalog) schedule: Option<i64>,
    /// End of the embargo, which has an effect only if the release is published by then.
    pub(in crate::catalog) embargo: Option<i64>,
}

impl PendingTransitions {
    /// Reads the pending transitions from an image.
    pub(in crate::catalog) fn of(image: &ReleaseImage) -> Self {
        let micros = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
        Self {
            schedule: micros(image.schedule_at).filter(|_| image.state == ReleaseState::Scheduled),
            embargo: micros(image.embargo_until),
        }
    }

    /// Returns the instants at which a release in the given state changes.
    pub(in crate::catalog) fn instants(self, state: ReleaseState) -> impl Iterator<Item = i64> {
        // The end of an embargo changes nothing if the release is neither published nor scheduled.
        let embargo = self.embargo.filter(|_| self.schedule.is_some() || state == ReleaseState::Published);
        self.schedule.into_iter().chain(embargo)
    }
}

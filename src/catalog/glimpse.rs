//! What an act changed for a viewer: one release alone, before and after it, asked with the same sets and filters as everything.
//!
//! A journal entry carries all that is needed, so a follower may be as far behind as it likes. What is still to come of a release
//! has not happened here: that it did happen is an entry of its own.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::Noun;
use uuid::Uuid;

use super::{Audience, ReleaseFilter, ReleaseKey, Snapshot, fault::FilterFault};
use crate::{
    journal::{Entry, Image},
    viewer::Viewer,
};

/// How a release changed for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It came into sight.
    Appeared,
    /// What is seen of it is another.
    Changed,
    /// It went out of sight.
    Disappeared,
}

impl Snapshot {
    /// How an entry changed what a viewer sees under a filter; nothing where it did not. Costs the same however many releases
    /// there are.
    pub fn change(
        &self,
        entry: &Entry,
        viewer: &Viewer,
        filter: Option<&ReleaseFilter>,
    ) -> Result<Option<ChangeKind>, FilterFault> {
        if entry.noun != Noun::Release {
            return Ok(None);
        }
        let mut alone = self.without_releases();
        let before = alone.glimpse(entry.noun_id, entry.before.as_ref(), viewer, filter)?;
        let after = alone.glimpse(entry.noun_id, entry.after.as_ref(), viewer, filter)?;
        Ok(match (before.0, after.0) {
            (false, true) => Some(ChangeKind::Appeared),
            (true, false) => Some(ChangeKind::Disappeared),
            // The desk sees everything, also what no reader is told.
            (true, true) if Audience::of(viewer) == Audience::Desk || before.1 != after.1 => Some(ChangeKind::Changed),
            _ => None,
        })
    }

    /// Whether a filter makes sense now.
    pub fn check(&self, viewer: &Viewer, filter: &ReleaseFilter) -> Result<(), FilterFault> {
        Arc::new(self.without_releases()).visible_to(viewer, DateTime::<Utc>::MIN_UTC).narrow(filter).map(|_| ())
    }

    /// The same topics and places, and no release.
    fn without_releases(&self) -> Self {
        Self { epoch: self.epoch, topics: self.topics.clone(), places: self.places.clone(), ..Self::default() }
    }

    /// Puts one release in and looks: whether it is seen under the filter, and what is told of it.
    fn glimpse(
        &mut self,
        id: Uuid,
        image: Option<&Image>,
        viewer: &Viewer,
        filter: Option<&ReleaseFilter>,
    ) -> Result<(bool, impl PartialEq + use<>), FilterFault> {
        match image {
            Some(Image::Release(image)) => self.put_release(image, true),
            _ => self.remove_release(id),
        }
        let set = Arc::new(self.clone()).visible_to(viewer, DateTime::<Utc>::MIN_UTC);
        let set = filter.map_or_else(|| Ok(set.clone()), |filter| set.narrow(filter))?;
        let faces = self.row_by_id(id).map(|row| self.faces(row)).unwrap_or_default();
        let told = if Audience::of(viewer) == Audience::Public { faces.0 } else { faces.1 };
        Ok((set.find(&ReleaseKey::Id(id)).is_some(), told))
    }
}

//! Change events: derives from a journal entry what changed for one viewer under one filter (appeared, changed,
//! disappeared).
//!
//! A snapshot with only the one release is evaluated before and after the entry, with the same visibility and filter
//! code as every query. Inputs are the images in the entry, so the cost does not depend on the number of releases, nor
//! on how far behind the reader is. Pending transitions are not applied: each is a separate entry. The stream itself
//! is `newsroom::reading::change_stream`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::Noun;
use uuid::Uuid;

use super::{
    filter::{ReleaseFilter, error::FilterError},
    release_set::{ReleaseKey, ReleaseSet},
    view::View,
};
use crate::{
    auth::viewer::Viewer,
    catalog::snapshot::{Snapshot, audience::Audience},
    journal::{Entry, Image},
};

/// How a release changed for a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It became visible.
    Appeared,
    /// Its visible content changed.
    Changed,
    /// It is no longer visible.
    Disappeared,
}

/// One release, evaluated alone, as a viewer sees it.
struct IsolatedRelease<F> {
    set: ReleaseSet,
    visible: bool,
    /// The fields that the viewer can see.
    fields: F,
}

impl<F> IsolatedRelease<F> {
    /// Whether it matches a filter. Evaluated only if the result matters, because filters can be large.
    fn matches(&self, id: Uuid, filter: Option<&Arc<ReleaseFilter>>) -> Result<bool, FilterError> {
        let Some(filter) = filter.filter(|_| self.visible) else { return Ok(self.visible) };
        Ok(self.set.narrow(filter)?.find(&ReleaseKey::Id(id)).is_some())
    }
}

impl View {
    /// How an entry changed what a viewer sees under a filter; `None` if it did not. The cost does not depend on the
    /// number of releases. A purge is reported under every filter, because nothing is known about the release any
    /// more.
    pub fn visible_change(
        &self,
        entry: &Entry,
        viewer: &Viewer,
        filter: Option<&Arc<ReleaseFilter>>,
    ) -> Result<Option<ChangeKind>, FilterError> {
        if entry.noun != Noun::Release {
            return Ok(None);
        }
        let (id, audience) = (entry.noun_id, Audience::of(viewer));
        if let Some(Image::Purged { public, press }) = entry.before {
            let visible = [(Audience::Public, public), (Audience::Press, press), (Audience::Desk, true)];
            return Ok(visible.contains(&(audience, true)).then_some(ChangeKind::Disappeared));
        }
        let mut isolated = without_releases(self);
        let before = isolate(&mut isolated, id, entry.before.as_ref(), viewer);
        let after = isolate(&mut isolated, id, entry.after.as_ref(), viewer);
        // The desk sees every change, also those that readers do not see.
        let unchanged = before.visible == after.visible && before.fields == after.fields && audience != Audience::Desk;
        if unchanged || !(before.visible || after.visible) {
            return Ok(None);
        }
        Ok(match (before.matches(id, filter)?, after.matches(id, filter)?) {
            (false, true) => Some(ChangeKind::Appeared),
            (true, false) => Some(ChangeKind::Disappeared),
            (true, true) => Some(ChangeKind::Changed),
            (false, false) => None,
        })
    }

    /// Checks whether a filter is valid for the present snapshot.
    pub fn check_filter(&self, viewer: &Viewer, filter: &Arc<ReleaseFilter>) -> Result<(), FilterError> {
        Arc::new(Self::from(without_releases(self)))
            .visible_to(viewer, DateTime::<Utc>::MIN_UTC)
            .narrow(filter)
            .map(|_| ())
    }
}

/// A snapshot with the same topics and places, and no releases.
fn without_releases(snapshot: &Snapshot) -> Snapshot {
    Snapshot {
        epoch: snapshot.epoch,
        topics: snapshot.topics.clone(),
        places: snapshot.places.clone(),
        ..Snapshot::default()
    }
}

/// Evaluates one release in a snapshot without others.
fn isolate(
    snapshot: &mut Snapshot,
    id: Uuid,
    image: Option<&Image>,
    viewer: &Viewer,
) -> IsolatedRelease<impl PartialEq + use<>> {
    match image {
        Some(Image::Release(image)) => snapshot.upsert_release(image, true),
        _ => snapshot.remove_release(id),
    }
    let set = Arc::new(View::from(snapshot.clone())).visible_to(viewer, DateTime::<Utc>::MIN_UTC);
    let views = snapshot.ordinal_by_id(id).map(|ordinal| snapshot.audience_views(ordinal)).unwrap_or_default();
    let fields = if Audience::of(viewer) == Audience::Public { views.0 } else { views.1 };
    IsolatedRelease { visible: set.find(&ReleaseKey::Id(id)).is_some(), set, fields }
}

/// Whether an entry changed which releases are under which topics or places without an entry for each release: a
/// merge, a move in the hierarchy, or a new location of a place.
pub fn changes_hierarchy(entry: &Entry) -> bool {
    match (&entry.before, &entry.after) {
        (Some(Image::Topic(before)), Some(Image::Topic(after))) => {
            before.id != after.id || before.broader != after.broader
        }
        (Some(Image::Place(before)), Some(Image::Place(after))) => {
            before.id != after.id || before.within != after.within || before.location != after.location
        }
        (Some(Image::Topic(_) | Image::Place(_)), None) => true,
        _ => false,
    }
}

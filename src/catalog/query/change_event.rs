//! Change events: derives from a journal entry how a release changed for one viewer under one filter (appeared,
//! changed or disappeared).
//!
//! The release is evaluated alone in a snapshot, before and after the entry, with the same visibility and filter code
//! as every query. The release is taken only from the images in the entry. The cost therefore does not depend on the
//! number of releases, nor on how far behind the subscriber is. Pending transitions are not applied, because each
//! transition is recorded as a separate entry. `newsroom::reading::change_stream` is the stream of these events.

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
    /// The release became visible, or began to match the filter.
    Appeared,
    /// The visible content of the release changed.
    Changed,
    /// The release is no longer visible, or no longer matches the filter.
    Disappeared,
}

/// One release, evaluated in a snapshot without other releases, as a viewer sees it.
struct IsolatedRelease<F> {
    set: ReleaseSet,
    visible: bool,
    /// The fields of the release that the viewer can see.
    fields: F,
}

impl<F> IsolatedRelease<F> {
    /// Returns whether the release is visible and matches a filter. Filters can be large, so the filter is not
    /// evaluated if the release is hidden.
    fn matches(&self, id: Uuid, filter: Option<&Arc<ReleaseFilter>>) -> Result<bool, FilterError> {
        let Some(filter) = filter.filter(|_| self.visible) else { return Ok(self.visible) };
        Ok(self.set.narrow(filter)?.find(&ReleaseKey::Id(id)).is_some())
    }
}

impl View {
    /// Returns how a journal entry changed what a viewer sees under a filter, or `None` if nothing changed for the
    /// viewer. The cost does not depend on the number of releases. A purge is reported under every filter, because
    /// the content of the purged release is unknown.
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
        // The desk receives every change, including changes to fields that other viewers do not see.
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

    /// Fails if a filter is too large for a subscription, or is not valid for the present topics and places.
    pub fn check_filter(&self, viewer: &Viewer, filter: &Arc<ReleaseFilter>) -> Result<(), FilterError> {
        filter.check_subscription_weight()?;
        Arc::new(Self::from(without_releases(self)))
            .visible_to(viewer, DateTime::<Utc>::MIN_UTC)
            .narrow(filter)
            .map(|_| ())
    }
}

/// Returns a snapshot with the same topics and places and without releases.
fn without_releases(snapshot: &Snapshot) -> Snapshot {
    Snapshot {
        epoch: snapshot.epoch,
        topics: snapshot.topics.clone(),
        places: snapshot.places.clone(),
        ..Snapshot::default()
    }
}

/// Evaluates one release for a viewer, in a snapshot that contains no other release.
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

/// Returns whether an entry about a topic or place changed which releases count for which topics or places. This
/// happens when a concept is merged, deleted, or moved in the hierarchy, or when a place gets a new location. The
/// journal then has no entries for the affected releases.
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

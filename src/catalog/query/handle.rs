//! Handle: one release that a viewer may see, with the fields that the catalog keeps of it.
//!
//! Only a `ReleaseSet` creates handles, so holding a handle proves that the read is authorised. Rows are loaded for
//! handles, never for bare ids. Only the desk may see working revisions; `ReleaseSet::working` checks this.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::release::{ReleaseKind, ReleaseState, WithdrawalKind};
use uuid::Uuid;

use super::view::View;
use crate::{
    catalog::store::units::{date, instant},
    journal::WorkingImage,
};

/// A release that the viewer may see.
#[derive(Clone)]
pub struct Handle {
    view: Arc<View>,
    ordinal: u32,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("id", &self.id()).field("slug", &self.slug()).finish_non_exhaustive()
    }
}

impl Handle {
    pub(in crate::catalog) fn new(view: Arc<View>, ordinal: u32) -> Self {
        Self { view, ordinal }
    }

    pub(in crate::catalog) fn ordinal(&self) -> u32 {
        self.ordinal
    }

    /// Returns the view that contains the release.
    pub fn snapshot(&self) -> &Arc<View> {
        &self.view
    }

    /// Returns the id of the release.
    pub fn id(&self) -> Uuid {
        *self.view.ids.get(self.ordinal)
    }

    /// Returns the id of the shown revision.
    pub fn revision_id(&self) -> Uuid {
        *self.view.revision_ids.get(self.ordinal)
    }

    /// Returns the number of the shown revision.
    pub fn revision_number(&self) -> i32 {
        self.view.facts.get(self.ordinal).shown_number
    }

    /// Returns the number of the newest revision, visible to the viewer or not. For the desk.
    pub fn newest_revision_number(&self) -> i32 {
        self.view.facts.get(self.ordinal).newest_number
    }

    /// Returns the present slug.
    pub fn slug(&self) -> &str {
        std::str::from_utf8(self.view.slugs.get(self.ordinal)).unwrap_or_default()
    }

    /// Returns the workflow state.
    pub fn state(&self) -> ReleaseState {
        self.view.facts.get(self.ordinal).state
    }

    /// Returns the kind of withdrawal, if the release was withdrawn.
    pub fn withdrawal(&self) -> Option<WithdrawalKind> {
        self.view.facts.get(self.ordinal).withdrawal
    }

    /// Returns the kind of release.
    pub fn kind(&self) -> ReleaseKind {
        self.view.facts.get(self.ordinal).kind
    }

    /// Returns the language tag (BCP 47).
    pub fn language(&self) -> &str {
        self.view.languages.name(self.view.facts.get(self.ordinal).language)
    }

    /// Returns the subject of the actor who created the release.
    pub fn author(&self) -> &str {
        self.view.authors.name(self.view.facts.get(self.ordinal).author)
    }

    /// Returns the release date.
    pub fn release_date(&self) -> NaiveDate {
        date(*self.view.release_dates.get(self.ordinal))
    }

    /// Returns the instant at which the visible content last changed.
    pub fn modified_at(&self) -> DateTime<Utc> {
        instant(self.view.instants.get(self.ordinal).modified).unwrap_or_default()
    }

    /// Returns the instant at which the release was last made public, if it ever was.
    pub fn published_at(&self) -> Option<DateTime<Utc>> {
        instant(self.view.instants.get(self.ordinal).published)
    }

    /// Returns the instant at which the release was first public, if it ever was.
    pub fn first_published_at(&self) -> Option<DateTime<Utc>> {
        instant(self.view.instants.get(self.ordinal).first_published)
    }

    /// Returns the end of the embargo, if one is set. Until then only the press and the desk see the published
    /// release.
    pub fn embargo(&self) -> Option<DateTime<Utc>> {
        self.view.embargo(self.ordinal).and_then(instant)
    }

    /// Returns whether the release is published and under an embargo.
    pub fn is_embargoed(&self) -> bool {
        self.state() == ReleaseState::Published && self.view.embargo(self.ordinal).is_some()
    }

    /// Returns the numbers of the release's topics, in order.
    pub fn topics(&self) -> &[u32] {
        self.view.topics_of.get(self.ordinal)
    }

    /// Returns the numbers of the places in the dateline, in order.
    pub fn dateline(&self) -> &[u32] {
        self.view.dateline_of.get(self.ordinal)
    }

    /// Returns the numbers of the places that the release is about, in order.
    pub fn about(&self) -> &[u32] {
        self.view.about_of.get(self.ordinal)
    }

    /// Returns the id of the working revision if the live revision was corrected after the working revision was
    /// started. For the desk.
    pub fn outdated(&self) -> Option<Uuid> {
        self.working().filter(|working| working.outdated).map(|working| working.revision_id)
    }

    /// Returns the working revision, if the release also has a live revision. For the desk only, so callers outside
    /// the catalog use [`ReleaseSet::working`](crate::catalog::ReleaseSet::working).
    pub(in crate::catalog) fn working(&self) -> Option<&WorkingImage> {
        self.view.working.get(&self.ordinal)
    }
}

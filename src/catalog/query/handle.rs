//! Handle: one release that a viewer may see, with its fields in the catalog.
//!
//! Only a `ReleaseSet` creates handles, so a handle is proof that the read is authorised. Rows are fetched for
//! handles, never for bare ids. Working revisions are for the desk and are reached through the set.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::release::{ReleaseKind, ReleaseState, WithdrawalKind};
use uuid::Uuid;

use super::view::View;
use crate::{
    catalog::store::units::{date, instant},
    journal::WorkingImage,
};

/// A visible release.
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

    /// The view that contains it.
    pub fn snapshot(&self) -> &Arc<View> {
        &self.view
    }

    /// Key of the release.
    pub fn id(&self) -> Uuid {
        *self.view.ids.get(self.ordinal)
    }

    /// Key of the revision that the viewer sees.
    pub fn revision_id(&self) -> Uuid {
        *self.view.revision_ids.get(self.ordinal)
    }

    /// Number of the revision that the viewer sees.
    pub fn revision_number(&self) -> i32 {
        self.view.facts.get(self.ordinal).shown_number
    }

    /// Number of the newest revision, visible or not. For the desk.
    pub fn newest_revision_number(&self) -> i32 {
        self.view.facts.get(self.ordinal).newest_number
    }

    /// The present slug.
    pub fn slug(&self) -> &str {
        std::str::from_utf8(self.view.slugs.get(self.ordinal)).unwrap_or_default()
    }

    /// The workflow state.
    pub fn state(&self) -> ReleaseState {
        self.view.facts.get(self.ordinal).state
    }

    /// How it was withdrawn.
    pub fn withdrawal(&self) -> Option<WithdrawalKind> {
        self.view.facts.get(self.ordinal).withdrawal
    }

    /// The kind of item.
    pub fn kind(&self) -> ReleaseKind {
        self.view.facts.get(self.ordinal).kind
    }

    /// The language tag (BCP 47).
    pub fn language(&self) -> &str {
        self.view.languages.name(self.view.facts.get(self.ordinal).language)
    }

    /// The subject that created it.
    pub fn author(&self) -> &str {
        self.view.authors.name(self.view.facts.get(self.ordinal).author)
    }

    /// The release date.
    pub fn release_date(&self) -> NaiveDate {
        date(*self.view.release_dates.get(self.ordinal))
    }

    /// When its visible content last changed.
    pub fn modified_at(&self) -> DateTime<Utc> {
        instant(self.view.instants.get(self.ordinal).modified).unwrap_or_default()
    }

    /// When it was last made public.
    pub fn published_at(&self) -> Option<DateTime<Utc>> {
        instant(self.view.instants.get(self.ordinal).published)
    }

    /// When it was first public.
    pub fn first_published_at(&self) -> Option<DateTime<Utc>> {
        instant(self.view.instants.get(self.ordinal).first_published)
    }

    /// The end of its embargo, if one is set. Until then only the press and the desk see the published release.
    pub fn embargo(&self) -> Option<DateTime<Utc>> {
        self.view.embargo(self.ordinal).and_then(instant)
    }

    /// Whether it is published and under an embargo.
    pub fn is_embargoed(&self) -> bool {
        self.state() == ReleaseState::Published && self.view.embargo(self.ordinal).is_some()
    }

    /// Numbers of its topics, in order.
    pub fn topics(&self) -> &[u32] {
        self.view.topics_of.get(self.ordinal)
    }

    /// Numbers of the places of its dateline, in order.
    pub fn dateline(&self) -> &[u32] {
        self.view.dateline_of.get(self.ordinal)
    }

    /// Numbers of the places that it is about, in order.
    pub fn about(&self) -> &[u32] {
        self.view.about_of.get(self.ordinal)
    }

    /// Key of the working revision, if the live one was corrected after it was started. For the desk.
    pub fn outdated(&self) -> Option<Uuid> {
        self.working().filter(|working| working.outdated).map(|working| working.revision_id)
    }

    /// The working revision beside the live one. For the desk only: use
    /// [`ReleaseSet::working`](crate::catalog::ReleaseSet::working).
    pub(in crate::catalog) fn working(&self) -> Option<&WorkingImage> {
        self.view.working.get(&self.ordinal)
    }
}

//! Handle: one release that a viewer may see, with its fields in the catalog.
//!
//! Only a `ReleaseSet` creates handles, so a handle is proof that the read is authorized. Rows of the database are
//! fetched for handles, never for bare ids. Working versions are for the desk and are reached through the set.

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

    /// What it was found in.
    pub fn snapshot(&self) -> &Arc<View> {
        &self.view
    }

    /// Its key.
    pub fn id(&self) -> Uuid {
        *self.view.ids.get(self.ordinal)
    }

    /// Key of the revision that its readers see.
    pub fn revision_id(&self) -> Uuid {
        *self.view.revision_ids.get(self.ordinal)
    }

    /// Number of the revision that its readers see.
    pub fn revision_number(&self) -> i32 {
        self.view.facts.get(self.ordinal).shown_number
    }

    /// Number of the newest revision, seen or not: for the desk.
    pub fn newest_revision_number(&self) -> i32 {
        self.view.facts.get(self.ordinal).newest_number
    }

    /// Its address.
    pub fn slug(&self) -> &str {
        std::str::from_utf8(self.view.slugs.get(self.ordinal)).unwrap_or_default()
    }

    /// Where it is in its life.
    pub fn state(&self) -> ReleaseState {
        self.view.facts.get(self.ordinal).state
    }

    /// How it was withdrawn, if it is.
    pub fn withdrawal(&self) -> Option<WithdrawalKind> {
        self.view.facts.get(self.ordinal).withdrawal
    }

    /// What sort of item it is.
    pub fn kind(&self) -> ReleaseKind {
        self.view.facts.get(self.ordinal).kind
    }

    /// Its language, BCP 47.
    pub fn language(&self) -> &str {
        self.view.languages.name(self.view.facts.get(self.ordinal).language)
    }

    /// Who created it.
    pub fn author(&self) -> &str {
        self.view.authors.name(self.view.facts.get(self.ordinal).author)
    }

    /// The date printed on it.
    pub fn release_date(&self) -> NaiveDate {
        date(*self.view.release_dates.get(self.ordinal))
    }

    /// When what its readers see last changed.
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

    /// Until when only the press and the desk see it once it is published, where that is set.
    pub fn embargo(&self) -> Option<DateTime<Utc>> {
        self.view.embargo(self.ordinal).and_then(instant)
    }

    /// Whether it is published, and an embargo holds it back from everybody but the press and the desk.
    pub fn is_embargoed(&self) -> bool {
        self.state() == ReleaseState::Published && self.view.embargo(self.ordinal).is_some()
    }

    /// Numbers of its topics, in order.
    pub fn topics(&self) -> &[u32] {
        self.view.topics_of.get(self.ordinal)
    }

    /// Numbers of the places it was filed from, in order.
    pub fn dateline(&self) -> &[u32] {
        self.view.dateline_of.get(self.ordinal)
    }

    /// Numbers of the places it is about, in order.
    pub fn about(&self) -> &[u32] {
        self.view.about_of.get(self.ordinal)
    }

    /// Key of the version being worked on, where the live one was corrected since that was begun: for the desk.
    pub fn outdated(&self) -> Option<Uuid> {
        self.working().filter(|working| working.outdated).map(|working| working.revision_id)
    }

    /// The version being worked on beside the live one. For the desk only: ask [`ReleaseSet::working`](crate::catalog::ReleaseSet::working).
    pub(in crate::catalog) fn working(&self) -> Option<&WorkingImage> {
        self.view.working.get(&self.ordinal)
    }
}

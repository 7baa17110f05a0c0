//! Release set: the releases that one viewer may see, optionally narrowed by filters. Visibility is enforced here.
//!
//! `View::visible_to` is the only way to create a release set, and later operations can only remove members. Lists,
//! dashboards and facet buckets are release sets. This file also finds single releases by id or slug (with slug
//! redirects), and the tombstones of withdrawn releases. Everything is computed from the view that the set holds,
//! without a table, a clock or a network.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::release::{ReleaseState, WithdrawalKind};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::{
    facet_field::{FacetCondition, PlaceRoleFilter},
    filter::{ReleaseFilter, error::FilterError},
    handle::Handle,
    search::request::SearchResult,
    view::View,
};
use crate::{
    auth::viewer::Viewer,
    catalog::{
        snapshot::audience::Audience,
        store::{
            bitmap::SharedBitmap,
            units::{NEVER, instant},
        },
    },
    journal::WorkingImage,
};

/// The releases that a viewer may see, in one view of the data, possibly narrowed.
#[derive(Clone, Debug)]
pub struct ReleaseSet {
    view: Arc<View>,
    audience: Audience,
    /// The instant of the request.
    now: DateTime<Utc>,
    /// The subject of a press viewer, whose reads of embargoed content are logged. `None` for other viewers.
    reader: Option<Arc<str>>,
    pub(in crate::catalog) members: SharedBitmap,
    /// All releases that the viewer may see, before any narrowing.
    visible: SharedBitmap,
    /// The members before the last filter, and that filter. `None` if the set was not narrowed by a filter.
    narrowed: Option<(SharedBitmap, Arc<ReleaseFilter>)>,
    /// The search that narrowed the set. `None` without a search.
    search: Option<Arc<SearchResult>>,
}

/// What remains visible of a withdrawn or retracted release.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// Id of the release, with which the withdrawal notice is loaded.
    pub id: Uuid,
    /// The last slug of the release.
    pub slug: String,
    /// The workflow state: withdrawn or retracted.
    pub state: ReleaseState,
    /// The kind of withdrawal.
    pub kind: WithdrawalKind,
}

/// The id or slug by which a release is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseKey {
    /// The id of the release.
    Id(Uuid),
    /// The present slug of the release, or a former slug.
    Slug(String),
}

impl View {
    /// Returns all releases that a viewer may see at an instant. This is the only way to create a release set.
    pub fn visible_to(self: &Arc<Self>, viewer: &Viewer, now: DateTime<Utc>) -> ReleaseSet {
        let (view, audience) = (self.at(now), Audience::of(viewer));
        let members = view.visible_bitmap(audience);
        let reader = (audience == Audience::Press).then(|| viewer.subject.as_str().into());
        ReleaseSet { view, audience, now, reader, visible: members.clone(), members, narrowed: None, search: None }
    }
}

impl ReleaseSet {
    /// Returns the view that the set is computed from.
    pub fn snapshot(&self) -> &Arc<View> {
        &self.view
    }

    /// Returns whether the viewer belongs to the desk.
    pub fn is_desk(&self) -> bool {
        self.audience == Audience::Desk
    }

    /// Returns the audience of the viewer.
    pub(in crate::catalog) fn audience(&self) -> Audience {
        self.audience
    }

    /// Returns the instant of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Returns the subject of a press viewer, whose reads of embargoed content are logged. `None` for other viewers.
    pub fn reader(&self) -> Option<&str> {
        self.reader.as_deref()
    }

    /// Returns the number of releases in the set.
    pub fn count(&self) -> u64 {
        self.members.len()
    }

    /// Returns the releases of the set that match a filter.
    pub fn narrow(&self, filter: &Arc<ReleaseFilter>) -> Result<Self, FilterError> {
        let narrowed = Some((self.members.clone(), filter.clone()));
        let members = filter
            .apply(&self.members, &self.view, self.is_desk())?
            .into_changed()
            .map_or_else(|| self.members.clone(), Arc::new);
        Ok(Self { members, narrowed, ..self.clone() })
    }

    /// Returns the set as it was before its last filter.
    #[must_use]
    pub fn unfiltered(&self) -> Self {
        let members = self.narrowed.as_ref().map_or(&self.members, |(before, _)| before).clone();
        Self { members, narrowed: None, ..self.clone() }
    }

    /// Returns the set without the conditions that its last filter has on one field.
    pub(in crate::catalog) fn without(&self, condition: FacetCondition) -> Self {
        match &self.narrowed {
            Some((_, filter)) if filter.has(condition) => {
                // Cannot fail: the same filter with more conditions was applied to this set without an error.
                self.unfiltered().narrow(&Arc::new(filter.without(condition))).unwrap_or_else(|_| self.clone())
            }
            _ => self.clone(),
        }
    }

    /// Returns the filter if it is the only step that narrowed the set from all visible releases. Otherwise returns
    /// `None`.
    pub(in crate::catalog) fn filter(&self) -> Option<&ReleaseFilter> {
        let (before, filter) = self.narrowed.as_ref()?;
        Arc::ptr_eq(before, &self.visible).then_some(&**filter)
    }

    /// Returns the values of a field that the set's last filter names.
    pub(in crate::catalog) fn selected_values(&self, condition: FacetCondition) -> RoaringBitmap {
        self.narrowed
            .as_ref()
            .map_or_else(RoaringBitmap::new, |(_, filter)| filter.selected_values(condition, &self.view))
    }

    /// Returns whether the viewer may see at least one of the releases in a bitmap.
    pub(in crate::catalog) fn may_see_any(&self, bitmap: &RoaringBitmap) -> bool {
        !self.visible.is_disjoint(bitmap)
    }

    /// Returns the audience if the set contains all releases that the audience may see. Otherwise returns `None`.
    pub(in crate::catalog) fn complete_for(&self) -> Option<Audience> {
        Arc::ptr_eq(&self.members, &self.visible).then_some(self.audience)
    }

    /// Returns the releases of the set that have a topic. `include_narrower` says whether narrower topics count, too.
    #[must_use]
    pub fn with_topic(&self, topic: u32, include_narrower: bool) -> Self {
        let bitmap = if include_narrower {
            self.view.rolled_up(topic)
        } else {
            self.view.by_topic.get(topic).cloned().unwrap_or_default()
        };
        self.with_members(&*self.members & &*bitmap)
    }

    /// Returns the releases of the set that were filed in a place or are about it. `include_within` says whether
    /// places within the place count, too.
    #[must_use]
    pub fn with_place(&self, place: u32, include_within: bool) -> Self {
        let places = if include_within { self.view.places().closure(place) } else { RoaringBitmap::from([place]) };
        self.with_members(&*self.members & &*self.view.with_places(PlaceRoleFilter::Any, &places))
    }

    /// Returns a release of the set. The Boolean says whether the release was found by a former slug.
    pub fn find(&self, key: &ReleaseKey) -> Option<(Handle, bool)> {
        let (ordinal, former) = match key {
            ReleaseKey::Id(id) => (self.ordinal_by_id(*id)?, false),
            ReleaseKey::Slug(slug) => self.view.ordinal_by_slug(slug)?,
        };
        self.contains(ordinal).then(|| (self.handle(ordinal), former))
    }

    /// Returns the number of different languages of the releases in the set.
    pub fn language_count(&self) -> u64 {
        let languages = &self.view.languages;
        let bitmaps = (0..languages.len() as u32).filter_map(|value| languages.bitmaps.get(value));
        bitmaps.filter(|bitmap| !self.members.is_disjoint(bitmap)).count() as u64
    }

    /// Returns the tombstone of a release, if the viewer may see it. There is no tombstone if the release is not
    /// withdrawn or retracted, was withdrawn with VANISH, or was never visible to the audience.
    pub fn tombstone(&self, key: &ReleaseKey) -> Option<Tombstone> {
        let view = &self.view;
        let ordinal = match key {
            ReleaseKey::Id(id) => view.ordinal_by_id(*id),
            ReleaseKey::Slug(slug) => view.ordinal_by_slug(slug).map(|(ordinal, _)| ordinal),
        }?;
        let (facts, instants) = (view.facts.get(ordinal), view.instants.get(ordinal));
        // A release that was withdrawn during its embargo was visible to the press, but never to the public.
        let visible_since = match self.audience {
            Audience::Public => instants.first_published,
            Audience::Press | Audience::Desk => instants.published,
        };
        let kind = match facts.state {
            ReleaseState::Withdrawn => facts.withdrawal.filter(|&kind| kind != WithdrawalKind::Vanish)?,
            ReleaseState::Retracted => WithdrawalKind::WithNotice,
            _ => return None,
        };
        (visible_since != NEVER).then(|| Tombstone {
            id: *view.ids.get(ordinal),
            slug: String::from_utf8_lossy(view.slugs.get(ordinal)).into_owned(),
            state: facts.state,
            kind,
        })
    }

    /// Returns the last withdrawal or retraction of a release that left a tombstone for the public and matches the last
    /// filter of the set.
    pub fn last_withdrawal(&self) -> Option<DateTime<Utc>> {
        let view = &self.view;
        let states = [ReleaseState::Withdrawn, ReleaseState::Retracted];
        let withdrawn = states.iter().filter_map(|&state| view.by_state.get(state as u32));
        let is_known = |ordinal: &u32| {
            view.facts.get(*ordinal).withdrawal != Some(WithdrawalKind::Vanish)
                && view.instants.get(*ordinal).first_published != NEVER
        };
        let withdrawn: RoaringBitmap = withdrawn.flat_map(|bitmap| bitmap.iter()).filter(is_known).collect();
        let matching = match &self.narrowed {
            Some((_, filter)) => filter.apply(&withdrawn, view, self.is_desk()).ok()?.into_owned(),
            None => withdrawn,
        };
        matching.iter().map(|ordinal| view.instants.get(ordinal).modified).max().and_then(instant)
    }

    /// Returns the working revision of a release that also has a live revision. Returns `None` unless the viewer
    /// belongs to the desk.
    pub fn working<'a>(&self, item: &'a Handle) -> Option<&'a WorkingImage> {
        if self.is_desk() { item.working() } else { None }
    }

    /// Returns the data version: two sets with the same audience, filter and data version are equal. The values are
    /// internal, so they must be encrypted before they leave the server.
    pub fn data_version(&self) -> (Uuid, Audience, (i64, i64)) {
        (self.view.epoch(), self.audience, self.view.version_for(self.audience))
    }

    /// Returns a set for the same viewer and view with other members. Callers must only remove members.
    pub(in crate::catalog) fn with_members(&self, members: RoaringBitmap) -> Self {
        Self { members: Arc::new(members), narrowed: None, ..self.clone() }
    }

    /// Returns the search that narrowed the set.
    pub(in crate::catalog) fn search_result(&self) -> Option<&SearchResult> {
        self.search.as_deref()
    }

    /// Returns the set with the search that narrowed it.
    pub(in crate::catalog) fn with_search(self, search: SearchResult) -> Self {
        Self { search: Some(Arc::new(search)), ..self }
    }

    pub(in crate::catalog) fn ordinals(&self) -> impl Iterator<Item = u32> {
        self.members.iter()
    }

    pub(in crate::catalog) fn contains(&self, ordinal: u32) -> bool {
        self.members.contains(ordinal)
    }

    pub(in crate::catalog) fn handle(&self, ordinal: u32) -> Handle {
        Handle::new(self.view.clone(), ordinal)
    }

    pub(in crate::catalog) fn id_of(&self, ordinal: u32) -> Uuid {
        *self.view.ids.get(ordinal)
    }

    /// Returns the ordinal of the member with an id.
    pub(in crate::catalog) fn ordinal_by_id(&self, id: Uuid) -> Option<u32> {
        self.view.ordinal_by_id(id).filter(|&ordinal| self.contains(ordinal))
    }
}

//! Release set: the releases that one viewer may see, optionally narrowed. Visibility is enforced here.
//!
//! `View::visible_to` is the only way to begin a set, and a set can only lose members. Lists, dashboards and facet
//! buckets are sets. Also looks up single releases by id or slug, with slug redirects, and tombstones of withdrawn
//! releases. Everything is computed from the view that the set holds; nothing reads a table, a clock or a network.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::release::{ReleaseState, WithdrawalKind};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::{
    facet_field::{FacetCondition, PlaceRoleFilter},
    filter::{ReleaseFilter, error::FilterError},
    handle::Handle,
    view::View,
};
use crate::{
    auth::viewer::Viewer,
    catalog::{
        snapshot::audience::Audience,
        store::{bitmap::SharedBitmap, units::NEVER},
    },
    journal::WorkingImage,
};

/// Releases that a viewer may see, at one version of the data.
#[derive(Clone, Debug)]
pub struct ReleaseSet {
    view: Arc<View>,
    audience: Audience,
    /// The instant of the request.
    now: DateTime<Utc>,
    /// The subject whose reads of embargoed content are logged: a press viewer.
    reader: Option<Arc<str>>,
    pub(in crate::catalog) members: SharedBitmap,
    /// All releases that the viewer may see.
    visible: SharedBitmap,
    /// The set before its filter, and the filter; `None` without a filter.
    narrowed: Option<(SharedBitmap, Arc<ReleaseFilter>)>,
}

/// What remains of a withdrawn or retracted release.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// Key of the release, to fetch the notice.
    pub id: Uuid,
    /// The last slug.
    pub slug: String,
    /// Withdrawn or retracted.
    pub state: ReleaseState,
    /// How it was withdrawn.
    pub kind: WithdrawalKind,
}

/// How a release is identified in a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseKey {
    /// By key.
    Id(Uuid),
    /// By its present or a former slug.
    Slug(String),
}

impl View {
    /// All releases that a viewer may see at an instant. The only way to create a set.
    pub fn visible_to(self: &Arc<Self>, viewer: &Viewer, now: DateTime<Utc>) -> ReleaseSet {
        let (view, audience) = (self.at(now), Audience::of(viewer));
        let members = view.visible_bitmap(audience);
        let reader = (audience == Audience::Press).then(|| viewer.subject.as_str().into());
        ReleaseSet { view, audience, now, reader, visible: members.clone(), members, narrowed: None }
    }
}

impl ReleaseSet {
    /// The view of the set.
    pub fn snapshot(&self) -> &Arc<View> {
        &self.view
    }

    /// Whether the viewer belongs to the desk.
    pub fn is_desk(&self) -> bool {
        self.audience == Audience::Desk
    }

    /// The audience of the viewer.
    pub(in crate::catalog) fn audience(&self) -> Audience {
        self.audience
    }

    /// The instant of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The subject whose reads of embargoed content are logged.
    pub fn reader(&self) -> Option<&str> {
        self.reader.as_deref()
    }

    /// The number of releases.
    pub fn count(&self) -> u64 {
        self.members.len()
    }

    /// The releases that match a filter.
    pub fn narrow(&self, filter: &Arc<ReleaseFilter>) -> Result<Self, FilterError> {
        let narrowed = Some((self.members.clone(), filter.clone()));
        let members = filter
            .apply(&self.members, &self.view, self.is_desk())?
            .into_changed()
            .map_or_else(|| self.members.clone(), Arc::new);
        Ok(Self { members, narrowed, ..self.clone() })
    }

    /// The set before its own filter.
    pub(in crate::catalog) fn unfiltered(&self) -> Self {
        let members = self.narrowed.as_ref().map_or(&self.members, |(before, _)| before).clone();
        Self { members, narrowed: None, ..self.clone() }
    }

    /// The set without the conditions on one field in its own filter.
    pub(in crate::catalog) fn without(&self, condition: FacetCondition) -> Self {
        match &self.narrowed {
            Some((_, filter)) if filter.has(condition) => {
                // The filter was applied before without an error, and this one has fewer conditions.
                self.unfiltered().narrow(&Arc::new(filter.without(condition))).unwrap_or_else(|_| self.clone())
            }
            _ => self.clone(),
        }
    }

    /// The filter that narrowed the set from all visible releases; `None` if it was made otherwise.
    pub(in crate::catalog) fn filter(&self) -> Option<&ReleaseFilter> {
        let (before, filter) = self.narrowed.as_ref()?;
        Arc::ptr_eq(before, &self.visible).then_some(&**filter)
    }

    /// The values of a field that the filter names.
    pub(in crate::catalog) fn selected_values(&self, condition: FacetCondition) -> RoaringBitmap {
        self.narrowed
            .as_ref()
            .map_or_else(RoaringBitmap::new, |(_, filter)| filter.selected_values(condition, &self.view))
    }

    /// Whether the viewer may see at least one of some releases.
    pub(in crate::catalog) fn may_see_any(&self, bitmap: &RoaringBitmap) -> bool {
        !self.visible.is_disjoint(bitmap)
    }

    /// The audience whose complete set this is, if it is complete.
    pub(in crate::catalog) fn complete_for(&self) -> Option<Audience> {
        Arc::ptr_eq(&self.members, &self.visible).then_some(self.audience)
    }

    /// The releases that have a topic or, if requested, a narrower one.
    #[must_use]
    pub fn with_topic(&self, topic: u32, include_narrower: bool) -> Self {
        let bitmap = if include_narrower {
            self.view.rolled_up(topic)
        } else {
            self.view.by_topic.get(topic).cloned().unwrap_or_default()
        };
        self.with_members(&*self.members & &*bitmap)
    }

    /// The releases that were filed in a place or are about it or, if requested, in a place within it.
    #[must_use]
    pub fn with_place(&self, place: u32, include_within: bool) -> Self {
        let places = if include_within { self.view.places().closure(place) } else { RoaringBitmap::from([place]) };
        self.with_members(&*self.members & &*self.view.with_places(PlaceRoleFilter::Any, &places))
    }

    /// A release of the set, and whether it was found by a former slug.
    pub fn find(&self, key: &ReleaseKey) -> Option<(Handle, bool)> {
        let (ordinal, former) = match key {
            ReleaseKey::Id(id) => (self.ordinal_by_id(*id)?, false),
            ReleaseKey::Slug(slug) => self.view.ordinal_by_slug(slug)?,
        };
        self.contains(ordinal).then(|| (self.handle(ordinal), former))
    }

    /// The number of languages of its releases.
    pub fn language_count(&self) -> u64 {
        let languages = &self.view.languages;
        let bitmaps = (0..languages.len() as u32).filter_map(|value| languages.bitmaps.get(value));
        bitmaps.filter(|bitmap| !self.members.is_disjoint(bitmap)).count() as u64
    }

    /// The tombstone of a release, if the viewer may see it. Releases that were withdrawn with VANISH, were never
    /// public, or are public have none.
    pub fn tombstone(&self, key: &ReleaseKey) -> Option<Tombstone> {
        let view = &self.view;
        let ordinal = match key {
            ReleaseKey::Id(id) => view.ordinal_by_id(*id),
            ReleaseKey::Slug(slug) => view.ordinal_by_slug(slug).map(|(ordinal, _)| ordinal),
        }?;
        let (facts, instants) = (view.facts.get(ordinal), view.instants.get(ordinal));
        // A release that was withdrawn during its embargo was visible to the press only.
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

    /// The working revision beside the live one of a release. `None` unless the viewer belongs to the desk.
    pub fn working<'a>(&self, item: &'a Handle) -> Option<&'a WorkingImage> {
        if self.is_desk() { item.working() } else { None }
    }

    /// The data version: sets of the same audience and filter with equal versions are equal. Internal values; encrypt
    /// them before they leave the server.
    pub fn data_version(&self) -> (Uuid, Audience, (i64, i64)) {
        (self.view.epoch(), self.audience, self.view.version_for(self.audience))
    }

    /// The same viewer and view with other members. Callers may only remove members.
    pub(in crate::catalog) fn with_members(&self, members: RoaringBitmap) -> Self {
        Self { members: Arc::new(members), narrowed: None, ..self.clone() }
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

    /// The ordinal of a member by key.
    pub(in crate::catalog) fn ordinal_by_id(&self, id: Uuid) -> Option<u32> {
        self.view.ordinal_by_id(id).filter(|&ordinal| self.contains(ordinal))
    }
}

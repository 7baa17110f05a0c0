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

/// Some of the releases that a viewer may see, at one version of the data.
#[derive(Clone, Debug)]
pub struct ReleaseSet {
    view: Arc<View>,
    audience: Audience,
    /// When it was begun.
    now: DateTime<Utc>,
    /// Who reads, where their reads of embargoed text are to be known: the press.
    reader: Option<Arc<str>>,
    pub(in crate::catalog) members: SharedBitmap,
    /// Everything that the viewer may see.
    visible: SharedBitmap,
    /// What it was narrowed from, and by what; none where it was not narrowed by a filter.
    narrowed: Option<(SharedBitmap, Arc<ReleaseFilter>)>,
}

/// A former public address of a release that was withdrawn.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// Key of the release, to fetch the notice by.
    pub id: Uuid,
    /// Its last address.
    pub slug: String,
    /// Withdrawn or retracted.
    pub state: ReleaseState,
    /// How it was withdrawn.
    pub kind: WithdrawalKind,
}

/// What a release is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseKey {
    /// Its key.
    Id(Uuid),
    /// An address it has or had.
    Slug(String),
}

impl View {
    /// Everything that a viewer may see at an instant: the only beginning of a set.
    pub fn visible_to(self: &Arc<Self>, viewer: &Viewer, now: DateTime<Utc>) -> ReleaseSet {
        let (view, audience) = (self.at(now), Audience::of(viewer));
        let members = view.visible_bitmap(audience);
        let reader = (audience == Audience::Press).then(|| viewer.subject.as_str().into());
        ReleaseSet { view, audience, now, reader, visible: members.clone(), members, narrowed: None }
    }
}

impl ReleaseSet {
    /// What the set is made of.
    pub fn snapshot(&self) -> &Arc<View> {
        &self.view
    }

    /// Whether it was begun for somebody of the desk.
    pub fn is_desk(&self) -> bool {
        self.audience == Audience::Desk
    }

    /// For which class of viewers it was begun.
    pub(in crate::catalog) fn audience(&self) -> Audience {
        self.audience
    }

    /// As of which instant it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Who reads, where their reads of embargoed text are to be known.
    pub fn reader(&self) -> Option<&str> {
        self.reader.as_deref()
    }

    /// How many releases are in it.
    pub fn count(&self) -> u64 {
        self.members.len()
    }

    /// The releases of it that a filter lets through.
    pub fn narrow(&self, filter: &Arc<ReleaseFilter>) -> Result<Self, FilterError> {
        let narrowed = Some((self.members.clone(), filter.clone()));
        let members = filter
            .apply(&self.members, &self.view, self.is_desk())?
            .into_changed()
            .map_or_else(|| self.members.clone(), Arc::new);
        Ok(Self { members, narrowed, ..self.clone() })
    }

    /// What it was before its own filter.
    pub(in crate::catalog) fn unfiltered(&self) -> Self {
        let members = self.narrowed.as_ref().map_or(&self.members, |(before, _)| before).clone();
        Self { members, narrowed: None, ..self.clone() }
    }

    /// What it would be without the conditions of one sort in its own filter.
    pub(in crate::catalog) fn without(&self, condition: FacetCondition) -> Self {
        match &self.narrowed {
            Some((_, filter)) if filter.has(condition) => {
                // Fewer conditions than were applied without a fault.
                self.unfiltered().narrow(&Arc::new(filter.without(condition))).unwrap_or_else(|_| self.clone())
            }
            _ => self.clone(),
        }
    }

    /// The filter by which it was narrowed from all that its viewer may see; none where it came about otherwise.
    pub(in crate::catalog) fn filter(&self) -> Option<&ReleaseFilter> {
        let (before, filter) = self.narrowed.as_ref()?;
        Arc::ptr_eq(before, &self.visible).then_some(&**filter)
    }

    /// The values of one sort that its own filter asks for by name.
    pub(in crate::catalog) fn selected_values(&self, condition: FacetCondition) -> RoaringBitmap {
        self.narrowed
            .as_ref()
            .map_or_else(RoaringBitmap::new, |(_, filter)| filter.selected_values(condition, &self.view))
    }

    /// Whether its viewer may see any of some releases.
    pub(in crate::catalog) fn may_see_any(&self, bitmap: &RoaringBitmap) -> bool {
        !self.visible.is_disjoint(bitmap)
    }

    /// Whose whole it is: everything that such viewers may see.
    pub(in crate::catalog) fn complete_for(&self) -> Option<Audience> {
        Arc::ptr_eq(&self.members, &self.visible).then_some(self.audience)
    }

    /// The releases of it that bear a topic or, if asked, a narrower one.
    #[must_use]
    pub fn with_topic(&self, topic: u32, include_narrower: bool) -> Self {
        let bitmap = if include_narrower {
            self.view.rolled_up(topic)
        } else {
            self.view.by_topic.get(topic).cloned().unwrap_or_default()
        };
        self.with_members(&*self.members & &*bitmap)
    }

    /// The releases of it that were filed in a place or are about it or, if asked, one within it.
    #[must_use]
    pub fn with_place(&self, place: u32, include_within: bool) -> Self {
        let places = if include_within { self.view.places().closure(place) } else { RoaringBitmap::from([place]) };
        self.with_members(&*self.members & &*self.view.with_places(PlaceRoleFilter::Any, &places))
    }

    /// One release of it, and whether it was asked for by a former address.
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

    /// What a former public address should answer its viewer: never for what vanished, never was public, or still is.
    pub fn tombstone(&self, key: &ReleaseKey) -> Option<Tombstone> {
        let view = &self.view;
        let ordinal = match key {
            ReleaseKey::Id(id) => view.ordinal_by_id(*id),
            ReleaseKey::Slug(slug) => view.ordinal_by_slug(slug).map(|(ordinal, _)| ordinal),
        }?;
        let (facts, instants) = (view.facts.get(ordinal), view.instants.get(ordinal));
        // What ended under its embargo only the press has seen.
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

    /// The version being worked on beside the live one of a release of this set; nothing for those who are not of the desk.
    pub fn working<'a>(&self, item: &'a Handle) -> Option<&'a WorkingImage> {
        if self.is_desk() { item.working() } else { None }
    }

    /// What its numbers depend on: sets of the same viewers and the same question with equal data versions are equal. The numbers
    /// and the database they count in; both are the newsroom's own and not for clients as they are.
    pub fn data_version(&self) -> (Uuid, Audience, (i64, i64)) {
        (self.view.epoch(), self.audience, self.view.version_for(self.audience))
    }

    /// The same snapshot and viewer with other members; callers may only take members away.
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

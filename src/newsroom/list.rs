//! Lists: pages of releases with their rows, and pages of topics and places.

use std::{collections::HashMap, sync::Arc};

use entity::{Noun, access_log::AccessKind, correction, release};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Error, Newsroom,
    history::corrections,
    ids::Ids,
    page::{CursorKey, PageRequest},
    revision::{RevisionRow, Revisions, Wanted, lifecycles, shown},
};
use crate::catalog::{
    Concept, Handle, LabelSortKey, OrderBy, PageWindow, ReleaseFilter, ReleaseKey, ReleaseSet, SortPosition, Vocabulary,
};
use crate::journal::WorkingImage;

/// What a reader of releases wants of their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one part whether it is wanted")]
pub struct Rows {
    /// Rows at all: not for a mere number.
    pub any: bool,
    /// Their cursors.
    pub cursors: bool,
    /// Which columns of the revisions.
    pub columns: Wanted,
    /// What the catalog does not keep of lives: withdrawal, schedule, the note of an embargo.
    pub lifecycle: bool,
    /// Public corrections.
    pub corrections: bool,
}

/// A release with what was fetched of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What the catalog knows.
    pub item: Handle,
    /// What it says.
    pub text: Arc<RevisionRow>,
    /// The version being worked on, where it was wanted, there is one and the viewer may see it.
    pub working: Option<(WorkingImage, Arc<RevisionRow>)>,
    /// Its lifecycle row, where it was wanted.
    pub lifecycle: Option<Arc<release::Model>>,
    /// Its corrections, oldest first, where they were wanted.
    pub corrections: Vec<correction::Model>,
}

/// One page of releases.
#[derive(Clone, Debug)]
pub struct ReleasePage {
    /// Everything the page is a part of.
    pub set: ReleaseSet,
    /// The releases of the page with their cursors, in order; where cursors were not wanted they are empty.
    pub entries: Vec<(String, Found)>,
    /// Whether the set holds any before them.
    pub has_previous: bool,
    /// Whether the set holds any after them.
    pub has_next: bool,
}

impl Newsroom {
    /// A page of a set, narrowed. `scope` tells cursors of one list from those of another: a topic's id, say.
    ///
    /// Costs one statement whatever the size of the page, one more each with lifecycles and corrections, none without rows.
    pub async fn release_page(
        &self,
        set: &ReleaseSet,
        scope: &str,
        filter: Option<&ReleaseFilter>,
        order: &[OrderBy],
        request: &PageRequest,
        rows: Rows,
    ) -> Result<ReleasePage, Error> {
        let (size, from_end) = request.size()?;
        let set = match filter {
            Some(filter) => set.narrow(filter)?,
            None => set.clone(),
        };
        if !rows.any && request.after.is_none() && request.before.is_none() {
            return Ok(ReleasePage { set, entries: Vec::new(), has_previous: false, has_next: false });
        }
        let has_cursors = rows.cursors || request.after.is_some() || request.before.is_some();
        let key = has_cursors.then(|| release_key(&set, scope, filter, order));
        let place = |argument, cursor: &Option<String>| -> Result<Option<SortPosition>, Error> {
            let Some((key, cursor)) = key.as_ref().zip(cursor.as_deref()) else { return Ok(None) };
            let cursor = key.decode::<ReleaseCursor>(argument, cursor)?;
            // Keys begin with the time of creation. A made-up one would reveal those of others by which releases come after it.
            let by_key = || {
                let (item, _) = set.find(&ReleaseKey::Id(cursor.old_key()?))?;
                Some(set.sort_position(order, &item)).filter(|place| place.values == cursor.values)
            };
            let place = cursor.place(&self.ids).or_else(by_key);
            // Cannot be made by us: the order is part of the key.
            match place.filter(|place| place.values.len() == order.len()) {
                Some(place) => Ok(Some(place)),
                None => key.decode(argument, ""),
            }
        };
        let window = PageWindow {
            size,
            from_end,
            after: place("after", &request.after)?,
            before: place("before", &request.before)?,
        };
        if !rows.any {
            return Ok(ReleasePage { set, entries: Vec::new(), has_previous: false, has_next: false });
        }
        let slice = set.slice(order, &window);
        let found = self.fetch(&set, &slice.items, rows).await?;
        let key = key.filter(|_| rows.cursors);
        let cursor = |found: &Found| {
            key.as_ref().map_or_else(String::new, |key| {
                key.encode(&ReleaseCursor::at(&self.ids, &set.sort_position(order, &found.item)))
            })
        };
        let entries = found.into_iter().map(|found| (cursor(&found), found)).collect();
        Ok(ReleasePage { entries, has_previous: slice.has_previous, has_next: slice.has_next, set })
    }

    /// The rows of some releases of a set, in the same order.
    pub async fn fetch(&self, set: &ReleaseSet, items: &[Handle], rows: Rows) -> Result<Vec<Found>, Error> {
        let texts: Revisions = shown(self, set, items, rows.columns).await?;
        let lifecycles: HashMap<Uuid, Arc<release::Model>> = if rows.lifecycle {
            lifecycles(self, items).await?.into_iter().map(|(id, row)| (id, Arc::new(row))).collect()
        } else {
            HashMap::new()
        };
        let corrected = if rows.corrections { corrections(self, items).await? } else { HashMap::new() };
        if let Some(reader) = set.reader() {
            for item in items.iter().filter(|item| item.is_embargoed()) {
                self.accesses.note(AccessKind::Embargoed, reader, item.id(), item.revision_id(), set.now());
            }
        }
        let found = |item: &Handle| {
            Some(Found {
                text: texts.get(&item.revision_id())?.clone(),
                working: set
                    .working(item)
                    .and_then(|image| Some((image.clone(), texts.get(&image.revision_id)?.clone()))),
                lifecycle: lifecycles.get(&item.id()).cloned(),
                corrections: corrected.get(&item.id()).cloned().unwrap_or_default(),
                item: item.clone(),
            })
        };
        Ok(items.iter().filter_map(found).collect())
    }
}

/// The content of a cursor of a list of releases. It has the release's id instead of the key, which begins with the time of creation.
/// Cursors of earlier versions have the key; they are valid while the release is in the list at the same place.
#[derive(Serialize, Deserialize)]
struct ReleaseCursor {
    values: Vec<i64>,
    id: String,
}

impl ReleaseCursor {
    fn at(ids: &Ids, place: &SortPosition) -> Self {
        Self { values: place.values.clone(), id: ids.encode(Noun::Release, place.id) }
    }

    fn place(&self, ids: &Ids) -> Option<SortPosition> {
        let (noun, id) = ids.decode_encrypted(&self.id)?;
        (noun == Noun::Release).then(|| SortPosition { values: self.values.clone(), id })
    }

    fn old_key(&self) -> Option<Uuid> {
        Uuid::try_parse(&self.id).ok()
    }
}

/// What the cursors of a list of releases must agree with; `set` is narrowed by the filter already.
fn release_key(set: &ReleaseSet, scope: &str, filter: Option<&ReleaseFilter>, order: &[OrderBy]) -> CursorKey {
    let key = CursorKey::new("releases", &order, &(scope, filter));
    match filter.and_then(|filter| filter.canonical(set.snapshot())) {
        // The same text as without a filter.
        Some(form) => key.with_canonical(&(scope, Some(form).filter(|form| !form.matches_all()))),
        None => key,
    }
}

/// One page of topics or places, by label.
#[derive(Clone, Debug)]
pub struct ConceptPage {
    /// Numbers and cursors, in order.
    pub entries: Vec<(String, u32)>,
    /// Whether there are any before them.
    pub has_previous: bool,
    /// Whether there are any after them.
    pub has_next: bool,
    /// How many there are on all pages.
    pub total: usize,
}

/// What the cursors of a list of topics or places must agree with; the filter as written and in its canonical form.
pub fn concept_key(list: &'static str, written: &impl Serialize, form: &impl Serialize) -> CursorKey {
    CursorKey::new(list, &"label", written).with_canonical(form)
}

/// A page of the concepts that are kept, by label and then by slug.
pub fn concept_page<T: Concept>(
    vocabulary: &Vocabulary<T>,
    key: &CursorKey,
    keep: impl Fn(u32) -> bool,
    request: &PageRequest,
) -> Result<ConceptPage, Error> {
    let (size, from_end) = request.size()?;
    // A cursor holds the folded label, perhaps as an earlier version folded it, and the slug.
    let at = |argument, cursor: &Option<String>| -> Result<Option<(LabelSortKey, String)>, Error> {
        let read = |cursor: &str| key.decode::<(String, String)>(argument, cursor);
        let read = cursor.as_deref().map(read).transpose()?;
        Ok(read.map(|(folded, slug)| (LabelSortKey::of(&folded), slug)))
    };
    let (after, before) = (at("after", &request.after)?, at("before", &request.before)?);
    let place = |number: u32| {
        let concept = vocabulary.get(number);
        (LabelSortKey::of(concept.name()), concept.slug().to_owned())
    };
    let all: Vec<u32> = vocabulary.by_label().iter().copied().filter(|&number| keep(number)).collect();
    let start = after.map_or(0, |after| all.partition_point(|&number| place(number) <= after));
    let end = before.map_or(all.len(), |before| all.partition_point(|&number| place(number) < before)).max(start);
    let (start, end) =
        if from_end { (start.max(end.saturating_sub(size)), end) } else { (start, end.min(start + size)) };
    let cursor = |number| {
        let (label, slug) = place(number);
        key.encode(&(label.into_folded(), slug))
    };
    let entries = all[start..end].iter().map(|&number| (cursor(number), number)).collect();
    Ok(ConceptPage { entries, has_previous: start > 0, has_next: end < all.len(), total: all.len() })
}

//! Lists: pages of releases with the rows that a query selects (`Projection`), and pages of topics and places by label.
//!
//! For keyset pagination, the catalog sorts the releases and selects the page, and one SQL statement fetches the rows
//! of the page. Lifecycle rows and corrections need one more statement each. When the press reads an embargoed
//! release, the access log records it.

use std::{collections::HashMap, sync::Arc};

use entity::{access_log::AccessKind, correction, release};
use serde::Serialize;
use uuid::Uuid;

use super::{
    history::corrections,
    pagination::{CursorKey, PageRequest},
};
use crate::{
    catalog::{
        Concept, Handle, LabelSortKey, OrderBy, PageWindow, ReleaseFilter, ReleaseSet, SortPosition, Vocabulary,
        VocabularyFilter,
    },
    journal::WorkingImage,
    newsroom::{
        access::resume_token::TokenCipher,
        error::Error,
        release::revision::{ColumnMask, RevisionRow, Revisions, lifecycles, visible_revisions},
        service::Newsroom,
    },
};

/// Which parts of the releases a query needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each field selects one part independently")]
pub struct Projection {
    /// Whether any rows are needed. A query that only counts releases needs none.
    pub fetch_rows: bool,
    /// Whether cursors are needed.
    pub cursors: bool,
    /// The columns of the revisions.
    pub columns: ColumnMask,
    /// Whether the lifecycle row is needed. This row has data that the catalog does not store: withdrawal, schedule
    /// and embargo note.
    pub lifecycle: bool,
    /// Whether public corrections are needed.
    pub corrections: bool,
}

/// A release and its fetched rows.
#[derive(Clone, Debug)]
pub struct FetchedRelease {
    /// Handle of the release in the catalog.
    pub item: Handle,
    /// The revision that the viewer sees.
    pub revision: Arc<RevisionRow>,
    /// The working revision. `None` if the query did not request it, the release has none, or the viewer may not see
    /// it.
    pub working: Option<(WorkingImage, Arc<RevisionRow>)>,
    /// The lifecycle row, if requested.
    pub lifecycle: Option<Arc<release::Model>>,
    /// The public corrections, oldest first. Empty if not requested.
    pub corrections: Vec<correction::Model>,
}

/// One page of releases.
#[derive(Clone, Debug)]
pub struct ReleasePage {
    /// The set of releases that the page is part of.
    pub set: ReleaseSet,
    /// The releases of the page with their cursors, in order. The cursors are empty if they were not requested.
    pub entries: Vec<(String, FetchedRelease)>,
    /// Whether the set has releases before the page.
    pub has_previous: bool,
    /// Whether the set has releases after the page.
    pub has_next: bool,
}

impl Newsroom {
    /// Narrows a set of releases by `filter` and returns one page of the result. `scope` distinguishes the cursors of
    /// different lists. For a topic's list of releases, for example, `scope` is the topic's id.
    ///
    /// Runs one SQL statement for each 500 revisions, and one more each for lifecycle rows and corrections. Runs none
    /// if the projection needs no rows.
    pub async fn release_page(
        &self,
        set: &ReleaseSet,
        scope: &str,
        filter: Option<&Arc<ReleaseFilter>>,
        order: &[OrderBy],
        request: &PageRequest,
        projection: Projection,
    ) -> Result<ReleasePage, Error> {
        let (size, from_end) = request.size()?;
        let set = match filter {
            Some(filter) => set.narrow(filter)?,
            None => set.clone(),
        };
        if !projection.fetch_rows && request.after.is_none() && request.before.is_none() {
            return Ok(ReleasePage { set, entries: Vec::new(), has_previous: false, has_next: false });
        }
        let has_cursors = projection.cursors || request.after.is_some() || request.before.is_some();
        let key =
            has_cursors.then(|| release_cursor_key(&self.token_cipher, &set, scope, filter.map(Arc::as_ref), order));
        let position = |argument, cursor: &Option<String>| -> Result<Option<SortPosition>, Error> {
            let Some((key, cursor)) = key.as_ref().zip(cursor.as_deref()) else { return Ok(None) };
            // Cursors are bound to the order, so a cursor that decodes has one value for each sort key of `order`.
            key.decode(argument, cursor).map(Some)
        };
        let window = PageWindow {
            size,
            from_end,
            after: position("after", &request.after)?,
            before: position("before", &request.before)?,
        };
        if !projection.fetch_rows {
            return Ok(ReleasePage { set, entries: Vec::new(), has_previous: false, has_next: false });
        }
        let slice = set.slice(order, &window);
        let fetched = self.fetch(&set, &slice.items, projection).await?;
        let key = key.filter(|_| projection.cursors);
        let cursor = |fetched: &FetchedRelease| {
            key.as_ref().map_or_else(String::new, |key| key.encode(&set.sort_position(order, &fetched.item)))
        };
        let entries = fetched.into_iter().map(|fetched| (cursor(&fetched), fetched)).collect();
        Ok(ReleasePage { entries, has_previous: slice.has_previous, has_next: slice.has_next, set })
    }

    /// Fetches the rows of the given releases of a set. Keeps the order of `items`.
    pub async fn fetch(
        &self,
        set: &ReleaseSet,
        items: &[Handle],
        projection: Projection,
    ) -> Result<Vec<FetchedRelease>, Error> {
        let revisions: Revisions = visible_revisions(self, set, items, projection.columns).await?;
        let lifecycles: HashMap<Uuid, Arc<release::Model>> = if projection.lifecycle {
            lifecycles(self, items).await?.into_iter().map(|(id, row)| (id, Arc::new(row))).collect()
        } else {
            HashMap::new()
        };
        let corrections_by_release =
            if projection.corrections { corrections(self, items).await? } else { HashMap::new() };
        if let Some(reader) = set.reader() {
            for item in items.iter().filter(|item| item.is_embargoed()) {
                self.pending_reads.record_read(AccessKind::Embargoed, reader, item.id(), item.revision_id(), set.now());
            }
        }
        let fetched = |item: &Handle| {
            Some(FetchedRelease {
                revision: revisions.get(&item.revision_id())?.clone(),
                working: set
                    .working(item)
                    .and_then(|image| Some((image.clone(), revisions.get(&image.revision_id)?.clone()))),
                lifecycle: lifecycles.get(&item.id()).cloned(),
                corrections: corrections_by_release.get(&item.id()).cloned().unwrap_or_default(),
                item: item.clone(),
            })
        };
        Ok(items.iter().filter_map(fetched).collect())
    }
}

/// Returns the key that binds cursors to a list of releases. `set` must already be narrowed by `filter`.
fn release_cursor_key(
    cipher: &TokenCipher,
    set: &ReleaseSet,
    scope: &str,
    filter: Option<&ReleaseFilter>,
    order: &[OrderBy],
) -> CursorKey {
    let key = CursorKey::new(cipher, "releases", &order, &(scope, filter));
    match filter.and_then(|filter| filter.canonical(set.snapshot())) {
        // A filter that matches everything has the same canonical form as no filter.
        Some(canonical) => key.with_canonical(&(scope, Some(canonical).filter(|canonical| !canonical.matches_all()))),
        None => key,
    }
}

/// One page of topics or places, sorted by label.
#[derive(Clone, Debug)]
pub struct ConceptPage {
    /// Cursors and numbers of the concepts, in order.
    pub entries: Vec<(String, u32)>,
    /// Whether there are concepts before the page.
    pub has_previous: bool,
    /// Whether there are concepts after the page.
    pub has_next: bool,
    /// Number of concepts on all pages.
    pub total: usize,
}

impl Newsroom {
    /// Returns one page of the topics or places that match a filter.
    pub fn concept_page<T: Concept>(
        &self,
        vocabulary: &Vocabulary<T>,
        filter: &VocabularyFilter<T>,
        request: &PageRequest,
    ) -> Result<ConceptPage, Error> {
        let (matching, written, canonical) = filter.apply(vocabulary)?;
        self.page_by_label(vocabulary, &written, &canonical, &matching, request)
    }

    /// Returns one page of the topics or places directly below another one. `scope` distinguishes the cursors of
    /// different lists.
    pub fn narrower_page<T: Concept>(
        &self,
        vocabulary: &Vocabulary<T>,
        number: u32,
        scope: &str,
        request: &PageRequest,
    ) -> Result<ConceptPage, Error> {
        let scope = (scope, vocabulary.get(number).id);
        self.page_by_label(vocabulary, &scope, &scope, vocabulary.narrower(number), request)
    }

    /// Returns one page of a list of concepts that is sorted by label and then by slug. Cursors are bound to the list
    /// as written and in canonical form.
    fn page_by_label<T: Concept>(
        &self,
        vocabulary: &Vocabulary<T>,
        written: &impl Serialize,
        canonical: &impl Serialize,
        all: &[u32],
        request: &PageRequest,
    ) -> Result<ConceptPage, Error> {
        let key =
            CursorKey::new(&self.token_cipher, &format!("{}s", T::WORD), &"label", written).with_canonical(canonical);
        let (size, from_end) = request.size()?;
        // A cursor contains a folded label and a slug. The label is folded again, because an earlier program version
        // with other folding rules may have made the cursor.
        let decode_cursor = |argument, cursor: &Option<String>| -> Result<Option<(LabelSortKey, String)>, Error> {
            let read = |cursor: &str| key.decode::<(String, String)>(argument, cursor);
            let read = cursor.as_deref().map(read).transpose()?;
            Ok(read.map(|(folded, slug)| (LabelSortKey::of(&folded), slug)))
        };
        let (after, before) = (decode_cursor("after", &request.after)?, decode_cursor("before", &request.before)?);
        let sort_key = |number: u32| {
            let concept = vocabulary.get(number);
            (LabelSortKey::of(&concept.name), concept.slug.clone())
        };
        let start = after.map_or(0, |after| all.partition_point(|&number| sort_key(number) <= after));
        let end =
            before.map_or(all.len(), |before| all.partition_point(|&number| sort_key(number) < before)).max(start);
        let (start, end) =
            if from_end { (start.max(end.saturating_sub(size)), end) } else { (start, end.min(start + size)) };
        let cursor = |number| {
            let (label, slug) = sort_key(number);
            key.encode(&(label.into_folded(), slug))
        };
        let entries = all[start..end].iter().map(|&number| (cursor(number), number)).collect();
        Ok(ConceptPage { entries, has_previous: start > 0, has_next: end < all.len(), total: all.len() })
    }
}

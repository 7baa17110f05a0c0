//! Facets (faceted search): the buckets of a set by topic, place, kind or language, ordered, limited and labelled.
//!
//! A request says which of the set's own conditions apply (the scope), so that a facet can ignore the filter on its own
//! field. Each bucket is a release set again (drill-down). Also gives the number of distinct values, of releases
//! without a value and in other buckets, and shares. Counting is in `facet_counts`.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use entity::release::ReleaseKind;
use roaring::RoaringBitmap;

use crate::catalog::{
    query::{
        facet_field::{FacetCondition, FacetField},
        facet_index::FacetIndex,
        release_set::ReleaseSet,
        view::View,
    },
    sort::Direction,
    store::collation::{LabelSortKey, fold},
};

/// Which buckets to answer, and of what.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetRequest {
    /// By what.
    pub field: FacetField,
    /// At most this many buckets.
    pub first: usize,
    /// Which of the set's conditions hold for the facet.
    pub scope: FacetScope,
    /// Only values with at least this many releases; 0 lists values without any, too.
    pub min_count: u64,
    /// First this, then that; what is still alike is ordered by label. Empty: most first.
    pub order: Vec<FacetOrder>,
    /// Only values whose label contains this, without regard to case and accents.
    pub label_contains: Option<String>,
}

/// Which conditions of a set's own filter hold for a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetScope {
    /// All of them.
    AllFilters,
    /// All but those on the facet's own field that stand in the filter itself or in its `and`.
    ExcludeOwnFilter,
    /// None: everything that the filter was applied to.
    Unfiltered,
}

/// One key of the order of buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FacetOrder {
    /// By what.
    pub by: FacetOrderKey,
    /// Which way.
    pub direction: Direction,
}

/// What buckets can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetOrderKey {
    /// Whether the filter names them.
    Selected,
    /// Their number of releases.
    Count,
    /// Their label.
    Label,
    /// The latest release date in them; what has no release comes before everything else.
    Latest,
}

/// The buckets of a set by one field.
#[derive(Clone, Debug)]
pub struct Facet {
    /// The buckets asked for, in order.
    pub buckets: Vec<Bucket>,
    /// How many values meet the request, also those not returned.
    pub distinct_values: u64,
    set: ReleaseSet,
    field: FacetField,
    index: Arc<FacetIndex>,
    with_value: u64,
}

/// One value of a facet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The number of the topic, place, kind or language.
    pub value: u32,
    /// Releases that count for it, each once.
    pub count: u64,
    /// Whether the set's filter asks for it by name.
    pub selected: bool,
}

impl ReleaseSet {
    /// The set's buckets by a field.
    ///
    /// Cost: a walk over the assignments of the releases or one intersection a value, whichever is less, once for a filter and
    /// snapshot; ordering by latest date, one look at each release that counts. No statement.
    pub fn facet(&self, request: &FacetRequest) -> Facet {
        let (snapshot, field) = (self.snapshot(), request.field);
        let condition = FacetCondition::of(field);
        let set = match request.scope {
            FacetScope::AllFilters => self.clone(),
            FacetScope::Unfiltered => self.unfiltered(),
            FacetScope::ExcludeOwnFilter => self.without(condition),
        };
        let facet_index = snapshot.facet_index(field);
        let counts = facet_index.count(&set);
        let selected = self.selected_values(condition);
        let query = request.label_contains.as_deref().map(fold);
        let mut buckets: Vec<Bucket> = facet_index
            .bucket_values
            .iter()
            .map(|&value| Bucket { value, count: counts.by_value[value as usize], selected: selected.contains(value) })
            .filter(|bucket| bucket.count >= request.min_count)
            // Languages are known from releases alone: one that only hidden releases are in must not show, be it with 0.
            .filter(|bucket| {
                field != FacetField::Languages
                    || bucket.count > 0
                    || self.may_see_any(&facet_index.bitmap(snapshot, bucket.value))
            })
            .filter(|bucket| query.as_ref().is_none_or(|text| fold(snapshot.label(field, bucket.value)).contains(text)))
            .collect();
        let latest: HashMap<u32, Option<i32>> = if request.order.iter().any(|key| key.by == FacetOrderKey::Latest) {
            let of = |value| {
                (&*set.members & &*facet_index.bitmap(snapshot, value))
                    .iter()
                    .map(|ordinal| *snapshot.release_dates.get(ordinal))
                    .max()
            };
            buckets.iter().map(|bucket| (bucket.value, of(bucket.value))).collect()
        } else {
            HashMap::new()
        };
        let most_first = [FacetOrder { by: FacetOrderKey::Count, direction: Direction::Desc }];
        let order = if request.order.is_empty() { &most_first[..] } else { &request.order };
        let compare = |a: &Bucket, b: &Bucket| {
            let compare = |key: &FacetOrder| {
                let ordering = match key.by {
                    FacetOrderKey::Selected => a.selected.cmp(&b.selected),
                    FacetOrderKey::Count => a.count.cmp(&b.count),
                    FacetOrderKey::Label => snapshot.compare_labels(field, a.value, b.value),
                    FacetOrderKey::Latest => latest[&a.value].cmp(&latest[&b.value]),
                };
                if key.direction == Direction::Asc { ordering } else { ordering.reverse() }
            };
            let ordering = order.iter().map(compare).find(|ordering| ordering.is_ne());
            ordering.unwrap_or_else(|| snapshot.compare_labels(field, a.value, b.value))
        };
        let distinct_values = buckets.len() as u64;
        if buckets.len() > request.first {
            buckets.select_nth_unstable_by(request.first, compare);
            buckets.truncate(request.first);
        }
        buckets.sort_unstable_by(compare);
        Facet { buckets, distinct_values, with_value: counts.with_value, set, field, index: facet_index }
    }
}

impl Facet {
    /// The set that was counted: the scope's.
    pub fn set(&self) -> &ReleaseSet {
        &self.set
    }

    /// By what it was counted.
    pub fn field(&self) -> FacetField {
        self.field
    }

    /// Releases with no value here.
    pub fn missing(&self) -> u64 {
        self.set.count() - self.with_value
    }

    /// Releases with a value, none of which was returned. Costs a union of the buckets.
    pub fn other(&self) -> u64 {
        let mut returned = RoaringBitmap::new();
        for bucket in &self.buckets {
            returned |= &*self.index.bitmap(self.set.snapshot(), bucket.value);
        }
        self.with_value - self.set.members.intersection_len(&returned)
    }

    /// Whether one release can count for several values.
    pub fn overlapping(&self) -> bool {
        matches!(self.field, FacetField::Topics { .. } | FacetField::Places { .. })
    }

    /// A bucket's count as a part of the set that was counted, 0 to 1; 0 where that is empty.
    pub fn share(&self, bucket: &Bucket) -> f64 {
        if bucket.count == 0 { 0.0 } else { bucket.count as f64 / self.set.count() as f64 }
    }

    /// Of a bucket of topics or places, the releases tagged with exactly that one.
    pub fn direct_count(&self, bucket: &Bucket) -> u64 {
        let exactly = match self.field {
            FacetField::Topics { roll_up: true, under } => FacetField::Topics { roll_up: false, under },
            FacetField::Places { level: Some(_), role } => FacetField::Places { level: None, role },
            _ => return bucket.count,
        };
        let snapshot = self.set.snapshot();
        self.set.members.intersection_len(&snapshot.facet_index(exactly).bitmap(snapshot, bucket.value))
    }

    /// A bucket as a set: exactly the releases of its count.
    pub fn bucket_set(&self, bucket: &Bucket) -> ReleaseSet {
        self.set.with_members(&*self.set.members & &*self.index.bitmap(self.set.snapshot(), bucket.value))
    }
}

impl View {
    /// What a value of a facet is called: a concept's name, a kind in words, a language's tag.
    pub fn label(&self, field: FacetField, value: u32) -> &str {
        match field {
            FacetField::Topics { .. } => &self.topics().get(value).name,
            FacetField::Places { .. } => &self.places().get(value).name,
            FacetField::Kinds => ReleaseKind::ALL.get(value as usize).map_or("", |&kind| kind_label(kind)),
            FacetField::Languages => self.languages.name(value),
        }
    }

    /// The tag of a language, by its number in a facet.
    pub fn language(&self, value: u32) -> &str {
        self.languages.name(value)
    }

    /// Labels as a reader would look them up: concepts by the vocabulary's order, the rest folded.
    fn compare_labels(&self, field: FacetField, a: u32, b: u32) -> Ordering {
        match field {
            FacetField::Topics { .. } => self.topics().label_rank(a).cmp(&self.topics().label_rank(b)),
            FacetField::Places { .. } => self.places().label_rank(a).cmp(&self.places().label_rank(b)),
            FacetField::Kinds | FacetField::Languages => {
                let sort_key = |value| (LabelSortKey::of(self.label(field, value)), self.label(field, value));
                sort_key(a).cmp(&sort_key(b))
            }
        }
    }
}

/// A kind in words.
fn kind_label(kind: ReleaseKind) -> &'static str {
    match kind {
        ReleaseKind::PressRelease => "Press release",
        ReleaseKind::Statement => "Statement",
        ReleaseKind::Article => "Article",
        ReleaseKind::Feature => "Feature",
        ReleaseKind::MediaAdvisory => "Media advisory",
        ReleaseKind::Speech => "Speech",
        ReleaseKind::Opinion => "Opinion",
    }
}

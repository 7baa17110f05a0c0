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

/// Selects the buckets of a facet.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetRequest {
    /// The field to count by.
    pub field: FacetField,
    /// Maximum number of buckets.
    pub first: usize,
    /// Which conditions of the set apply.
    pub scope: FacetScope,
    /// Only values with at least this many releases; 0 also lists values without releases.
    pub min_count: u64,
    /// Sort keys in order of precedence; ties are sorted by label. Empty: largest count first.
    pub order: Vec<FacetOrder>,
    /// Only values whose label contains this text, ignoring case and accents.
    pub label_contains: Option<String>,
}

/// Which conditions of the set's filter apply to a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetScope {
    /// All conditions.
    AllFilters,
    /// All conditions except those on the facet's own field in the filter itself or in its `and`.
    ExcludeOwnFilter,
    /// No conditions: the set before its filter.
    Unfiltered,
}

/// A sort key of buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FacetOrder {
    /// The key.
    pub by: FacetOrderKey,
    /// The direction.
    pub direction: Direction,
}

/// Sort keys of buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetOrderKey {
    /// Whether the filter names the value.
    Selected,
    /// The number of releases.
    Count,
    /// The label.
    Label,
    /// The latest release date in the bucket. Empty buckets sort before all others.
    Latest,
}

/// The buckets of a set by one field.
#[derive(Clone, Debug)]
pub struct Facet {
    /// The requested buckets, in order.
    pub buckets: Vec<Bucket>,
    /// Number of values that match the request, including those not returned.
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
    /// Number of releases, each counted once.
    pub count: u64,
    /// Whether the filter of the set names the value.
    pub selected: bool,
}

impl ReleaseSet {
    /// The buckets of the set by a field. The cost is the smaller of a walk over the assignments and one intersection
    /// per value, once per filter and snapshot. Sorting by latest date reads each counted release. No SQL statement.
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
            // A language is known from releases only, so a language of hidden releases must not appear, not even with
            // 0.
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
    /// The set that was counted, after applying the scope.
    pub fn set(&self) -> &ReleaseSet {
        &self.set
    }

    /// The field that was counted by.
    pub fn field(&self) -> FacetField {
        self.field
    }

    /// Number of releases without a value.
    pub fn missing(&self) -> u64 {
        self.set.count() - self.with_value
    }

    /// Number of releases that have a value, none of which was returned. Costs a union of the buckets.
    pub fn other(&self) -> u64 {
        let mut returned = RoaringBitmap::new();
        for bucket in &self.buckets {
            returned |= &*self.index.bitmap(self.set.snapshot(), bucket.value);
        }
        self.with_value - self.set.members.intersection_len(&returned)
    }

    /// Whether one release can be in several buckets.
    pub fn overlapping(&self) -> bool {
        matches!(self.field, FacetField::Topics { .. } | FacetField::Places { .. })
    }

    /// The count of a bucket as a fraction of the counted set, 0 to 1; 0 if that is empty.
    pub fn share(&self, bucket: &Bucket) -> f64 {
        if bucket.count == 0 { 0.0 } else { bucket.count as f64 / self.set.count() as f64 }
    }

    /// Number of releases that have exactly the topic or place of a bucket.
    pub fn direct_count(&self, bucket: &Bucket) -> u64 {
        let exactly = match self.field {
            FacetField::Topics { roll_up: true, under } => FacetField::Topics { roll_up: false, under },
            FacetField::Places { level: Some(_), role } => FacetField::Places { level: None, role },
            _ => return bucket.count,
        };
        let snapshot = self.set.snapshot();
        self.set.members.intersection_len(&snapshot.facet_index(exactly).bitmap(snapshot, bucket.value))
    }

    /// The set of the releases that a bucket counts.
    pub fn bucket_set(&self, bucket: &Bucket) -> ReleaseSet {
        self.set.with_members(&*self.set.members & &*self.index.bitmap(self.set.snapshot(), bucket.value))
    }
}

impl View {
    /// The label of a value: the name of a concept, a kind in words, or a language tag.
    pub fn label(&self, field: FacetField, value: u32) -> &str {
        match field {
            FacetField::Topics { .. } => &self.topics().get(value).name,
            FacetField::Places { .. } => &self.places().get(value).name,
            FacetField::Kinds => ReleaseKind::ALL.get(value as usize).map_or("", |&kind| kind_label(kind)),
            FacetField::Languages => self.languages.name(value),
        }
    }

    /// The tag of a language, by its number.
    pub fn language(&self, value: u32) -> &str {
        self.languages.name(value)
    }

    /// Compares two labels: concepts in the order of the vocabulary, others by their folded text.
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

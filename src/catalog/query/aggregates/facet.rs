//! Facets (faceted search): the releases of a set in buckets by topic, place, kind or language. Buckets are ordered,
//! limited and labelled.
//!
//! The scope of a request says which conditions of the set's filter apply, so a facet can ignore the conditions on
//! its own field. Each bucket is a release set again (drill-down). A facet also has the number of distinct values,
//! the number of releases without a value, the number of releases that are only in buckets not returned, and the
//! share of each bucket. `facet_counts` does the counting.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use entity::release::ReleaseKind;
use roaring::RoaringBitmap;
use search::fold;

use crate::catalog::{
    query::{
        facet_field::{FacetCondition, FacetField},
        facet_index::FacetIndex,
        release_set::ReleaseSet,
        view::View,
    },
    sort::Direction,
    store::collation::LabelSortKey,
};

/// The parameters of a facet.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetRequest {
    /// The field that the facet counts by.
    pub field: FacetField,
    /// Maximum number of buckets to return.
    pub first: usize,
    /// The conditions of the set's filter that apply to the facet.
    pub scope: FacetScope,
    /// Minimum number of releases in a bucket. 0 also returns values without releases.
    pub min_count: u64,
    /// Sort keys of the buckets, in order of precedence. Ties are sorted by label. If empty, the largest bucket comes
    /// first.
    pub order: Vec<FacetOrder>,
    /// If set, only values whose label contains this text are returned. Case and accents are ignored.
    pub label_contains: Option<String>,
}

/// The conditions of a set's last filter that apply to a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetScope {
    /// All conditions.
    AllFilters,
    /// All conditions except those on the facet's own field. Only conditions in the filter itself and in its `and`
    /// are ignored, not those in `or` and `not`.
    ExcludeOwnFilter,
    /// No conditions: the facet counts the set as it was before its last filter.
    Unfiltered,
}

/// A sort key of buckets, with its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FacetOrder {
    /// The value that buckets are sorted by.
    pub by: FacetOrderKey,
    /// The sort direction.
    pub direction: Direction,
}

/// The value that buckets are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetOrderKey {
    /// Whether the set's filter names the bucket's value. In ascending order, these buckets come last.
    Selected,
    /// The number of releases in the bucket.
    Count,
    /// The label of the bucket's value.
    Label,
    /// The latest release date in the bucket. In ascending order, empty buckets come first.
    Latest,
}

/// The buckets of a release set by one field.
#[derive(Clone, Debug)]
pub struct Facet {
    /// The returned buckets, in the requested order.
    pub buckets: Vec<Bucket>,
    /// Number of values that match the request, including values whose buckets are not returned.
    pub distinct_values: u64,
    set: ReleaseSet,
    field: FacetField,
    index: Arc<FacetIndex>,
    with_value: u64,
}

/// A bucket: one value of a facet, and the number of releases that have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The number of the topic or place in its vocabulary, or of the kind or language.
    pub value: u32,
    /// Number of releases in the bucket. Each release counts once.
    pub count: u64,
    /// Whether the set's filter names the value.
    pub selected: bool,
}

impl ReleaseSet {
    /// Counts the releases of the set by a field and returns the buckets. The cost is a walk over the assignments of
    /// topics or places, or one bitmap intersection per value, whichever is smaller; results are cached per filter
    /// and snapshot. Sorting by the latest date reads each counted release. Executes no SQL statement.
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
            // Languages are known only from releases. If all releases in a language are hidden from the viewer, the
            // language must not appear, not even with a count of 0.
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
    /// Returns the set whose releases were counted, after the scope was applied.
    pub fn set(&self) -> &ReleaseSet {
        &self.set
    }

    /// Returns the field that the facet counts by.
    pub fn field(&self) -> FacetField {
        self.field
    }

    /// Returns the number of releases without a value.
    pub fn missing(&self) -> u64 {
        self.set.count() - self.with_value
    }

    /// Returns the number of releases that have values, but are in none of the returned buckets. Costs a union of the
    /// returned buckets.
    pub fn other(&self) -> u64 {
        let mut returned = RoaringBitmap::new();
        for bucket in &self.buckets {
            returned |= &*self.index.bitmap(self.set.snapshot(), bucket.value);
        }
        self.with_value - self.set.members.intersection_len(&returned)
    }

    /// Returns whether one release can be in several buckets.
    pub fn overlapping(&self) -> bool {
        matches!(self.field, FacetField::Topics { .. } | FacetField::Places { .. })
    }

    /// Returns the share of the counted releases that are in a bucket, from 0 to 1. Returns 0 for an empty bucket.
    pub fn share(&self, bucket: &Bucket) -> f64 {
        if bucket.count == 0 { 0.0 } else { bucket.count as f64 / self.set.count() as f64 }
    }

    /// Returns the number of releases that have exactly the topic or place of a bucket, without narrower concepts.
    pub fn direct_count(&self, bucket: &Bucket) -> u64 {
        let exactly = match self.field {
            FacetField::Topics { roll_up: true, under } => FacetField::Topics { roll_up: false, under },
            FacetField::Places { level: Some(_), role } => FacetField::Places { level: None, role },
            _ => return bucket.count,
        };
        let snapshot = self.set.snapshot();
        self.set.members.intersection_len(&snapshot.facet_index(exactly).bitmap(snapshot, bucket.value))
    }

    /// Returns the set of the releases in a bucket.
    pub fn bucket_set(&self, bucket: &Bucket) -> ReleaseSet {
        self.set.with_members(&*self.set.members & &*self.index.bitmap(self.set.snapshot(), bucket.value))
    }
}

impl View {
    /// Returns the label of a facet value: the name of a topic or place, a kind in words, or a language tag.
    pub fn label(&self, field: FacetField, value: u32) -> &str {
        match field {
            FacetField::Topics { .. } => &self.topics().get(value).name,
            FacetField::Places { .. } => &self.places().get(value).name,
            FacetField::Kinds => ReleaseKind::ALL.get(value as usize).map_or("", |&kind| kind_label(kind)),
            FacetField::Languages => self.languages.name(value),
        }
    }

    /// Returns the tag of the language with a number.
    pub fn language(&self, value: u32) -> &str {
        self.languages.name(value)
    }

    /// Compares the labels of two facet values. Topics and places have the label order of their vocabulary; kinds and
    /// languages are compared by their folded text.
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

/// Returns the name of a release kind in English.
pub fn kind_label(kind: ReleaseKind) -> &'static str {
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

//! The fields that facets count by (topics, places, kinds, languages), the filter conditions on these fields, and the
//! role of a place in a release.

use entity::place::PlaceKind;
use serde::Serialize;

/// The field that a facet counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FacetField {
    /// Counts releases by topic.
    Topics {
        /// Whether a release also counts for all topics broader than its own topics, once for each.
        roll_up: bool,
        /// If set, only the topics directly below this topic are counted.
        under: Option<u32>,
    },
    /// Counts releases by place.
    Places {
        /// If set, only places of this kind are counted, and releases of the places within them count for them. If
        /// `None`, all places are counted, and each place counts its own releases only.
        level: Option<PlaceKind>,
        /// The role that the place has in the release.
        role: PlaceRoleFilter,
    },
    /// Counts releases by kind.
    Kinds,
    /// Counts releases by language.
    Languages,
}

/// The role of a place in a release, as filters and facets select it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum PlaceRoleFilter {
    /// The release was filed in the place.
    Dateline,
    /// The release is about the place.
    About,
    /// The release was filed in the place or is about it.
    Any,
}

/// A field that both filter conditions and facets can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum FacetCondition {
    /// Conditions on topics.
    Topics,
    /// Conditions on places.
    Places,
    /// Conditions on kinds.
    Kinds,
    /// Conditions on languages.
    Languages,
}

impl FacetCondition {
    /// Returns the filter conditions that are on the field of a facet.
    pub(in crate::catalog) fn of(field: FacetField) -> Self {
        match field {
            FacetField::Topics { .. } => Self::Topics,
            FacetField::Places { .. } => Self::Places,
            FacetField::Kinds => Self::Kinds,
            FacetField::Languages => Self::Languages,
        }
    }
}

//! Fields of facets (topics, places, kinds, languages), the filter conditions on them, and the role of a place in a
//! release.

use entity::place::PlaceKind;
use serde::Serialize;

/// What a facet counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FacetField {
    /// By topic.
    Topics {
        /// Narrower topics count for the topic, each release once.
        roll_up: bool,
        /// Only the topics right below this one.
        under: Option<u32>,
    },
    /// By place.
    Places {
        /// Only places of this kind, and everything within one counts for it; without, every place exactly as tagged.
        level: Option<PlaceKind>,
        /// In which role.
        role: PlaceRoleFilter,
    },
    /// By kind.
    Kinds,
    /// By language.
    Languages,
}

/// What a place is to a release, for a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum PlaceRoleFilter {
    /// Where it was filed.
    Dateline,
    /// What it is about.
    About,
    /// Either.
    Any,
}

/// A sort of conditions that a facet has, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum FacetCondition {
    /// On topics.
    Topics,
    /// On places.
    Places,
    /// On kinds.
    Kinds,
    /// On languages.
    Languages,
}

impl FacetCondition {
    /// Those on a facet's own field.
    pub(in crate::catalog) fn of(field: FacetField) -> Self {
        match field {
            FacetField::Topics { .. } => Self::Topics,
            FacetField::Places { .. } => Self::Places,
            FacetField::Kinds => Self::Kinds,
            FacetField::Languages => Self::Languages,
        }
    }
}

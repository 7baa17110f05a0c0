//! Fields of facets (topics, places, kinds, languages), the filter conditions on them, and the role of a place in a
//! release.

use entity::place::PlaceKind;
use serde::Serialize;

/// The field that a facet counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FacetField {
    /// Topics.
    Topics {
        /// Whether releases of narrower topics count for a topic, each once.
        roll_up: bool,
        /// Only topics directly below this one.
        under: Option<u32>,
    },
    /// Places.
    Places {
        /// Only places of this kind; releases of places within them count. Without it, each place counts its own
        /// releases only.
        level: Option<PlaceKind>,
        /// The role of the place.
        role: PlaceRoleFilter,
    },
    /// Kinds.
    Kinds,
    /// Languages.
    Languages,
}

/// The role of a place in a release, for filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum PlaceRoleFilter {
    /// The release was filed there.
    Dateline,
    /// The release is about it.
    About,
    /// Either role.
    Any,
}

/// The field of a filter condition that has a facet, too.
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
    /// The conditions on the field of a facet.
    pub(in crate::catalog) fn of(field: FacetField) -> Self {
        match field {
            FacetField::Topics { .. } => Self::Topics,
            FacetField::Places { .. } => Self::Places,
            FacetField::Kinds => Self::Kinds,
            FacetField::Languages => Self::Languages,
        }
    }
}

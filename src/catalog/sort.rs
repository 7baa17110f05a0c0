//! Sort orders of release lists: sort keys and directions. By default the newest release date comes first.

use serde::{Deserialize, Serialize};

/// A property that releases can be sorted by. Each property has a sorted index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKey {
    /// The release date.
    ReleaseDate,
    /// The instant of the last publication. In ascending order, releases that were never published come first.
    PublishedAt,
    /// The instant of the last change that is visible to readers.
    ModifiedAt,
}

impl OrderKey {
    /// All properties.
    pub const ALL: [Self; 3] = [Self::ReleaseDate, Self::PublishedAt, Self::ModifiedAt];
}

/// A key of a sort order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortKey {
    /// The release date.
    ReleaseDate,
    /// The instant of the last publication. In ascending order, releases that were never published come first.
    PublishedAt,
    /// The instant of the last change that is visible to readers.
    ModifiedAt,
    /// How well the release matches the search of its set. All releases are equal in a set without a search.
    Relevance,
}

impl SortKey {
    /// Returns the property that the key sorts by, or `None` for the relevance.
    pub fn property(self) -> Option<OrderKey> {
        match self {
            Self::ReleaseDate => Some(OrderKey::ReleaseDate),
            Self::PublishedAt => Some(OrderKey::PublishedAt),
            Self::ModifiedAt => Some(OrderKey::ModifiedAt),
            Self::Relevance => None,
        }
    }
}

/// Sort direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// One sort key with its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBy {
    /// The sort key.
    pub by: SortKey,
    /// The direction.
    pub direction: Direction,
}

/// The default order of the results of a search: best match first.
pub const BEST_FIRST: [OrderBy; 1] = [OrderBy { by: SortKey::Relevance, direction: Direction::Desc }];

/// The default order of a list: newest release date first.
pub const NEWEST_FIRST: [OrderBy; 1] = [OrderBy { by: SortKey::ReleaseDate, direction: Direction::Desc }];

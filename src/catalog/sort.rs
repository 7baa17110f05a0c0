//! Sort orders of releases: sort keys, directions and the default order, newest release date first.

use serde::{Deserialize, Serialize};

/// Value that releases can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKey {
    /// The release date.
    ReleaseDate,
    /// The time of the last publication. Releases that were never published sort before all others.
    PublishedAt,
    /// The time of the last change that is visible to readers.
    ModifiedAt,
}

impl OrderKey {
    /// All sort keys.
    pub const ALL: [Self; 3] = [Self::ReleaseDate, Self::PublishedAt, Self::ModifiedAt];
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
    pub by: OrderKey,
    /// The direction.
    pub direction: Direction,
}

/// The default order of a list: newest release date first.
pub const NEWEST_FIRST: [OrderBy; 1] = [OrderBy { by: OrderKey::ReleaseDate, direction: Direction::Desc }];

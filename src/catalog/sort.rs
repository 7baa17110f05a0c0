//! Sort orders of release lists: sort keys and directions. By default the newest release date comes first.

use serde::{Deserialize, Serialize};

/// A value that releases can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKey {
    /// The release date.
    ReleaseDate,
    /// The instant of the last publication. In ascending order, releases that were never published come first.
    PublishedAt,
    /// The instant of the last change that is visible to readers.
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

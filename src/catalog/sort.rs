//! Sort orders of releases: sort keys, directions and the default order, newest release date first.

use serde::{Deserialize, Serialize};

/// What releases can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKey {
    /// The date printed on them.
    ReleaseDate,
    /// When they were last made public; those that never were come before all others.
    PublishedAt,
    /// When what their readers see last changed.
    ModifiedAt,
}

impl OrderKey {
    /// Every key.
    pub const ALL: [Self; 3] = [Self::ReleaseDate, Self::PublishedAt, Self::ModifiedAt];
}

/// Upwards or downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// One key of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBy {
    /// By what.
    pub by: OrderKey,
    /// Which way.
    pub direction: Direction,
}

/// The order of a list that asks for none: newest release date first.
pub const NEWEST_FIRST: [OrderBy; 1] = [OrderBy { by: OrderKey::ReleaseDate, direction: Direction::Desc }];

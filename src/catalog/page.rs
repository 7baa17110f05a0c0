//! Ordered slices of a set: which releases come next, before or after a given one, under any order.
//!
//! Every order ends in the id, so it is total; positions are sought by value, never by number, so a slice stays right whatever
//! was published or withdrawn since the one before.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ReleaseSet, handle::Handle, order::Order};

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

/// Where a release stands in an order: the value of each key, and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// One value a key.
    pub values: Vec<i64>,
    /// The last tie-break, in the direction of the first key.
    pub id: Uuid,
}

/// Which part of an ordered set.
#[derive(Clone, Debug)]
pub struct Window {
    /// At most this many.
    pub size: usize,
    /// From the end instead of from the beginning.
    pub from_end: bool,
    /// Only what comes after this place.
    pub after: Option<Place>,
    /// Only what comes before this place.
    pub before: Option<Place>,
}

/// A slice of an ordered set, in order.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The releases.
    pub items: Vec<Handle>,
    /// Whether the set holds any before the first.
    pub has_previous: bool,
    /// Whether the set holds any after the last.
    pub has_next: bool,
}

impl ReleaseSet {
    /// Where a release stands in an order.
    pub fn place(&self, order: &[OrderBy], item: &Handle) -> Place {
        let snapshot = self.snapshot();
        Place { values: order.iter().map(|key| snapshot.order_value(key.by, item.row())).collect(), id: item.id() }
    }

    /// A slice of the set. `order` has at least one key.
    ///
    /// Cost: O(n) for sparse sets and O(size · all / n) for dense ones, n being the size of the set; whichever is less.
    pub fn slice(&self, order: &[OrderBy], window: &Window) -> Slice {
        let (after, before) = (window.after.as_ref(), window.before.as_ref());
        let (start, stop) = if window.from_end { (before, after) } else { (after, before) };
        let mut rows = self.walk(order, window.from_end, start, stop, window.size + 1);
        let more = rows.len() > window.size;
        rows.truncate(window.size);
        // Beyond the far end: more of the same, or something behind the other cursor.
        let behind_stop = || stop.is_some_and(|at| self.any_from(order, window.from_end, at));
        let far = more || behind_stop();
        let near = start.is_some_and(|at| self.any_from(order, !window.from_end, at));
        if window.from_end {
            rows.reverse();
        }
        let (has_previous, has_next) = if window.from_end { (far, near) } else { (near, far) };
        Slice { items: rows.into_iter().map(|row| self.handle(row)).collect(), has_previous, has_next }
    }

    /// Whether the set holds anything at a place or beyond it.
    fn any_from(&self, order: &[OrderBy], backward: bool, at: &Place) -> bool {
        self.row_by_id(at.id).is_some_and(|row| self.compare_to(order, row, at) == Ordering::Equal)
            || !self.walk(order, backward, Some(at), None, 1).is_empty()
    }

    /// Up to `limit` members from a place on, in one direction, not reaching another place.
    fn walk(
        &self,
        order: &[OrderBy],
        backward: bool,
        start: Option<&Place>,
        stop: Option<&Place>,
        limit: usize,
    ) -> Vec<u32> {
        let ahead = if backward { Ordering::Less } else { Ordering::Greater };
        let begun = |row: u32| start.is_none_or(|at| self.compare_to(order, row, at) == ahead);
        let ended = |row: u32| stop.is_some_and(|at| self.compare_to(order, row, at) != ahead.reverse());
        let (members, all) = (self.count(), self.snapshot().all.len());
        let by_order = |&a: &u32, &b: &u32| {
            let natural = self.compare_rows(order, a, b);
            if backward { natural.reverse() } else { natural }
        };
        // Gathering costs the set's size; scanning the whole order costs limit · all / members.
        if members.saturating_mul(members) <= (limit as u64).saturating_mul(all) {
            // The first value is fetched once for each, not once a comparison.
            let first = |row: u32| self.snapshot().order_value(order[0].by, row);
            let by_value = |&(a, row_a): &(i64, u32), &(b, row_b): &(i64, u32)| {
                let side = turned(a.cmp(&b), order[0].direction);
                let side = if backward { side.reverse() } else { side };
                side.then_with(|| by_order(&row_a, &row_b))
            };
            let members = self.rows().filter(|&row| begun(row) && !ended(row));
            let mut rows: Vec<(i64, u32)> = members.map(|row| (first(row), row)).collect();
            if rows.len() > limit {
                rows.select_nth_unstable_by(limit, by_value);
                rows.truncate(limit);
            }
            rows.sort_unstable_by(by_value);
            return rows.into_iter().map(|(_, row)| row).collect();
        }
        let (key, scan) = (order[0], self.snapshot().order(order[0].by));
        let ascending = (key.direction == Direction::Asc) != backward;
        let value = |row: u32| self.snapshot().order_value(key.by, row);
        let single = order.len() == 1;
        // With one key the order itself is total; with several, begin at the first release with the same first value.
        let rows: Box<dyn Iterator<Item = u32>> = match (start, ascending) {
            (None, true) => Box::new(scan.ascending_from(Order::start())),
            (None, false) => Box::new(scan.descending_from(scan.end())),
            (Some(at), true) => Box::new(scan.ascending_from(scan.seek(|row| {
                let first = value(row).cmp(&at.values[0]);
                if single { first.then_with(|| self.id_of(row).cmp(&at.id)) } else { first }
            }))),
            (Some(at), false) => Box::new(scan.descending_from(scan.seek(|row| {
                let first = value(row).cmp(&at.values[0]);
                let first = if single { first.then_with(|| self.id_of(row).cmp(&at.id)) } else { first };
                // Everything up to and with the place lies before the position.
                if first == Ordering::Equal { Ordering::Less } else { first }
            }))),
        };
        if single {
            return rows
                .filter(|&row| self.contains(row))
                .skip_while(|&row| !begun(row))
                .take_while(|&row| !ended(row))
                .take(limit)
                .collect();
        }
        let (mut found, mut tied): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut tie = None;
        for row in rows.filter(|&row| self.contains(row)) {
            if tie != Some(value(row)) {
                tied.sort_unstable_by(by_order);
                found.append(&mut tied);
                if found.len() >= limit {
                    break;
                }
                tie = Some(value(row));
            }
            if ended(row) && stop.is_some_and(|at| value(row) != at.values[0]) {
                break;
            }
            if begun(row) && !ended(row) {
                tied.push(row);
            }
        }
        tied.sort_unstable_by(by_order);
        found.append(&mut tied);
        found.truncate(limit);
        found
    }

    /// How a release stands to a place.
    fn compare_to(&self, order: &[OrderBy], row: u32, at: &Place) -> Ordering {
        for (key, value) in order.iter().zip(&at.values) {
            let side = self.snapshot().order_value(key.by, row).cmp(value);
            if side != Ordering::Equal {
                return turned(side, key.direction);
            }
        }
        turned(self.id_of(row).cmp(&at.id), order[0].direction)
    }

    /// How two releases stand to each other.
    fn compare_rows(&self, order: &[OrderBy], a: u32, b: u32) -> Ordering {
        for key in order {
            let side = self.snapshot().order_value(key.by, a).cmp(&self.snapshot().order_value(key.by, b));
            if side != Ordering::Equal {
                return turned(side, key.direction);
            }
        }
        turned(self.id_of(a).cmp(&self.id_of(b)), order[0].direction)
    }
}

/// A comparison in a direction.
fn turned(side: Ordering, direction: Direction) -> Ordering {
    match direction {
        Direction::Asc => side,
        Direction::Desc => side.reverse(),
    }
}

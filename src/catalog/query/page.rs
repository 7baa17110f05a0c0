//! Keyset pagination of a release set: slices in any order, after or before a position.
//!
//! Every order ends with the id, so no two releases are equal in it. A position consists of sort values and an id
//! instead of an offset. Pages therefore stay correct while releases are published or withdrawn. To read a slice, a
//! sparse set is sorted, and a dense set is read from a sorted index. `newsroom::reading::pagination` limits page
//! sizes and converts positions to cursors.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{handle::Handle, release_set::ReleaseSet};
use crate::catalog::{
    sort::{Direction, OrderBy, SortKey},
    store::sorted_index::SortedIndex,
};

/// A position in an ordered release set: the value of each sort key, and the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortPosition {
    /// Sort values of the position, one for each sort key of the order.
    pub values: Vec<i64>,
    /// The id of the release. It is compared last, in the direction of the first sort key.
    pub id: Uuid,
}

/// Selects a part of an ordered release set.
#[derive(Clone, Debug)]
pub struct PageWindow {
    /// Maximum number of releases in the slice.
    pub size: usize,
    /// Whether the slice is taken from the end of the part (`last`) instead of from its start (`first`).
    pub from_end: bool,
    /// If set, only releases after this position are selected.
    pub after: Option<SortPosition>,
    /// If set, only releases before this position are selected.
    pub before: Option<SortPosition>,
}

/// A part of an ordered release set, in order.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The selected releases.
    pub items: Vec<Handle>,
    /// Whether the set contains releases before the first selected release.
    pub has_previous: bool,
    /// Whether the set contains releases after the last selected release.
    pub has_next: bool,
}

impl ReleaseSet {
    /// Returns the position of a release in an order.
    pub fn sort_position(&self, order: &[OrderBy], item: &Handle) -> SortPosition {
        SortPosition {
            values: order.iter().map(|key| self.sort_value(key.by, item.ordinal())).collect(),
            id: item.id(),
        }
    }

    /// Returns the value by which a key sorts a release.
    fn sort_value(&self, by: SortKey, ordinal: u32) -> i64 {
        match by.property() {
            Some(property) => self.snapshot().sort_value(property, ordinal),
            None => self.relevance(ordinal),
        }
    }

    /// Returns a slice of the set. `order` must have at least one key. The cost is O(n) for a sparse set and
    /// O(size · all / n) for a dense set, where n is the number of releases in the set; the cheaper way is chosen.
    pub fn slice(&self, order: &[OrderBy], window: &PageWindow) -> Slice {
        let current = |position: &Option<SortPosition>| Some(self.current_position(order, position.as_ref()?));
        let (after, before) = (current(&window.after), current(&window.before));
        let (after, before) = (after.as_ref(), before.as_ref());
        let (start, stop) = if window.from_end { (before, after) } else { (after, before) };
        let mut ordinals = self.collect_from(order, window.from_end, start, stop, window.size + 1);
        let more = ordinals.len() > window.size;
        ordinals.truncate(window.size);
        // More releases are ahead if the slice was cut off, or if the set has a release at or beyond the other
        // cursor.
        let exists_beyond_stop = || stop.is_some_and(|position| self.has_any_from(order, window.from_end, position));
        let more_ahead = more || exists_beyond_stop();
        let more_behind = start.is_some_and(|position| self.has_any_from(order, !window.from_end, position));
        if window.from_end {
            ordinals.reverse();
        }
        let (has_previous, has_next) =
            if window.from_end { (more_ahead, more_behind) } else { (more_behind, more_ahead) };
        Slice { items: ordinals.into_iter().map(|ordinal| self.handle(ordinal)).collect(), has_previous, has_next }
    }

    /// Returns a position in an order by relevance with the present relevance of its release, which changes when other
    /// releases are published. Other positions, and those of releases that are no longer in the set, stay the same.
    fn current_position(&self, order: &[OrderBy], position: &SortPosition) -> SortPosition {
        match self.ordinal_by_id(position.id) {
            Some(ordinal) if order.iter().any(|key| key.by == SortKey::Relevance) => {
                self.sort_position(order, &self.handle(ordinal))
            }
            _ => position.clone(),
        }
    }

    /// Returns whether the set has a member at a position or beyond it.
    fn has_any_from(&self, order: &[OrderBy], backward: bool, position: &SortPosition) -> bool {
        self.ordinal_by_id(position.id)
            .is_some_and(|ordinal| self.compare_to_position(order, ordinal, position) == Ordering::Equal)
            || !self.collect_from(order, backward, Some(position), None, 1).is_empty()
    }

    /// Returns up to `limit` members in one direction: those after `start` and before `stop`.
    fn collect_from(
        &self,
        order: &[OrderBy],
        backward: bool,
        start: Option<&SortPosition>,
        stop: Option<&SortPosition>,
        limit: usize,
    ) -> Vec<u32> {
        let ahead = if backward { Ordering::Less } else { Ordering::Greater };
        let is_after_start =
            |ordinal: u32| start.is_none_or(|position| self.compare_to_position(order, ordinal, position) == ahead);
        let is_past_stop = |ordinal: u32| {
            stop.is_some_and(|position| self.compare_to_position(order, ordinal, position) != ahead.reverse())
        };
        let (members, all) = (self.count(), self.snapshot().all.len());
        let by_order = |&a: &u32, &b: &u32| {
            let natural = self.compare_members(order, a, b);
            if backward { natural.reverse() } else { natural }
        };
        // Collecting and sorting the members costs their number. Scanning the sorted index costs limit · all /
        // members. There is no sorted index by relevance.
        let is_sparse = members.saturating_mul(members) <= (limit as u64).saturating_mul(all);
        let Some(property) = order[0].by.property().filter(|_| !is_sparse) else {
            // The first sort value is read once per member, instead of once per comparison.
            let first = |ordinal: u32| (self.sort_value(order[0].by, ordinal), ordinal);
            let valued = match order[0].by {
                SortKey::Relevance => self.relevances(),
                _ => self.ordinals().map(first).collect(),
            };
            let by_value = |&(a, ordinal_a): &(i64, u32), &(b, ordinal_b): &(i64, u32)| {
                let ordering = in_direction(a.cmp(&b), order[0].direction);
                let ordering = if backward { ordering.reverse() } else { ordering };
                ordering.then_with(|| by_order(&ordinal_a, &ordinal_b))
            };
            let compare =
                |&(value, ordinal): &(i64, u32), position| self.compare_valued(order, value, ordinal, position);
            let is_between = |member: &(i64, u32)| {
                start.is_none_or(|position| compare(member, position) == ahead)
                    && stop.is_none_or(|position| compare(member, position) == ahead.reverse())
            };
            let mut ordinals: Vec<(i64, u32)> = valued.into_iter().filter(is_between).collect();
            if ordinals.len() > limit {
                ordinals.select_nth_unstable_by(limit, by_value);
                ordinals.truncate(limit);
            }
            ordinals.sort_unstable_by(by_value);
            return ordinals.into_iter().map(|(_, ordinal)| ordinal).collect();
        };
        let (key, scan) = (order[0], self.snapshot().sorted_index(property));
        let ascending = (key.direction == Direction::Asc) != backward;
        let value = |ordinal: u32| self.snapshot().sort_value(property, ordinal);
        let single = order.len() == 1;
        // With one sort key, the sorted index has exactly the requested order. With several keys, the scan starts at
        // the first release that has the same first sort value as the position.
        let ordinals: Box<dyn Iterator<Item = u32>> = match (start, ascending) {
            (None, true) => Box::new(scan.ascending_from(SortedIndex::start())),
            (None, false) => Box::new(scan.descending_from(scan.end())),
            (Some(position), true) => Box::new(scan.ascending_from(scan.seek(|ordinal| {
                let first = value(ordinal).cmp(&position.values[0]);
                if single { first.then_with(|| self.id_of(ordinal).cmp(&position.id)) } else { first }
            }))),
            (Some(position), false) => Box::new(scan.descending_from(scan.seek(|ordinal| {
                let first = value(ordinal).cmp(&position.values[0]);
                let first = if single { first.then_with(|| self.id_of(ordinal).cmp(&position.id)) } else { first };
                // Releases equal to the position count as less. The descending scan therefore includes them, and
                // `is_after_start` later skips the releases up to the position.
                if first == Ordering::Equal { Ordering::Less } else { first }
            }))),
        };
        if single {
            return ordinals
                .filter(|&ordinal| self.contains(ordinal))
                .skip_while(|&ordinal| !is_after_start(ordinal))
                .take_while(|&ordinal| !is_past_stop(ordinal))
                .take(limit)
                .collect();
        }
        let (mut collected, mut tied): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut tie = None;
        for ordinal in ordinals.filter(|&ordinal| self.contains(ordinal)) {
            if tie != Some(value(ordinal)) {
                tied.sort_unstable_by(by_order);
                collected.append(&mut tied);
                if collected.len() >= limit {
                    break;
                }
                tie = Some(value(ordinal));
            }
            if is_past_stop(ordinal) && stop.is_some_and(|position| value(ordinal) != position.values[0]) {
                break;
            }
            if is_after_start(ordinal) && !is_past_stop(ordinal) {
                tied.push(ordinal);
            }
        }
        tied.sort_unstable_by(by_order);
        collected.append(&mut tied);
        collected.truncate(limit);
        collected
    }

    /// Compares a release with a position.
    fn compare_to_position(&self, order: &[OrderBy], ordinal: u32, position: &SortPosition) -> Ordering {
        self.compare_valued(order, self.sort_value(order[0].by, ordinal), ordinal, position)
    }

    /// Compares a release, whose first sort value is known, with a position.
    fn compare_valued(&self, order: &[OrderBy], first: i64, ordinal: u32, position: &SortPosition) -> Ordering {
        for (index, (key, value)) in order.iter().zip(&position.values).enumerate() {
            let own = if index == 0 { first } else { self.sort_value(key.by, ordinal) };
            let ordering = own.cmp(value);
            if ordering != Ordering::Equal {
                return in_direction(ordering, key.direction);
            }
        }
        in_direction(self.id_of(ordinal).cmp(&position.id), order[0].direction)
    }

    /// Compares two releases in an order.
    fn compare_members(&self, order: &[OrderBy], a: u32, b: u32) -> Ordering {
        for key in order {
            let ordering = self.sort_value(key.by, a).cmp(&self.sort_value(key.by, b));
            if ordering != Ordering::Equal {
                return in_direction(ordering, key.direction);
            }
        }
        in_direction(self.id_of(a).cmp(&self.id_of(b)), order[0].direction)
    }
}

/// Reverses a comparison if the direction is descending.
fn in_direction(ordering: Ordering, direction: Direction) -> Ordering {
    match direction {
        Direction::Asc => ordering,
        Direction::Desc => ordering.reverse(),
    }
}

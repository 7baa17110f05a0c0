//! Order in which topics and places are imported: a topological sort with broader concepts first. Repeated records of
//! a concept come last.
//!
//! If records of a file form a cycle, a record in the cycle is refused unless its concept is already stored. After a
//! record is refused, the next record of the same concept takes its position.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use uuid::Uuid;

use super::{
    concept_index::ConceptIndex,
    concept_record::{ConceptRecord, identity},
    importer::RecordResult,
    origin::{Origin, record_origin},
};
use crate::catalog::Concept;

/// The records of a file that are not imported yet, each with its line number.
#[derive(Debug)]
pub(super) struct Queue<I> {
    /// The first record of each concept. Records of parents come before the records of their narrower concepts.
    order: VecDeque<(u64, ConceptRecord<I>)>,
    /// Records of concepts that have an earlier record in this import, by line number.
    repeated: BTreeMap<u64, ConceptRecord<I>>,
    /// Line numbers of the repeated records by identity, in ascending order. An identity is an id, slug, code or URI
    /// with its kind as a prefix.
    by_identity: HashMap<String, VecDeque<u64>>,
}

/// The data of a record that the queue needs after the record was imported or refused.
#[derive(Debug)]
pub(super) struct RecordKeys {
    /// Identities (ids, slugs, codes, URIs) by which later records of the same concept are recognised.
    pub(super) identities: Vec<String>,
    /// The id that the concept gets if it is new.
    id: Uuid,
    origin: Origin,
}

impl RecordKeys {
    /// Returns the keys of a record before it is imported.
    pub(super) fn of<I, T: Concept>(record: &ConceptRecord<I>, index: &ConceptIndex<T>) -> Self {
        Self { identities: index.identities(record), id: record.id, origin: record.origin }
    }
}

impl<I> Queue<I> {
    /// Builds a queue of records, which are given in line order. Also returns the results of records that are refused
    /// because they are in a cycle.
    pub(super) fn build<T: Concept>(
        records: Vec<(u64, ConceptRecord<I>)>,
        index: &ConceptIndex<T>,
        accepted: &HashMap<String, Origin>,
        noun: &str,
    ) -> (Self, Vec<(u64, RecordResult)>) {
        let mut queue = Self { order: VecDeque::new(), repeated: BTreeMap::new(), by_identity: HashMap::new() };
        let mut first = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        for (number, record) in records {
            let identities = index.identities(&record);
            if identities.iter().any(|identity| accepted.contains_key(identity) || seen.contains(identity)) {
                for identity in identities {
                    queue.by_identity.entry(identity).or_default().push_back(number);
                }
                queue.repeated.insert(number, record);
            } else {
                seen.extend(identities);
                first.push((number, record));
            }
        }
        let (order, results) = sort_parents_first(first, index, noun);
        queue.order = order;
        (queue, results)
    }

    /// Removes and returns the next record to import.
    pub(super) fn next(&mut self) -> Option<(u64, ConceptRecord<I>)> {
        self.order.pop_front().or_else(|| self.repeated.pop_first())
    }

    /// Updates the queue after a record was processed. If the record was imported, it counts as the first record of
    /// its concept. If it was refused, the next record of its concept is moved forward. A duplicate or conflict
    /// changes nothing.
    pub(super) fn record_result<T: Concept>(
        &mut self,
        result: &RecordResult,
        keys: RecordKeys,
        index: &ConceptIndex<T>,
        accepted: &mut HashMap<String, Origin>,
    ) {
        let RecordKeys { mut identities, id, origin } = keys;
        match result {
            RecordResult::Refused(_) => self.promote_next(&identities, index),
            RecordResult::Created | RecordResult::Updated | RecordResult::Unchanged => {
                if *result == RecordResult::Created {
                    identities.push(identity(id));
                }
                record_origin(accepted, identities, origin);
            }
            RecordResult::Duplicate | RecordResult::Conflict(_) => {}
        }
    }

    /// Moves the next record of a refused concept to the front of the queue, because records of narrower concepts
    /// need the concept. If a parent of that next record does not exist yet, the record stays at the end of the
    /// queue.
    fn promote_next<T: Concept>(&mut self, identities: &[String], index: &ConceptIndex<T>) {
        for identity in identities {
            let Some(numbers) = self.by_identity.get_mut(identity) else { continue };
            while let Some(number) = numbers.pop_front() {
                if self.repeated.get(&number).is_some_and(|record| index.has_all(&record.parents))
                    && let Some(record) = self.repeated.remove(&number)
                {
                    self.order.push_front((number, record));
                    return;
                }
            }
        }
    }
}

/// Records in import order, and the results of records that cannot be ordered.
type SortedRecords<I> = (VecDeque<(u64, ConceptRecord<I>)>, Vec<(u64, RecordResult)>);

/// Sorts records with unique slugs so that each record comes after its parents.
fn sort_parents_first<I, T: Concept>(
    records: Vec<(u64, ConceptRecord<I>)>,
    index: &ConceptIndex<T>,
    noun: &str,
) -> SortedRecords<I> {
    let mut results = Vec::new();
    let slugs: Vec<String> = records.iter().map(|(_, record)| record.slug.clone()).collect();
    let mut remaining: HashMap<String, (u64, ConceptRecord<I>)> =
        records.into_iter().map(|entry| (entry.1.slug.clone(), entry)).collect();
    let mut order = VecDeque::with_capacity(remaining.len());
    // Depth-first search with an explicit stack. With recursion, a chain of thousands of concepts would overflow the
    // thread's stack.
    let mut visited: HashSet<String> = HashSet::new();
    for slug in slugs {
        let mut stack = vec![slug];
        while let Some(top) = stack.last().cloned() {
            let Some((number, record)) = remaining.get(&top) else {
                stack.pop();
                continue;
            };
            let first_visit = visited.insert(top.clone());
            let pending_parents: Vec<String> =
                record.parents.iter().filter(|slug| remaining.contains_key(*slug)).cloned().collect();
            if pending_parents.is_empty() {
                if let Some(entry) = remaining.remove(&top) {
                    order.push_back(entry);
                }
                stack.pop();
            } else if first_visit && !pending_parents.iter().any(|slug| visited.contains(slug)) {
                stack.extend(pending_parents);
            } else if let Some(next) = pending_parents.iter().find(|slug| !visited.contains(*slug)) {
                stack.push(next.clone());
            } else {
                // The record and its pending parents form a cycle. If the record's concept is already stored, the
                // record can be imported before the records of its parents. Otherwise, it is refused.
                let number = *number;
                if let Some((_, record)) = remaining.remove(&top) {
                    if index.by_slug(&record.slug).is_some() {
                        order.push_back((number, record));
                    } else {
                        results.push((
                            number,
                            RecordResult::Refused(format!(
                                "the {noun} \"{top}\" would become its own ancestor: correct its parents"
                            )),
                        ));
                    }
                }
                stack.pop();
            }
        }
    }
    (order, results)
}

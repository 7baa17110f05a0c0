//! Order of imported topics and places: a topological sort, broader concepts first, and repeated records last.
//!
//! Cycles within a file are refused unless a concept is stored already. A refused record is replaced by the next record
//! of the same concept.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use uuid::Uuid;

use super::{
    concept_index::ConceptIndex,
    concept_record::{ConceptRecord, identity},
    importer::RecordResult,
    origin::{Origin, record_origin},
};
use crate::catalog::Concept;

/// Records of a file that wait, each with its number among them.
#[derive(Debug)]
pub(super) struct Queue<I> {
    /// The first of each concept, after those that it is right below.
    order: VecDeque<(usize, ConceptRecord<I>)>,
    /// Later ones of a concept of which the import spoke before.
    repeated: BTreeMap<usize, ConceptRecord<I>>,
    /// Numbers of those by identity, ascending.
    by_identity: HashMap<String, VecDeque<usize>>,
}

/// What has to be known of a record after it was taken or refused.
#[derive(Debug)]
pub(super) struct RecordKeys {
    /// What it may be met again by.
    pub(super) identities: Vec<String>,
    /// The id of its concept where that is new.
    id: Uuid,
    origin: Origin,
}

impl RecordKeys {
    /// Of a record, before it is taken.
    pub(super) fn of<I, T: Concept>(record: &ConceptRecord<I>, index: &ConceptIndex<T>) -> Self {
        Self { identities: index.identities(record), id: record.id, origin: record.origin }
    }
}

impl<I> Queue<I> {
    /// Puts records in order. Also answers the results of those that cannot be ordered.
    pub(super) fn build<T: Concept>(
        records: Vec<ConceptRecord<I>>,
        index: &ConceptIndex<T>,
        accepted: &HashMap<String, Origin>,
        noun: &str,
    ) -> (Self, Vec<(usize, RecordResult)>) {
        let mut queue = Self { order: VecDeque::new(), repeated: BTreeMap::new(), by_identity: HashMap::new() };
        let mut first = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        for (number, record) in records.into_iter().enumerate() {
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

    /// The record to be taken next.
    pub(super) fn next(&mut self) -> Option<(usize, ConceptRecord<I>)> {
        self.order.pop_front().or_else(|| self.repeated.pop_first())
    }

    /// Notes what became of a record. The next one of its concept takes the place of one that was refused; one that was taken is
    /// the first of its concept; a duplicate or conflict changes nothing.
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

    /// Has the next record of a concept take the place of one that was refused, so that those below the concept find it. One
    /// that has to wait for what it is itself below stays where it is, at the end.
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

/// Records in their order, and results of those that have none.
type SortedRecords<I> = (VecDeque<(usize, ConceptRecord<I>)>, Vec<(usize, RecordResult)>);

/// Records, no two of one slug, in an order in which each comes after those it is right below.
fn sort_parents_first<I, T: Concept>(
    records: Vec<(usize, ConceptRecord<I>)>,
    index: &ConceptIndex<T>,
    noun: &str,
) -> SortedRecords<I> {
    let mut results = Vec::new();
    let slugs: Vec<String> = records.iter().map(|(_, record)| record.slug.clone()).collect();
    let mut remaining: HashMap<String, (usize, ConceptRecord<I>)> =
        records.into_iter().map(|entry| (entry.1.slug.clone(), entry)).collect();
    let mut order = VecDeque::with_capacity(remaining.len());
    // Depth first with a stack of our own: a chain of thousands must not fill the thread's.
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
                // Everything it waits for waits for it. What is known already breaks the circle, else it cannot be taken.
                let number = *number;
                if let Some((_, record)) = remaining.remove(&top) {
                    if index.by_slug.contains_key(&record.slug) {
                        order.push_back((number, record));
                    } else {
                        results.push((
                            number,
                            RecordResult::Refused(format!(
                                "the {noun} \"{top}\" would become its own ancestor: correct what it is below"
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

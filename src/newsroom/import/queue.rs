//! The order in which topics and places of a file are taken: broader ones first, and what stands twice last.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use uuid::Uuid;

use super::{
    Known, Outcome,
    concept::{Incoming, identity},
    origin::{Origin, note_taken},
};
use crate::catalog::Concept;

/// Records of a file that wait, each with its number among them.
#[derive(Debug)]
pub(super) struct Queue<I> {
    /// The first of each concept, after those that it is right below.
    order: VecDeque<(usize, Incoming<I>)>,
    /// Later ones of a concept of which the import spoke before.
    again: BTreeMap<usize, Incoming<I>>,
    /// Numbers of those by identity, ascending.
    by_identity: HashMap<String, VecDeque<usize>>,
}

/// What has to be known of a record after it was taken or refused.
#[derive(Debug)]
pub(super) struct Met {
    /// What it may be met again by.
    pub(super) identities: Vec<String>,
    /// The id of its concept where that is new.
    id: Uuid,
    origin: Origin,
}

impl Met {
    /// Of a record, before it is taken.
    pub(super) fn of<I, T: Concept>(record: &Incoming<I>, known: &Known<T>) -> Self {
        Self { identities: known.identities(record), id: record.id, origin: record.origin }
    }
}

impl<I> Queue<I> {
    /// Puts records in order. Also answers the outcomes of those that cannot be ordered.
    pub(super) fn of<T: Concept>(
        records: Vec<Incoming<I>>,
        known: &Known<T>,
        taken: &HashMap<String, Origin>,
        noun: &str,
    ) -> (Self, Vec<(usize, Outcome)>) {
        let mut queue = Self { order: VecDeque::new(), again: BTreeMap::new(), by_identity: HashMap::new() };
        let mut first = Vec::new();
        let mut met: HashSet<String> = HashSet::new();
        for (number, record) in records.into_iter().enumerate() {
            let identities = known.identities(&record);
            if identities.iter().any(|identity| taken.contains_key(identity) || met.contains(identity)) {
                for identity in identities {
                    queue.by_identity.entry(identity).or_default().push_back(number);
                }
                queue.again.insert(number, record);
            } else {
                met.extend(identities);
                first.push((number, record));
            }
        }
        let (order, outcomes) = sorted(first, known, noun);
        queue.order = order;
        (queue, outcomes)
    }

    /// The record to be taken next.
    pub(super) fn next(&mut self) -> Option<(usize, Incoming<I>)> {
        self.order.pop_front().or_else(|| self.again.pop_first())
    }

    /// Notes what became of a record. The next one of its concept takes the place of one that was refused; one that was taken is
    /// the first of its concept; a duplicate or conflict changes nothing.
    pub(super) fn note<T: Concept>(
        &mut self,
        outcome: &Outcome,
        met: Met,
        known: &Known<T>,
        taken: &mut HashMap<String, Origin>,
    ) {
        let Met { mut identities, id, origin } = met;
        match outcome {
            Outcome::Refused(_) => self.instead_of(&identities, known),
            Outcome::Created | Outcome::Updated | Outcome::Unchanged => {
                if *outcome == Outcome::Created {
                    identities.push(identity(id));
                }
                note_taken(taken, identities, origin);
            }
            Outcome::Duplicate | Outcome::Conflict(_) => {}
        }
    }

    /// Has the next record of a concept take the place of one that was refused, so that those below the concept find it. One
    /// that has to wait for what it is itself below stays where it is, at the end.
    fn instead_of<T: Concept>(&mut self, identities: &[String], known: &Known<T>) {
        for identity in identities {
            let Some(numbers) = self.by_identity.get_mut(identity) else { continue };
            while let Some(number) = numbers.pop_front() {
                if self.again.get(&number).is_some_and(|record| known.has_all(&record.above))
                    && let Some(record) = self.again.remove(&number)
                {
                    self.order.push_front((number, record));
                    return;
                }
            }
        }
    }
}

/// Records in their order, and outcomes of those that have none.
type Sorted<I> = (VecDeque<(usize, Incoming<I>)>, Vec<(usize, Outcome)>);

/// Records, no two of one slug, in an order in which each comes after those it is right below.
fn sorted<I, T: Concept>(records: Vec<(usize, Incoming<I>)>, known: &Known<T>, noun: &str) -> Sorted<I> {
    let mut outcomes = Vec::new();
    let names: Vec<String> = records.iter().map(|(_, record)| record.slug.clone()).collect();
    let mut open: HashMap<String, (usize, Incoming<I>)> =
        records.into_iter().map(|entry| (entry.1.slug.clone(), entry)).collect();
    let mut order = VecDeque::with_capacity(open.len());
    // Depth first with a stack of our own: a chain of thousands must not fill the thread's.
    let mut begun: HashSet<String> = HashSet::new();
    for name in names {
        let mut stack = vec![name];
        while let Some(top) = stack.last().cloned() {
            let Some((number, record)) = open.get(&top) else {
                stack.pop();
                continue;
            };
            let first_visit = begun.insert(top.clone());
            let waiting: Vec<String> = record.above.iter().filter(|slug| open.contains_key(*slug)).cloned().collect();
            if waiting.is_empty() {
                if let Some(entry) = open.remove(&top) {
                    order.push_back(entry);
                }
                stack.pop();
            } else if first_visit && !waiting.iter().any(|slug| begun.contains(slug)) {
                stack.extend(waiting);
            } else if let Some(next) = waiting.iter().find(|slug| !begun.contains(*slug)) {
                stack.push(next.clone());
            } else {
                // Everything it waits for waits for it. What is known already breaks the circle, else it cannot be taken.
                let number = *number;
                if let Some((_, record)) = open.remove(&top) {
                    if known.by_slug.contains_key(&record.slug) {
                        order.push_back((number, record));
                    } else {
                        outcomes.push((
                            number,
                            Outcome::Refused(format!(
                                "the {noun} \"{top}\" would become its own ancestor: correct what it is below"
                            )),
                        ));
                    }
                }
                stack.pop();
            }
        }
    }
    (order, outcomes)
}

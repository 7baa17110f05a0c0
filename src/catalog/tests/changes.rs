//! Random changes to a newsroom. Each change is applied to the test data, and returned as the image that a journal
//! entry would contain.
//!
//! `as_of` applies due schedules and embargo ends to the test data, independently of the catalog.

use chrono::{DateTime, Utc};
use entity::{Noun, release::ReleaseState};
use proptest::prelude::*;
use uuid::Uuid;

use super::arbitrary::{Newsroom, PLACES, TOPICS, key, place, place_id, release, subset, topic, topic_id};
use crate::journal::{Image, Merged, ReleaseImage};

/// A change to a newsroom.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Release(usize, Box<ReleaseImage>, bool),
    Topic(usize, Vec<usize>),
    Place(usize, Option<usize>),
    Merge(usize, usize),
    Remove(usize),
}

pub(super) fn changes(max: usize) -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        8 => (0..40_usize, release(), any::<bool>()).prop_map(|(number, release, rename)| Change::Release(number, Box::new(release), rename)),
        1 => (0..TOPICS, subset(TOPICS)).prop_map(|(number, broader)| Change::Topic(number, broader)),
        1 => (1..PLACES, any::<u8>()).prop_map(|(number, random)| Change::Place(number, Some(random as usize % number))),
        1 => (0..TOPICS, 0..TOPICS).prop_map(|(from, into)| Change::Merge(from, into)),
        1 => (0..40_usize).prop_map(Change::Remove),
    ];
    prop::collection::vec(change, 0..max)
}

impl Newsroom {
    /// Returns the id of the topic that a topic was merged into, or the given id if the topic was not merged.
    fn current_id(&self, id: Uuid) -> Uuid {
        self.topics.iter().find(|topic| topic.merged.iter().any(|merged| merged.id == id)).map_or(id, |topic| topic.id)
    }

    /// Applies a change to the test data, and returns what the journal would contain: the noun, the id, and the image
    /// after the change. Returns `None` if the change is impossible.
    pub(super) fn change(&mut self, change: Change) -> Option<(Noun, Uuid, Option<Image>)> {
        match change {
            Change::Topic(number, broader) => {
                let at = self.topics.iter().position(|topic| topic.id == topic_id(number))?;
                let mut changed = topic(number, &broader);
                changed.merged.clone_from(&self.topics[at].merged);
                changed.former_slugs.clone_from(&self.topics[at].former_slugs);
                let mut broader: Vec<Uuid> = Vec::new();
                for id in changed.broader.iter().map(|&id| self.current_id(id)) {
                    if !broader.contains(&id) {
                        broader.push(id);
                    }
                }
                changed.broader = broader;
                self.topics[at] = changed.clone();
                Some((Noun::Topic, changed.id, Some(Image::Topic(Box::new(changed)))))
            }
            Change::Merge(from, into) => {
                let position = |number| self.topics.iter().position(|topic| topic.id == topic_id(number));
                let (from, into) = (position(from)?, position(into)?);
                if from == into {
                    return None;
                }
                let (from_id, into_id) = (self.topics[from].id, self.topics[into].id);
                let source = self.topics[from].clone();
                let target = &mut self.topics[into];
                target.merged.extend(source.fields.merged);
                target.merged.push(Merged { id: source.fields.id, uri: source.fields.uri });
                target.former_slugs.extend(source.fields.former_slugs.into_iter().chain([source.fields.slug]));
                self.topics.remove(from);
                // The target of the merge replaces the merged topic in every list, without duplicates.
                let redirect = |list: &mut Vec<Uuid>| {
                    let has_target = list.contains(&into_id);
                    list.retain(|id| *id != from_id || !has_target);
                    list.iter_mut().filter(|id| **id == from_id).for_each(|id| *id = into_id);
                };
                for topic in &mut self.topics {
                    redirect(&mut topic.broader);
                    let own = topic.id;
                    // A merge must not make a topic its own broader topic.
                    if own == into_id && !topic.broader.is_empty() {
                        topic.broader.retain(|id| *id != own);
                    }
                }
                for release in &mut self.releases {
                    redirect(&mut release.shown.topics);
                    if let Some(working) = &mut release.working {
                        redirect(&mut working.topics);
                    }
                }
                let image = self.topics.iter().find(|topic| topic.id == into_id)?.clone();
                Some((Noun::Topic, into_id, Some(Image::Topic(Box::new(image)))))
            }
            Change::Place(number, within) => {
                self.places[number] = place(number, within);
                Some((Noun::Place, place_id(number), Some(Image::Place(Box::new(self.places[number].clone())))))
            }
            Change::Remove(number) => {
                if number >= self.releases.len() {
                    return None;
                }
                Some((Noun::Release, self.releases.remove(number).id, None))
            }
            Change::Release(number, mut image, rename) => {
                let mut topics: Vec<Uuid> = Vec::new();
                for id in image.shown.topics.iter().map(|&id| self.current_id(id)) {
                    if !topics.contains(&id) {
                        topics.push(id);
                    }
                }
                if let Some(working) = &mut image.working {
                    working.topics.clone_from(&topics);
                }
                image.shown.topics = topics;
                if let Some(existing) = self.releases.get_mut(number) {
                    image.id = existing.id;
                    image.slug.clone_from(&existing.slug);
                    image.former_slugs.clone_from(&existing.former_slugs);
                    if rename {
                        image.former_slugs.push(existing.slug.clone());
                        image.slug += "-x";
                    }
                    *existing = (*image).clone();
                } else {
                    let number = self.created;
                    self.created += 1;
                    image.id = key(3, number * 7919 % 100_003);
                    image.slug = format!("release-{number}");
                    self.releases.push((*image).clone());
                }
                Some((Noun::Release, image.id, Some(Image::Release(image))))
            }
        }
    }

    /// Returns the newsroom as it is at an instant, with all due transitions applied.
    pub(super) fn as_of(&self, now: DateTime<Utc>) -> Self {
        let mut newsroom = self.clone();
        for release in &mut newsroom.releases {
            let embargo = release.embargo_until;
            if let Some(at) = release.schedule_at.filter(|at| *at <= now) {
                release.state = ReleaseState::Published;
                release.published_at = Some(at);
                release.modified_at = release.modified_at.max(at);
                if embargo.is_none() {
                    release.first_published_at = release.first_published_at.or(Some(at));
                }
            }
            if let Some(at) = embargo.filter(|at| *at <= now && release.state == ReleaseState::Published) {
                release.embargo_until = None;
                release.published_at = Some(at);
                release.modified_at = release.modified_at.max(at);
                release.first_published_at = release.first_published_at.or(Some(at));
            }
        }
        newsroom
    }
}

//! Controlled vocabulary (as in SKOS): all topics or all places, with slugs, external codes, names and broader
//! concepts.
//!
//! A concept may have several broader concepts, also in a cycle. Numbers of concepts are stable; a merged concept
//! leaves its number empty, and its id, slugs and URI then lead to the target of the merge. Lookups, the inverse
//! hierarchy and the label order are derived and rebuilt after each change. `Concept` is what topics and places have in
//! common.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::collation::LabelSortKey;
use crate::journal::{Merged, Name, PlaceImage, TopicImage};

/// What a vocabulary needs to know of a concept.
pub trait Concept: Clone {
    /// Its key.
    fn id(&self) -> Uuid;
    /// Its address.
    fn slug(&self) -> &str;
    /// Addresses it had.
    fn former_slugs(&self) -> &[String];
    /// Its name in the default language.
    fn name(&self) -> &str;
    /// Its preferred names in other languages.
    fn names(&self) -> &[Name];
    /// What else it is called.
    fn alt_names(&self) -> &[Name];
    /// The concepts right above it.
    fn broader(&self) -> Vec<Uuid>;
    /// Its ids in other systems.
    fn codes(&self) -> Vec<ExternalCode>;
    /// Those that were merged into it.
    fn merged(&self) -> &[Merged];
    /// Since when it is no longer given to releases.
    fn retired_at(&self) -> Option<DateTime<Utc>>;
    /// What to use instead of it.
    fn replaced_by(&self) -> Option<Uuid>;
    /// Names another concept wherever it named one that was merged into that.
    fn redirect_merged(&mut self, from: Uuid, into: Uuid);

    /// Its preferred name in a language, or in the nearest less specific one, or in the default language.
    fn name_in(&self, language: Option<&str>) -> &str {
        let mut range = language;
        while let Some(tag) = range {
            if let Some(translation) = self.names().iter().find(|name| name.language.eq_ignore_ascii_case(tag)) {
                return &translation.name;
            }
            range = tag.rfind('-').map(|cut| &tag[..cut]);
        }
        self.name()
    }

    /// Everything it is called.
    fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name()).chain(self.names().iter().chain(self.alt_names()).map(|name| name.name.as_str()))
    }
}

/// An id in another system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExternalCode {
    /// A URI.
    Uri(String),
    /// ISO 3166-1, two or three letters.
    Iso3166(String),
    /// UN M49, three digits.
    M49(String),
    /// GeoNames.
    Geonames(i32),
}

impl Concept for TopicImage {
    fn id(&self) -> Uuid {
        self.id
    }
    fn slug(&self) -> &str {
        &self.slug
    }
    fn former_slugs(&self) -> &[String] {
        &self.former_slugs
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn names(&self) -> &[Name] {
        &self.names
    }
    fn alt_names(&self) -> &[Name] {
        &self.alt_names
    }
    fn broader(&self) -> Vec<Uuid> {
        self.broader.clone()
    }
    fn codes(&self) -> Vec<ExternalCode> {
        self.uri.iter().cloned().map(ExternalCode::Uri).collect()
    }
    fn merged(&self) -> &[Merged] {
        &self.merged
    }
    fn retired_at(&self) -> Option<DateTime<Utc>> {
        self.retired_at
    }
    fn replaced_by(&self) -> Option<Uuid> {
        self.replaced_by
    }
    fn redirect_merged(&mut self, from: Uuid, into: Uuid) {
        if self.broader.contains(&from) {
            // In the place of the merged one, unless the other stands there already.
            let has_target = self.broader.contains(&into) || self.id == into;
            self.broader.retain(|id| *id != from || !has_target);
            self.broader.iter_mut().filter(|id| **id == from).for_each(|id| *id = into);
        }
        redirect(&mut self.replaced_by, self.id, from, into);
    }
}

impl Concept for PlaceImage {
    fn id(&self) -> Uuid {
        self.id
    }
    fn slug(&self) -> &str {
        &self.slug
    }
    fn former_slugs(&self) -> &[String] {
        &self.former_slugs
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn names(&self) -> &[Name] {
        &self.names
    }
    fn alt_names(&self) -> &[Name] {
        &self.alt_names
    }
    fn broader(&self) -> Vec<Uuid> {
        self.within.into_iter().collect()
    }
    fn codes(&self) -> Vec<ExternalCode> {
        let iso = self.iso3166_alpha2.iter().chain(&self.iso3166_alpha3).cloned().map(ExternalCode::Iso3166);
        let uri = self.uri.iter().cloned().map(ExternalCode::Uri);
        iso.chain(uri)
            .chain(self.m49.iter().cloned().map(ExternalCode::M49))
            .chain(self.geonames_id.map(ExternalCode::Geonames))
            .collect()
    }
    fn merged(&self) -> &[Merged] {
        &self.merged
    }
    fn retired_at(&self) -> Option<DateTime<Utc>> {
        self.retired_at
    }
    fn replaced_by(&self) -> Option<Uuid> {
        self.replaced_by
    }
    fn redirect_merged(&mut self, from: Uuid, into: Uuid) {
        redirect(&mut self.within, self.id, from, into);
        redirect(&mut self.replaced_by, self.id, from, into);
    }
}

/// A reference after a merge; a concept never refers to itself.
fn redirect(reference: &mut Option<Uuid>, own: Uuid, from: Uuid, into: Uuid) {
    if *reference == Some(from) {
        *reference = Some(into).filter(|&into| into != own);
    }
}

/// All concepts of one sort, numbered in the order of their arrival; numbers are stable.
#[derive(Clone, Debug)]
pub struct Vocabulary<T> {
    concepts: Arc<Vec<Arc<T>>>,
    /// Numbers of concepts that were merged into others.
    merged_away: Arc<RoaringBitmap>,
    by_id: Arc<HashMap<Uuid, u32>>,
    derived: Arc<Derived>,
}

/// What follows from the concepts.
#[derive(Debug, Default)]
struct Derived {
    by_slug: HashMap<String, u32>,
    by_code: HashMap<ExternalCode, u32>,
    broader: Vec<Vec<u32>>,
    narrower: Vec<Vec<u32>>,
    max_narrower: usize,
    by_label: Vec<u32>,
    label_rank: Vec<u32>,
}

impl<T> Default for Vocabulary<T> {
    fn default() -> Self {
        Self { concepts: Arc::default(), merged_away: Arc::default(), by_id: Arc::default(), derived: Arc::default() }
    }
}

impl<T: Concept> Vocabulary<T> {
    /// One more than the greatest number that was given.
    pub fn len(&self) -> usize {
        self.concepts.len()
    }

    /// The numbers of all that there are, in the order of their arrival.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..self.concepts.len() as u32).filter(|&number| !self.merged_away.contains(number))
    }

    /// True while there is none.
    pub fn is_empty(&self) -> bool {
        self.concepts.is_empty()
    }

    /// The concept of a number. The number must have been given by this vocabulary.
    pub fn get(&self, number: u32) -> &Arc<T> {
        &self.concepts[number as usize]
    }

    /// By key, its own or that of one merged into it.
    pub fn by_id(&self, id: Uuid) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// By an address it has or had.
    pub fn by_slug(&self, slug: &str) -> Option<u32> {
        self.derived.by_slug.get(slug).copied()
    }

    /// By an id in another system.
    pub fn by_code(&self, code: &ExternalCode) -> Option<u32> {
        self.derived.by_code.get(code).copied()
    }

    /// The concepts right above one, in the editor's order.
    pub fn broader(&self, number: u32) -> &[u32] {
        &self.derived.broader[number as usize]
    }

    /// The concepts right below one, by label.
    pub fn narrower(&self, number: u32) -> &[u32] {
        &self.derived.narrower[number as usize]
    }

    /// How many concepts there are right below one at most.
    pub fn max_narrower(&self) -> usize {
        self.derived.max_narrower
    }

    /// All numbers, by label.
    pub fn by_label(&self) -> &[u32] {
        &self.derived.by_label
    }

    /// Where one stands among all labels.
    pub fn label_rank(&self, number: u32) -> u32 {
        self.derived.label_rank[number as usize]
    }

    /// One and everything below it, each once.
    pub fn closure(&self, number: u32) -> RoaringBitmap {
        reachable_from(number, |current| self.narrower(current))
    }

    /// Everything above one, each once, nearest first.
    pub fn ancestors(&self, number: u32) -> Vec<u32> {
        let (mut visited, mut ancestors) = (RoaringBitmap::from([number]), Vec::new());
        let mut queue = std::collections::VecDeque::from([number]);
        while let Some(current) = queue.pop_front() {
            for &above in self.broader(current) {
                if visited.insert(above) {
                    ancestors.push(above);
                    queue.push_back(above);
                }
            }
        }
        ancestors
    }

    /// Adds a concept or replaces it. What is derived is stale until [`Self::rebuild_derived`] is called.
    pub(crate) fn upsert(&mut self, concept: T) -> u32 {
        let concepts = Arc::make_mut(&mut self.concepts);
        if let Some(&number) = self.by_id.get(&concept.id()) {
            concepts[number as usize] = Arc::new(concept);
            return number;
        }
        let number = concepts.len() as u32;
        let by_id = Arc::make_mut(&mut self.by_id);
        by_id.insert(concept.id(), number);
        // Of those that were merged before this vocabulary was loaded nothing is known but their keys.
        by_id.extend(concept.merged().iter().map(|merged| (merged.id, number)));
        concepts.push(Arc::new(concept));
        number
    }

    /// Empties the number of a concept that was merged into another, and lets everything that named it name the other. What is
    /// derived is stale until [`Self::rebuild_derived`] is called. Answers the two numbers.
    pub(crate) fn merge(&mut self, from: Uuid, into: Uuid) -> Option<(u32, u32)> {
        let numbers = (self.by_id(from)?, self.by_id(into)?);
        if numbers.0 == numbers.1 {
            return None;
        }
        Arc::make_mut(&mut self.merged_away).insert(numbers.0);
        Arc::make_mut(&mut self.by_id).insert(from, numbers.1);
        for concept in Arc::make_mut(&mut self.concepts) {
            if concept.broader().contains(&from) || concept.replaced_by() == Some(from) {
                Arc::make_mut(concept).redirect_merged(from, into);
            }
        }
        Some(numbers)
    }

    /// Makes lookups, narrower concepts and label order anew.
    pub(crate) fn rebuild_derived(&mut self) {
        let count = self.concepts.len();
        let mut derived = Derived { narrower: vec![Vec::new(); count], ..Derived::default() };
        for (number, concept) in self.concepts.iter().enumerate() {
            let number = number as u32;
            let is_live = !self.merged_away.contains(number);
            // A concept that was merged stands above and below nothing.
            let broader = if is_live { concept.broader() } else { Vec::new() };
            derived.broader.push(broader.iter().filter_map(|id| self.by_id(*id)).collect());
            if is_live {
                derived.by_slug.insert(concept.slug().to_owned(), number);
                derived.by_code.extend(concept.codes().into_iter().map(|code| (code, number)));
            }
        }
        // A former address or URI never hides a present one.
        for number in self.numbers() {
            let concept = self.get(number);
            for slug in concept.former_slugs() {
                derived.by_slug.entry(slug.clone()).or_insert(number);
            }
            for uri in concept.merged().iter().filter_map(|merged| merged.uri.clone()) {
                derived.by_code.entry(ExternalCode::Uri(uri)).or_insert(number);
            }
        }
        let label = |number| (LabelSortKey::of(self.get(number).name()), self.get(number).slug(), number);
        let mut labels: Vec<(LabelSortKey, &str, u32)> = self.numbers().map(label).collect();
        labels.sort_unstable();
        derived.by_label = labels.into_iter().map(|(_, _, number)| number).collect();
        derived.label_rank = vec![0; count];
        for (rank, &number) in derived.by_label.iter().enumerate() {
            derived.label_rank[number as usize] = rank as u32;
            for &above in &derived.broader[number as usize] {
                derived.narrower[above as usize].push(number);
            }
        }
        derived.max_narrower = derived.narrower.iter().map(Vec::len).max().unwrap_or_default();
        self.derived = Arc::new(derived);
    }
}

/// Everything that steps lead to from a start, the start included. Each once, so that even a cycle ends.
fn reachable_from<'a>(start: u32, edges: impl Fn(u32) -> &'a [u32]) -> RoaringBitmap {
    let mut visited = RoaringBitmap::from([start]);
    let mut stack = vec![start];
    while let Some(current) = stack.pop() {
        stack.extend(edges(current).iter().copied().filter(|&next| visited.insert(next)));
    }
    visited
}

//! Controlled vocabulary (as in SKOS): all topics or all places, with slugs, external codes, names and broader
//! concepts.
//!
//! `Concept` is the interface that topics and places share. A concept may have several broader concepts, and the
//! hierarchy may contain cycles. Every concept has a number that never changes. When a concept is merged into another
//! one, its number stays unused, and its id, slugs and URI lead to the target of the merge. Lookups, narrower
//! concepts and the label order are derived from the concepts, and are rebuilt after each change.

use std::{collections::HashMap, ops::DerefMut, sync::Arc};

use entity::place::PlaceKind;
use roaring::RoaringBitmap;
use serde::Serialize;
use uuid::Uuid;

use super::collation::LabelSortKey;
use crate::journal::{ConceptFields, PlaceImage, TopicImage};

/// A topic or place: the data that a vocabulary needs of it.
pub trait Concept: Clone + DerefMut<Target = ConceptFields> {
    /// The word for messages, lists, journal actions and default slugs: `topic` or `place`.
    const WORD: &'static str;
    /// Name of the filter condition that selects the concepts below another one.
    const BELOW: &'static str;
    /// The filter condition that only topics have (whether they have no broader topic) or only places (their kinds).
    type Condition: std::fmt::Debug + Serialize;

    /// Returns the ids of the directly broader concepts.
    fn broader(&self) -> Vec<Uuid>;
    /// Returns the ids of the concept in other systems.
    fn codes(&self) -> Vec<ExternalCode>;
    /// Replaces references to the merged concept `from` with references to `into`, the target of the merge.
    fn redirect_merged(&mut self, from: Uuid, into: Uuid);
    /// Returns whether the concept meets a condition.
    fn meets(&self, condition: &Self::Condition) -> bool;

    /// Returns the preferred name in a language. If there is none, returns the name in the nearest less specific
    /// language (`pt` for `pt-BR`), or else the name in the default language.
    fn name_in(&self, language: Option<&str>) -> &str {
        let mut range = language;
        while let Some(tag) = range {
            if let Some(translation) = self.names.iter().find(|name| name.language.eq_ignore_ascii_case(tag)) {
                return &translation.name;
            }
            range = tag.rfind('-').map(|cut| &tag[..cut]);
        }
        &self.name
    }

    /// Returns the alternative names in one language, or in all languages if `language` is `None`.
    fn alt_names_in(&self, language: Option<&str>) -> Vec<&str> {
        let is_selected = |of: &str| language.is_none_or(|tag| tag.eq_ignore_ascii_case(of));
        self.alt_names.iter().filter(|name| is_selected(&name.language)).map(|name| name.name.as_str()).collect()
    }

    /// Iterates over all names of the concept, preferred and alternative, in all languages.
    fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str())
            .chain(self.names.iter().chain(&self.alt_names).map(|name| name.name.as_str()))
    }
}

/// An id of a concept in another system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExternalCode {
    /// A URI.
    Uri(String),
    /// An ISO 3166-1 country code of two or three letters.
    Iso3166(String),
    /// A UN M49 area code of three digits.
    M49(String),
    /// A GeoNames id.
    Geonames(i32),
}

impl Concept for TopicImage {
    const WORD: &'static str = "topic";
    const BELOW: &'static str = "under";
    type Condition = bool;

    fn broader(&self) -> Vec<Uuid> {
        self.broader.clone()
    }
    fn codes(&self) -> Vec<ExternalCode> {
        self.uri.iter().cloned().map(ExternalCode::Uri).collect()
    }
    fn redirect_merged(&mut self, from: Uuid, into: Uuid) {
        if self.broader.contains(&from) {
            // The target of the merge takes the position of the merged concept, unless the list already contains the
            // target.
            let has_target = self.broader.contains(&into) || self.id == into;
            self.broader.retain(|id| *id != from || !has_target);
            self.broader.iter_mut().filter(|id| **id == from).for_each(|id| *id = into);
        }
        let own = self.id;
        redirect(&mut self.replaced_by, own, from, into);
    }
    fn meets(&self, top_level: &bool) -> bool {
        *top_level == self.broader.is_empty()
    }
}

impl Concept for PlaceImage {
    const WORD: &'static str = "place";
    const BELOW: &'static str = "within";
    type Condition = std::collections::BTreeSet<PlaceKind>;

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
    fn redirect_merged(&mut self, from: Uuid, into: Uuid) {
        let own = self.id;
        redirect(&mut self.within, own, from, into);
        redirect(&mut self.replaced_by, own, from, into);
    }
    fn meets(&self, kinds: &Self::Condition) -> bool {
        kinds.contains(&self.kind)
    }
}

/// Redirects a reference from the merged concept `from` to `into`. If the concept would then refer to itself (`own`),
/// the reference is removed instead.
fn redirect(reference: &mut Option<Uuid>, own: Uuid, from: Uuid, into: Uuid) {
    if *reference == Some(from) {
        *reference = Some(into).filter(|&into| into != own);
    }
}

/// All topics or all places, numbered in the order in which they were added. The number of a concept never changes.
#[derive(Clone, Debug)]
pub struct Vocabulary<T> {
    concepts: Arc<Vec<Arc<T>>>,
    /// Numbers of concepts that were merged into other concepts.
    merged_away: Arc<RoaringBitmap>,
    by_id: Arc<HashMap<Uuid, u32>>,
    derived: Arc<Derived>,
}

/// Lookups and orders that are derived from the concepts.
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
    /// Returns the greatest assigned number plus one. Merged concepts keep their numbers.
    pub fn len(&self) -> usize {
        self.concepts.len()
    }

    /// Iterates over the numbers of all concepts that were not merged into others, in the order in which they were
    /// added.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..self.concepts.len() as u32).filter(|&number| !self.merged_away.contains(number))
    }

    /// Returns whether no concept was ever added.
    pub fn is_empty(&self) -> bool {
        self.concepts.is_empty()
    }

    /// Returns the concept with a number. The number must come from this vocabulary.
    pub fn get(&self, number: u32) -> &Arc<T> {
        &self.concepts[number as usize]
    }

    /// Returns the number of the concept with an id, or of the target if the concept with this id was merged.
    pub fn by_id(&self, id: Uuid) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// Returns the number of the concept that has or had a slug.
    pub fn by_slug(&self, slug: &str) -> Option<u32> {
        self.derived.by_slug.get(slug).copied()
    }

    /// Returns the number of the concept with an id in another system.
    pub fn by_code(&self, code: &ExternalCode) -> Option<u32> {
        self.derived.by_code.get(code).copied()
    }

    /// Returns the directly broader concepts of a concept, in the order that the editor chose.
    pub fn broader(&self, number: u32) -> &[u32] {
        &self.derived.broader[number as usize]
    }

    /// Returns the directly narrower concepts of a concept, sorted by label.
    pub fn narrower(&self, number: u32) -> &[u32] {
        &self.derived.narrower[number as usize]
    }

    /// Returns the length of the longest list of directly narrower concepts in the vocabulary.
    pub fn max_narrower(&self) -> usize {
        self.derived.max_narrower
    }

    /// Returns the numbers of all concepts, sorted by label.
    pub fn by_label(&self) -> &[u32] {
        &self.derived.by_label
    }

    /// Returns the position of a concept in the list of all concepts sorted by label.
    pub fn label_rank(&self, number: u32) -> u32 {
        self.derived.label_rank[number as usize]
    }

    /// Returns a concept together with all its narrower concepts, direct or indirect.
    pub fn closure(&self, number: u32) -> RoaringBitmap {
        reachable_from(number, |current| self.narrower(current))
    }

    /// Returns all broader concepts of a concept, direct or indirect, without duplicates and nearest first.
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

    /// Adds or replaces a concept, and returns its number. Lookups and label order are stale until
    /// [`Self::rebuild_derived`] is called.
    pub(crate) fn upsert(&mut self, concept: T) -> u32 {
        let concepts = Arc::make_mut(&mut self.concepts);
        if let Some(&number) = self.by_id.get(&concept.id) {
            concepts[number as usize] = Arc::new(concept);
            return number;
        }
        let number = concepts.len() as u32;
        let by_id = Arc::make_mut(&mut self.by_id);
        by_id.insert(concept.id, number);
        // Concepts that were merged before this vocabulary was loaded are not in it. Only their ids are known.
        by_id.extend(concept.merged.iter().map(|merged| (merged.id, number)));
        concepts.push(Arc::new(concept));
        number
    }

    /// Marks the concept `from` as merged into `into`, and redirects all references. Lookups and label order are
    /// stale until [`Self::rebuild_derived`] is called. Returns the numbers of both concepts. Returns `None` if one
    /// of them is unknown or they are already merged.
    pub(crate) fn merge(&mut self, from: Uuid, into: Uuid) -> Option<(u32, u32)> {
        let numbers = (self.by_id(from)?, self.by_id(into)?);
        if numbers.0 == numbers.1 {
            return None;
        }
        Arc::make_mut(&mut self.merged_away).insert(numbers.0);
        Arc::make_mut(&mut self.by_id).insert(from, numbers.1);
        for concept in Arc::make_mut(&mut self.concepts) {
            if concept.broader().contains(&from) || concept.replaced_by == Some(from) {
                Arc::make_mut(concept).redirect_merged(from, into);
            }
        }
        Some(numbers)
    }

    /// Rebuilds the lookups, the narrower concepts and the label order.
    pub(crate) fn rebuild_derived(&mut self) {
        let count = self.concepts.len();
        let mut derived = Derived { narrower: vec![Vec::new(); count], ..Derived::default() };
        for (number, concept) in self.concepts.iter().enumerate() {
            let number = number as u32;
            let is_live = !self.merged_away.contains(number);
            // A merged concept is no longer in the hierarchy.
            let broader = if is_live { concept.broader() } else { Vec::new() };
            derived.broader.push(broader.iter().filter_map(|id| self.by_id(*id)).collect());
            if is_live {
                derived.by_slug.insert(concept.slug.clone(), number);
                derived.by_code.extend(concept.codes().into_iter().map(|code| (code, number)));
            }
        }
        // If several concepts have or had the same slug or URI, the concept that has it now takes precedence.
        for number in self.numbers() {
            let concept = self.get(number);
            for slug in &concept.former_slugs {
                derived.by_slug.entry(slug.clone()).or_insert(number);
            }
            for uri in concept.merged.iter().filter_map(|merged| merged.uri.clone()) {
                derived.by_code.entry(ExternalCode::Uri(uri)).or_insert(number);
            }
        }
        let label = |number| (LabelSortKey::of(&self.get(number).name), self.get(number).slug.as_str(), number);
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

/// Returns all nodes that can be reached from `start`, including `start`. Each node is visited once, so cycles are
/// harmless.
fn reachable_from<'a>(start: u32, edges: impl Fn(u32) -> &'a [u32]) -> RoaringBitmap {
    let mut visited = RoaringBitmap::from([start]);
    let mut stack = vec![start];
    while let Some(current) = stack.pop() {
        stack.extend(edges(current).iter().copied().filter(|&next| visited.insert(next)));
    }
    visited
}

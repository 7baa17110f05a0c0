//! Evaluation of a query: which releases match, how well, and in which fields.
//!
//! Each clause is evaluated over all segments, and the clauses are combined per document. Everything is computed from
//! the documents of the domain that are not dead. So scores do not depend on how documents are spread over segments,
//! and two servers with the same releases compute the same scores.

use std::{cmp::Ordering, io};

use roaring::RoaringBitmap;

use super::{
    domain::{Bits, Domain},
    names::Name,
    parse::{Clause, Query},
    postings,
    terms::{Terms, Tier, Tolerance, errors, is_prefix, max_errors, terms_of},
};
use crate::{
    index::{schema::Field, segments::Segments},
    text::language::Language,
};

/// Parameters of BM25: how fast further occurrences count less, and how much the length of a field matters.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Factor for documents whose headline or summary contains all words of the query in order, next to each other.
const PHRASE_BONUS: f32 = 1.5;

/// If fewer releases match, words with typing errors match, too.
const FEW: u64 = 2;

/// Whether all words must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// All words, or at least one if no release has all.
    #[default]
    Auto,
    /// All words.
    All,
    /// At least one word.
    Any,
}

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The parsed text.
    pub query: &'a Query,
    /// The fields to search.
    pub fields: &'a [Field],
    /// Whether all words must match.
    pub mode: Mode,
    /// The names of topics and places.
    pub names: &'a [Name],
}

/// How well a release matches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hit {
    /// Number of clauses that do not match: 0 unless any clause suffices.
    pub missing: u8,
    /// The worst tier of the clauses that match.
    pub tier: u8,
    /// The fields that match, as bits by `Field`.
    pub fields: u8,
    /// BM25 score inside the tier, 0 or more.
    pub score: f32,
}

/// The result of a search.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// The slots of the releases that match.
    pub slots: RoaringBitmap,
    /// The hits, in the order of `slots`.
    hits: Vec<Hit>,
    /// The terms of each clause, for highlighting.
    pub terms: Vec<Terms>,
}

impl Matches {
    /// Iterates over the releases that match, in the order of their slots. Faster than looking each up.
    pub fn hits(&self) -> impl Iterator<Item = (u32, Hit)> {
        self.slots.iter().zip(self.hits.iter().copied())
    }

    /// Returns how well a release matches, or `None` if it does not.
    pub fn hit(&self, slot: u32) -> Option<Hit> {
        if !self.slots.contains(slot) {
            return None;
        }
        let rank = self.slots.rank(slot) as usize;
        self.hits.get(rank.checked_sub(1)?).copied()
    }
}

/// Evaluates a search.
pub fn search(segments: &Segments, domain: &Domain, search: Search) -> io::Result<Matches> {
    let matches = Evaluation::run(segments, domain, search, false)?;
    let is_misspelt = |clause: &Clause| matches!(clause, Clause::Word { folded, .. } if max_errors(folded) > 0);
    let is_fallback = search.mode == Mode::Auto && matches.hits.iter().any(|hit| hit.missing > 0);
    if (matches.slots.len() < FEW || is_fallback) && search.query.clauses.iter().any(is_misspelt) {
        return Evaluation::run(segments, domain, search, true);
    }
    Ok(matches)
}

/// The state of an evaluation: one value for each position of the domain.
struct Evaluation<'a> {
    segments: &'a Segments,
    domain: &'a Domain,
    search: Search<'a>,
    /// Number of clauses that match.
    clauses: Vec<u8>,
    hits: Vec<Hit>,
}

/// The documents that match one clause.
struct ClauseHits {
    matched: Bits,
    /// Weighted number of occurrences of terms in the best tier. Worse tiers add nothing, so a document with longer
    /// words does not pass one with the word itself.
    weights: Vec<f32>,
    tiers: Vec<u8>,
    fields: Vec<u8>,
}

impl ClauseHits {
    fn new(len: usize) -> Self {
        Self { matched: Bits::empty(len), weights: vec![0.0; len], tiers: vec![u8::MAX; len], fields: vec![0; len] }
    }

    #[inline]
    fn add(&mut self, position: usize, tier: Tier, field: Field, weight: f32) {
        self.matched.insert(position);
        match self.tiers[position].cmp(&(tier as u8)) {
            Ordering::Less => {}
            Ordering::Equal => self.weights[position] += weight,
            Ordering::Greater => {
                self.weights[position] = weight;
                self.tiers[position] = tier as u8;
            }
        }
        self.fields[position] |= 1 << field as u8;
    }
}

impl<'a> Evaluation<'a> {
    fn run(segments: &'a Segments, domain: &'a Domain, search: Search<'a>, typos: bool) -> io::Result<Matches> {
        let query = search.query;
        let len = domain.len();
        let mut this = Self { segments, domain, search, clauses: vec![0; len], hits: vec![Hit::default(); len] };
        let mut terms = Vec::with_capacity(query.clauses.len());
        for (index, clause) in query.clauses.iter().enumerate() {
            let prefix = query.last_is_prefix && index + 1 == query.clauses.len();
            let tolerance = Tolerance { prefix, typos };
            let clause_terms = terms_of(segments, domain, search.fields, clause, tolerance)?;
            let hits = this.clause_hits(clause, &clause_terms, tolerance)?;
            this.add_clause(&hits);
            terms.push(clause_terms);
        }
        this.add_phrase_bonus()?;
        let mut excluded = Bits::empty(len);
        for clause in &query.excluded {
            let clause_terms = terms_of(segments, domain, search.fields, clause, Tolerance::default())?;
            excluded.union(&this.clause_hits(clause, &clause_terms, Tolerance::default())?.matched);
        }
        let matched = this.matched(&excluded);
        Ok(this.matches(&matched, terms))
    }

    /// Finds the documents that match a clause.
    fn clause_hits(&self, clause: &Clause, terms: &Terms, tolerance: Tolerance) -> io::Result<ClauseHits> {
        let mut hits = ClauseHits::new(self.domain.len());
        for segment in self.segments.list() {
            for &field in self.search.fields.iter().filter(|field| Field::INDEXED.contains(field)) {
                let (_, lengths) = segment.text(field);
                let average = self.domain.average_lengths[field as usize];
                let languages = segment.languages();
                let mut add = |document: u32, count: u32, tier, language: Option<Language>| {
                    let Some(position) = self.domain.position(segment.slots.get(document)) else { return };
                    if language.is_some_and(|language| languages[document as usize] != language) {
                        return;
                    }
                    let length = lengths.fieldnorm(document) as f32;
                    let weight = field.boost() * count as f32 / (1.0 - B + B * length / average);
                    hits.add(position, tier, field, weight);
                };
                match clause {
                    Clause::Word { .. } => {
                        for term in &terms.list {
                            postings::for_each(segment, field, &term.text, |document, count| {
                                add(document, count, term.tier, term.language);
                            })?;
                        }
                    }
                    Clause::Phrase(tokens) => {
                        postings::for_each_phrase(segment, field, tokens, |document, count| {
                            add(document, count, Tier::Exact, None);
                        })?;
                    }
                }
            }
        }
        for name in self.search.names.iter().filter(|name| self.search.fields.contains(&name.field)) {
            if let Some(tier) = tier_in_name(name, clause, terms, tolerance) {
                let mut named = Bits::empty(self.domain.len());
                self.domain.insert_slots(&mut named, &name.slots);
                named.iter().for_each(|position| hits.add(position, tier, name.field, name.field.boost()));
            }
        }
        Ok(hits)
    }

    /// Adds the scores of a clause to those of its documents.
    fn add_clause(&mut self, clause: &ClauseHits) {
        let total = self.domain.counted_documents as f32;
        let found = clause.matched.count_common(self.domain.counted()) as f32;
        // The logarithm stays positive if positions without a document are counted, too.
        let rarity = (1.0 + ((total - found + 0.5) / (found + 0.5)).max(0.0)).ln();
        for position in clause.matched.iter() {
            let hit = &mut self.hits[position];
            let weight = clause.weights[position];
            hit.score += rarity * weight * (K1 + 1.0) / (weight + K1);
            hit.tier = hit.tier.max(clause.tiers[position]);
            hit.fields |= clause.fields[position];
            self.clauses[position] += 1;
        }
    }

    /// Raises the score of documents in whose headline or summary the words follow each other.
    fn add_phrase_bonus(&mut self) -> io::Result<()> {
        let word = |clause: &Clause| match clause {
            Clause::Word { folded, .. } => Some(folded.clone()),
            Clause::Phrase(_) => None,
        };
        let words: Option<Vec<String>> = self.search.query.clauses.iter().map(word).collect();
        let Some(words) = words.filter(|words| words.len() > 1) else { return Ok(()) };
        let mut phrase = Bits::empty(self.domain.len());
        for segment in self.segments.list() {
            for field in
                [Field::Headline, Field::Summary].into_iter().filter(|field| self.search.fields.contains(field))
            {
                postings::for_each_phrase(segment, field, &words, |document, _| {
                    if let Some(position) = self.domain.position(segment.slots.get(document)) {
                        phrase.insert(position);
                    }
                })?;
            }
        }
        phrase.iter().for_each(|position| self.hits[position].score *= PHRASE_BONUS);
        Ok(())
    }

    /// Returns the positions at which enough clauses match and that are not excluded.
    fn matched(&self, excluded: &Bits) -> Bits {
        let wanted = self.search.query.clauses.len();
        let mut all = Bits::empty(self.domain.len());
        if wanted == 0 {
            // A query without words matches nothing, and one that only excludes matches everything else.
            if !self.search.query.excluded.is_empty() {
                all.union(self.domain.existing());
                all.subtract(excluded);
            }
            return all;
        }
        let mut any = Bits::empty(self.domain.len());
        for (position, &clauses) in self.clauses.iter().enumerate().filter(|(_, clauses)| **clauses > 0) {
            any.insert(position);
            if usize::from(clauses) == wanted {
                all.insert(position);
            }
        }
        all.subtract(excluded);
        any.subtract(excluded);
        match self.search.mode {
            Mode::All => all,
            Mode::Auto if !all.is_empty() => all,
            Mode::Auto | Mode::Any => any,
        }
    }

    /// Returns the releases at some positions. A release with two documents has the better of their hits.
    fn matches(mut self, matched: &Bits, terms: Vec<Terms>) -> Matches {
        let wanted = self.search.query.clauses.len() as u8;
        let slots: RoaringBitmap = matched.iter().map(|position| self.domain.slot(position)).collect();
        let mut hits = vec![None::<Hit>; slots.len() as usize];
        let mut by_slot = slots.iter().enumerate().peekable();
        let mut previous = None;
        for position in matched.iter() {
            let slot = self.domain.slot(position);
            if previous.is_some_and(|previous| slot < previous) {
                // The positions of working revisions begin.
                by_slot = slots.iter().enumerate().peekable();
            }
            previous = Some(slot);
            while by_slot.next_if(|&(_, other)| other < slot).is_some() {}
            let Some(&(index, _)) = by_slot.peek() else { continue };
            let hit = &mut self.hits[position];
            hit.missing = wanted - self.clauses[position];
            if hits[index].is_none_or(|other| other.is_worse_than(*hit)) {
                hits[index] = Some(*hit);
            }
        }
        Matches { slots, hits: hits.into_iter().flatten().collect(), terms }
    }
}

impl Hit {
    /// Returns whether another hit ranks before this one, apart from recency.
    fn is_worse_than(self, other: Self) -> bool {
        (self.missing, self.tier) > (other.missing, other.tier)
            || ((self.missing, self.tier) == (other.missing, other.tier) && self.score < other.score)
    }
}

/// Returns the best tier in which a name matches a clause, or `None` if it does not match.
fn tier_in_name(name: &Name, clause: &Clause, terms: &Terms, tolerance: Tolerance) -> Option<Tier> {
    let folded = match clause {
        Clause::Phrase(phrase) => return name.has_phrase(phrase).then_some(Tier::Exact),
        Clause::Word { folded, .. } => folded,
    };
    let stem = terms.stems.iter().find(|(language, _)| *language == name.language).map(|(_, stem)| stem);
    let tier = |token: &super::names::NameToken| {
        if token.folded == *folded {
            Some(Tier::Exact)
        } else if stem.is_some() && token.stem.as_ref() == stem {
            Some(Tier::Stem)
        } else if tolerance.prefix && is_prefix(folded) && token.folded.starts_with(folded.as_str()) {
            Some(Tier::Prefix)
        } else if tolerance.typos && errors(folded, &token.folded).is_some() {
            Some(Tier::Typo)
        } else {
            None
        }
    };
    name.tokens.iter().filter_map(tier).min()
}

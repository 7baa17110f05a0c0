//! Tests of the index and of searches on small corpora.

mod languages;
mod ranking;
mod storage;

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::*;

/// A small index, whose documents are numbered in order.
pub struct Corpus {
    pub segments: Segments,
    documents: Vec<Document>,
    found: RoaringBitmap,
    counted: RoaringBitmap,
    names: Vec<Name>,
}

impl Corpus {
    /// Indexes documents of one language that have only headlines. Every third document is in a segment of its own.
    pub fn of_headlines(language: &str, headlines: &[&str]) -> Self {
        let document = |headline: &&str| {
            let mut texts: [String; 5] = Default::default();
            (*headline).clone_into(&mut texts[0]);
            (language.to_owned(), texts)
        };
        Self::of(headlines.iter().map(document).collect())
    }

    /// Indexes documents, given as a language and five texts.
    pub fn of(texts: Vec<(String, [String; 5])>) -> Self {
        let documents: Vec<Document> = texts
            .into_iter()
            .enumerate()
            .map(|(index, (language, texts))| Document { key: index as Key + 1000, language, texts })
            .collect();
        let slots: HashMap<Key, u32> = (0..documents.len()).map(|index| (index as Key + 1000, index as u32)).collect();
        let mut segments = Segments::default();
        for chunk in documents.chunks(3) {
            let mut builder = SegmentBuilder::in_memory().unwrap();
            chunk.iter().for_each(|document| builder.add(document).unwrap());
            segments.push(builder.finish(&slots).unwrap());
        }
        let all: RoaringBitmap = (0..documents.len() as u32).collect();
        Self { segments, documents, found: all.clone(), counted: all, names: Vec::new() }
    }

    /// Hides documents.
    pub fn hide(&mut self, slots: &[u32]) {
        for slot in slots {
            self.found.remove(*slot);
            self.counted.remove(*slot);
        }
    }

    pub fn domain(&self) -> Domain {
        Domain::new(&self.segments, &self.found, &self.counted, None)
    }

    pub fn matches(&self, text: &str) -> Matches {
        let query = parse(text).unwrap();
        let request = Search { query: &query, fields: &Field::ALL, mode: Mode::Auto, names: &self.names };
        search(&self.segments, &self.domain(), request).unwrap()
    }

    /// Returns the slots of the matches, best first.
    pub fn ranked(&self, text: &str) -> Vec<u32> {
        let matches = self.matches(text);
        let mut slots: Vec<(Hit, u32)> = matches.slots.iter().map(|slot| (matches.hit(slot).unwrap(), slot)).collect();
        slots.sort_by(|(a, x), (b, y)| {
            (a.missing, a.tier).cmp(&(b.missing, b.tier)).then(b.score.total_cmp(&a.score)).then(x.cmp(y))
        });
        slots.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Returns the parts of a document's headline that a query marks.
    pub fn marked(&self, slot: u32, text: &str) -> Vec<String> {
        let document = &self.documents[slot as usize];
        let query = parse(text).unwrap();
        let found = highlight(&document.texts[0], &document.language, &query, &self.matches(text), 200);
        let Some(found) = found else { return Vec::new() };
        let units: Vec<u16> = found.text.encode_utf16().collect();
        found.ranges.into_iter().map(|range| String::from_utf16(&units[range]).unwrap()).collect()
    }

    pub fn suggestion(&self, text: &str) -> Option<String> {
        let query = parse(text).unwrap();
        suggest(&self.segments, &self.domain(), &Field::ALL, &self.names, &query, text).unwrap()
    }
}

//! Reads the documents of terms and phrases from the segments.

use std::io;

use tantivy::{DocSet, TERMINATED, postings::Postings, schema::IndexRecordOption};

use super::domain::Domain;
use crate::index::{schema::Field, segment::Segment, segments::Segments};

/// Calls a function with each document of a field that contains a term, and the number of occurrences.
pub fn for_each(segment: &Segment, field: Field, term: &str, mut each: impl FnMut(u32, u32)) -> io::Result<()> {
    let (index, _) = segment.text(field);
    let Some(info) = index.terms().get(term)? else { return Ok(()) };
    let mut postings = index.read_postings_from_terminfo(&info, IndexRecordOption::WithFreqs)?;
    let mut document = postings.doc();
    while document != TERMINATED {
        each(document, postings.term_freq());
        document = postings.advance();
    }
    Ok(())
}

/// Calls a function with each document of a field in which tokens follow each other, and the number of occurrences.
pub fn for_each_phrase(
    segment: &Segment,
    field: Field,
    phrase: &[String],
    mut each: impl FnMut(u32, u32),
) -> io::Result<()> {
    if let [token] = phrase {
        return for_each(segment, field, token, each);
    }
    let (index, _) = segment.text(field);
    let mut lists = Vec::with_capacity(phrase.len());
    for (offset, token) in phrase.iter().enumerate() {
        let Some(info) = index.terms().get(token)? else { return Ok(()) };
        let postings = index.read_postings_from_terminfo(&info, IndexRecordOption::WithFreqsAndPositions)?;
        lists.push((offset as u32, postings));
    }
    // The rarest token leads, so the others can skip documents.
    lists.sort_by_key(|(_, postings)| postings.doc_freq());
    let (mut starts, mut positions) = (Vec::new(), Vec::new());
    let mut document = lists.first().map_or(TERMINATED, |(_, postings)| postings.doc());
    while document != TERMINATED {
        let mut next = document;
        for (_, postings) in &mut lists {
            if postings.doc() < document {
                postings.seek(document);
            }
            if postings.doc() != document {
                next = postings.doc();
                break;
            }
        }
        if next != document {
            let leader = &mut lists[0].1;
            document = leader.seek(next.min(TERMINATED));
            continue;
        }
        for (index, (offset, postings)) in lists.iter_mut().enumerate() {
            postings.positions(&mut positions);
            // Positions at which the phrase would begin.
            let begins = positions.iter().filter_map(|position| position.checked_sub(*offset));
            if index == 0 {
                starts.clear();
                starts.extend(begins);
            } else {
                let begins: Vec<u32> = begins.collect();
                starts.retain(|start| begins.binary_search(start).is_ok());
            }
            if starts.is_empty() {
                break;
            }
        }
        if !starts.is_empty() {
            each(document, starts.len() as u32);
        }
        document = lists[0].1.advance();
    }
    Ok(())
}

/// Returns whether a document that counts contains a term in one of some fields.
pub fn is_counted(segments: &Segments, domain: &Domain, fields: &[Field], term: &str) -> io::Result<bool> {
    for segment in segments.list() {
        for &field in fields.iter().filter(|field| Field::INDEXED.contains(field)) {
            let (index, _) = segment.text(field);
            let Some(info) = index.terms().get(term)? else { continue };
            let mut postings = index.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
            while postings.doc() != TERMINATED {
                if domain.counts(segment, postings.doc()) {
                    return Ok(true);
                }
                postings.advance();
            }
        }
    }
    Ok(false)
}

//! Spelling: suggests another text for a search that contains words which no document has.

use std::{collections::BTreeSet, io};

use super::{
    domain::{Bits, Domain},
    names::Name,
    parse::{Clause, Query},
    postings,
    terms::{Tolerance, errors, similar, terms_of},
};
use crate::{
    index::{schema::Field, segments::Segments},
    text::tokens::tokens,
};

/// Returns the text with each unknown word replaced by the most similar word of the documents that count. Returns
/// `None` if all words are known, or if nothing is similar. The replacement is folded: lower case, without accents.
pub fn suggest(
    segments: &Segments,
    domain: &Domain,
    fields: &[Field],
    names: &[Name],
    query: &Query,
    text: &str,
) -> io::Result<Option<String>> {
    // Names of concepts that only hidden documents have do not exist for the search.
    let is_searched = |name: &&Name| fields.contains(&name.field) && domain.counts_any(&name.slots);
    let names: Vec<&Name> = names.iter().filter(is_searched).collect();
    let mut suggestion = text.to_owned();
    for clause in &query.clauses {
        let Clause::Word { written, folded } = clause else { continue };
        let terms = terms_of(segments, domain, fields, clause, Tolerance { prefix: true, typos: false })?;
        let mut is_known = names.iter().flat_map(|name| &name.tokens).any(|token| token.folded == *folded);
        for term in &terms.list {
            is_known = is_known || postings::is_counted(segments, domain, fields, &term.text)?;
        }
        if is_known {
            continue;
        }
        if let Some(similar) = most_similar(segments, domain, fields, &names, folded)? {
            // Replaced from the end of the text, so the offsets of the tokens before stay right.
            let places: Vec<_> = tokens(&suggestion)
                .filter(|token| token.folded == *folded && token.written == written)
                .map(|token| token.start..token.end())
                .collect();
            for place in places.into_iter().rev() {
                suggestion.replace_range(place, &similar);
            }
        }
    }
    Ok((suggestion != text).then_some(suggestion))
}

/// Returns the word with the fewest typing errors, and of these the one in most documents that count.
fn most_similar(
    segments: &Segments,
    domain: &Domain,
    fields: &[Field],
    names: &[&Name],
    folded: &str,
) -> io::Result<Option<String>> {
    let mut candidates: BTreeSet<(usize, String)> = similar(segments, fields, folded)?;
    let in_names: BTreeSet<&str> =
        names.iter().flat_map(|name| &name.tokens).map(|token| token.folded.as_str()).collect();
    candidates.extend(in_names.iter().filter_map(|token| Some((errors(folded, token)?, (*token).to_owned()))));
    let mut best: Option<(usize, u64, String)> = None;
    for (errors, term) in candidates {
        if best.as_ref().is_some_and(|(fewest, ..)| errors > *fewest) {
            break;
        }
        let documents = documents_with(segments, domain, fields, &term)? + u64::from(in_names.contains(term.as_str()));
        if documents > 0 && best.as_ref().is_none_or(|(_, most, _)| documents > *most) {
            best = Some((errors, documents, term));
        }
    }
    Ok(best.map(|(.., term)| term))
}

/// Returns the number of documents that count and contain a term.
fn documents_with(segments: &Segments, domain: &Domain, fields: &[Field], term: &str) -> io::Result<u64> {
    let mut documents = Bits::empty(domain.len());
    for segment in segments.list() {
        for &field in fields.iter().filter(|field| Field::INDEXED.contains(field)) {
            postings::for_each(segment, field, term, |document, _| {
                if let Some(position) = domain.position(segment.slots.get(document)) {
                    documents.insert(position);
                }
            })?;
        }
    }
    documents.intersect(domain.counted());
    Ok(documents.count())
}

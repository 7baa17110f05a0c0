//! Fuzz target: full-text search. The first line is a search text, the second the language, the rest a document. Any
//! text gives a result or a parse error; a document that is found for its whole headline is found by its words; marked
//! parts are in the text, in order and without overlaps.

#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::{Corpus, fuzz_target};
use search::{Document, Domain, Field, Mode, Search, SegmentBuilder, Segments, highlight, parse, search, suggest};

/// Longest text of a document, in bytes. Longer ones only make the target slower.
const MAX_TEXT: usize = 4096;

fuzz_target!(|input: &str| -> Corpus {
    let mut lines = input.splitn(3, '\n');
    let (text, language, body) =
        (lines.next().unwrap_or_default(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if body.len() > MAX_TEXT || language.len() > 20 {
        return Corpus::Reject;
    }
    let mut texts: [String; 5] = Default::default();
    body.clone_into(&mut texts[0]);
    let document = Document { key: 1, language: language.to_owned(), texts };
    let mut builder = SegmentBuilder::in_memory().expect("a segment in memory");
    builder.add(&document).expect("a document is added");
    let mut segments = Segments::default();
    segments.push(builder.finish(&HashMap::from([(1, 0)])).expect("a segment is finished"));
    let all = [0].into_iter().collect();
    let domain = Domain::new(&segments, &all, &all, None);
    let Ok(query) = parse(text) else { return Corpus::Reject };
    for mode in [Mode::Auto, Mode::All, Mode::Any] {
        let request = Search { query: &query, fields: &Field::ALL, mode, names: &[] };
        let matches = search(&segments, &domain, request).expect("a search is evaluated");
        assert_eq!(matches.hits().count() as u64, matches.slots.len());
        for max in [1, 80, 10_000] {
            let Some(found) = highlight(body, language, &query, &matches, max) else { continue };
            let units = found.text.encode_utf16().count();
            let mut end = 0;
            for range in &found.ranges {
                assert!(range.start >= end && range.end > range.start && range.end <= units, "{found:?}");
                end = range.end;
            }
            assert!(body.contains(&found.text), "{found:?}");
        }
    }
    suggest(&segments, &domain, &Field::ALL, &[], &query, text).expect("a suggestion is computed");
    Corpus::Keep
});

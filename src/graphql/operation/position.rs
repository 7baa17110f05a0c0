//! Converts byte offsets in a document to lines and columns, for error locations. An index of line starts and
//! character counts makes the conversion fast.

use std::ops::Range;

use apollo_compiler::parser::SourceSpan;
use async_graphql::Pos;

use super::error::DOCUMENT_START;

/// Distance between two indexed character counts, in bytes. A lookup in the index scans fewer than this many bytes.
const CHUNK_BYTES: usize = 1024;

/// The text of a document, with an index for converting byte offsets to positions.
#[derive(Debug)]
pub(super) struct Source {
    text: Box<str>,
    /// Byte offsets of line starts.
    line_starts: Vec<usize>,
    /// Number of characters before each chunk of [`CHUNK_BYTES`] bytes.
    chars_before_chunk: Vec<usize>,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        // A line ends with a line feed, a carriage return, or both (GraphQL, September 2025, 2.1.2).
        let is_line_end = |&at: &usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let line_starts = std::iter::once(0).chain((0..bytes.len()).filter(is_line_end).map(|at| at + 1)).collect();
        let mut chars_before_chunk = vec![0];
        for chunk in bytes.chunks(CHUNK_BYTES) {
            chars_before_chunk.push(chars_before_chunk[chars_before_chunk.len() - 1] + char_starts(chunk));
        }
        Self { text: text.into(), line_starts, chars_before_chunk }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Converts a byte offset to a line and a column. Columns count characters.
    pub(super) fn position(&self, offset: usize) -> Pos {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|&start| start <= offset).max(1);
        Pos { line, column: self.chars_before(offset) - self.chars_before(self.line_starts[line - 1]) + 1 }
    }

    /// Returns the number of characters that begin before a byte offset.
    fn chars_before(&self, offset: usize) -> usize {
        self.chars_before_chunk[offset / CHUNK_BYTES]
            + char_starts(&self.text.as_bytes()[offset / CHUNK_BYTES * CHUNK_BYTES..offset])
    }

    /// Returns the position at which a syntax node begins. For a node without a span, which does not come from the
    /// document text, returns the start of the document.
    pub(super) fn start(&self, span: Option<SourceSpan>) -> Pos {
        span.map_or(DOCUMENT_START, |span| self.position(span.offset()))
    }

    /// Returns the text in a byte range. Both ends of the range are rounded down to character boundaries.
    pub(super) fn slice(&self, range: Range<usize>) -> &str {
        let start = self.text.floor_char_boundary(range.start);
        &self.text[start..self.text.floor_char_boundary(range.end).max(start)]
    }
}

/// Returns the number of characters that begin in a slice of UTF-8 bytes.
fn char_starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters_and_every_kind_of_line_end_counts_once() {
        let source = Source::new("a\r\nb\rc\nñ d");
        let at = |offset| (source.position(offset).line, source.position(offset).column);
        assert_eq!([at(0), at(3), at(5), at(7)], [(1, 1), (2, 1), (3, 1), (4, 1)]);
        // The offsets are the second byte of a character, the end of that character, the last character, and beyond
        // the end.
        assert_eq!([at(8), at(9), at(10), at(99)], [(4, 1), (4, 2), (4, 3), (4, 4)]);
    }

    #[test]
    fn long_lines_are_counted_in_characters_too() {
        let text = format!("{}\n{}x", "é".repeat(1000), "–".repeat(1500));
        let source = Source::new(&text);
        let at = source.position(text.len() - 1);
        assert_eq!((at.line, at.column), (2, 1501));
        assert_eq!(Source::new("").position(0), Pos { line: 1, column: 1 });
        assert_eq!(Source::new(&"x".repeat(2048)).position(2048).column, 2049);
    }
}

//! Lines and columns of a document.

use std::ops::Range;

use apollo_compiler::parser::SourceSpan;
use async_graphql::Pos;

use super::error::START;

/// A document's text and where its lines begin.
#[derive(Debug)]
pub(super) struct Source {
    text: Box<str>,
    /// Byte offsets at which lines begin.
    lines: Vec<usize>,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        // A line ends with a line feed, a carriage return, or both (GraphQL, September 2025, 2.1.2).
        let ends = |&at: &usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let lines = std::iter::once(0).chain((0..bytes.len()).filter(ends).map(|at| at + 1)).collect();
        Self { text: text.into(), lines }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The position of a byte; columns are counted in characters.
    pub(super) fn position(&self, offset: usize) -> Pos {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|&start| start <= offset).max(1);
        let start = self.lines[line - 1];
        Pos { line, column: self.text[start..offset].chars().count() + 1 }
    }

    /// The position at which a node begins; the document's beginning for a node that was not parsed.
    pub(super) fn start(&self, span: Option<SourceSpan>) -> Pos {
        span.map_or(START, |span| self.position(span.offset()))
    }

    /// A part of the text, without what would be half a character.
    pub(super) fn slice(&self, range: Range<usize>) -> &str {
        let start = self.text.floor_char_boundary(range.start);
        &self.text[start..self.text.floor_char_boundary(range.end).max(start)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters_and_every_kind_of_line_end_counts_once() {
        let source = Source::new("a\r\nb\rc\nñ d");
        let at = |offset| (source.position(offset).line, source.position(offset).column);
        assert_eq!([at(0), at(3), at(5), at(7)], [(1, 1), (2, 1), (3, 1), (4, 1)]);
        // Within the second byte of a character, behind it, and beyond the end.
        assert_eq!([at(8), at(9), at(10), at(99)], [(4, 1), (4, 2), (4, 3), (4, 4)]);
    }
}

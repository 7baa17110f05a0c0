//! Writer of Markdown blocks: paragraphs, headings, block quotes, lists, tables, code blocks and thematic breaks.
//!
//! Used by `html_to_markdown`. Open blocks form a stack. When a block ends, it is written into its parent. The
//! content of a table cell is written on one line. Inline content comes from `inline`.

use super::{
    escape::{collapse_whitespace, fence},
    inline::{BreakStyle, InlineBuilder},
};

/// Maximum number of columns in a table. Cells further right are appended to the last column.
const MAX_COLUMNS: usize = 100;

/// A finished block of Markdown, without a line break at its end.
pub(super) struct Block {
    text: String,
    /// For a list: its marker character, and whether it may follow a paragraph without a blank line.
    list_marker: Option<(char, bool)>,
}

/// The kind of an open block.
pub(super) enum BlockKind {
    /// No block in Markdown: the content is added to the parent.
    Plain,
    Heading(usize),
    Quote,
    /// A list: the first number, if it is numbered, and its items.
    List(Option<u32>, Vec<Vec<Block>>),
    Item,
    Table(Table),
    /// A row: its cells, and whether all of them are header cells.
    Row(Vec<Cell>, bool),
    /// A cell: the number of columns that it spans, and its alignment.
    Cell(usize, Align),
}

/// Alignment of the text in a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Align {
    #[default]
    Unspecified,
    Left,
    Center,
    Right,
}

impl Align {
    /// Reads the value of the attribute `align`.
    pub(super) fn from_attribute(value: &str) -> Self {
        match value {
            "left" => Self::Left,
            "center" => Self::Center,
            "right" => Self::Right,
            _ => Self::Unspecified,
        }
    }

    /// Returns the content of the delimiter row for a column with this alignment.
    fn delimiter(self) -> &'static str {
        match self {
            Self::Unspecified => "---",
            Self::Left => ":--",
            Self::Center => ":-:",
            Self::Right => "--:",
        }
    }
}

/// A table cell.
#[derive(Clone, Default)]
pub(super) struct Cell {
    text: String,
    align: Align,
}

/// A table as a list of rows.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<Cell>>,
    /// Whether the rows being read belong to a `thead`.
    in_head: bool,
    /// Whether the first row is a header row.
    has_header: bool,
}

struct Frame {
    kind: BlockKind,
    blocks: Vec<Block>,
}

impl Frame {
    fn new(kind: BlockKind) -> Self {
        Self { kind, blocks: Vec::new() }
    }
}

/// Builder for the Markdown blocks of one body.
pub(super) struct BlockBuilder {
    /// Inline content of the current paragraph.
    pub(super) inline: InlineBuilder,
    /// Open blocks, the innermost last. The first one is the body.
    frames: Vec<Frame>,
    /// Number of open table cells. The content of a cell is written on one line.
    open_cells: usize,
}

impl BlockBuilder {
    pub(super) fn new() -> Self {
        Self { inline: InlineBuilder::default(), frames: vec![Frame::new(BlockKind::Plain)], open_cells: 0 }
    }

    /// Closes all blocks and returns the Markdown.
    pub(super) fn finish(mut self) -> String {
        while self.frames.len() > 1 {
            self.pop();
        }
        self.end_paragraph();
        let blocks = self.frames.pop().map(|frame| frame.blocks).unwrap_or_default();
        join_blocks(&blocks, "\n\n")
    }

    fn current_kind(&mut self) -> &mut BlockKind {
        // The frame of the body stays open until `finish`.
        &mut self.frames.last_mut().expect("the frame of the body is always open").kind
    }

    pub(super) fn is_in_cell(&self) -> bool {
        self.open_cells > 0
    }

    /// Opens a block.
    pub(super) fn push(&mut self, kind: BlockKind) {
        self.end_paragraph();
        self.frames.push(Frame::new(kind));
    }

    pub(super) fn push_table(&mut self) {
        self.push(BlockKind::Table(Table::default()));
    }

    pub(super) fn push_row(&mut self) {
        let in_table = matches!(self.current_kind(), BlockKind::Table(_));
        self.push(if in_table { BlockKind::Row(Vec::new(), true) } else { BlockKind::Plain });
    }

    pub(super) fn push_cell(&mut self, is_header: bool, span: usize, align: Align) {
        let BlockKind::Row(_, all_headers) = self.current_kind() else { return self.push(BlockKind::Plain) };
        *all_headers &= is_header;
        self.push(BlockKind::Cell(span.clamp(1, MAX_COLUMNS), align));
        self.open_cells += 1;
    }

    /// Sets whether the following rows are in a `thead`.
    pub(super) fn set_in_head(&mut self, head: bool) {
        if let BlockKind::Table(table) = self.current_kind() {
            table.in_head = head;
        }
    }

    /// Ends the current inline content and adds it as a paragraph or heading. Adds nothing if it is empty.
    pub(super) fn end_paragraph(&mut self) {
        let in_cell = self.is_in_cell();
        let (prefix, line_break) = match self.current_kind() {
            _ if in_cell => ("", BreakStyle::Element),
            BlockKind::Heading(level) => (&"######"[..*level], BreakStyle::Space),
            _ => ("", BreakStyle::Newline),
        };
        let written = self.inline.take_markdown(line_break);
        let line = written.trim();
        if line.is_empty() {
            return;
        }
        let text = match (prefix, line.strip_suffix('#')) {
            ("", _) => line.to_owned(),
            // A `#` at the end of a heading would be read as part of a closing sequence.
            (marker, Some(before)) => format!("{marker} {before}\\#"),
            (marker, None) => format!("{marker} {line}"),
        };
        self.add_block(Block { text, list_marker: None });
    }

    /// Adds a finished block to the innermost open block.
    fn add_block(&mut self, block: Block) {
        match self.frames.last_mut() {
            // Content of a list that is outside its items belongs to the item before it.
            Some(Frame { kind: BlockKind::List(_, items), .. }) => match items.last_mut() {
                Some(item) => item.push(block),
                None => items.push(vec![block]),
            },
            Some(frame) => frame.blocks.push(block),
            None => {}
        }
    }

    fn add_blocks(&mut self, blocks: Vec<Block>) {
        for block in blocks {
            self.add_block(block);
        }
    }

    /// Adds a code span. White space at the ends of the code is written outside the span.
    pub(super) fn code_span(&mut self, code: &str) {
        let content = collapse_whitespace(code);
        if code.starts_with(|c: char| c.is_ascii_whitespace()) {
            self.inline.text(" ");
        }
        if !content.is_empty() {
            self.inline.code_span(&content);
        }
        if code.ends_with(|c: char| c.is_ascii_whitespace()) {
            self.inline.text(" ");
        }
    }

    /// Ends the paragraph and adds a thematic break. A cell gets no thematic break.
    pub(super) fn thematic_break(&mut self) {
        self.end_paragraph();
        if self.open_cells == 0 {
            // `---` or `***` after the marker of a list item could be read together with the marker as one
            // thematic break.
            self.add_block(Block { text: "___".to_owned(), list_marker: None });
        }
    }

    /// Adds a fenced code block. In a cell, each line becomes a code span.
    pub(super) fn code_block(&mut self, code: &str) {
        let code = code.trim_matches('\n');
        if self.open_cells > 0 {
            for line in code.lines() {
                self.code_span(line);
                self.inline.line_break();
            }
            self.end_paragraph();
        } else if !code.trim().is_empty() {
            let fence = fence(code, 3);
            self.add_block(Block { text: format!("{fence}\n{code}\n{fence}"), list_marker: None });
        }
    }

    /// Closes the innermost open block and adds its content to its parent.
    pub(super) fn pop(&mut self) {
        self.end_paragraph();
        if self.frames.len() < 2 {
            return;
        }
        let Some(Frame { kind, blocks }) = self.frames.pop() else { return };
        match kind {
            BlockKind::Quote if self.open_cells == 0 && !blocks.is_empty() => {
                let text = indent(&join_blocks(&blocks, "\n\n"), "> ", "> ");
                self.add_block(Block { text, list_marker: None });
            }
            BlockKind::List(first, items) => self.list(first, items),
            BlockKind::Table(table) => {
                self.add_blocks(blocks);
                self.table(table);
            }
            BlockKind::Row(cells, all_headers) if !cells.is_empty() => {
                if let BlockKind::Table(table) = self.current_kind() {
                    table.has_header |= table.rows.is_empty() && (table.in_head || all_headers);
                    table.rows.push(cells);
                }
            }
            BlockKind::Row(..) => {}
            BlockKind::Cell(span, align) => {
                self.open_cells -= 1;
                let mut text = join_blocks(&blocks, "<br>").replace('\n', "<br>");
                if self.open_cells == 0 {
                    text = text.replace('|', "\\|");
                }
                if let BlockKind::Row(cells, _) = self.current_kind() {
                    if cells.len() < MAX_COLUMNS {
                        cells.push(Cell { text, align });
                        cells.resize((cells.len() + span - 1).min(MAX_COLUMNS), Cell::default());
                    } else if let Some(last) = cells.last_mut() {
                        last.text.push(' ');
                        last.text.push_str(&text);
                    }
                }
            }
            BlockKind::Item => match self.current_kind() {
                BlockKind::List(_, items) => items.push(blocks),
                _ => self.add_blocks(blocks),
            },
            BlockKind::Plain | BlockKind::Heading(_) | BlockKind::Quote => self.add_blocks(blocks),
        }
    }

    fn list(&mut self, first: Option<u32>, mut items: Vec<Vec<Block>>) {
        items.retain(|blocks| !blocks.is_empty());
        if items.is_empty() {
            return;
        }
        let before = self.frames.last().and_then(|frame| match &frame.kind {
            BlockKind::List(_, items) => items.last()?.last()?.list_marker,
            _ => frame.blocks.last()?.list_marker,
        });
        let markers = if first.is_some() { ['.', ')'] } else { ['-', '*'] };
        let marker_char = markers[usize::from(before.is_some_and(|(marker_char, _)| marker_char == markers[0]))];
        let follows = |block: &Block| matches!(block.list_marker, Some((_, true)));
        let tight = items.iter().all(|blocks| blocks.iter().skip(1).all(follows));
        let separator = if tight { "\n" } else { "\n\n" };
        let mut text = String::new();
        for (number, blocks) in (first.unwrap_or(1)..).zip(&items) {
            let marker = if first.is_some() { format!("{number}{marker_char} ") } else { format!("{marker_char} ") };
            if !text.is_empty() {
                text.push_str(separator);
            }
            text.push_str(&indent(&join_blocks(blocks, separator), &marker, &" ".repeat(marker.len())));
        }
        self.add_block(Block { text, list_marker: Some((marker_char, first.is_none_or(|first| first == 1))) });
    }

    fn table(&mut self, Table { mut rows, has_header, .. }: Table) {
        if self.open_cells > 0 {
            for cells in rows {
                self.add_block(Block { text: cell_texts(&cells).join(" "), list_marker: None });
            }
            return;
        }
        let Some(columns) = rows.iter().map(Vec::len).max() else { return };
        let mut head = if has_header { rows.remove(0) } else { Vec::new() };
        head.resize(columns, Cell::default());
        let mut text = table_row(&cell_texts(&head));
        text.push('\n');
        let delimiters: Vec<&str> =
            head.iter().enumerate().map(|(column, head)| column_alignment(head, &rows, column).delimiter()).collect();
        text.push_str(&table_row(&delimiters));
        for cells in &rows {
            text.push('\n');
            text.push_str(&table_row(&cell_texts(cells)));
        }
        self.add_block(Block { text, list_marker: None });
    }
}

fn join_blocks(blocks: &[Block], separator: &str) -> String {
    let mut text = String::with_capacity(blocks.iter().map(|block| block.text.len() + separator.len()).sum());
    for block in blocks {
        if !text.is_empty() {
            text.push_str(separator);
        }
        text.push_str(&block.text);
    }
    text
}

/// Prefixes the first line with `first` and every other line with `others`. Empty lines get no trailing blanks.
fn indent(text: &str, first: &str, others: &str) -> String {
    let mut indented = String::with_capacity(text.len() + text.len() / 8);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            indented.push('\n');
        }
        let prefix = if index == 0 { first } else { others };
        indented.push_str(if line.is_empty() { prefix.trim_end() } else { prefix });
        indented.push_str(line);
    }
    indented
}

fn cell_texts(cells: &[Cell]) -> Vec<&str> {
    cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// Returns the alignment of a column. Markdown aligns whole columns only, so this is the alignment that all non-empty
/// cells below the header share, or `Unspecified` if they differ. If all of them are empty, the header cell decides.
fn column_alignment(head: &Cell, rows: &[Vec<Cell>], column: usize) -> Align {
    let cells = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.text.is_empty());
    let mut aligns = cells.map(|cell| cell.align);
    let first = aligns.next().unwrap_or(head.align);
    if aligns.all(|align| align == first) { first } else { Align::Unspecified }
}

fn table_row(cells: &[&str]) -> String {
    format!("| {} |", cells.join(" | "))
}

//! Writer of Markdown blocks: paragraphs, headings, block quotes, lists, tables, code blocks and thematic breaks.
//!
//! Used by `html_to_markdown`. Open blocks are a stack; a block is written into its parent when it ends. The content of
//! a table cell is written on one line. Inline content comes from `inline`.

use super::{
    escape::{collapse_whitespace, fence},
    inline::{BreakStyle, InlineBuilder},
};

/// Columns of a table at most; what stands further right is joined to the last.
const MAX_COLUMNS: usize = 100;

/// A finished block, without a line break at its end.
pub(super) struct Block {
    text: String,
    /// Of a list its marker, and whether it may follow a paragraph without a blank line.
    list_marker: Option<(char, bool)>,
}

/// What blocks are gathered for.
pub(super) enum BlockKind {
    /// To stand where they stand.
    Plain,
    Heading(usize),
    Quote,
    /// A list: its first number, if it is numbered, and its items.
    List(Option<u32>, Vec<Vec<Block>>),
    Item,
    Table(Table),
    /// A row: its cells, and whether all of them are headings.
    Row(Vec<Cell>, bool),
    /// A cell: how many columns it spans.
    Cell(usize, Align),
}

/// How the text of a cell is aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Align {
    #[default]
    Unspecified,
    Left,
    Center,
    Right,
}

impl Align {
    /// By the value of the attribute `align`.
    pub(super) fn from_attribute(value: &str) -> Self {
        match value {
            "left" => Self::Left,
            "center" => Self::Center,
            "right" => Self::Right,
            _ => Self::Unspecified,
        }
    }

    /// As a table of Markdown has it below the head of a column.
    fn delimiter(self) -> &'static str {
        match self {
            Self::Unspecified => "---",
            Self::Left => ":--",
            Self::Center => ":-:",
            Self::Right => "--:",
        }
    }
}

/// A cell of a table.
#[derive(Clone, Default)]
pub(super) struct Cell {
    text: String,
    align: Align,
}

/// A table, row by row.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<Cell>>,
    /// Whether rows are heads now.
    in_head: bool,
    /// Whether the first row is one.
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

/// The blocks of a body.
pub(super) struct BlockBuilder {
    /// The line that is being written.
    pub(super) inline: InlineBuilder,
    /// What is open; the body itself is the first.
    frames: Vec<Frame>,
    /// Cells that are open: what stands in one is written in one line.
    open_cells: usize,
}

impl BlockBuilder {
    pub(super) fn new() -> Self {
        Self { inline: InlineBuilder::default(), frames: vec![Frame::new(BlockKind::Plain)], open_cells: 0 }
    }

    /// The whole Markdown.
    pub(super) fn finish(mut self) -> String {
        while self.frames.len() > 1 {
            self.pop();
        }
        self.end_paragraph();
        let blocks = self.frames.pop().map(|frame| frame.blocks).unwrap_or_default();
        join_blocks(&blocks, "\n\n")
    }

    fn current_kind(&mut self) -> &mut BlockKind {
        // The body is open from the beginning to the end.
        &mut self.frames.last_mut().expect("the body is open").kind
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

    /// Whether the rows that follow are heads.
    pub(super) fn set_in_head(&mut self, head: bool) {
        if let BlockKind::Table(table) = self.current_kind() {
            table.in_head = head;
        }
    }

    /// Ends the line that is being written.
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
            // Signs at the end of a heading would belong to its marker.
            (marker, Some(before)) => format!("{marker} {before}\\#"),
            (marker, None) => format!("{marker} {line}"),
        };
        self.add_block(Block { text, list_marker: None });
    }

    /// Adds a finished block to what is open.
    fn add_block(&mut self, block: Block) {
        match self.frames.last_mut() {
            // What stands in a list outside of its items belongs to the one before.
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

    /// Code in a line.
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

    /// A line between blocks.
    pub(super) fn thematic_break(&mut self) {
        self.end_paragraph();
        if self.open_cells == 0 {
            // Other signs would be read as the marker of a list around it.
            self.add_block(Block { text: "___".to_owned(), list_marker: None });
        }
    }

    /// Code with its lines.
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

    /// Ends what was opened last, and adds what it holds to what is open around it.
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

/// The text, its first line behind one prefix and the others behind another.
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

/// How a column is aligned: as all cells below the head that have text, or, where there are none, as the head. Markdown aligns
/// whole columns only.
fn column_alignment(head: &Cell, rows: &[Vec<Cell>], column: usize) -> Align {
    let cells = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.text.is_empty());
    let mut aligns = cells.map(|cell| cell.align);
    let first = aligns.next().unwrap_or(head.align);
    if aligns.all(|align| align == first) { first } else { Align::Unspecified }
}

fn table_row(cells: &[&str]) -> String {
    format!("| {} |", cells.join(" | "))
}

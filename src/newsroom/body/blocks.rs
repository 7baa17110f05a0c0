//! Blocks of Markdown in the making: what is open is a stack, and a block is written when it ends, into the one around it.

use super::{
    escape::{fence, one_line},
    line::{Break, Line},
};

/// Columns of a table at most; what stands further right is joined to the last.
const MAX_COLUMNS: usize = 100;

/// A finished block, without a line break at its end.
pub(super) struct Block {
    text: String,
    /// Of a list its mark, and whether it may follow a paragraph without a blank line.
    list: Option<(char, bool)>,
}

/// What blocks are gathered for.
pub(super) enum Kind {
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
    pub(super) fn named(name: &str) -> Self {
        match name {
            "left" => Self::Left,
            "center" => Self::Center,
            "right" => Self::Right,
            _ => Self::Unspecified,
        }
    }

    /// As a table of Markdown has it below the head of a column.
    fn rule(self) -> &'static str {
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
    head: bool,
    /// Whether the first row is one.
    headed: bool,
}

struct Frame {
    kind: Kind,
    blocks: Vec<Block>,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self { kind, blocks: Vec::new() }
    }
}

/// The blocks of a body.
pub(super) struct Blocks {
    /// The line that is being written.
    pub(super) line: Line,
    /// What is open; the body itself is the first.
    frames: Vec<Frame>,
    /// Cells that are open: what stands in one is written in one line.
    cells: usize,
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self { line: Line::default(), frames: vec![Frame::new(Kind::Plain)], cells: 0 }
    }

    /// The whole Markdown.
    pub(super) fn finish(mut self) -> String {
        while self.frames.len() > 1 {
            self.pop();
        }
        self.paragraph();
        let blocks = self.frames.pop().map(|frame| frame.blocks).unwrap_or_default();
        joined(&blocks, "\n\n")
    }

    fn kind(&mut self) -> &mut Kind {
        // The body is open from the beginning to the end.
        &mut self.frames.last_mut().expect("the body is open").kind
    }

    pub(super) fn is_in_cell(&self) -> bool {
        self.cells > 0
    }

    /// Opens a block.
    pub(super) fn push(&mut self, kind: Kind) {
        self.paragraph();
        self.frames.push(Frame::new(kind));
    }

    pub(super) fn push_table(&mut self) {
        self.push(Kind::Table(Table::default()));
    }

    pub(super) fn push_row(&mut self) {
        let in_table = matches!(self.kind(), Kind::Table(_));
        self.push(if in_table { Kind::Row(Vec::new(), true) } else { Kind::Plain });
    }

    pub(super) fn push_cell(&mut self, heads: bool, span: usize, align: Align) {
        let Kind::Row(_, headed) = self.kind() else { return self.push(Kind::Plain) };
        *headed &= heads;
        self.push(Kind::Cell(span.clamp(1, MAX_COLUMNS), align));
        self.cells += 1;
    }

    /// Whether the rows that follow are heads.
    pub(super) fn set_head(&mut self, head: bool) {
        if let Kind::Table(table) = self.kind() {
            table.head = head;
        }
    }

    /// Ends the line that is being written.
    pub(super) fn paragraph(&mut self) {
        let in_cell = self.is_in_cell();
        let (prefix, line_break) = match self.kind() {
            _ if in_cell => ("", Break::Element),
            Kind::Heading(level) => (&"######"[..*level], Break::Blank),
            _ => ("", Break::Line),
        };
        let written = self.line.take(line_break);
        let line = written.trim();
        if line.is_empty() {
            return;
        }
        let text = match (prefix, line.strip_suffix('#')) {
            ("", _) => line.to_owned(),
            // Signs at the end of a heading would belong to its mark.
            (mark, Some(before)) => format!("{mark} {before}\\#"),
            (mark, None) => format!("{mark} {line}"),
        };
        self.put(Block { text, list: None });
    }

    /// Adds a finished block to what is open.
    fn put(&mut self, block: Block) {
        match self.frames.last_mut() {
            // What stands in a list outside of its items belongs to the one before.
            Some(Frame { kind: Kind::List(_, items), .. }) => match items.last_mut() {
                Some(item) => item.push(block),
                None => items.push(vec![block]),
            },
            Some(frame) => frame.blocks.push(block),
            None => {}
        }
    }

    fn put_all(&mut self, blocks: Vec<Block>) {
        for block in blocks {
            self.put(block);
        }
    }

    /// Code in a line.
    pub(super) fn code(&mut self, code: &str) {
        let shown = one_line(code);
        if code.starts_with(|c: char| c.is_ascii_whitespace()) {
            self.line.text(" ");
        }
        if !shown.is_empty() {
            self.line.code(&shown);
        }
        if code.ends_with(|c: char| c.is_ascii_whitespace()) {
            self.line.text(" ");
        }
    }

    /// A line between blocks.
    pub(super) fn rule(&mut self) {
        self.paragraph();
        if self.cells == 0 {
            // Other signs would be read as the mark of a list around it.
            self.put(Block { text: "___".to_owned(), list: None });
        }
    }

    /// Code with its lines.
    pub(super) fn preformatted(&mut self, code: &str) {
        let code = code.trim_matches('\n');
        if self.cells > 0 {
            for line in code.lines() {
                self.code(line);
                self.line.line_break();
            }
            self.paragraph();
        } else if !code.trim().is_empty() {
            let fence = fence(code, 3);
            self.put(Block { text: format!("{fence}\n{code}\n{fence}"), list: None });
        }
    }

    /// Ends what was opened last, and adds what it holds to what is open around it.
    pub(super) fn pop(&mut self) {
        self.paragraph();
        if self.frames.len() < 2 {
            return;
        }
        let Some(Frame { kind, blocks }) = self.frames.pop() else { return };
        match kind {
            Kind::Quote if self.cells == 0 && !blocks.is_empty() => {
                let text = indented(&joined(&blocks, "\n\n"), "> ", "> ");
                self.put(Block { text, list: None });
            }
            Kind::List(first, items) => self.list(first, items),
            Kind::Table(table) => {
                self.put_all(blocks);
                self.table(table);
            }
            Kind::Row(cells, headed) if !cells.is_empty() => {
                if let Kind::Table(table) = self.kind() {
                    table.headed |= table.rows.is_empty() && (table.head || headed);
                    table.rows.push(cells);
                }
            }
            Kind::Row(..) => {}
            Kind::Cell(span, align) => {
                self.cells -= 1;
                let mut text = joined(&blocks, "<br>").replace('\n', "<br>");
                if self.cells == 0 {
                    text = text.replace('|', "\\|");
                }
                if let Kind::Row(cells, _) = self.kind() {
                    if cells.len() < MAX_COLUMNS {
                        cells.push(Cell { text, align });
                        cells.resize((cells.len() + span - 1).min(MAX_COLUMNS), Cell::default());
                    } else if let Some(last) = cells.last_mut() {
                        last.text.push(' ');
                        last.text.push_str(&text);
                    }
                }
            }
            Kind::Item => match self.kind() {
                Kind::List(_, items) => items.push(blocks),
                _ => self.put_all(blocks),
            },
            Kind::Plain | Kind::Heading(_) | Kind::Quote => self.put_all(blocks),
        }
    }

    fn list(&mut self, first: Option<u32>, mut items: Vec<Vec<Block>>) {
        items.retain(|blocks| !blocks.is_empty());
        if items.is_empty() {
            return;
        }
        let before = self.frames.last().and_then(|frame| match &frame.kind {
            Kind::List(_, items) => items.last()?.last()?.list,
            _ => frame.blocks.last()?.list,
        });
        let marks = if first.is_some() { ['.', ')'] } else { ['-', '*'] };
        let sign = marks[usize::from(before.is_some_and(|(sign, _)| sign == marks[0]))];
        let follows = |block: &Block| matches!(block.list, Some((_, true)));
        let tight = items.iter().all(|blocks| blocks.iter().skip(1).all(follows));
        let between = if tight { "\n" } else { "\n\n" };
        let mut text = String::new();
        for (number, blocks) in (first.unwrap_or(1)..).zip(&items) {
            let mark = if first.is_some() { format!("{number}{sign} ") } else { format!("{sign} ") };
            if !text.is_empty() {
                text.push_str(between);
            }
            text.push_str(&indented(&joined(blocks, between), &mark, &" ".repeat(mark.len())));
        }
        self.put(Block { text, list: Some((sign, first.is_none_or(|first| first == 1))) });
    }

    fn table(&mut self, Table { mut rows, headed, .. }: Table) {
        if self.cells > 0 {
            for cells in rows {
                self.put(Block { text: texts(&cells).join(" "), list: None });
            }
            return;
        }
        let Some(columns) = rows.iter().map(Vec::len).max() else { return };
        let mut head = if headed { rows.remove(0) } else { Vec::new() };
        head.resize(columns, Cell::default());
        let mut text = row(&texts(&head));
        text.push('\n');
        let rules: Vec<&str> =
            head.iter().enumerate().map(|(column, head)| alignment(head, &rows, column).rule()).collect();
        text.push_str(&row(&rules));
        for cells in &rows {
            text.push('\n');
            text.push_str(&row(&texts(cells)));
        }
        self.put(Block { text, list: None });
    }
}

fn joined(blocks: &[Block], between: &str) -> String {
    let mut text = String::with_capacity(blocks.iter().map(|block| block.text.len() + between.len()).sum());
    for block in blocks {
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(&block.text);
    }
    text
}

/// The text, its first line behind one prefix and the others behind another.
fn indented(text: &str, first: &str, others: &str) -> String {
    let mut indented = String::with_capacity(text.len() + text.len() / 8);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            indented.push('\n');
        }
        let prefix = if number == 0 { first } else { others };
        indented.push_str(if line.is_empty() { prefix.trim_end() } else { prefix });
        indented.push_str(line);
    }
    indented
}

fn texts(cells: &[Cell]) -> Vec<&str> {
    cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// How a column is aligned: as all cells below the head that have text, or, where there are none, as the head. Markdown aligns
/// whole columns only.
fn alignment(head: &Cell, rows: &[Vec<Cell>], column: usize) -> Align {
    let cells = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.text.is_empty());
    let mut aligns = cells.map(|cell| cell.align);
    let first = aligns.next().unwrap_or(head.align);
    if aligns.all(|align| align == first) { first } else { Align::Unspecified }
}

fn row(cells: &[&str]) -> String {
    format!("| {} |", cells.join(" | "))
}

//! Tables of sanitized HTML to the events of Markdown tables.

use std::iter;

use pulldown_cmark::{Alignment, Event, Tag, TagEnd};

use super::{
    inline::{Inline, flatten},
    tree::Element,
};

/// Maximum number of columns that one cell may span.
const MAX_SPAN: usize = 100;

/// Maximum number of cells, with the empty cells that make all rows equally long. A table with more is layout.
const MAX_CELLS: usize = 100_000;

struct Row<'a> {
    cells: Vec<&'a Element>,
    is_head: bool,
}

/// Returns the events of a table, or `None` if it is layout: it has no head and no row with several cells, or has too
/// many cells.
pub(super) fn events<'a>(table: &'a Element) -> Option<Vec<Event<'static>>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut add = |row: &'a Element, in_head: bool| {
        let cells: Vec<_> = row.elements(&["td", "th"]).collect();
        let is_head = in_head || cells.iter().all(|cell| cell.name == "th");
        if !cells.is_empty() {
            rows.push(Row { cells, is_head });
        }
    };
    for group in table.elements(&["thead", "tbody", "tfoot", "tr"]) {
        match group.name.as_str() {
            "tr" => add(group, false),
            name => group.elements(&["tr"]).for_each(|row| add(row, name == "thead")),
        }
    }
    if rows.iter().all(|row| row.cells.len() < 2 && !row.is_head) {
        return None;
    }
    let columns = rows.iter().map(|row| row.cells.iter().map(|cell| span(cell)).sum()).max().unwrap_or(0);
    if columns * rows.len() > MAX_CELLS {
        return None;
    }
    // A Markdown table has exactly one head row.
    let has_head = rows.first().is_some_and(|row| row.is_head);
    let mut events = vec![Event::Start(Tag::Table(alignments(&rows, columns)))];
    let empty = Row { cells: Vec::new(), is_head: true };
    for (index, row) in iter::once(&empty).filter(|_| !has_head).chain(&rows).enumerate() {
        let tag = if index == 0 { Tag::TableHead } else { Tag::TableRow };
        let end = tag.to_end();
        events.push(Event::Start(tag));
        let mut written = 0;
        for cell in &row.cells {
            let mut inline = Inline::default();
            flatten(&cell.children, &mut inline);
            for content in iter::once(inline.finish()).chain(iter::repeat_n(Vec::new(), span(cell) - 1)) {
                add_cell(&mut events, content);
                written += 1;
            }
        }
        (written..columns).for_each(|_| add_cell(&mut events, Vec::new()));
        events.push(Event::End(end));
    }
    events.push(Event::End(TagEnd::Table));
    Some(events)
}

fn add_cell(events: &mut Vec<Event<'static>>, content: Vec<Event<'static>>) {
    events.push(Event::Start(Tag::TableCell));
    events.extend(content);
    events.push(Event::End(TagEnd::TableCell));
}

fn span(cell: &Element) -> usize {
    cell.attribute("colspan").parse().unwrap_or(1).clamp(1, MAX_SPAN)
}

/// Returns the alignment of each column: that of the first cell below the head that has one, or that of the head.
fn alignments(rows: &[Row<'_>], columns: usize) -> Vec<Alignment> {
    let mut alignments = vec![Alignment::None; columns];
    for row in rows.iter().skip(1).chain(rows.first()) {
        let mut column = 0;
        for cell in &row.cells {
            if alignments[column] == Alignment::None {
                alignments[column] = alignment(cell);
            }
            column += span(cell);
        }
    }
    alignments
}

fn alignment(cell: &Element) -> Alignment {
    let style = cell.attribute("style").trim_start_matches("text-align:").trim_end_matches(';').trim();
    match [style, cell.attribute("align").trim()].map(str::to_ascii_lowercase).as_slice() {
        [style, attribute] if style == "center" || style.is_empty() && attribute == "center" => Alignment::Center,
        [style, attribute] if style == "right" || style.is_empty() && attribute == "right" => Alignment::Right,
        _ => Alignment::None,
    }
}

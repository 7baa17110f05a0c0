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

/// A row: the cell that starts in each column, or `None` if a cell beside or above it spans the column.
struct Row<'a> {
    cells: Vec<Option<&'a Element>>,
    is_head: bool,
}

/// Returns the events of a table, or `None` if it is layout: it has no head and no row with several cells, or has too
/// many cells.
pub(super) fn events(table: &Element) -> Option<Vec<Event<'static>>> {
    let rows = rows(table)?;
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    if rows.iter().all(|row| row.cells.len() < 2 && !row.is_head) || columns * rows.len() > MAX_CELLS {
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
        for column in 0..columns {
            events.push(Event::Start(Tag::TableCell));
            if let Some(Some(cell)) = row.cells.get(column) {
                let mut inline = Inline::default();
                flatten(&cell.children, &mut inline);
                events.extend(inline.finish());
            }
            events.push(Event::End(TagEnd::TableCell));
        }
        events.push(Event::End(end));
    }
    events.push(Event::End(TagEnd::Table));
    Some(events)
}

/// Returns the rows: of the head, of the body, and of the foot. Returns `None` if they have too many cells.
fn rows(table: &Element) -> Option<Vec<Row<'_>>> {
    let groups = [&["thead"][..], &["tbody", "tr"], &["tfoot"]];
    let groups = groups.into_iter().flat_map(|names| table.elements(names));
    let mut rows: Vec<Row<'_>> = Vec::new();
    // For each column, the number of following rows that a cell above spans.
    let mut spanned: Vec<usize> = Vec::new();
    let mut count = 0;
    for group in groups {
        let elements: Vec<&Element> = if group.name == "tr" { vec![group] } else { group.elements(&["tr"]).collect() };
        for element in elements {
            let mut cells = Vec::new();
            let skip_spanned = |cells: &mut Vec<_>, spanned: &mut Vec<usize>| {
                while let Some(rows) = spanned.get_mut(cells.len()).filter(|rows| **rows > 0) {
                    *rows -= 1;
                    cells.push(None);
                }
            };
            let in_row: Vec<_> = element.elements(&["td", "th"]).collect();
            for cell in &in_row {
                skip_spanned(&mut cells, &mut spanned);
                for offset in 0..span(cell, "colspan") {
                    spanned.resize(spanned.len().max(cells.len() + 1), 0);
                    spanned[cells.len()] = span(cell, "rowspan") - 1;
                    cells.push((offset == 0).then_some(*cell));
                }
                if count + cells.len() > MAX_CELLS {
                    return None;
                }
            }
            skip_spanned(&mut cells, &mut spanned);
            count += cells.len();
            let is_head = group.name == "thead" || in_row.iter().all(|cell| cell.name == "th");
            if !in_row.is_empty() {
                rows.push(Row { cells, is_head });
            }
        }
    }
    Some(rows)
}

fn span(cell: &Element, attribute: &str) -> usize {
    cell.attribute(attribute).parse().unwrap_or(1).clamp(1, MAX_SPAN)
}

/// Returns the alignment of each column: that of the first cell below the head that has one, or that of the head.
fn alignments(rows: &[Row<'_>], columns: usize) -> Vec<Alignment> {
    let mut alignments = vec![Alignment::None; columns];
    for row in rows.iter().skip(1).chain(rows.first()) {
        for (column, cell) in row.cells.iter().enumerate() {
            if let Some(cell) = cell
                && alignments[column] == Alignment::None
            {
                alignments[column] = alignment(cell);
            }
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

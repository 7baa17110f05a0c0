//! Numbers over time of several values, side by side on one scale (small multiples).

use askama::Template;

use super::{
    columns::lines,
    drawing::{Drawing, FILE_WIDTH, number},
    scale::Scale,
};

/// Height of the bars of one value, in pixels.
const HEIGHT: f64 = 56.0;
/// Height of a cell in a file, with its name and a space below, in pixels.
const CELL: f64 = 104.0;
/// Number of cells side by side in a file.
const COLUMNS: usize = 3;
/// Space between two cells in a file, in pixels.
const SPACE: f64 = 24.0;
/// Height of the title in a file, in pixels.
const TITLE: f64 = 56.0;
/// Height of a bar for a number that is not zero, in pixels.
const MIN_BAR: f64 = 1.5;
/// Maximum length of a name in a file, in characters.
const MAX_NAME: usize = 30;

/// Numbers of one value over time.
#[derive(Clone, Debug)]
pub struct Series {
    /// Name of the value.
    pub label: String,
    /// Language of the name, if it is not that of the page.
    pub lang: Option<String>,
    /// Name for screen readers, with the numbers in words.
    pub name: String,
    /// The number of all periods together, in words.
    pub total: String,
    /// The numbers, earliest first, with whether the period is not over.
    pub points: Vec<(u64, bool)>,
    /// Where a click on the name leads.
    pub href: String,
}

/// A bar of a small chart.
struct Mark {
    x: String,
    y: String,
    width: String,
    height: String,
    is_partial: bool,
}

/// A small chart.
pub struct Cell<'a> {
    /// What it shows.
    pub series: &'a Series,
    label: String,
    x: String,
    y: String,
    marks: Vec<Mark>,
}

#[derive(Template)]
#[template(path = "charts/multiples.svg")]
struct Multiples<'a> {
    id: &'a str,
    title: Vec<String>,
    width: f64,
    height: f64,
    cell_width: f64,
    chart_height: f64,
    cells: Vec<Cell<'a>>,
}

#[derive(Template)]
#[template(path = "charts/multiples.html")]
struct MultiplesList<'a> {
    id: &'a str,
    has_links: bool,
    chart_height: f64,
    cells: Vec<Cell<'a>>,
}

/// Draws the charts of several values: as a list for a page, or as one drawing for a file.
pub fn multiples(series: &[Series], id: &str, title: &str, drawing: Drawing) -> String {
    let most = series.iter().flat_map(|series| &series.points).map(|&(count, _)| count).max().unwrap_or(0);
    let scale = Scale { ticks: vec![0, most.max(1)] };
    let cell_width = (FILE_WIDTH - 16.0 - SPACE * (COLUMNS - 1) as f64) / COLUMNS as f64;
    let cells = series.iter().enumerate().map(|(index, series)| {
        let step = 1.0 / series.points.len().max(1) as f64;
        let mark = |(index, &(count, is_partial)): (usize, &(u64, bool))| {
            let height = if count == 0 { 0.0 } else { (HEIGHT * scale.fraction(count as f64)).max(MIN_BAR) };
            Mark {
                x: drawing.x(step * (index as f64 + 0.1), cell_width),
                y: number(HEIGHT - height),
                width: drawing.x(step * 0.8, cell_width),
                height: number(height),
                is_partial,
            }
        };
        Cell {
            series,
            label: shortened(&series.label),
            x: number(8.0 + (index % COLUMNS) as f64 * (cell_width + SPACE)),
            y: number(TITLE + (index / COLUMNS) as f64 * CELL),
            marks: series.points.iter().enumerate().map(mark).collect(),
        }
    });
    let cells = cells.collect();
    let rendered = if drawing.is_file() {
        let height = TITLE + series.len().div_ceil(COLUMNS) as f64 * CELL;
        Multiples { id, title: lines(title), width: FILE_WIDTH, height, cell_width, chart_height: HEIGHT, cells }
            .render()
    } else {
        MultiplesList { id, has_links: drawing.has_links(), chart_height: HEIGHT, cells }.render()
    };
    rendered.unwrap_or_default()
}

fn shortened(name: &str) -> String {
    let short: String = name.chars().take(MAX_NAME).collect();
    if name.chars().nth(MAX_NAME).is_some() { format!("{}…", short.trim_end()) } else { short }
}

//! Numbers over time of several values, side by side on one scale (small multiples).

use askama::Template;

use super::{
    drawing::{Caption, Drawing, FILE_WIDTH, bar_height, number, shortened},
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
    /// The numbers, earliest first, with whether the bar is hatched.
    pub points: Vec<(u64, bool)>,
    /// Where a click on the name leads.
    pub href: Option<String>,
}

/// A bar of a small chart.
struct Mark {
    x: String,
    y: String,
    width: String,
    height: String,
    is_hatched: bool,
}

/// A small chart.
pub struct Cell<'a> {
    /// What it shows.
    pub series: &'a Series,
    label: String,
    has_link: bool,
    x: String,
    y: String,
    marks: Vec<Mark>,
}

impl Cell<'_> {
    /// Returns where a click on the name leads. `None` if it is not a link.
    fn href(&self) -> Option<&str> {
        self.series.href.as_deref().filter(|_| self.has_link)
    }
}

#[derive(Template)]
#[template(path = "charts/multiples.svg")]
struct Multiples<'a> {
    id: &'a str,
    caption: &'a Caption,
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
    chart_height: f64,
    cells: Vec<Cell<'a>>,
}

/// Draws the charts of several values: as a list for a page, or as one drawing for a file.
pub fn multiples(series: &[Series], id: &str, caption: &Caption, drawing: Drawing) -> String {
    let most = series.iter().flat_map(|series| &series.points).map(|&(count, _)| count).max().unwrap_or(0);
    let scale = Scale { ticks: vec![0, most.max(1)] };
    let cell_width = (FILE_WIDTH - 16.0 - SPACE * (COLUMNS - 1) as f64) / COLUMNS as f64;
    let cells = series.iter().enumerate().map(|(index, series)| {
        let step = 1.0 / series.points.len().max(1) as f64;
        let mark = |(index, &(count, is_hatched)): (usize, &(u64, bool))| {
            let height = bar_height(count, HEIGHT * scale.fraction(count as f64));
            Mark {
                x: drawing.x(step * (index as f64 + 0.1), cell_width),
                y: number(HEIGHT - height),
                width: drawing.x(step * 0.8, cell_width),
                height: number(height),
                is_hatched,
            }
        };
        Cell {
            series,
            label: shortened(&series.label, MAX_NAME),
            has_link: drawing.has_links(),
            x: number(8.0 + (index % COLUMNS) as f64 * (cell_width + SPACE)),
            y: number(Caption::TOP + (index / COLUMNS) as f64 * CELL),
            marks: series.points.iter().enumerate().map(mark).collect(),
        }
    });
    let cells = cells.collect();
    let rendered = if drawing.is_file() {
        let height = Caption::TOP + Caption::BOTTOM + series.len().div_ceil(COLUMNS) as f64 * CELL;
        Multiples { id, caption, width: FILE_WIDTH, height, cell_width, chart_height: HEIGHT, cells }.render()
    } else {
        MultiplesList { id, chart_height: HEIGHT, cells }.render()
    };
    rendered.unwrap_or_default()
}

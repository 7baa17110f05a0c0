//! Numbers over time as vertical bars (column chart).

use askama::Template;

use super::{
    drawing::{Drawing, FILE_WIDTH, number},
    scale::{Scale, short},
};

/// Height of the drawing without a title, in pixels.
const HEIGHT: f64 = 220.0;
/// Space above the highest tick, in pixels.
const TOP: f64 = 10.0;
/// Space below the bars for the labels of periods, in pixels.
const BOTTOM: f64 = 36.0;
/// Width of the labels of ticks, in pixels. The style sheet has the same value.
const LEFT: f64 = 40.0;
/// Height of the title in a file, in pixels.
const TITLE: f64 = 56.0;
/// Space between two bars, as a share of the width of a bar with its space.
const GAP: f64 = 0.2;
/// Height of a bar for a number that is not zero, in pixels, so that 1 stays visible beside thousands.
const MIN_BAR: f64 = 2.0;
/// Maximum number of labels of periods. More would overlap at a width of 320 pixels.
const MAX_LABELS: usize = 6;

/// A bar.
#[derive(Clone, Debug)]
pub struct Column {
    /// Label below the bar: day, month or year.
    pub label: String,
    /// Second line of the label. It is shown where it differs from that of the label before.
    pub group: String,
    /// Name for readers and screen readers, with the number.
    pub name: String,
    /// The number.
    pub count: u64,
    /// The number that it is compared with.
    pub before: Option<u64>,
    /// Whether the period is not over.
    pub is_partial: bool,
    /// Where a click leads.
    pub href: String,
}

struct Mark<'a> {
    column: &'a Column,
    x: String,
    width: String,
    area_x: String,
    area_width: String,
    y: String,
    height: String,
    before_y: Option<String>,
}

struct Label<'a> {
    x: String,
    anchor: &'static str,
    text: &'a str,
    group: &'a str,
}

#[derive(Template)]
#[template(path = "charts/columns.svg")]
struct Columns<'a> {
    id: &'a str,
    drawing: Drawing,
    title: Vec<String>,
    width: f64,
    height: f64,
    /// Vertical offset of the drawing below the title.
    offset: f64,
    left: f64,
    /// The right end of the drawing.
    right: String,
    base: f64,
    label_y: f64,
    ticks: Vec<(String, String, u64)>,
    marks: Vec<Mark<'a>>,
    labels: Vec<Label<'a>>,
}

/// Draws bars in the order of time. `id` distinguishes the chart on its page, and `title` is written into a file.
pub fn columns(columns: &[Column], id: &str, title: &str, drawing: Drawing) -> String {
    let most = columns.iter().flat_map(|column| [column.count, column.before.unwrap_or(0)]).max().unwrap_or(0);
    let scale = Scale::up_to(most);
    let (plot_width, area) = (FILE_WIDTH - LEFT - 8.0, HEIGHT - TOP - BOTTOM);
    let step = 1.0 / columns.len().max(1) as f64;
    let x = |fraction: f64| drawing.x(fraction, plot_width);
    let y = |value: u64| TOP + area * (1.0 - scale.fraction(value as f64));
    let mark = |(index, column): (usize, &'_ Column)| {
        let height = if column.count == 0 { 0.0 } else { (TOP + area - y(column.count)).max(MIN_BAR) };
        (index as f64 * step, height)
    };
    let marks = columns.iter().enumerate().map(|(index, column)| {
        let (start, height) = mark((index, column));
        Mark {
            column,
            x: x(start + step * GAP / 2.0),
            width: x(step * (1.0 - GAP)),
            area_x: x(start),
            area_width: x(step),
            y: number(TOP + area - height),
            height: number(height),
            before_y: column.before.filter(|&before| before > 0).map(|before| number(y(before))),
        }
    });
    let title = if drawing.is_file() { lines(title) } else { Vec::new() };
    let offset = if drawing.is_file() { TITLE } else { 0.0 };
    let chart = Columns {
        id,
        drawing,
        title,
        width: FILE_WIDTH,
        height: HEIGHT + offset,
        offset,
        left: LEFT,
        right: x(1.0),
        base: TOP + area,
        label_y: TOP + area + 15.0,
        ticks: scale.ticks.iter().map(|&tick| (number(y(tick)), short(tick), tick)).collect(),
        marks: marks.collect(),
        labels: labels(columns, x),
    };
    chart.render().unwrap_or_default()
}

/// Chooses the periods that have a label, so that labels do not overlap.
fn labels(columns: &[Column], x: impl Fn(f64) -> String) -> Vec<Label<'_>> {
    let every = columns.len().div_ceil(MAX_LABELS).max(1);
    let mut group = "";
    let mut labels = Vec::new();
    for (index, column) in columns.iter().enumerate().step_by(every) {
        let middle = (index as f64 + 0.5) / columns.len() as f64;
        let shown = if column.group == group { "" } else { &column.group };
        group = &column.group;
        let anchor = match index {
            0 if columns.len() > MAX_LABELS => "start",
            _ if middle > 0.95 && columns.len() > MAX_LABELS => "end",
            _ => "middle",
        };
        let at = match anchor {
            "start" => 0.0,
            "end" => 1.0,
            _ => middle,
        };
        labels.push(Label { x: x(at), anchor, text: &column.label, group: shown });
    }
    labels
}

/// Breaks a title into at most two lines for a file.
pub(super) fn lines(title: &str) -> Vec<String> {
    /// Maximum number of characters of a line.
    const MAX: usize = 100;
    let mut lines = vec![String::new()];
    for word in title.split_whitespace() {
        let is_full = lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() > MAX);
        if is_full && lines.len() < 2 {
            lines.push(String::new());
        } else if is_full {
            lines.last_mut().into_iter().for_each(|line| line.push('…'));
            break;
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

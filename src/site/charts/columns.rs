//! Numbers over time as vertical bars (column chart).

use askama::Template;

use super::{
    drawing::{Caption, Drawing, FILE_WIDTH, bar_height, number},
    scale::{Scale, short},
};
use crate::site::view::text;

/// Height of the drawing without a caption, in pixels.
const HEIGHT: f64 = 228.0;
/// Space above the highest tick, in pixels, for the number above a bar.
const TOP: f64 = 18.0;
/// Space below the bars for the labels of periods, in pixels.
const BOTTOM: f64 = 36.0;
/// Width of the labels of ticks, in pixels. The style sheet has the same value.
const LEFT: f64 = 40.0;
/// Space between two bars, as a share of the width of a bar with its space.
const GAP: f64 = 0.2;
/// Maximum width of a bar, as a share of the chart.
const MAX_WIDTH: f64 = 0.12;
/// Maximum number of labels of periods. More would overlap at a width of 320 pixels.
const MAX_LABELS: usize = 7;
/// Maximum number of bars with their numbers above.
const MAX_VALUES: usize = 13;
/// Maximum number of bars that are links. With more, a bar is too narrow for a finger.
const MAX_LINKS: usize = 130;

/// A bar.
#[derive(Clone, Debug)]
pub struct Column {
    /// Label below the bar: day, month or year.
    pub label: String,
    /// Which labels are kept if there is no space for all: those with the highest rank.
    pub label_rank: u8,
    /// Second line of the label. It is shown where it differs from that of the label before.
    pub group: String,
    /// Name for readers and screen readers, with the number.
    pub name: String,
    /// The number.
    pub count: u64,
    /// The number that it is compared with.
    pub before: Option<u64>,
    /// Whether the bar is hatched, because the period is not over or not all its days are counted.
    pub is_hatched: bool,
    /// Where a click leads.
    pub href: String,
}

impl Column {
    /// Returns the number for readers.
    pub fn count_text(&self) -> String {
        text::number(self.count)
    }
}

struct Mark<'a> {
    column: &'a Column,
    x: String,
    width: String,
    middle: String,
    area_x: String,
    area_width: String,
    y: String,
    height: String,
    value_y: String,
    before_y: Option<String>,
}

struct Label<'a> {
    x: String,
    text: &'a str,
    group: &'a str,
}

#[derive(Template)]
#[template(path = "charts/columns.svg")]
struct Columns<'a> {
    id: &'a str,
    drawing: Drawing,
    caption: &'a Caption,
    has_links: bool,
    has_values: bool,
    width: f64,
    height: f64,
    /// Vertical offset of the drawing below the caption.
    offset: f64,
    left: f64,
    /// The right end of the drawing.
    right: String,
    top: f64,
    base: f64,
    label_y: f64,
    ticks: Vec<(String, String)>,
    marks: Vec<Mark<'a>>,
    labels: Vec<Label<'a>>,
}

/// Draws bars in the order of time. `id` distinguishes the chart on its page, and `caption` is written into a file.
pub fn columns(columns: &[Column], id: &str, caption: &Caption, drawing: Drawing) -> String {
    let most = columns.iter().flat_map(|column| [column.count, column.before.unwrap_or(0)]).max().unwrap_or(0);
    let scale = Scale::up_to(most);
    let (plot_width, area) = (FILE_WIDTH - LEFT - 8.0, HEIGHT - TOP - BOTTOM);
    let step = 1.0 / columns.len().max(1) as f64;
    let width = (step * (1.0 - GAP)).min(MAX_WIDTH);
    let x = |fraction: f64| drawing.x(fraction, plot_width);
    let y = |value: u64| TOP + area * (1.0 - scale.fraction(value as f64));
    let mark = |(index, column): (usize, &'_ Column)| {
        (step * (index as f64 + 0.5), bar_height(column.count, TOP + area - y(column.count)))
    };
    let marks = columns.iter().enumerate().map(|(index, column)| {
        let (middle, height) = mark((index, column));
        let before_y = column.before.filter(|&before| before > 0).map(y);
        let highest = before_y.map_or(TOP + area - height, |before| before.min(TOP + area - height));
        Mark {
            column,
            x: x(middle - width / 2.0),
            width: x(width),
            middle: x(middle),
            area_x: x(middle - step / 2.0),
            area_width: x(step),
            y: number(TOP + area - height),
            height: number(height),
            value_y: number(highest - 4.0),
            before_y: before_y.map(number),
        }
    });
    let (offset, below) = if drawing.is_file() { (Caption::TOP, Caption::BOTTOM) } else { (0.0, 0.0) };
    let chart = Columns {
        id,
        drawing,
        caption,
        has_links: drawing.has_links() && columns.len() <= MAX_LINKS,
        has_values: columns.len() <= MAX_VALUES,
        width: FILE_WIDTH,
        height: HEIGHT + offset + below,
        offset,
        left: LEFT,
        right: x(1.0),
        top: TOP,
        base: TOP + area,
        label_y: TOP + area + 17.0,
        ticks: scale.ticks.iter().map(|&tick| (number(y(tick)), short(tick))).collect(),
        marks: marks.collect(),
        labels: labels(columns, x),
    };
    chart.render().unwrap_or_default()
}

/// Chooses the periods that have a label, so that labels do not overlap: all that have at least some rank. If no rank
/// leaves few enough, the first and the last period have labels.
fn labels(columns: &[Column], x: impl Fn(f64) -> String) -> Vec<Label<'_>> {
    let with_rank = |rank: u8| columns.iter().filter(|column| column.label_rank >= rank).count();
    let rank = (0..=u8::MAX).find(|&rank| with_rank(rank) <= MAX_LABELS).unwrap_or(u8::MAX);
    let is_kept = |index: usize, column: &Column| {
        if with_rank(rank) < 2 { index == 0 || index + 1 == columns.len() } else { column.label_rank >= rank }
    };
    let mut group = "";
    let mut labels = Vec::new();
    for (index, column) in columns.iter().enumerate().filter(|&(index, column)| is_kept(index, column)) {
        let shown = if column.group == group { "" } else { &column.group };
        group = &column.group;
        labels.push(Label { x: x((index as f64 + 0.5) / columns.len() as f64), text: &column.label, group: shown });
    }
    labels
}

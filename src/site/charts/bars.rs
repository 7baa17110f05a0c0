//! Numbers of several values as horizontal bars. The name of a value stands above its bar, so that it has the whole
//! width.

use askama::Template;

use super::{
    columns::lines,
    drawing::{Drawing, FILE_WIDTH, number},
};

/// Height of a row with its name and its bar, in pixels.
const ROW: f64 = 42.0;
/// Height of a bar, in pixels.
const BAR: f64 = 14.0;
/// Distance of a bar from the top of its row, in pixels.
const BAR_TOP: f64 = 20.0;
/// Length of the longest bar as a share of the width. The rest is for its number.
const LONGEST: f64 = 0.84;
/// Height of the title in a file, in pixels.
const TITLE: f64 = 56.0;
/// Maximum length of a name, in characters: what fits into a width of 280 pixels.
const MAX_NAME: usize = 34;
/// Maximum length of a name in a file, in characters.
const MAX_NAME_IN_FILE: usize = 90;

/// A value with its number.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Name of the value.
    pub label: String,
    /// Language of the name, if it is not that of the page.
    pub lang: Option<String>,
    /// The length of the bar: the number, or another quantity in proportion to it.
    pub value: f64,
    /// The number that it is compared with.
    pub before: Option<f64>,
    /// The number at the end of the bar.
    pub text: String,
    /// Name for readers and screen readers, with the number.
    pub name: String,
    /// Where a click leads.
    pub href: Option<String>,
}

struct Row<'a> {
    bar: &'a Bar,
    /// Where a click leads. `None` if marks are not links.
    href: Option<&'a str>,
    label: String,
    label_y: String,
    y: String,
    width: String,
    text_x: String,
    text_y: String,
    area_y: String,
    before: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "charts/bars.svg")]
struct Bars<'a> {
    id: &'a str,
    drawing: Drawing,
    title: Vec<String>,
    width: f64,
    height: f64,
    offset: f64,
    row_height: f64,
    bar_height: f64,
    rows: Vec<Row<'a>>,
}

/// Draws bars from top to bottom. `id` distinguishes the chart on its page, and `title` is written into a file.
pub fn bars(bars: &[Bar], id: &str, title: &str, drawing: Drawing) -> String {
    let most = bars.iter().flat_map(|bar| [bar.value, bar.before.unwrap_or(0.0)]).fold(0.0, f64::max).max(1.0);
    let width = if drawing.is_file() { FILE_WIDTH - 16.0 } else { FILE_WIDTH };
    let length = |value: f64| drawing.x(LONGEST * value / most, width);
    let max_name = if drawing.is_file() { MAX_NAME_IN_FILE } else { MAX_NAME };
    let row =
        |(index, bar): (usize, &'_ Bar)| (index as f64 * ROW, bar.before.filter(|&before| before > 0.0).map(length));
    let rows = bars.iter().enumerate().map(|(index, bar)| {
        let (top, before) = row((index, bar));
        // The number stands behind the bar and behind the line of comparison.
        let end = bar.value.max(bar.before.unwrap_or(0.0));
        Row {
            bar,
            href: bar.href.as_deref().filter(|_| drawing.has_links()),
            label: shortened(&bar.label, max_name),
            label_y: number(top + 13.0),
            y: number(top + BAR_TOP),
            width: length(bar.value),
            text_x: length(end),
            text_y: number(top + BAR_TOP + BAR - 3.0),
            area_y: number(top),
            before: before.map(|x| (x, number(top + BAR_TOP - 3.0))),
        }
    });
    let offset = if drawing.is_file() { TITLE } else { 0.0 };
    let chart = Bars {
        id,
        drawing,
        title: if drawing.is_file() { lines(title) } else { Vec::new() },
        width: FILE_WIDTH,
        height: ROW * bars.len() as f64 + offset,
        offset,
        row_height: ROW,
        bar_height: BAR,
        rows: rows.collect(),
    };
    chart.render().unwrap_or_default()
}

/// Returns the start of a name, with its direction isolated from the text around it.
fn shortened(name: &str, max: usize) -> String {
    let short: String = name.chars().take(max).collect();
    let ellipsis = if name.chars().nth(max).is_some() { "…" } else { "" };
    crate::site::view::text::isolated(&format!("{}{ellipsis}", short.trim_end()))
}

//! Numbers of several values as horizontal bars. The name and the number of a value stand above its bar, so that the
//! name has space and the number is not beside the line of comparison.

use askama::Template;

use super::drawing::{Caption, Drawing, FILE_WIDTH, number, shortened};

/// Height of a row with its name and its bar, in pixels.
pub const ROW: f64 = 40.0;
/// Height of a bar, in pixels.
const BAR: f64 = 12.0;
/// Distance of a bar from the top of its row, in pixels.
const BAR_TOP: f64 = 20.0;
/// Maximum length of a name, in characters: what fits beside its number into a width of 280 pixels.
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
    /// The length of the bar.
    pub value: f64,
    /// The number that it is compared with.
    pub before: Option<f64>,
    /// The number for readers, with its change.
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
    area_y: String,
    before: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "charts/bars.svg")]
struct Bars<'a> {
    id: &'a str,
    drawing: Drawing,
    caption: &'a Caption,
    width: f64,
    height: f64,
    offset: f64,
    /// The right end of the drawing.
    right: String,
    row_height: f64,
    bar_height: f64,
    rows: Vec<Row<'a>>,
}

/// Draws bars from top to bottom. `id` distinguishes the chart on its page, and `caption` is written into a file.
pub fn bars(bars: &[Bar], id: &str, caption: &Caption, drawing: Drawing) -> String {
    let most = bars.iter().flat_map(|bar| [bar.value, bar.before.unwrap_or(0.0)]).fold(0.0, f64::max).max(1.0);
    let length = |value: f64| drawing.x(value / most, FILE_WIDTH - 16.0);
    let max_name = if drawing.is_file() { MAX_NAME_IN_FILE } else { MAX_NAME };
    let rows = bars.iter().enumerate().map(|(index, bar)| {
        let top = index as f64 * ROW;
        let before = bar.before.filter(|&before| before > 0.0);
        Row {
            bar,
            href: bar.href.as_deref().filter(|_| drawing.has_links()),
            label: shortened(&bar.label, max_name),
            label_y: number(top + 14.0),
            y: number(top + BAR_TOP),
            width: length(bar.value),
            area_y: number(top),
            before: before.map(|before| (length(before), number(top + BAR_TOP - 3.0))),
        }
    });
    let (offset, below) = if drawing.is_file() { (Caption::TOP, Caption::BOTTOM) } else { (0.0, 0.0) };
    let chart = Bars {
        id,
        drawing,
        caption,
        width: FILE_WIDTH,
        height: ROW * bars.len() as f64 + offset + below,
        offset,
        right: length(most),
        row_height: ROW,
        bar_height: BAR,
        rows: rows.collect(),
    };
    chart.render().unwrap_or_default()
}

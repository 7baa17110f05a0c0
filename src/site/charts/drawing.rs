//! How a chart is drawn: on a page, where its width follows the window, or as a file with a fixed width.
//!
//! On a page, horizontal positions are percentages, so texts and lines keep their size at every width.

use crate::site::view::text;

/// Width of a chart in a file, in pixels.
pub const FILE_WIDTH: f64 = 720.0;

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// On a page. Marks are links.
    Page,
    /// On a page of another site. Marks are not links.
    Embedded,
    /// As a file of its own, with its colours and with its title as text.
    File,
}

impl Drawing {
    /// Returns whether marks are links.
    pub fn has_links(self) -> bool {
        self == Self::Page
    }

    /// Returns whether the chart is a file of its own.
    pub fn is_file(self) -> bool {
        self == Self::File
    }

    /// Returns a horizontal position or length: a fraction, 0 to 1, of an area that has `width` pixels in a file.
    pub fn x(self, fraction: f64, width: f64) -> String {
        if self.is_file() { number(fraction * width) } else { format!("{}%", number(fraction * 100.0)) }
    }
}

/// What is written into a chart that is a file, because there is no page around it.
#[derive(Clone, Debug, Default)]
pub struct Caption {
    /// The title, with the days.
    pub title: String,
    /// What the chart shows, in a sentence or two.
    pub finding: String,
    /// What the lines of comparison mean.
    pub line: Option<String>,
    /// What hatched bars mean.
    pub hatched: Option<&'static str>,
    /// Where the numbers are from.
    pub source: String,
}

impl Caption {
    /// Height of the title, the finding and the legend above a chart, in pixels.
    pub const TOP: f64 = 104.0;
    /// Height of the source below a chart, in pixels.
    pub const BOTTOM: f64 = 28.0;
    /// Maximum number of characters of a line.
    const MAX: usize = 110;

    /// Returns the horizontal position of the legend of hatched bars, in pixels.
    pub fn hatched_x(&self) -> u32 {
        if self.line.is_some() { 400 } else { 8 }
    }

    /// Returns the finding in at most two lines.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in self.finding.split(' ') {
            let is_full = lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() > Self::MAX);
            if is_full && lines.len() == 2 {
                lines.last_mut().into_iter().for_each(|line| line.push('…'));
                break;
            }
            if is_full {
                lines.push(String::new());
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
}

/// Returns the start of a name, with its direction isolated from the text around it.
pub fn shortened(name: &str, max: usize) -> String {
    let short: String = name.chars().take(max).collect();
    let ellipsis = if name.chars().nth(max).is_some() { "…" } else { "" };
    text::isolated(&format!("{}{ellipsis}", short.trim_end()))
}

/// Returns the height of a bar in pixels. A bar for a number that is not zero stays visible beside thousands.
pub fn bar_height(count: u64, height: f64) -> f64 {
    if count == 0 { 0.0 } else { height.max(2.0) }
}

/// Returns a number for an SVG attribute, with at most two decimals.
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_percentages_on_pages_and_pixels_in_files() {
        assert_eq!((Drawing::Page.x(0.125, 640.0).as_str(), Drawing::File.x(0.125, 640.0).as_str()), ("12.5%", "80"));
        assert_eq!([0.0, 1.005, 100.0, 33.333].map(number), ["0", "1", "100", "33.33"]);
    }
}

//! How a chart is drawn: on a page, where its width follows the window, or as a file with a fixed width.
//!
//! On a page, horizontal positions are percentages, so texts and lines keep their size at every width.

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

//! What the public pages show of the newsroom besides its releases: name, publisher, public address, logo, colours
//! and links.

/// The newsroom as its pages and feeds present it.
#[derive(Clone, Debug)]
pub struct SiteInfo {
    /// Name of the newsroom.
    pub name: String,
    /// Name of the publishing organisation; may be empty.
    pub publisher: String,
    /// Origin and path of the pages as readers see them, without a slash at the end: `https://example.org/news`.
    /// `None` if unknown: then links are relative.
    pub public_url: Option<String>,
    /// Whether the server has public pages and feeds.
    pub has_pages: bool,
    /// Whether feeds contain whole releases. Otherwise they contain summaries.
    pub has_full_feeds: bool,
    /// The sites whose pages may show charts in frames: sources of `frame-ancestors` in a content security policy.
    pub embed_ancestors: Vec<String>,
    /// The look of the pages.
    pub brand: Brand,
}

/// The look of the pages.
#[derive(Clone, Debug, Default)]
pub struct Brand {
    /// The logo, shown beside the name.
    pub logo: Option<BrandFile>,
    /// A style sheet that is loaded after that of Dateline.
    pub stylesheet: Option<BrandFile>,
    /// Colour of links on a light background.
    pub color: Option<Color>,
    /// Colour of links on a dark background.
    pub color_dark: Option<Color>,
    /// Links in the header.
    pub header_links: Vec<BrandLink>,
    /// Links in the footer.
    pub footer_links: Vec<BrandLink>,
}

/// A file that the server reads at its start.
#[derive(Clone, Debug)]
pub struct BrandFile {
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub content: Vec<u8>,
}

/// A link to another page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandLink {
    /// Text of the link.
    pub label: String,
    /// Address: an http or https URL, or a path that starts with `/`.
    pub href: String,
}

/// A colour in sRGB, one byte for each component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

impl Default for SiteInfo {
    fn default() -> Self {
        Self {
            name: "Newsroom".to_owned(),
            publisher: String::new(),
            public_url: None,
            has_pages: true,
            has_full_feeds: true,
            embed_ancestors: Vec::new(),
            brand: Brand::default(),
        }
    }
}

impl SiteInfo {
    /// Returns the path of the public address: empty, or a path without a slash at its end.
    pub fn base_path(&self) -> &str {
        let after_scheme = self.public_url.as_deref().and_then(|url| url.split_once("://"));
        let path = after_scheme.and_then(|(_, rest)| Some(&rest[rest.find('/')?..]));
        path.unwrap_or_default()
    }

    /// Returns whether pages of other sites may show charts in frames.
    pub fn can_embed(&self) -> bool {
        !self.embed_ancestors.is_empty()
    }
}

impl Color {
    /// Parses a colour: `#` and six hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let component = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([component(0)?, component(2)?, component(4)?]))
    }

    /// Returns the contrast ratio with another colour, 1 to 21 (WCAG 2.2).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Returns the relative luminance, 0 to 1 (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |component: u8| {
            let value = f64::from(component) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|color| Color::parse(color).unwrap());
            format!("{:.2}", a.contrast(b))
        };
        assert_eq!(contrast("#000000", "#ffffff"), "21.00");
        assert_eq!(contrast("#777777", "#ffffff"), "4.48");
        assert_eq!(contrast("#1d4f91", "#1d4f91"), "1.00");
        for wrong in ["", "#fff", "1d4f91", "#1d4f9", "#1d4f9z", "#é1d4f"] {
            assert_eq!(Color::parse(wrong), None, "{wrong}");
        }
    }
}

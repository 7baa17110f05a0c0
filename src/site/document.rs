//! A finished page, feed or other document, with what its HTTP headers depend on.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Media type of pages.
pub const HTML: &str = "text/html; charset=utf-8";

/// A document that answers a request.
#[derive(Clone, Debug)]
pub struct Document {
    /// HTTP status.
    pub status: u16,
    /// Media type with its charset.
    pub media_type: &'static str,
    /// The text.
    pub body: String,
    /// The address to go to, for a redirect.
    pub location: Option<String>,
    /// Releases whose content is in the document, so that a CDN can purge it.
    pub releases: Vec<Uuid>,
    /// The instant at which the document changes although no data changes. `None` if it does not.
    pub valid_until: Option<DateTime<Utc>>,
    /// Whether no cache may store the document.
    pub is_private: bool,
}

impl Document {
    /// Creates a document with status 200. Removes characters that neither HTML nor XML allows.
    pub fn new(media_type: &'static str, body: String) -> Self {
        Self {
            status: 200,
            media_type,
            body: without_controls(body),
            location: None,
            releases: Vec::new(),
            valid_until: None,
            is_private: false,
        }
    }

    /// Creates a redirect.
    pub fn redirect(status: u16, location: String) -> Self {
        let body = format!("See {location}\n");
        Self { status, location: Some(location), ..Self::new("text/plain; charset=utf-8", body) }
    }
}

/// Returns whether XML 1.0 allows a character.
pub fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Removes the control characters and noncharacters that XML 1.0 does not allow, even as references.
fn without_controls(text: String) -> String {
    if text.chars().all(is_allowed) { text } else { text.chars().filter(|&c| is_allowed(c)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_forbids_are_removed() {
        let document = Document::new(HTML, "a\u{2}b\u{B}c\u{1D}d\0\u{FFFE}\u{FFFF} \t\r\n📧é\u{7F}".to_owned());
        assert_eq!(document.body, "abcd \t\r\n📧é\u{7F}");
    }
}

//! HTML to Markdown, for the bodies (`bodyHtml`) that other systems export.
//!
//! The HTML is parsed, repaired and sanitized by ammonia, and the result is converted to the events of a Markdown
//! document, which `pulldown-cmark-to-cmark` writes. What it wrote is parsed and compared with the events, so marks and
//! punctuation survive. Content that it cannot write loses its marks and keeps its text.
//!
//! - `error`: limits and errors
//! - `nesting`: refusal of HTML that is too deeply nested, before the parser runs
//! - `tree`: sanitized HTML as a tree
//! - `blocks`: elements to block events
//! - `inline`: text and inline elements to inline events
//! - `table`: tables to table events
//! - `writer`: events to Markdown

mod blocks;
mod error;
mod inline;
mod nesting;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

use crate::sanitizer;
pub use error::HtmlError;
use error::MAX_BYTES;

/// Converts an HTML body to Markdown. Removes scripts, styles, frames, media and form controls with their content.
/// Elements without an equivalent in Markdown keep their text. Fails if the HTML is longer than 10 MB, opens more than
/// 200 elements inside each other, or has more than 100,000 tags or 10,000 attributes in a tag.
pub fn from_html(html: &str) -> Result<String, HtmlError> {
    if html.len() > MAX_BYTES {
        return Err(HtmlError::TooLong { length: html.len() });
    }
    nesting::check(html)?;
    let html = sanitizer::INPUT.clean(html).to_string();
    Ok(writer::write(blocks::events(&tree::parse(&html))))
}

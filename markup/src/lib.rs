//! Bodies of releases: Markdown to HTML and plain text, HTML to Markdown, and word counts.
//!
//! A body is CommonMark with tables, footnotes, `~~strikethrough~~`, `^superscript^` and `~subscript~`. Raw HTML in it
//! is shown as text. HTML from other systems is converted to Markdown once, when it is imported.
//!
//! - `events`: parser events of a body, shared by the renderers
//! - `scripts`: superscript and subscript inside words
//! - `nesting`: limit on the blocks that one line of Markdown may open
//! - `html`: Markdown to HTML
//! - `text`: Markdown to plain text
//! - `words`: word count of a plain text
//! - `sanitizer`: allowlists of HTML elements and attributes
//! - `from_html`: HTML to Markdown
//! - `raw_html`: finds raw HTML in a body. Earlier versions rendered it instead of showing it as text; a migration uses
//!   this module to convert it to Markdown

mod events;
mod from_html;
mod html;
mod nesting;
mod raw_html;
mod sanitizer;
mod scripts;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use from_html::{HtmlError, from_html};
pub use html::{to_html, to_page_html};
pub use raw_html::{contains_html, replace_html};
pub use text::to_text;
pub use words::word_count;

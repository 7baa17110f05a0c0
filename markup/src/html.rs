//! Markdown to HTML.

use crate::{
    events::{events, render},
    nesting::limit_nesting,
    sanitizer,
};

/// Renders a body as HTML: no scripts, styles, frames or forms; links only to http, https and mailto; images only
/// from http and https. Raw HTML in the body is shown as text.
///
/// The renderer writes no other markup; the sanitizer checks it a second time and removes URLs with other schemes.
pub fn to_html(markdown: &str) -> String {
    let markdown = limit_nesting(markdown);
    align_cells(sanitizer::OUTPUT.clean(&render(events(&markdown))).to_string())
}

/// Writes the alignment of table cells as an attribute: a content security policy may forbid styles.
fn align_cells(mut html: String) -> String {
    if html.contains("<table>") {
        for (name, alignment) in [("td", "center"), ("td", "right"), ("th", "center"), ("th", "right")] {
            // `<` in text is always escaped, so only tags match.
            let style = format!("<{name} style=\"text-align:{alignment}\">");
            html = html.replace(&style, &format!("<{name} align=\"{alignment}\">"));
        }
        html = html.replace(" style=\"text-align:left\">", ">");
    }
    html
}

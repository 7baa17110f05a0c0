//! Markdown to HTML.

use std::mem;

use pulldown_cmark::{Event, HeadingLevel, LinkType, Tag, TagEnd};

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
    align_cells(sanitized(events(&markdown)))
}

/// Renders events and sanitizes the result.
fn sanitized<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let html = sanitizer::OUTPUT.clean(&render(events)).to_string();
    // A link whose URL was removed must not have `rel` either. `<` in text is always escaped, so only tags match.
    html.replace("<a rel=\"noopener noreferrer\">", "<a>")
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

/// The box of a table on a page: a wide table scrolls inside it, also by keyboard.
const TABLE_BOX: &str = r#"<div class="scroll" tabindex="0" role="group" aria-label="Table">"#;

/// Renders a body as HTML for a page with a heading of its own.
///
/// Headings are one level lower and skip no level. An image becomes a link to it, so that the page loads nothing from
/// other hosts. A table is in a box that scrolls, and the alignment of its cells is a class (`center`, `right`).
/// Otherwise like [`to_html`].
pub fn to_page_html(markdown: &str) -> String {
    let markdown = limit_nesting(markdown);
    let html = sanitized(for_page(events(&markdown)))
        .replace("<table>", &format!("{TABLE_BOX}<table>"))
        .replace("</table>", "</table></div>");
    ["td", "th"].iter().fold(align_cells(html), |html, name| {
        html.replace(&format!("<{name} align=\"center\">"), &format!("<{name} class=\"center\">"))
            .replace(&format!("<{name} align=\"right\">"), &format!("<{name} class=\"right\">"))
    })
}

/// Lowers headings without gaps between levels, and turns images into links. An image inside a link becomes its
/// alternative text.
fn for_page<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let (mut links, mut is_start, mut level) = (0, false, HeadingLevel::H1);
    events.flat_map(move |event| {
        // A link without a text could not be read aloud, so the text of an image starts with a word.
        let word = mem::take(&mut is_start).then(|| Event::Text("Image: ".into()));
        let event = match event {
            Event::Start(Tag::Heading { level: written, id, classes, attrs }) => {
                // No level is skipped.
                level = lower(written).min(lower(level));
                Some(Event::Start(Tag::Heading { level, id, classes, attrs }))
            }
            Event::End(TagEnd::Heading(_)) => Some(Event::End(TagEnd::Heading(level))),
            Event::Start(Tag::Image { dest_url, title, id, .. }) => {
                links += 1;
                is_start = true;
                let link = Tag::Link { link_type: LinkType::Inline, dest_url, title, id };
                (links == 1).then_some(Event::Start(link))
            }
            Event::End(TagEnd::Image) => {
                links -= 1;
                (links == 0).then_some(Event::End(TagEnd::Link))
            }
            Event::Start(Tag::Link { .. }) => {
                links += 1;
                (links == 1).then_some(event)
            }
            Event::End(TagEnd::Link) => {
                links -= 1;
                (links == 0).then_some(event)
            }
            event => Some(event),
        };
        word.into_iter().chain(event)
    })
}

fn lower(level: HeadingLevel) -> HeadingLevel {
    HeadingLevel::try_from(level as usize + 1).unwrap_or(HeadingLevel::H6)
}

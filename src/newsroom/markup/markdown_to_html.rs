//! Markdown to HTML: renders a body (CommonMark with tables, strikethrough and footnotes) as sanitized HTML.

use std::{collections::HashMap, iter};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::{nesting_limit::limit_nesting, sanitizer::sanitize};

/// Renders a body as sanitized HTML: no scripts, styles, frames or forms; links only to http, https and mailto;
/// images only from http and https.
pub fn markdown_to_html(markdown: &str) -> String {
    let markdown = limit_nesting(markdown);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut html, number_footnotes(Parser::new_ext(&markdown, options)));
    sanitize(&html)
}

/// Writes the number of each footnote in brackets, at the reference and at the start of the note. The two are not
/// linked: a link would need ids, and the ids of several bodies on one page would collide.
fn number_footnotes<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let mut numbers: HashMap<CowStr<'a>, usize> = HashMap::new();
    let mut number = move |label| {
        let next = numbers.len() + 1;
        *numbers.entry(label).or_insert(next)
    };
    let mut label = None;
    events.flat_map(move |event| {
        let (first, second) = match event {
            Event::FootnoteReference(note) => {
                (Event::InlineHtml(format!("<sup>[{}]</sup>", number(note)).into()), None)
            }
            Event::Start(Tag::FootnoteDefinition(note)) => {
                label = Some(format!("[{}] ", number(note)));
                (Event::Html("<div>".into()), None)
            }
            Event::End(TagEnd::FootnoteDefinition) => (Event::Html("</div>\n".into()), None),
            Event::Start(Tag::Paragraph) => {
                (Event::Start(Tag::Paragraph), label.take().map(|label| Event::Text(label.into())))
            }
            event => (event, None),
        };
        iter::once(first).chain(second)
    })
}

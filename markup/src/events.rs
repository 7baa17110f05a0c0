//! Events of the Markdown parser for a body, with what every renderer needs: raw HTML as text, footnotes with numbers,
//! and a limit on nesting.

use std::collections::{HashMap, VecDeque};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::scripts::Scripts;

/// Syntax of a body, in addition to CommonMark.
pub(crate) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_SUPERSCRIPT)
    .union(Options::ENABLE_SUBSCRIPT);

/// Maximum number of elements that are nested in the output. Deeper content keeps its text and loses its structure:
/// browsers and HTML parsers need quadratic time for deep nesting.
const MAX_DEPTH: usize = 100;

/// Returns the events of a body whose nesting was limited with [`limit_nesting`](crate::nesting::limit_nesting).
pub(crate) fn events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    let parser = Parser::new_ext(markdown, OPTIONS).into_offset_iter();
    limit_depth(Footnotes::new(Scripts::new(markdown, parser).map(html_to_text)))
}

/// Renders events as HTML that is not sanitized.
pub(crate) fn render<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

/// Turns raw HTML into text. A block of HTML becomes a paragraph.
fn html_to_text(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        event => event,
    }
}

/// Removes the start and end of elements that are nested too deeply.
fn limit_depth<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let mut depth = 0;
    events.filter(move |event| match event {
        Event::Start(_) => {
            depth += 1;
            depth <= MAX_DEPTH
        }
        Event::End(_) => {
            depth -= 1;
            depth < MAX_DEPTH
        }
        _ => true,
    })
}

/// Writes the number of each footnote in brackets, at the reference and at the start of the note. The two are not
/// linked: a link needs ids, and the ids of several bodies on one page would collide.
pub(crate) struct Footnotes<'a, I> {
    events: I,
    /// Numbers by label, in lower case.
    numbers: HashMap<String, usize>,
    /// Events to return before the next one is read.
    queue: VecDeque<Event<'a>>,
    /// Label of a note whose first block has not been read.
    label: Option<String>,
}

impl<'a, I: Iterator<Item = Event<'a>>> Footnotes<'a, I> {
    pub(crate) fn new(events: I) -> Self {
        Self { events, numbers: HashMap::new(), queue: VecDeque::new(), label: None }
    }

    fn label(&mut self, note: &str) -> String {
        let next = self.numbers.len() + 1;
        format!("[{}]", self.numbers.entry(note.to_lowercase()).or_insert(next))
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for Footnotes<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            match self.events.next()? {
                Event::FootnoteReference(note) => {
                    let label = self.label(&note);
                    self.queue.extend([
                        Event::Start(Tag::Superscript),
                        Event::Text(label.into()),
                        Event::End(TagEnd::Superscript),
                    ]);
                }
                Event::Start(Tag::FootnoteDefinition(note)) => self.label = Some(self.label(&note)),
                Event::Start(Tag::Paragraph) if self.label.is_some() => {
                    let label = self.label.take().map(|label| Event::Text(format!("{label} ").into()));
                    self.queue.push_back(Event::Start(Tag::Paragraph));
                    self.queue.extend(label);
                }
                event => {
                    // A note that does not start with a paragraph has its label in a paragraph before it.
                    if let Some(label) = self.label.take() {
                        self.queue.extend([
                            Event::Start(Tag::Paragraph),
                            Event::Text(label.into()),
                            Event::End(TagEnd::Paragraph),
                        ]);
                    }
                    if event != Event::End(TagEnd::FootnoteDefinition) {
                        self.queue.push_back(event);
                    }
                }
            }
        }
    }
}

//! Writer of inline events: collapses white space, and opens and closes marks around text.

use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};

use super::tree::{Element, Node, is_block};

/// An inline element with an equivalent in Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Strong,
    Emphasis,
    Strikethrough,
    Superscript,
    Subscript,
    Link { address: String, title: String },
}

impl Mark {
    fn of(element: &Element) -> Option<Self> {
        Some(match element.name.as_str() {
            "strong" | "b" => Self::Strong,
            "em" | "i" => Self::Emphasis,
            "del" | "s" | "strike" => Self::Strikethrough,
            "sup" => Self::Superscript,
            "sub" => Self::Subscript,
            "a" if !element.attribute("href").is_empty() => {
                Self::Link { address: element.attribute("href").to_owned(), title: title(element) }
            }
            _ => return None,
        })
    }

    fn start(&self) -> Tag<'static> {
        match self {
            Self::Strong => Tag::Strong,
            Self::Emphasis => Tag::Emphasis,
            Self::Strikethrough => Tag::Strikethrough,
            Self::Superscript => Tag::Superscript,
            Self::Subscript => Tag::Subscript,
            Self::Link { address, title } => Tag::Link {
                link_type: LinkType::Inline,
                dest_url: address.clone().into(),
                title: title.clone().into(),
                id: CowStr::Borrowed(""),
            },
        }
    }
}

/// White space that was read and not written.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Space {
    #[default]
    None,
    Blank,
    Break,
}

/// Writer of the inline content of one paragraph, heading or table cell.
///
/// Marks are opened before the next text and closed after the last one, so a mark contains no white space at its
/// ends, an empty mark is not written, and equal marks without a space between them are one.
#[derive(Default)]
pub(super) struct Inline {
    events: Vec<Event<'static>>,
    text: String,
    space: Space,
    /// Marks that are open in `events`, the innermost last.
    open: Vec<Mark>,
    /// Marks that the next text has.
    wanted: Vec<Mark>,
    /// Number of marks that the white space after the last text has. Other marks end before the white space.
    continued: usize,
}

impl Inline {
    /// Ends the content and returns its events, or an empty list if it is white space only. The next content has the
    /// same marks.
    pub(super) fn finish(&mut self) -> Vec<Event<'static>> {
        self.close_to(0);
        self.flush();
        self.space = Space::None;
        let events = std::mem::take(&mut self.events);
        let is_blank = |event: &Event<'_>| match event {
            Event::Text(text) => text.trim().is_empty(),
            Event::Code(_) | Event::Start(Tag::Image { .. }) => false,
            _ => true,
        };
        if events.iter().all(is_blank) { Vec::new() } else { events }
    }

    /// Writes a space before the next text, or a line break, which two `br` in a row turn into a paragraph break: then
    /// this function returns true and writes nothing.
    pub(super) fn line_break(&mut self) -> bool {
        if self.space == Space::Break {
            return true;
        }
        if !self.is_empty() {
            self.separate();
            self.space = Space::Break;
        }
        false
    }

    /// Separates the content before from the content after.
    pub(super) fn separate(&mut self) {
        self.space = self.space.max(Space::Blank);
        self.continued = self.continued.min(self.wanted.len());
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.text.is_empty()
    }

    /// Writes a text. White space is collapsed.
    pub(super) fn text(&mut self, text: &str) {
        for (index, word) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            if index > 0 {
                self.separate();
            }
            // Markdown opens no mark before white space, such as a no-break space.
            let marked = word.trim_start();
            if marked.len() < word.len() {
                self.continue_marks();
                self.text.push_str(&word[..word.len() - marked.len()]);
            }
            if !marked.is_empty() {
                self.prepare();
                self.text.push_str(marked);
            }
        }
    }

    /// Writes a code span.
    pub(super) fn code(&mut self, code: &str) {
        let code = code.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        if code.is_empty() {
            return;
        }
        self.prepare();
        match self.events.last_mut() {
            // Two code spans next to each other have no spelling.
            Some(Event::Code(before)) if self.text.is_empty() => *before = format!("{before}{code}").into(),
            _ => self.push(Event::Code(code.into())),
        }
    }

    /// Writes an image, if it has a valid address.
    pub(super) fn image(&mut self, element: &Element) {
        if element.attribute("src").is_empty() {
            return;
        }
        self.prepare();
        self.push(Event::Start(Tag::Image {
            link_type: LinkType::Inline,
            dest_url: element.attribute("src").to_owned().into(),
            title: title(element).into(),
            id: CowStr::Borrowed(""),
        }));
        let alternative = element.attribute("alt").split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        if !alternative.is_empty() {
            self.push(Event::Text(alternative.into()));
        }
        self.push(Event::End(TagEnd::Image));
    }

    /// Starts an inline element: the text that follows has its mark if Markdown has one, or a quotation mark before
    /// it. Returns whether there is a mark, for [`end`](Self::end).
    pub(super) fn start(&mut self, element: &Element) -> bool {
        if element.name == "q" {
            self.text("“");
        }
        let is_link = |mark: &Mark| matches!(mark, Mark::Link { .. });
        match Mark::of(element) {
            Some(mark) if !(self.wanted.contains(&mark) || is_link(&mark) && self.wanted.iter().any(is_link)) => {
                self.wanted.push(mark);
                true
            }
            _ => false,
        }
    }

    /// Ends the innermost inline element.
    pub(super) fn end(&mut self, element: &Element, has_mark: bool) {
        if has_mark {
            self.wanted.pop();
        }
        if element.name == "q" {
            self.text("”");
        }
    }

    /// Writes what separates the next text from the text before, and the marks that it has.
    fn prepare(&mut self) {
        self.continue_marks();
        for mark in self.wanted.clone().into_iter().skip(self.open.len()) {
            self.push(Event::Start(mark.start()));
            self.open.push(mark);
        }
    }

    /// Closes the marks that the next text does not have, and writes what separates it from the text before.
    fn continue_marks(&mut self) {
        let mut common = self.open.iter().zip(&self.wanted).take_while(|(open, wanted)| open == wanted).count();
        if self.space != Space::None {
            common = common.min(self.continued);
        }
        self.continued = usize::MAX;
        self.close_to(common);
        let space = std::mem::take(&mut self.space);
        if !self.is_empty() {
            match space {
                Space::None => {}
                Space::Blank => self.text.push(' '),
                Space::Break => self.push(Event::HardBreak),
            }
        }
    }

    /// Closes the innermost marks. White space at their end, such as a no-break space, is written after them, because
    /// Markdown does not close a mark after white space.
    fn close_to(&mut self, length: usize) {
        let mut trailing = String::new();
        while self.open.len() > length {
            self.flush();
            if let Some(Event::Text(text)) = self.events.last() {
                let kept = text.trim_end().to_owned();
                trailing.insert_str(0, &text[kept.len()..]);
                self.events.pop();
                self.text = kept;
                self.flush();
            }
            if let Some(mark) = self.open.pop() {
                match self.events.last() {
                    Some(Event::Start(tag)) if *tag == mark.start() => drop(self.events.pop()),
                    _ => self.events.push(Event::End(mark.start().to_end())),
                }
            }
        }
        self.text.push_str(&trailing);
    }

    fn push(&mut self, event: Event<'static>) {
        self.flush();
        self.events.push(event);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.events.push(Event::Text(std::mem::take(&mut self.text).into()));
        }
    }
}

/// Writes nodes as inline content. Blocks in them are separated by a space.
pub(super) fn flatten(nodes: &[Node], inline: &mut Inline) {
    for node in nodes {
        match node {
            Node::Text(text) => inline.text(text),
            Node::Element(element) => {
                if is_block(&element.name) || element.name == "br" {
                    inline.separate();
                }
                match element.name.as_str() {
                    "br" | "hr" => {}
                    "img" => inline.image(element),
                    "code" | "tt" | "pre" | "listing" | "xmp" => inline.code(&element.text()),
                    _ => {
                        let has_mark = inline.start(element);
                        flatten(&element.children, inline);
                        inline.end(element, has_mark);
                    }
                }
                if is_block(&element.name) {
                    inline.separate();
                }
            }
        }
    }
}

/// Returns the title of a link or image on one line. A title with `|`, which would end a table cell, is left out.
fn title(element: &Element) -> String {
    let title = element.attribute("title");
    if title.contains('|') { String::new() } else { title.split_ascii_whitespace().collect::<Vec<_>>().join(" ") }
}

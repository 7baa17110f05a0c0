//! Markdown to plain text.

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::{events::events, nesting::limit_nesting};

/// Renders a body as plain text: a blank line between paragraphs, a line break between items and between table rows, a
/// tab between cells, and the alternative text for an image.
pub fn to_text(markdown: &str) -> String {
    let markdown = limit_nesting(markdown);
    let mut writer = Writer { text: String::with_capacity(markdown.len()), ..Writer::default() };
    for event in events(&markdown) {
        match event {
            Event::Text(text) | Event::Code(text) => writer.write(&text),
            Event::SoftBreak => writer.separate(Separator::Space),
            Event::HardBreak => writer.line_break(),
            Event::Rule => writer.separate(Separator::Paragraph),
            Event::Start(tag) => writer.start(&tag),
            Event::End(tag) => writer.end(tag),
            _ => {}
        }
    }
    writer.text
}

#[derive(Default)]
struct Writer {
    text: String,
    /// The separator to write before the next text.
    pending: Separator,
    /// Number of open lists.
    lists: usize,
    in_code_block: bool,
}

/// What separates two pieces of text, in order of increasing strength.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Separator {
    #[default]
    None,
    Space,
    Tab,
    Line,
    Paragraph,
}

impl Writer {
    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::List(_) => {
                self.separate_list();
                self.lists += 1;
            }
            Tag::CodeBlock(_) => {
                self.separate(Separator::Paragraph);
                self.in_code_block = true;
            }
            tag => self.separate(separator_around(tag.to_end())),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.lists = self.lists.saturating_sub(1);
                self.separate_list();
            }
            TagEnd::CodeBlock => {
                self.text.truncate(self.text.trim_end_matches('\n').len());
                self.separate(Separator::Paragraph);
                self.in_code_block = false;
            }
            TagEnd::TableCell => self.separate(Separator::Tab),
            tag => self.separate(separator_around(tag)),
        }
    }

    fn separate(&mut self, separator: Separator) {
        self.pending = self.pending.max(separator);
    }

    fn separate_list(&mut self) {
        self.separate(if self.lists > 0 { Separator::Line } else { Separator::Paragraph });
    }

    fn line_break(&mut self) {
        // Two line breaks in a row stand for a paragraph break.
        self.separate(if self.pending == Separator::Line { Separator::Paragraph } else { Separator::Line });
    }

    fn write(&mut self, text: &str) {
        if self.in_code_block {
            self.write_separator();
            self.text.push_str(text);
            return;
        }
        for c in text.chars() {
            if c.is_ascii_whitespace() {
                self.separate(Separator::Space);
            } else {
                self.write_separator();
                self.text.push(c);
            }
        }
    }

    fn write_separator(&mut self) {
        let separator = std::mem::take(&mut self.pending);
        if self.text.is_empty() {
            return;
        }
        self.text.push_str(match separator {
            Separator::None => "",
            Separator::Space => " ",
            Separator::Tab => "\t",
            Separator::Line => "\n",
            Separator::Paragraph => "\n\n",
        });
    }
}

/// Returns the separator between the content of an element and the content around it.
fn separator_around(tag: TagEnd) -> Separator {
    match tag {
        TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::BlockQuote(_) | TagEnd::Table => Separator::Paragraph,
        TagEnd::Item | TagEnd::TableHead | TagEnd::TableRow => Separator::Line,
        _ => Separator::None,
    }
}

//! Writer of Markdown inline content: text, emphasis, links, code spans and hard line breaks of one
//! paragraph or cell.
//!
//! Used by `blocks`. Parts are collected before they are written, because the characters on both sides of `*` decide
//! whether it is read as emphasis (delimiter runs, CommonMark 0.31, section 6.2). If it would not be read as
//! emphasis, an HTML element is written instead.

use super::escape::{destination, escape, fence, start_tag_with_title};

/// Inline markup.
#[derive(Debug)]
pub(super) enum Mark {
    /// `**`
    Strong,
    /// `*`
    Emphasis,
    /// An HTML element without an equivalent in Markdown.
    Tag(&'static str),
    /// An HTML element with a title.
    TagWithTitle(&'static str, String),
    /// `[...](address "title")`
    Link { address: String, title: String },
}

/// How a line break is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BreakStyle {
    /// As a new line, in a paragraph.
    Newline,
    /// As `<br>`, in a table cell.
    Element,
    /// As a space, in a heading.
    Space,
}

#[derive(Debug)]
enum Part {
    /// Text, not yet escaped.
    Text(String),
    Code(String),
    /// Markdown that is written unchanged.
    Raw(String),
    HardBreak,
    /// The start of a mark, and whether the mark is written as an HTML element.
    Open(Mark, bool),
    /// The end of a mark, with the index of the part that opened it.
    Close(usize),
}

/// What is next to a mark, on its outer side.
#[derive(Clone, Copy)]
enum Neighbor {
    Character(char),
    /// Another delimiter run. Without a character between them, both would be read as one run.
    Mark,
}

/// Builder for one paragraph, heading or cell.
#[derive(Debug, Default)]
pub(super) struct InlineBuilder {
    parts: Vec<Part>,
    /// Open marks, as indices into `parts`. `None` is a mark that is not written.
    open: Vec<Option<usize>>,
    /// Whether a space must be written before the next text.
    pending_space: bool,
}

impl InlineBuilder {
    pub(super) fn has_open_marks(&self) -> bool {
        self.open.iter().any(Option::is_some)
    }

    pub(super) fn ends_with_break(&self) -> bool {
        matches!(self.parts.last(), Some(Part::HardBreak))
    }

    /// Adds text. Consecutive white space becomes one space.
    pub(super) fn text(&mut self, text: &str) {
        let is_blank = |c: char| c.is_ascii_whitespace();
        for (index, word) in text.split(is_blank).enumerate() {
            self.pending_space |= index > 0;
            // White space at the start of a line is not visible, non-breaking spaces included.
            let word = if self.is_at_line_start() { word.trim_start() } else { word };
            if word.is_empty() {
                continue;
            }
            self.write_pending_space();
            match self.parts.last_mut() {
                Some(Part::Text(text)) => text.push_str(word),
                _ => self.parts.push(Part::Text(word.to_owned())),
            }
        }
    }

    /// Adds a code span. If it directly follows another code span, the two are merged.
    pub(super) fn code_span(&mut self, code: &str) {
        self.write_pending_space();
        match self.parts.last_mut() {
            Some(Part::Code(before)) => before.push_str(code),
            _ => self.parts.push(Part::Code(code.to_owned())),
        }
    }

    /// Adds text that is Markdown already.
    pub(super) fn raw_markdown(&mut self, markdown: String) {
        self.write_pending_space();
        self.parts.push(Part::Raw(markdown));
    }

    /// Adds a hard line break.
    pub(super) fn line_break(&mut self) {
        self.pending_space = false;
        if !self.parts.is_empty() {
            let at = self.before_open_marks();
            self.insert(at, Part::HardBreak);
        }
    }

    /// Opens a mark. `None` opens a mark that is not written, but must be closed as well.
    pub(super) fn open(&mut self, mark: Option<Mark>) {
        let Some(mark) = mark else { return self.open.push(None) };
        self.write_pending_space();
        self.open.push(Some(self.parts.len()));
        self.parts.push(Part::Open(mark, false));
    }

    /// Closes the innermost open mark.
    pub(super) fn close(&mut self) {
        let Some(Some(at)) = self.open.pop() else { return };
        if at + 1 == self.parts.len() {
            self.parts.pop();
            return;
        }
        let breaks = self.parts.iter().rev().take_while(|part| matches!(part, Part::HardBreak)).count();
        let end = self.parts.len() - breaks;
        self.insert(end, Part::Close(at));
    }

    /// Writes the pending space before the marks just opened, because a space inside a mark would prevent it from
    /// being read as emphasis.
    fn write_pending_space(&mut self) {
        if std::mem::take(&mut self.pending_space) {
            let at = self.before_open_marks();
            match at.checked_sub(1).map(|before| &mut self.parts[before]) {
                None | Some(Part::HardBreak) => {}
                Some(Part::Text(text)) => text.push(' '),
                Some(_) => self.insert(at, Part::Text(" ".to_owned())),
            }
        }
    }

    fn is_at_line_start(&self) -> bool {
        self.before_open_marks().checked_sub(1).is_none_or(|before| matches!(self.parts[before], Part::HardBreak))
    }

    /// Returns the index of the first of the trailing marks that have no content yet.
    fn before_open_marks(&self) -> usize {
        self.parts.iter().rposition(|part| !matches!(part, Part::Open(..))).map_or(0, |at| at + 1)
    }

    fn insert(&mut self, at: usize, part: Part) {
        self.parts.insert(at, part);
        for open in self.open.iter_mut().flatten().filter(|open| **open >= at) {
            *open += 1;
        }
    }

    /// Returns the Markdown and resets the builder.
    pub(super) fn take_markdown(&mut self, line_break: BreakStyle) -> String {
        while self.has_open_marks() {
            self.close();
        }
        let Self { mut parts, .. } = std::mem::take(self);
        while matches!(parts.last(), Some(Part::HardBreak)) {
            parts.pop();
        }
        for at in 0..parts.len() {
            if let Part::Close(opened) = parts[at] {
                let as_element = !can_use_delimiters(&parts, opened, at);
                if let Part::Open(_, element) = &mut parts[opened] {
                    *element = as_element;
                }
            }
        }
        let mut markdown = String::new();
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => {
                    let begins_line = at == 0 || matches!(parts[at - 1], Part::HardBreak);
                    escape(text, begins_line && line_break == BreakStyle::Newline, &mut markdown);
                }
                Part::Code(code) => {
                    let fence = fence(code, 1);
                    let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
                    markdown.extend([&fence, pad, code, pad, &fence]);
                }
                Part::Raw(raw) => markdown.push_str(raw),
                Part::HardBreak => {
                    markdown.truncate(markdown.trim_end_matches(' ').len());
                    markdown.push_str(match line_break {
                        BreakStyle::Newline => "\\\n",
                        BreakStyle::Element => "<br>",
                        BreakStyle::Space => " ",
                    });
                }
                Part::Open(mark, element) => open_mark(mark, *element, &mut markdown),
                Part::Close(opened) => {
                    if let Part::Open(mark, element) = &parts[*opened] {
                        close_mark(mark, *element, &mut markdown);
                    }
                }
            }
        }
        markdown.truncate(markdown.trim_end_matches(' ').len());
        markdown
    }
}

/// Whether asterisks around these parts would be read as emphasis (CommonMark 0.31, section 6.2). Inner marks must be
/// decided before outer ones.
fn can_use_delimiters(parts: &[Part], opened: usize, closed: usize) -> bool {
    let is_delimiter = |part: &Part| matches!(part, Part::Open(Mark::Strong | Mark::Emphasis, false));
    let before = |at: usize| {
        let part = parts[..at].iter().rev().find(|part| !is_delimiter(part));
        part.map_or(Neighbor::Character(' '), |part| match part {
            Part::Close(inner) if is_delimiter(&parts[*inner]) => Neighbor::Mark,
            part => Neighbor::Character(last_char(part)),
        })
    };
    let after = |at: usize| {
        let part =
            parts[at + 1..].iter().find(|part| !matches!(part, Part::Close(outer) if is_delimiter(&parts[*outer])));
        part.map_or(Neighbor::Character(' '), |part| match part {
            part if is_delimiter(part) => Neighbor::Mark,
            part => Neighbor::Character(first_char(part)),
        })
    };
    let within_first = parts[opened + 1..].iter().find(|part| !is_delimiter(part)).map_or(' ', first_char);
    let within_last = parts[..closed]
        .iter()
        .rev()
        .find(|part| !matches!(part, Part::Close(inner) if is_delimiter(&parts[*inner])))
        .map_or(' ', last_char);
    flanks(within_first, before(opened)) && flanks(within_last, after(closed))
}

/// Whether a delimiter run between these two characters applies to the inner side only. Between two punctuation
/// characters, it could open emphasis as well as close it.
fn flanks(inner: char, outer: Neighbor) -> bool {
    match outer {
        Neighbor::Mark => false,
        Neighbor::Character(outer) => inner.is_alphanumeric() || (outer.is_whitespace() && !inner.is_whitespace()),
    }
}

/// Returns the first character that is written for a part, or a character of the same class.
fn first_char(part: &Part) -> char {
    match part {
        Part::Text(text) | Part::Raw(text) => text.chars().next().unwrap_or(' '),
        Part::HardBreak => ' ',
        Part::Code(_) => '`',
        Part::Open(..) | Part::Close(_) => '<',
    }
}

fn last_char(part: &Part) -> char {
    match part {
        Part::Text(text) | Part::Raw(text) => text.chars().next_back().unwrap_or(' '),
        Part::HardBreak => ' ',
        Part::Code(_) => '`',
        Part::Open(..) | Part::Close(_) => '>',
    }
}

fn open_mark(mark: &Mark, element: bool, markdown: &mut String) {
    match mark {
        Mark::Strong => markdown.push_str(if element { "<strong>" } else { "**" }),
        Mark::Emphasis => markdown.push_str(if element { "<em>" } else { "*" }),
        Mark::Tag(name) => {
            markdown.push('<');
            markdown.push_str(name);
            markdown.push('>');
        }
        Mark::TagWithTitle(name, title) => start_tag_with_title(name, title, markdown),
        Mark::Link { .. } => {
            if markdown.ends_with('!') {
                // `![` would start an image.
                markdown.insert(markdown.len() - 1, '\\');
            }
            markdown.push('[');
        }
    }
}

fn close_mark(mark: &Mark, element: bool, markdown: &mut String) {
    match mark {
        Mark::Strong => markdown.push_str(if element { "</strong>" } else { "**" }),
        Mark::Emphasis => markdown.push_str(if element { "</em>" } else { "*" }),
        Mark::Tag(name) | Mark::TagWithTitle(name, _) => {
            markdown.push_str("</");
            markdown.push_str(name);
            markdown.push('>');
        }
        Mark::Link { address, title } => {
            markdown.push(']');
            markdown.push_str(&destination(address, title));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Renders a line in a short notation: `*` and `_` open and close marks, `/` breaks the line.
    fn render(notation: &str) -> String {
        let mut inline = InlineBuilder::default();
        let mut open = Vec::new();
        for part in notation.split_inclusive(['*', '_', '/']) {
            let text = part.trim_end_matches(['*', '_', '/']);
            inline.text(text);
            match &part[text.len()..] {
                "" => {}
                "/" => inline.line_break(),
                sign if open.last() == Some(&sign) => {
                    open.pop();
                    inline.close();
                }
                sign => {
                    open.push(sign);
                    inline.open(Some(if sign == "*" { Mark::Strong } else { Mark::Emphasis }));
                }
            }
        }
        inline.take_markdown(BreakStyle::Newline)
    }

    #[test]
    fn marks_are_written_so_that_they_parse() {
        for (notation, markdown) in [
            ("a *b* c", "a **b** c"),
            ("a* b *c", "a **b** c"),
            ("a*b*c", "a**b**c"),
            ("*Note:* a", "**Note:** a"),
            ("*Note:*a", "<strong>Note:</strong>a"),
            ("a*(b)*", "a<strong>(b)</strong>"),
            ("*_a_*", "***a***"),
            ("*_a_ b*", "***a* b**"),
            ("*a _b_*", "**a *b***"),
            ("*a*_b_", "<strong>a</strong>*b*"),
            ("_*Note:*_a", "<em><strong>Note:</strong></em>a"),
            ("*a/*b", "**a**\\\nb"),
            ("a*/b*", "a\\\n**b**"),
            ("/a / b/", "a\\\nb"),
            ("a**b", "ab"),
            ("x*\u{A0}a*", "x<strong>\u{A0}a</strong>"),
            ("\u{A0}*\u{A0}a*", "**a**"),
        ] {
            assert_eq!(render(notation), markdown, "{notation}");
        }
    }
}

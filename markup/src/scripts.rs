//! Superscript and subscript inside words: `50^th^`, `H~2~O`.
//!
//! The Markdown parser accepts these marks at the start and end of words only. This file adds the rule of Pandoc: a
//! text without white space between two carets is superscript, and between two tildes subscript, anywhere. After a
//! backslash, or written as a character reference, a caret or tilde is a literal character.

use std::{collections::VecDeque, iter, ops::Range};

use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};

/// Stands for a literal caret or tilde between parsing and output. Noncharacters are not valid in text.
const LITERAL: [(char, char); 2] = [('^', '\u{FDD0}'), ('~', '\u{FDD1}')];

/// Stand for characters that the Markdown writer escapes although it must not, or does not escape although it must: a
/// caret or tilde that is a mark, an ampersand that starts no character reference, and a backslash.
const WRITTEN: [(char, &str); 5] =
    [(SUPERSCRIPT, "^"), (SUBSCRIPT, "~"), (AMPERSAND, "&"), (BACKSLASH, "\\\\"), (CELL_BACKSLASH, "&#92;")];
const SUPERSCRIPT: char = '\u{FDD2}';
const SUBSCRIPT: char = '\u{FDD3}';
const AMPERSAND: char = '\u{FDD4}';
const BACKSLASH: char = '\u{FDD5}';
const CELL_BACKSLASH: char = '\u{FDD6}';

/// Events in which the texts that the rule applies to are marked.
pub(crate) struct Scripts<'a, I> {
    source: &'a str,
    events: I,
    /// Events to return before the next one is read.
    queue: VecDeque<Event<'a>>,
    /// Consecutive text events, and the position in the source after the last one.
    text: String,
    text_end: usize,
    /// Whether the text is that of a code block or of a link that is written as its address.
    is_literal: bool,
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Scripts<'a, I> {
    /// Reads the events of a parser and their positions in its source.
    pub(crate) fn new(source: &'a str, events: I) -> Self {
        Self { source, events, queue: VecDeque::new(), text: String::new(), text_end: 0, is_literal: false }
    }

    /// Adds a text event to the text. Literal carets and tildes are replaced.
    fn add(&mut self, text: &str, range: Range<usize>) {
        let is_reference = self.source.get(range.clone()) != Some(text);
        let is_escaped = range.start != self.text_end && self.source[..range.start].ends_with('\\');
        for (position, c) in text.char_indices() {
            let is_literal = is_reference || (position == 0 && is_escaped);
            let literal = LITERAL.iter().find(|(mark, _)| is_literal && *mark == c);
            self.text.push(literal.map_or(c, |(_, literal)| *literal));
        }
        self.text_end = range.end;
    }

    /// Queues the events of the text.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let mut rest = text.as_str();
        while let Some((before, mark, content, after)) = next_script(rest) {
            let tag = if mark == '^' { Tag::Superscript } else { Tag::Subscript };
            let end = tag.to_end();
            self.queue.extend(text_event(before));
            self.queue.extend(iter::once(Event::Start(tag)).chain(text_event(content)).chain([Event::End(end)]));
            rest = after;
        }
        self.queue.extend(text_event(rest));
    }
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Iterator for Scripts<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            match self.events.next() {
                Some((Event::Text(text), range)) if !self.is_literal => self.add(&text, range),
                Some((event, range)) => {
                    self.flush();
                    self.text_end = range.end;
                    match event {
                        Event::Start(
                            Tag::CodeBlock(_) | Tag::Link { link_type: LinkType::Autolink | LinkType::Email, .. },
                        ) => {
                            self.is_literal = true;
                        }
                        Event::End(TagEnd::CodeBlock | TagEnd::Link) => self.is_literal = false,
                        _ => {}
                    }
                    self.queue.push_back(event);
                }
                None if self.text.is_empty() => return None,
                None => self.flush(),
            }
        }
    }
}

/// Returns the first superscript or subscript of a text: the text before, the mark, the content, and the text after.
fn next_script(text: &str) -> Option<(&str, char, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find(['^', '~'])?;
        let mark = char::from(text.as_bytes()[start]);
        let rest = &text[start + 1..];
        let end = rest.find(|c: char| c == mark || c.is_whitespace());
        match end.filter(|&end| end > 0 && rest[end..].starts_with(mark) && !rest[end + 1..].starts_with(mark)) {
            Some(end) => return Some((&text[..start], mark, &rest[..end], &rest[end + 1..])),
            // Two marks in a row are no mark.
            None => from = start + 1 + rest.len() - rest.trim_start_matches(mark).len(),
        }
    }
}

fn text_event(text: &str) -> Option<Event<'static>> {
    let restored = |c| LITERAL.iter().find(|(_, literal)| *literal == c).map_or(c, |(mark, _)| *mark);
    (!text.is_empty()).then(|| Event::Text(CowStr::from(text.chars().map(restored).collect::<String>())))
}

/// Removes superscripts and subscripts that contain white space or marks: these have no spelling inside words.
pub(crate) fn remove_unwritable(events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let is_script = |event: &Event<'_>| matches!(event, Event::Start(Tag::Superscript | Tag::Subscript));
    let is_written = |at: usize| match &events[at..] {
        [_, Event::Text(text), Event::End(TagEnd::Superscript | TagEnd::Subscript), ..] => {
            !text.contains(char::is_whitespace)
        }
        _ => false,
    };
    let starts: Vec<bool> = (0..events.len()).map(|at| is_script(&events[at]) && is_written(at)).collect();
    let is_kept = |at: usize| match events[at] {
        Event::Start(Tag::Superscript | Tag::Subscript) => starts[at],
        Event::End(TagEnd::Superscript | TagEnd::Subscript) => at > 1 && starts[at - 2],
        _ => true,
    };
    let kept: Vec<bool> = (0..events.len()).map(is_kept).collect();
    events.into_iter().zip(kept).filter_map(|(event, is_kept)| is_kept.then_some(event)).collect()
}

/// Prepares events for a Markdown writer: superscripts and subscripts become text, because the writer finds no spelling
/// for them inside words. [`finish`] turns what was written into Markdown.
pub(crate) fn prepare(events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut prepared: Vec<Event<'static>> = Vec::with_capacity(events.len());
    let (mut in_code, mut in_cell) = (false, false);
    for event in events {
        match &event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::TableCell) => in_cell = true,
            Event::End(TagEnd::TableCell) => in_cell = false,
            _ => {}
        }
        match (event, prepared.as_slice()) {
            (Event::End(TagEnd::Superscript | TagEnd::Subscript), [.., Event::Start(tag), Event::Text(text)]) => {
                let mark = if *tag == Tag::Superscript { SUPERSCRIPT } else { SUBSCRIPT };
                let text = format!("{mark}{text}{mark}");
                prepared.truncate(prepared.len() - 2);
                push_text(&mut prepared, &text);
            }
            (Event::Text(text), _) if !in_code => push_text(&mut prepared, &prepare_text(&text, in_cell)),
            (event, _) => prepared.push(event),
        }
    }
    prepared
}

fn prepare_text(text: &str, in_cell: bool) -> String {
    let replaced = |(position, c): (usize, char)| match c {
        '&' if !starts_reference(&text[position + 1..]) => AMPERSAND,
        '\\' if in_cell => CELL_BACKSLASH,
        '\\' => BACKSLASH,
        c => c,
    };
    text.char_indices().map(replaced).collect()
}

/// Whether a text after an ampersand would make it a character reference.
fn starts_reference(after: &str) -> bool {
    let name = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
    name.len() < after.len() && name.starts_with(';')
}

fn push_text(events: &mut Vec<Event<'static>>, text: &str) {
    if let Some(Event::Text(before)) = events.last_mut() {
        *before = format!("{before}{text}").into();
    } else {
        events.push(Event::Text(text.to_owned().into()));
    }
}

/// Returns the Markdown for what was written from prepared events.
pub(crate) fn finish(written: &str) -> String {
    let mut markdown = String::with_capacity(written.len());
    for c in written.chars() {
        match WRITTEN.iter().find(|(placeholder, _)| *placeholder == c) {
            Some((_, text)) => markdown.push_str(text),
            None => markdown.push(c),
        }
    }
    markdown
}

//! Plain text of a body and its word count: sanitized HTML to text, and words by Unicode segmentation (UAX #29).
//!
//! The text is made from the HTML and not from the Markdown, so that both agree if the Markdown contains HTML.

use std::borrow::Cow;

use icu_properties::{CodePointMapData, props::GeneralCategory};
use icu_segmenter::{WordSegmenter, options::WordBreakInvariantOptions};

use super::{
    elements::{ElementKind, element},
    tokenizer::{Token, Tokenizer},
};

/// Converts sanitized HTML to text: a blank line between paragraphs, a line break between items and between rows, a
/// tab between cells, and the alternative text for an image.
pub(super) fn html_to_text(html: &str) -> String {
    let mut writer = Writer { text: String::with_capacity(html.len()), ..Writer::default() };
    for token in Tokenizer::new(html) {
        match token {
            Token::Text(text) => writer.write(&decode_references(text)),
            Token::StartTag(name, attributes) => match name {
                "br" => writer.line_break(),
                "img" => {
                    if let Some(alt) = attributes.value("alt") {
                        writer.write(&decode_references(alt));
                    }
                }
                name => writer.start_tag(name),
            },
            Token::EndTag(name) => writer.end_tag(name),
        }
    }
    writer.text
}

#[derive(Default)]
struct Writer {
    text: String,
    /// The separator to write before the next text.
    pending: Separator,
    /// Numbers of open lists, table cells and preformatted blocks.
    lists: usize,
    cells: usize,
    preformatted: usize,
}

/// What separates two pieces of text, in order of increasing strength.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Separator {
    #[default]
    None,
    Space,
    Tab,
    Line,
    Paragraph,
}

impl Writer {
    fn start_tag(&mut self, name: &str) {
        match name {
            "ul" | "ol" | "dl" => {
                self.separate(if self.lists > 0 { Separator::Line } else { Separator::Paragraph });
                self.lists += 1;
            }
            "pre" => {
                self.separate(Separator::Paragraph);
                self.preformatted += 1;
            }
            "td" | "th" => self.cells += 1,
            name => self.separate(separator_around(name)),
        }
    }

    fn end_tag(&mut self, name: &str) {
        match name {
            "ul" | "ol" | "dl" => {
                self.lists = self.lists.saturating_sub(1);
                self.separate(if self.lists > 0 { Separator::Line } else { Separator::Paragraph });
            }
            "pre" => {
                self.separate(Separator::Paragraph);
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "td" | "th" => {
                self.cells = self.cells.saturating_sub(1);
                self.separate(Separator::Tab);
            }
            name => self.separate(separator_around(name)),
        }
    }

    fn separate(&mut self, separator: Separator) {
        // A table row is written on one line.
        let separator = if self.cells > 0 { separator.min(Separator::Space) } else { separator };
        self.pending = self.pending.max(separator);
    }

    fn line_break(&mut self) {
        if self.preformatted > 0 && self.cells == 0 {
            self.text.push('\n');
        } else {
            // Two line breaks in a row stand for a paragraph break.
            self.separate(if self.pending == Separator::Line { Separator::Paragraph } else { Separator::Line });
        }
    }

    fn write(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_ascii_whitespace() && (self.preformatted == 0 || self.cells > 0) {
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
fn separator_around(name: &str) -> Separator {
    match element(name) {
        None | Some((_, ElementKind::Inline | ElementKind::Void, _)) => Separator::None,
        Some((_, ElementKind::Item | ElementKind::RowGroup | ElementKind::Row, _)) => Separator::Line,
        Some(_) => Separator::Paragraph,
    }
}

/// Decodes the character references in text of sanitized HTML. The sanitizer writes no other references than these.
pub(super) fn decode_references(html: &str) -> Cow<'_, str> {
    const REFERENCES: [(&str, char); 5] =
        [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("nbsp;", '\u{A0}')];
    if !html.contains('&') {
        return Cow::Borrowed(html);
    }
    let mut parts = html.split('&');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = REFERENCES.iter().find_map(|(name, c)| Some((*c, part.strip_prefix(name)?)));
        let (c, after) = known.unwrap_or(('&', part));
        text.push(c);
        text.push_str(after);
    }
    Cow::Owned(text)
}

/// Counts the words of a plain text: the segments between word boundaries (UAX #29) that contain a letter or a
/// decimal digit.
///
/// Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces between words. For them, boundaries are
/// found with the dictionaries of ICU, longest match first. The neural networks (LSTM) of ICU find some words better,
/// but are about a hundred times slower: three megabytes of Thai would take five seconds. The running time is
/// proportional to the length of the text, whatever its content.
pub fn word_count(text: &str) -> usize {
    let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    let mut begin = 0;
    let is_word = |&end: &usize| {
        // `is_word_like` is not used: in ICU4X 2.4 it is false for words that end with a combining mark, which are
        // common in Hindi.
        let segment = &text[begin..end];
        begin = end;
        segment.chars().any(|c| c.is_alphabetic() || is_digit(c))
    };
    segmenter.segment_str(text).filter(is_word).count()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::DecimalNumber
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_separated_by_a_blank_line() {
        assert_eq!(html_to_text("<h1>A</h1>\n<p>b\n  c</p><p></p><p>d<br>e<br><br>f</p>"), "A\n\nb c\n\nd\ne\n\nf");
        assert_eq!(html_to_text("<div>a<div>b</div></div><hr>c <em> d</em>."), "a\n\nb\n\nc d.");
    }

    #[test]
    fn items_and_rows_are_lines() {
        assert_eq!(html_to_text("<p>a</p><ul><li>b<ol><li>c</li></ol></li><li>d</li></ul>e"), "a\n\nb\nc\nd\n\ne");
        assert_eq!(html_to_text("<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>"), "a\n\nb\n\nc");
        let table = "<table><caption>t</caption><thead><tr><th>a</th><th>b</th></tr></thead>\n<tbody><tr><td><p>1</p><p>2</p></td> <td></td><td>3<br>4</td></tr></tbody></table>";
        assert_eq!(html_to_text(table), "t\n\na\tb\n1 2\t3 4");
    }

    #[test]
    fn character_references_are_decoded() {
        assert_eq!(html_to_text("a &amp;lt; &lt;b&gt;&nbsp;&quot; & &x"), "a &lt; <b>\u{A0}\" & &x");
        assert_eq!(html_to_text("<p>x <img src=\"https://a/b\" alt=\"A &quot;&lt;b>&quot;\"> y</p>"), "x A \"<b>\" y");
    }

    #[test]
    fn preformatted_text_keeps_its_lines() {
        assert_eq!(html_to_text("<p>a</p><pre>b\n  c<br>d</pre>e"), "a\n\nb\n  c\nd\n\ne");
    }

    #[test]
    fn words_are_counted_in_every_script() {
        for (text, words) in [
            ("", 0),
            ("One two — three, 4!", 4),
            ("one—two three", 3),
            ("one…two", 2),
            ("either/or", 2),
            ("don't, don’t", 2),
            ("3.14 and 1,000,000", 3),
            ("The U.S. official of the U.S.", 6),
            ("state-of-the-art", 4),
            ("rock ’n’ roll", 3),
            ("aujourd'hui, naïve cafe\u{301}", 3),
            ("3.5 % — 7%", 2),
            ("... --- \u{A0} *", 0),
            ("🙂 👩\u{200D}👩\u{200D}👧 🇨🇭", 0),
            ("Привет, мир", 2),
            ("سلام دنیا", 2),
            ("שלום עולם", 2),
            ("हिन्दी में समाचार", 3),
            ("বাংলা ভাষা", 2),
            ("தமிழ் மொழி", 2),
            ("ไทย ๓ ข่าว", 3),
            ("½ ① ₂", 0),
            ("한국 노동", 2),
            ("국제노동기구는 화요일에 발표했다", 3),
            ("国际劳工组织发布就业报告", 6),
            ("世界の労働、2006年。", 5),
            ("私は学生です", 4),
            ("ILO報告ILO", 3),
            ("カタカナ・ー", 2),
            ("องค์การแรงงานระหว่างประเทศ", 4),
            ("ผมกินข้าวที่บ้าน", 5),
            ("អង្គការពលកម្មអន្តរជាតិ", 3),
            ("ພາສາລາວ", 2),
        ] {
            assert_eq!(word_count(text), words, "{text}");
        }
    }

    #[test]
    fn long_texts_without_spaces_have_the_words_of_their_parts() {
        for (part, words) in
            [("国际劳工组织发布就业报告", 6), ("องค์การแรงงานระหว่างประเทศ", 4), ("អង្គការពលកម្មអន្តរជាតិ", 3), ("ILO", 0)]
        {
            assert_eq!(word_count(&part.repeat(30_000)), (words * 30_000).max(1), "{part}");
        }
    }
}

//! HTML to Markdown conversion, for the bodies (`bodyHtml`) that other systems export.
//!
//! The HTML is flattened and sanitized first, so every element is closed and the nesting is limited. Control
//! characters are replaced and counted. Elements that Markdown cannot express keep their text. HTML of more than 10
//! MB is rejected.

use super::{
    blocks::{Align, BlockBuilder, BlockKind},
    elements::{ElementKind, element},
    escape::{self, destination},
    inline::Mark,
    plain_text::decode_references,
    sanitizer::sanitize,
    tokenizer::{Attributes, Token, Tokenizer},
};
use crate::newsroom::text::{
    control::{ControlCount, replace_controls},
    to_nfc,
};

/// Maximum length of an HTML body, in bytes.
const MAX_BYTES: usize = 10_000_000;

/// Converts an HTML body to Markdown with the same content, and counts its control characters. Removes scripts and
/// styles. Elements without an equivalent in Markdown keep their text. Control characters are handled by
/// [`replace_controls`], also if they are written as character references. Fails with a message if the body is longer
/// than `MAX_BYTES`.
pub fn html_to_markdown(html: &str) -> Result<(String, ControlCount), String> {
    if html.len() > MAX_BYTES {
        let length = html.len();
        return Err(format!("bodyHtml is {length} bytes long; the maximum is {MAX_BYTES}: shorten it"));
    }
    let mut html = html.to_owned();
    let mut controls = replace_controls(&mut html);
    let mut html = sanitize(&html);
    controls += replace_controls(&mut html);
    let html = html.replace('\r', "");
    let mut converter = Converter { blocks: BlockBuilder::new(), code: None };
    let mut tokens = Tokenizer::new(&html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => converter.text(&decode_references(text)),
            Token::StartTag("table", _) if !has_columns(tokens.clone()) => converter.blocks.push(BlockKind::Plain),
            Token::StartTag(name, attributes) => converter.start(name, &attributes),
            Token::EndTag(name) => converter.end(name),
        }
    }
    Ok((to_nfc(converter.blocks.finish()), controls))
}

/// Whether a table has a row with several cells. A table without one is layout, and its content is unwrapped.
fn has_columns(after: Tokenizer<'_>) -> bool {
    let (mut tables, mut cells) = (1, 0);
    for token in after {
        match token {
            Token::StartTag("table", _) => tables += 1,
            Token::EndTag("table") => tables -= 1,
            Token::StartTag("tr", _) if tables == 1 => cells = 0,
            Token::StartTag("td" | "th", _) if tables == 1 => cells += 1,
            _ => {}
        }
        if tables == 0 || cells > 1 {
            break;
        }
    }
    cells > 1
}

/// Writes the Markdown for a stream of HTML tokens.
struct Converter {
    blocks: BlockBuilder,
    /// The code being read, and whether it is preformatted (`pre`).
    code: Option<(String, bool)>,
}

impl Converter {
    fn text(&mut self, text: &str) {
        match &mut self.code {
            Some((code, _)) => code.push_str(text),
            None => self.blocks.inline.text(text),
        }
    }

    fn start(&mut self, name: &str, attributes: &Attributes<'_>) {
        if let Some((code, _)) = &mut self.code {
            if name == "br" {
                code.push('\n');
            }
            return;
        }
        let value = |name| attributes.value(name).map(decode_references);
        let number = |name| value(name).and_then(|value| value.parse::<u32>().ok());
        let blocks = &mut self.blocks;
        match name {
            // Two line breaks in a row stand for a paragraph break.
            "br" if blocks.inline.ends_with_break() && !blocks.inline.has_open_marks() && !blocks.is_in_cell() => {
                blocks.end_paragraph();
            }
            "br" => blocks.inline.line_break(),
            "img" => {
                if let Some(address) = value("src") {
                    let mut picture = "![".to_owned();
                    escape::escape_attribute(&value("alt").unwrap_or_default(), &mut picture);
                    picture.push(']');
                    picture.push_str(&destination(&address, &value("title").unwrap_or_default()));
                    blocks.inline.raw_markdown(picture);
                }
            }
            "a" => {
                let title = value("title").unwrap_or_default().into_owned();
                let link = value("href").map(|address| Mark::Link { address: address.into_owned(), title });
                blocks.inline.open(link);
            }
            "abbr" => {
                let title = value("title").filter(|title| !title.trim().is_empty());
                blocks.inline.open(title.map(|title| Mark::TagWithTitle("abbr", title.into_owned())));
            }
            "code" => self.code = Some((String::new(), false)),
            "pre" => {
                blocks.end_paragraph();
                self.code = Some((String::new(), true));
            }
            name if is_inline(name) => blocks.inline.open(mark_for(name)),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                blocks.push(BlockKind::Heading(usize::from(name.as_bytes()[1] - b'0')));
            }
            "hr" => blocks.thematic_break(),
            "blockquote" => blocks.push(BlockKind::Quote),
            "ul" => blocks.push(BlockKind::List(None, Vec::new())),
            "ol" => blocks.push(BlockKind::List(Some(number("start").unwrap_or(1)), Vec::new())),
            "li" => blocks.push(BlockKind::Item),
            "table" => blocks.push_table(),
            "thead" => blocks.set_in_head(true),
            "tr" => blocks.push_row(),
            "td" | "th" => {
                let align = Align::from_attribute(&value("align").unwrap_or_default());
                blocks.push_cell(name == "th", number("colspan").unwrap_or(1) as usize, align);
            }
            "wbr" | "tbody" | "tfoot" => {}
            _ => blocks.push(BlockKind::Plain),
        }
    }

    fn end(&mut self, name: &str) {
        match (name, &self.code) {
            ("code", Some((code, false))) => {
                self.blocks.code_span(code);
                self.code = None;
            }
            ("pre", Some((code, true))) => {
                self.blocks.code_block(code);
                self.code = None;
            }
            (_, Some(_)) | ("tbody" | "tfoot", _) => {}
            ("thead", _) => self.blocks.set_in_head(false),
            (name, _) if is_inline(name) => self.blocks.inline.close(),
            _ => self.blocks.pop(),
        }
    }
}

fn is_inline(name: &str) -> bool {
    matches!(element(name), Some((_, ElementKind::Inline, _)))
}

/// Returns the mark for an inline element, or `None` if only its text is kept.
fn mark_for(name: &str) -> Option<Mark> {
    match element(name)?.0 {
        "strong" => Some(Mark::Strong),
        "em" => Some(Mark::Emphasis),
        name @ ("del" | "ins" | "q" | "s" | "sub" | "sup") => Some(Mark::Tag(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::newsroom::markup::{markdown_to_html, markdown_to_text, plain_text::html_to_text};

    fn markdown(html: &str) -> String {
        html_to_markdown(html).unwrap().0
    }

    #[test]
    fn control_characters_are_mapped_from_windows_1252_or_removed_and_counted() {
        for (html, expected, mapped, removed) in [
            ("<p>l\u{92}ecole</p>", "l’ecole", 1, 0),
            ("<p>\u{93}a\u{94}\u{81}\u{1}</p>", "“a”", 2, 2),
            ("<p>l&#146;ecole&#x1;</p>", "l’ecole", 0, 1),
            ("<a href='https://a/b' title='\u{96}\u{FEFF}'>x</a>", "[x](https://a/b \"–\")", 1, 1),
            ("<p>a\tb\r\nc</p>", "a b c", 0, 0),
        ] {
            let (text, controls) = html_to_markdown(html).unwrap();
            let actual = (text.as_str(), controls.mapped, controls.removed);
            assert_eq!(actual, (expected, mapped, removed), "{html:?}");
        }
    }

    #[test]
    fn html_of_other_systems_becomes_markdown() {
        let html = "<p>WASHINGTON &ndash; A <span style='mso-x'>&quot;man&quot;</span> <b>was</b>\n <i>named</i><br>\nsaid.</p>\n\
                    <p>&nbsp;</p><h2><p>Facts &amp; figures</p></h2><script>x</script><style>y</style>\
                    <ul><li>one<ol start=4><li>four</ol></li><li><p>two</p></li></ul><hr/>\
                    <blockquote><p>So</p><p>it goes</p></blockquote><pre>a *b*\n  c</pre>\
                    <p>See <a href=\"https://example.org/a_(b)?c&amp;d\" title='t'>the \
                    <em>page</em></a>, x<sup>2</sup>, <code>a|b`</code>, <s>no</s>.</p>\
                    <img src=\"https://example.org/i.png\" alt=\"A [map]\"><img src=\"/local.png\" alt=x>";
        let expected = "WASHINGTON – A \"man\" **was** *named*\\\nsaid.\n\n## Facts & figures\n\n- one\n\n  4. four\n\n- two\n\n___\n\n\
                        > So\n>\n> it goes\n\n```\na *b*\n  c\n```\n\n\
                        See [the *page*](https://example.org/a_\\(b\\)?c&amp;d \"t\"), \
                        x<sup>2</sup>, `` a|b` ``, <s>no</s>.\n\n\
                        ![A \\[map\\]](https://example.org/i.png)";
        assert_eq!(markdown(html), expected);
    }

    #[test]
    fn tables_become_tables() {
        let headed = "<table><caption>Pay</caption><thead><tr><th>Year<th>Sum</thead><tr><td>2005<td>1|2<tr><td colspan=2><p>a</p><p>b<br>c</p></table>";
        assert_eq!(markdown(headed), "Pay\n\n| Year | Sum |\n| --- | --- |\n| 2005 | 1\\|2 |\n| a<br>b<br>c |  |");
        assert_eq!(markdown("<table><tr><td>a<td>b<tr><td>c</table>"), "|  |  |\n| --- | --- |\n| a | b |\n| c |");
        assert_eq!(markdown_to_text(&markdown(headed)), "Pay\n\nYear\tSum\n2005\t1|2\na b c");
        let code = markdown("<table><tr><td>a<td><code>x|y</code>\\|z</table>");
        assert_eq!(markdown_to_text(&code), "a\tx|y\\|z");
    }

    #[test]
    fn a_layout_table_is_unwrapped() {
        let framed = "<table><tr><td><h1>a</h1><p>b</p><table><tr><td>c<td>d</table></td></tr><tr><td>e</table>";
        assert_eq!(markdown(framed), "# a\n\nb\n\n|  |  |\n| --- | --- |\n| c | d |\n\ne");
        let nested = "<table><tr><td>a<td><table><tr><td>b<td>c<tr><td>d</table></table>";
        assert_eq!(markdown(nested), "|  |  |\n| --- | --- |\n| a | b c<br>d |");
    }

    #[test]
    fn column_alignment_is_preserved() {
        let table = "<table><tr><th>a<th>b<th>c<tr><td>1<td align=right>2<td style='text-align:center'>3<tr><td>4<td align=right>5<td></table>";
        assert_eq!(markdown(table), "| a | b | c |\n| --- | --: | :-: |\n| 1 | 2 | 3 |\n| 4 | 5 |  |");
        let html = markdown_to_html(&markdown(table));
        assert!(html.contains("<td>4</td><td align=\"right\">5</td><td align=\"center\"></td>"), "{html}");
        assert_eq!(
            markdown("<table><tr><td align=left>a<td>b<tr><td>c<td>d</table>").lines().nth(1),
            Some("| --- | --- |")
        );
    }

    #[test]
    fn a_column_without_text_below_its_head_is_aligned_as_the_head() {
        let delimiter_row = |table: &str| markdown(table).lines().nth(1).map(str::to_owned);
        assert_eq!(delimiter_row("<table><tr><th align=right>a<th>b</table>").as_deref(), Some("| --: | --- |"));
        assert_eq!(
            delimiter_row("<table><tr><th align=center>a<th align=right>b<tr><td><td>1</table>").as_deref(),
            Some("| :-: | --- |")
        );
    }

    #[test]
    fn adjacent_lists_stay_separate() {
        assert_eq!(markdown("<ul><li>a</ul><ul><li>b</ul><ol><li>c</ol><ol><li>d</ol>"), "- a\n\n* b\n\n1. c\n\n1) d");
        assert_eq!(markdown("<ul><ul><li>a</ul>b<li>c<p>d</ul>"), "- - a\n\n  b\n\n- c\n\n  d");
        assert_eq!(markdown("<ul><li></li><li>a<ul><li>b</ul></ul>"), "- a\n  - b");
    }

    #[test]
    fn paragraphs_made_with_line_breaks_are_paragraphs() {
        assert_eq!(markdown("a<br><br/>b<br>c<br>"), "a\n\nb\\\nc");
        assert_eq!(markdown("a<br>- b<br># c"), "a\\\n\\- b\\\n\\# c");
    }

    #[test]
    fn word_processor_markup_is_removed() {
        let word = "<html xmlns:o=x><head><title>t</title><style>p{}</style><!--[if gte mso 9]><xml><o:p>x</o:p></xml><![endif]--></head>\
                    <body lang=EN><p class=MsoNormal><b style='x'><span style='font-size:12.0pt'>Bold</span></b><b><span> text</span></b><o:p></o:p></p>\
                    <p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoListParagraph><![if !supportLists]><span>·</span><![endif]>item</p></body></html>";
        assert_eq!(markdown(word), "**Bold text**\n\n·item");
    }

    #[test]
    fn invisible_characters_are_removed() {
        assert_eq!(
            markdown("<p>a&#1;b\u{202E}c&#x202D;d\u{FEFF}e&#0;\0f\u{85}g&zwnj;h e\u{301}</p>").replace('\u{FFFD}', ""),
            "abcdef…g\u{200C}h é"
        );
        assert_eq!(markdown("&lt;\u{1}script> &lt;\u{FDD0}b>"), "\\<script> \\<b>");
    }

    #[test]
    fn html_over_the_size_limit_is_refused() {
        let message = html_to_markdown(&"a".repeat(MAX_BYTES + 1)).unwrap_err();
        assert!(message.contains("10000001 bytes") && message.contains("shorten"), "{message}");
    }

    #[test]
    fn a_long_body_is_converted_quickly() {
        let row = "<tr><td class=\"xl65\" style='width:48pt'>1&nbsp;000</td><td><p><span>two &quot;three&quot;</span></p></td></tr>";
        let paragraph = "<p class=MsoNormal><span style='font-family:\"Times New Roman\",serif'><b>WASHINGTON</b> &#8211; &quot;A&quot; <i>b</i><o:p></o:p></span></p>";
        let body = format!("{}<table>{}</table>", paragraph.repeat(1000), row.repeat(1000));
        assert!(body.len() > 200_000);
        let started = std::time::Instant::now();
        let markdown = markdown(&body);
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
        assert_eq!(markdown.matches("**WASHINGTON** – \"A\" *b*").count(), 1000);
        assert_eq!(markdown.matches("\n| 1\u{A0}000 | two \"three\" |").count(), 1000);
    }

    fn words(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Returns the text that a reader of the HTML sees.
    fn visible_text(html: &str) -> String {
        words(&html_to_text(&sanitize(html)))
    }

    /// Returns the visible characters except white space, each with the sorted names of the elements around it.
    /// Characters in code have none.
    fn letters(html: &str) -> Vec<(char, Vec<String>)> {
        let mut open: Vec<String> = Vec::new();
        let mut letters = Vec::new();
        for token in Tokenizer::new(html) {
            match token {
                Token::StartTag(name @ ("strong" | "em" | "sup" | "a" | "code" | "pre"), _) => {
                    open.push(name.to_owned())
                }
                Token::EndTag(name @ ("strong" | "em" | "sup" | "a" | "code" | "pre")) => {
                    open.retain(|open| open != name)
                }
                Token::Text(text) => {
                    let mut marks =
                        if open.iter().any(|name| name == "pre" || name == "code") { Vec::new() } else { open.clone() };
                    marks.sort();
                    letters.extend(
                        decode_references(text).chars().filter(|c| !c.is_whitespace()).map(|c| (c, marks.clone())),
                    );
                }
                _ => {}
            }
        }
        letters
    }

    const LISTS: &str = "<ul>§</ul>§<ol>§</ol>§<ol start=7>§<li>§</li>";
    // List markers inside cells become text, so the two sets of tags are not mixed.
    const TABLES: &str = "<table>§</table>§<tr>§<td>§<th>§</td>§<td colspan=3>";
    const PIECES: &str = "<b>§</b>§<i>§</i>§<a href=https://a>§</a>§<sup>§</sup>§<u>§</u>§<br>§<p>§</p>§<h2>§</h2>§\
        <blockquote>§</blockquote>§<div>§</div>§<pre>§</pre>§<code>§</code>§<hr>§a§b§ §(c)§1. §- §# §_§\
        *§&lt;p>§&amp;lt;§!§|§`§~§[§\\§\n§&nbsp;";

    /// Generates tags and text in random order. The pieces of `more` are twice as frequent.
    fn soup(more: &'static str) -> impl Strategy<Value = String> {
        let pieces = [PIECES, more, more].join("§").split('§').map(str::to_owned).collect::<Vec<_>>();
        prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn text_round_trips(parts in prop::collection::vec("[-a1.,)(#>+=*_`~|:!?\\[\\]<&;\\\\'\"^{}$%@/é字“…]{1,6}", 1..8)) {
            let escaped = parts.join(" ").replace('&', "&amp;").replace('<', "&lt;");
            for body in [format!("<p>{escaped}</p>"), format!("<h3>{escaped}</h3>"), format!("<ul><li>{escaped}</ul>"), format!("<table><tr><td>{escaped}<td>x</table>"),
                         format!("<p>x<b>{escaped}</b>y <a href=https://a>{escaped}</a></p>"),
                         format!("<pre>{escaped}</pre><p>a <code>{escaped}</code>")] {
                let markdown = markdown(&body);
                prop_assert_eq!(words(&markdown_to_text(&markdown)), visible_text(&body), "{} became {}", body, markdown);
            }
        }

        #[test]
        fn marks_and_blocks_round_trip(body in prop_oneof![soup(LISTS), soup(TABLES)]) {
            let markdown = markdown(&body);
            let round_tripped = words(&markdown_to_text(&markdown));
            let html = markdown_to_html(&markdown);
            prop_assert_eq!(round_tripped, visible_text(&body), "{} became {} and {}", body, markdown, html);
            let clean = sanitize(&body);
            prop_assert_eq!(letters(&html), letters(&clean), "{} became {} and {}", clean, markdown, html);
        }
    }
}

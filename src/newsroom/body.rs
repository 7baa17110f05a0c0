//! Bodies: Markdown is what is kept; HTML and plain text are made from it.
//!
//! The Markdown may hold HTML, written by people or brought by an import, so what is made of it goes through a sanitiser that
//! lets through what a text needs and nothing that runs, frames or styles.

use std::{collections::HashSet, sync::LazyLock};

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html as cmark_html};
use unicode_normalization::UnicodeNormalization;

/// Elements in elements that an HTML body may have; deeper ones are refused, because parsers of trees are recursive.
const MAX_HTML_DEPTH: usize = 256;

/// Marks that open a block or a link in a row; longer rows are flattened, because parsers of trees are recursive.
const MAX_MARKDOWN_DEPTH: usize = 64;

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut sanitiser = Builder::default();
    sanitiser
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .rm_tags(["map", "area"])
        .rm_generic_attributes(["title"]);
    sanitiser
});

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES
}

/// The body as sanitised HTML: no scripts, styles, frames or forms, links to http, https and mailto only.
pub fn html(markdown: &str) -> String {
    let flat = flattened(markdown);
    let mut raw = String::with_capacity(flat.len() * 3 / 2);
    cmark_html::push_html(&mut raw, Parser::new_ext(&flat, options()));
    if html_depth(&raw) > MAX_HTML_DEPTH {
        // Whoever nests like this wants no rendering; the text is still there.
        return format!("<pre>{}</pre>", ammonia::clean_text(markdown));
    }
    SANITISER.clean(&raw).to_string()
}

/// The body as plain text; paragraphs parted by a blank line.
pub fn text(markdown: &str) -> String {
    let flat = flattened(markdown);
    let mut text = String::with_capacity(flat.len());
    for event in Parser::new_ext(&flat, options()) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::SoftBreak => text.push(' '),
            Event::HardBreak => text.push('\n'),
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table | TagEnd::List(_),
            )
            | Event::Rule => text.push_str("\n\n"),
            Event::End(TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => text.push('\n'),
            Event::End(TagEnd::TableCell) => text.push('\t'),
            Event::Start(Tag::Item) if !text.is_empty() && !text.ends_with('\n') => text.push('\n'),
            _ => {}
        }
    }
    let mut paragraphs = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && (paragraphs.is_empty() || paragraphs.ends_with("\n\n")) {
            continue;
        }
        paragraphs.push_str(line);
        paragraphs.push('\n');
    }
    paragraphs.trim_end().to_owned()
}

/// Words of a plain text: runs between blanks that have a letter or digit; of Chinese and Japanese every character, which are
/// written without blanks.
pub fn word_count(text: &str) -> usize {
    let ideograph = |c: char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}');
    let words = |run: &str| {
        let signs = run.chars().filter(|&c| ideograph(c)).count();
        signs + usize::from(run.chars().any(|c| c.is_alphanumeric() && !ideograph(c)))
    };
    text.split_whitespace().map(words).sum()
}

/// Markdown made from the HTML of another system; why it cannot be, otherwise.
pub fn markdown_from_html(html: &str) -> Result<String, String> {
    if html_depth(html) > MAX_HTML_DEPTH {
        return Err(format!(
            "bodyHtml nests elements more than {MAX_HTML_DEPTH} deep: flatten it, or send bodyMarkdown"
        ));
    }
    let clean = SANITISER.clean(html).to_string();
    let markdown =
        htmd::convert(&clean).map_err(|error| format!("bodyHtml cannot be read: {error}; send bodyMarkdown"))?;
    // What editors' programs leave behind is no text.
    Ok(markdown
        .nfc()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .filter(
            |c| !matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'),
        )
        .collect())
}

/// How deep elements may lie in each other, at most: opening tags less closing ones, whatever they are.
fn html_depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let bytes = html.as_bytes();
    for (at, _) in html.match_indices('<') {
        match bytes.get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(byte) if byte.is_ascii_alphabetic() => {
                let name = html[at + 1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
                if !["br", "img", "hr", "wbr", "input", "col", "meta", "link", "p", "li", "td", "tr", "th", "dd", "dt"]
                    .contains(&name.to_ascii_lowercase().as_str())
                {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
            }
            _ => {}
        }
    }
    deepest
}

/// The Markdown with absurd rows of opening marks cut short.
fn flattened(markdown: &str) -> std::borrow::Cow<'_, str> {
    let opens = |byte: u8| matches!(byte, b'>' | b'[' | b'*' | b'_' | b'!' | b'(');
    let mut row = 0;
    let absurd = markdown.bytes().any(|byte| {
        row = if opens(byte) {
            row + 1
        } else if byte == b' ' {
            row
        } else {
            0
        };
        row > MAX_MARKDOWN_DEPTH
    });
    if !absurd {
        return markdown.into();
    }
    let mut row = 0;
    let kept = |c: &char| {
        let open = u8::try_from(*c).is_ok_and(opens);
        row = if open {
            row + 1
        } else if *c == ' ' {
            row
        } else {
            0
        };
        !open || row <= MAX_MARKDOWN_DEPTH
    };
    markdown.chars().filter(kept).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markdown_becomes_html_and_text() {
        let markdown = "# Title\n\nA *word* and [a link](https://example.org/a).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n";
        let html = html(markdown);
        assert!(
            html.contains("<h1>Title</h1>") && html.contains("<em>word</em>") && html.contains("<td>2</td>"),
            "{html}"
        );
        assert!(html.contains("<a href=\"https://example.org/a\" rel=\"noopener noreferrer\">"), "{html}");
        assert_eq!(text(markdown), "Title\n\nA word and a link.\n\na\tb\n1\t2\n\none\ntwo");
        assert_eq!(word_count(&text(markdown)), 12);
    }

    #[test]
    fn nothing_that_runs_comes_through() {
        for attack in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java&#x0A;script:alert(1))",
            "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
            "<javascript:alert(1)>",
            "![x](data:text/html;base64,PHNjcmlwdD4=)",
            "<svg onload=alert(1)><style>*{}</style></svg>",
            "<iframe src=https://example.org></iframe>",
            "<form action=https://example.org><input></form>",
            "<div style=\"position:fixed\" onclick=\"x()\">a</div>",
            "<<script>script>alert(1)<</script>/script>",
            "<a href=\"vbscript:x\">x</a> <a href=\"//example.org\">y</a>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        ] {
            let html = html(attack).to_lowercase();
            let tags: String =
                html.split('<').skip(1).filter_map(|part| part.split('>').next()).collect::<Vec<_>>().join("|");
            for word in [
                "script",
                "onerror",
                "onload",
                "onclick",
                "style",
                "iframe",
                "form",
                "svg",
                "data:",
                "vbscript",
                "href=\"//",
            ] {
                assert!(!tags.contains(word), "{attack} became {html}");
            }
        }
    }

    #[test]
    fn foreign_html_becomes_markdown() {
        let html = "<p>WASHINGTON &ndash; A <span style='mso-x'>&quot;man&quot;</span> <b>was</b> named.</p><script>x</script><ul><li>one</li></ul>";
        let markdown = markdown_from_html(html).unwrap();
        assert!(
            markdown.contains("WASHINGTON – A \"man\" **was** named.")
                && markdown.contains("one")
                && !markdown.contains("span"),
            "{markdown}"
        );
    }

    #[test]
    fn absurd_nesting_neither_hangs_nor_fills_the_stack() {
        let bodies = [
            ">".repeat(100_000),
            "> ".repeat(50_000),
            "[".repeat(100_000),
            "*a ".repeat(50_000),
            "<div>".repeat(50_000),
            "- ".repeat(50_000),
            "![[](".repeat(20_000),
            "`".repeat(100_000),
            "<b>".repeat(50_000),
            "|".repeat(50_000),
        ];
        let handle = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
            for body in &bodies {
                let begun = std::time::Instant::now();
                html(body);
                text(body);
                // A refusal is as good as an answer here; a crash or a standstill is not.
                let _ = markdown_from_html(body);
                assert!(begun.elapsed().as_secs() < 20, "{:.20} took {:?}", body, begun.elapsed());
            }
        });
        handle.unwrap().join().unwrap();
    }

    #[test]
    fn words_are_counted_in_scripts_without_blanks_too() {
        assert_eq!(word_count("One two — three, 4!"), 4);
        assert_eq!(word_count("世界の労働"), 5);
        assert_eq!(word_count(""), 0);
    }

    proptest! {
        #[test]
        fn no_markdown_gives_a_script(markdown in "[<>a-z/\\[\\]()!:\"' =&;#\\n*_`-]{0,200}") {
            let html = html(&markdown);
            prop_assert!(!html.contains("<script"));
            prop_assert!(!html.contains("href=\"javascript"));
            text(&markdown);
        }
    }
}

//! Rendering of bodies: Markdown to sanitized HTML, Markdown or HTML to plain text, and foreign HTML to Markdown.
//!
//! A body is stored as Markdown only. To render it, this module limits the nesting of the Markdown, parses it,
//! flattens the resulting HTML and sanitizes it. No body is rejected for its nesting: content beyond the limit keeps
//! its text and loses its structure.
//!
//! - `markdown_to_html`: Markdown rendered as sanitized HTML
//! - `nesting_limit`: limit on the blocks that one line of Markdown may open
//! - `tokenizer`: HTML tokenizer (tags, attributes, text)
//! - `elements`: allowlist of HTML elements and attributes
//! - `attributes`: filter for the attributes of one element
//! - `flatten_html`: HTML rewritten as well-formed HTML of limited depth
//! - `sanitizer`: HTML sanitizer (XSS protection)
//! - `plain_text`: HTML to plain text, and word count
//! - `html_to_markdown`: conversion of foreign HTML to Markdown on import
//! - `blocks`: writer of Markdown blocks (lists, quotes, tables, code)
//! - `inline`: writer of Markdown inline content (emphasis, links, code spans)
//! - `escape`: escaping of text, link destinations and attributes for Markdown

mod attributes;
mod blocks;
mod elements;
mod escape;
mod flatten_html;
mod html_to_markdown;
mod inline;
mod markdown_to_html;
mod nesting_limit;
mod plain_text;
mod sanitizer;
mod tokenizer;

pub use html_to_markdown::html_to_markdown;
pub use markdown_to_html::markdown_to_html;
pub use plain_text::word_count;

/// Renders a Markdown body as plain text, with a blank line between paragraphs.
pub fn markdown_to_text(markdown: &str) -> String {
    html_to_text(&markdown_to_html(markdown))
}

/// Converts the HTML of a body, as returned by [`markdown_to_html()`], to plain text.
pub fn html_to_text(html: &str) -> String {
    plain_text::html_to_text(html)
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use proptest::prelude::*;

    use super::sanitizer::tests::find_unsafe_markup;
    use super::*;

    #[test]
    fn markdown_becomes_html() {
        let markdown = "# Title\n\nA *word*, ~~two~~ and [a link](https://example.org/a \"T\").\n\n\
                        | a | b |\n|---|--:|\n| 1 | 2 |\n\n\
                        - one\n- two\n\n3. three\n\n> so\n\n```rust\nlet x = 1 < 2;\n```\n\n\
                        ![A map](https://example.org/m.png)\n";
        let html = markdown_to_html(markdown);
        for part in [
            "<h1>Title</h1>",
            "<em>word</em>, <del>two</del>",
            "<a href=\"https://example.org/a\" title=\"T\" rel=\"noopener noreferrer\">a link</a>",
            "<thead><tr><th>a</th><th align=\"right\">b</th></tr></thead>",
            "<td>1</td><td align=\"right\">2</td>",
            "<ul>\n<li>one</li>\n<li>two</li>\n</ul>",
            "<ol start=\"3\">\n<li>three</li>",
            "<blockquote>\n<p>so</p>\n</blockquote>",
            "<pre><code>let x = 1 &lt; 2;\n</code></pre>",
            "<img src=\"https://example.org/m.png\" alt=\"A map\">",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert_eq!(find_unsafe_markup(&html), None);
    }

    #[test]
    fn plain_text_matches_the_html() {
        let markdown = "# Title\n\nA *word* and\n[a link](https://example.org/a).\n\n\
                        | a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n\n\
                        <div>three <b>four</b></div>\n\n<script>five()</script>\n";
        assert_eq!(markdown_to_text(markdown), "Title\n\nA word and a link.\n\na\tb\n1\t2\n\none\ntwo\n\nthree four");
        assert_eq!(word_count(&markdown_to_text(markdown)), 14);
        assert_eq!(markdown_to_text(""), "");
    }

    #[test]
    fn footnotes_are_numbered_in_brackets() {
        let markdown = "A[^x] b[^y] c[^x].\n\n[^y]: Why.\n\n[^x]: Ex.\n\n    More.\n";
        assert_eq!(markdown_to_text(markdown), "A[1] b[2] c[1].\n\n[2] Why.\n\n[1] Ex.\n\nMore.");
        assert_eq!(find_unsafe_markup(&markdown_to_html(markdown)), None);
    }

    #[test]
    fn safe_html_in_markdown_is_preserved() {
        assert_eq!(
            markdown_to_html("H<sub>2</sub>O <b>x</b> <!-- no --> <span class=\"c\" style=\"s\" id=\"i\">y</span>")
                .trim(),
            "<p>H<sub>2</sub>O <strong>x</strong>  y</p>"
        );
        assert_eq!(
            markdown_to_html("<section><p lang=fr dir=ltr onclick=x>a</section>\n").trim(),
            "<div><p lang=\"fr\" dir=\"ltr\">a</p></div>"
        );
    }

    #[test]
    fn extreme_nesting_neither_overflows_the_stack_nor_takes_long() {
        let deep = |mark: &str| mark.repeat(100_000);
        let repeated = |mark: &str| mark.repeat(20_000);
        let numbered = |from: &str, to: &str| {
            (0..10_000).map(|number| [from, &number.to_string(), to].concat()).collect::<String>()
        };
        let bodies = [
            deep(">"),
            repeated("> "),
            repeated("> - 1. "),
            format!("{}a\n{}", repeated(">"), repeated("a\n")),
            format!("{}a\n{}", repeated("[^a]:"), repeated("a\n")),
            format!("{}a", repeated("- ")),
            deep("["),
            repeated("![[]("),
            format!("{}a{}", repeated("["), repeated("](https://a)")),
            repeated("*a "),
            repeated("*a **a "),
            repeated("_a*"),
            repeated("`"),
            repeated("|"),
            format!("{}\n{}\n{}", repeated("|a"), repeated("|-"), repeated("|\n")),
            repeated("&"),
            repeated("&quot;£"),
            deep("<div>"),
            repeated("<DIV >\n"),
            deep("<div></x>"),
            repeated("<div><!--</div>-->"),
            repeated("<div><br title='</div>'>"),
            repeated("</div>"),
            deep("<b>"),
            repeated("<b>x</b>"),
            repeated("<b><div>"),
            numbered("<p><b id=", ">"),
            numbered("<p><font color=", "></x>"),
            format!("<a {}>", numbered("a", " ")),
            repeated("<ul><li>"),
            repeated("<blockquote>"),
            repeated("<table><tr><td>"),
            format!("<table>{}", repeated("<br>")),
            format!("<table><tr><th>{}</th></tr>{}</table>", repeated("a"), repeated("<tr><td>b<td>c</tr>")),
            format!("<table><tr>{}</tr>{}</table>", repeated("<td>a"), repeated("<tr><td>b")),
            repeated("<svg>"),
            repeated("<math><mtext>"),
            repeated("<template>"),
            repeated("<!--"),
            repeated("<a href='"),
            repeated("<pre>"),
        ];
        let threads = bodies.map(|body| {
            let work = move || {
                let started = Instant::now();
                let unsafe_markup = find_unsafe_markup(&markdown_to_html(&body));
                word_count(&markdown_to_text(&body));
                let length = html_to_markdown(&body).unwrap().0.len();
                (body[..20].to_owned(), unsafe_markup, length / body.len(), started.elapsed())
            };
            thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap()
        });
        for thread in threads {
            let (body, unsafe_markup, growth, time) = thread.join().unwrap();
            assert_eq!(unsafe_markup, None, "{body:?}");
            assert!(growth < 50, "the Markdown of {body:?} is {growth} times as long");
            assert!(time.as_secs() < 60, "{body:?} took {time:?}");
        }
    }

    const PIECES: &str = "<script>§</script>§<script§<style>§</style>§<svg>§</svg>§<math>§<img src=§\
        <img src=https://a onerror=x>§<a href=\"javascript:x\">§<a href='https://a'>§<a href=§</a>§<b>§\
        </b>§<i>§</i>§<p>§</p>§<div>§</div>§<h2>§</h2>§<ul>§<ol>§<li>§</ul>§<table>§<tr>§<td>§<th>§\
        </td>§</tr>§</table>§<pre>§</pre>§<code>§</code>§<blockquote>§</blockquote>§<br>§<hr>§<sup>§\
        </sup>§<!--§-->§<![CDATA[§]]>§<iframe>§<textarea>§</textarea>§<title>§<noscript>§<select>§\
        <option>§</x>§<§>§\"§'§=§/§&§&lt;§&#60;§&quot;§;§javascript:§[x](§[§]§)§](javascript:x)§![§*§**§\
        _§`§```\n§~~§|§|-|\n§# §> §- §1. §[^a]§[^a]: §\n§\n\n§ §    §\t§\\§\0§\u{338}§\u{A0}§a§b c§é§字";

    /// Generates tags, Markdown markers and text in random order.
    fn soup() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(PIECES.split('§').collect::<Vec<_>>());
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn html_of_any_markdown_is_safe(markdown in soup()) {
            let html = markdown_to_html(&markdown);
            prop_assert_eq!(find_unsafe_markup(&html), None, "{}", html);
            prop_assert!(!html.contains("<script"));
            prop_assert!(word_count(&markdown_to_text(&markdown)) <= markdown.len());
        }

        #[test]
        fn markdown_of_any_html_is_safe(body in soup()) {
            let (markdown, _) = html_to_markdown(&body).unwrap();
            prop_assert!(!markdown.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
            let html = markdown_to_html(&markdown);
            prop_assert_eq!(find_unsafe_markup(&html), None, "{}", html);
        }

        #[test]
        fn any_text_is_accepted(body in any::<String>()) {
            prop_assert_eq!(find_unsafe_markup(&markdown_to_html(&body)), None);
            prop_assert!(html_to_markdown(&body).is_ok());
        }
    }
}

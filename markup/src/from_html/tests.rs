//! Tests of the conversion: expected Markdown, and properties of arbitrary HTML.

use proptest::prelude::*;

use super::*;
use crate::{to_html, to_text};

fn markdown(html: &str) -> String {
    from_html(html).unwrap()
}

#[test]
fn html_of_other_systems_becomes_markdown() {
    let html = "<p>WASHINGTON &ndash; A <span style='mso-x'>&quot;man&quot;</span> <b>was</b>\n <i>named</i><br>\nsaid.</p>\n\
                <p>&nbsp;</p><h2><p>Facts &amp; figures</p></h2><script>x</script><style>y</style>\
                <ul><li>one<ol start=4><li>four</ol></li><li><p>two</p></li></ul><hr/>\
                <blockquote><p>So</p><p>it goes</p></blockquote><pre>a *b*\n  c</pre>\
                <p>See <a href=\"https://example.org/a_(b)?c&amp;d\" title='t'>the \
                <em>page</em></a>, x<sup>2</sup>, <code>a|b`</code>, <s>no</s>, <q>so</q>.</p>\
                <img src=\"https://example.org/i.png\" alt=\"A [map]\"><img src=\"/local.png\" alt=x>";
    let expected = "WASHINGTON – A \"man\" **was** *named*  \nsaid.\n\n## Facts & figures\n\n- one\n  \n  4. four\n\n- two\n\n\
                    ---\n\n > \n > So\n > \n > it goes\n\n```\na *b*\n  c\n```\n\n\
                    See [the *page*](https://example.org/a_(b)?c&amp;d \"t\"), \
                    x^2^, `` a|b` ``, ~~no~~, “so”.\n\n\
                    ![A \\[map\\]](https://example.org/i.png)";
    assert_eq!(markdown(html), expected);
}

#[test]
fn tables_become_tables() {
    for (html, expected) in [
        (
            "<table><caption>Pay</caption><thead><tr><th>Year<th>Sum</thead><tr><td>2005<td>1|2<tr><td colspan=2><p>a</p><p>b<br>c</p></table>",
            "Pay\n\n|Year|Sum|\n|----|---|\n|2005|1\\|2|\n|a b c||",
        ),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "|||\n|-|-|\n|a|b|\n|c||"),
        (
            "<table><tr><th>a<th>b<th>c<tr><td>1<td align=right>2<td style='text-align:center'>3<tr><td>4<td align=right>5<td></table>",
            "|a|b|c|\n|-|-:|:-:|\n|1|2|3|\n|4|5||",
        ),
        ("<table><tr><th align=right>a<th>b</table>", "|a|b|\n|-:|-|"),
        (
            "<table><tr><th>A<th>B<th>C<tr><td rowspan=2>1<td>2<td>3<tr><td>4<td>5</table>",
            "|A|B|C|\n|-|-|-|\n|1|2|3|\n||4|5|",
        ),
        (
            "<table><thead><tr><th>A<th>B<tfoot><tr><td>c<td>d<tbody><tr><td>a<td>b</table>",
            "|A|B|\n|-|-|\n|a|b|\n|c|d|",
        ),
        // A table of one column is layout.
        (
            "<table><tr><td><h1>a</h1><p>b</p><table><tr><td>c<td>d</table></td></tr><tr><td>e</table>",
            "# a\n\nb\n\n|||\n|-|-|\n|c|d|\n\ne",
        ),
        ("<table><tr><td>a<td><table><tr><td>b<td>c<tr><td>d</table></table>", "|||\n|-|-|\n|a|b c d|"),
    ] {
        assert_eq!(markdown(html), expected, "{html}");
    }
    assert_eq!(to_text(&markdown("<table><tr><td>a<td><code>x|y</code>\\|z</table>")), "a\tx|y\\|z");
}

#[test]
fn a_table_is_written_up_to_a_number_of_cells() {
    let table = |cell: &str, columns: usize, rows: usize| {
        let row = format!("<tr>{}</tr>", cell.repeat(columns));
        markdown(&format!("<table>{}</table>", row.repeat(rows)))
    };
    assert_eq!(table("<td>a</td>", 500, 30).lines().count(), 32);
    assert!(!table("<td colspan=100>a</td>", 5, 300).contains('|'));
}

#[test]
fn lists_keep_their_items() {
    for (html, text) in [
        ("<ul><li>a</ul><ul><li>b</ul><ol><li>c</ol><ol><li>d</ol>", "a\n\nb\n\nc\n\nd"),
        ("<ul><ul><li>a</ul>b<li>c<p>d</ul>", "a\n\nb\n\nc\n\nd"),
        ("<ul><li></li><li>a<ul><li>b</ul></ul>", "a\nb"),
    ] {
        assert_eq!(to_text(&markdown(html)), text, "{html} became {}", markdown(html));
    }
    assert_eq!(markdown("<ul><li></li><li>a<ul><li>b</ul></ul>"), "- a\n  - b");
    assert_eq!(markdown("<ol start=3><li>a<li>b</ol>"), "3. a\n4. b");
}

#[test]
fn marks_are_written_so_that_they_parse() {
    for (html, expected) in [
        ("a <b>b</b> c", "a **b** c"),
        ("a<b> b </b>c", "a **b** c"),
        ("<b>a</b><b>b</b>", "**ab**"),
        ("<b><i>a</i></b>", "**_a_**"),
        ("<b>a</b><br>b", "**a**  \nb"),
        ("<b> </b><i></i>a", "a"),
        ("<b><p>a</p><p>b</p></b>", "**a**\n\n**b**"),
        ("50<sup>th</sup>, 302<sup>nd wing</sup>", "50^th^, 302nd wing"),
        ("H<sub>2</sub>O a^b x~y", "H~2~O a\\^b x\\~y"),
        ("<ul><li><b>Note:&nbsp;</b>a<li><b>B</b> x</ul>", "- **Note:**\u{A0}a\n- **B** x"),
        ("x<b>&nbsp;a</b><i>&nbsp;</i>b", "x\u{A0}**a**\u{A0}b"),
        ("x<code>a</code><code>b</code>y", "x`ab`y"),
        (
            "<ul><li><code>a</code><code>b</code><li>c<b>(d)</b>e<li><a href='https://z' title='1|2'>z</a></ul>",
            "- `ab`\n- &#99;**(d)**&#101;\n- [z](https://z)",
        ),
    ] {
        assert_eq!(markdown(html), expected, "{html}");
    }
    // Markdown has no direct spelling for a mark that ends with punctuation before a letter.
    let html = to_html(&markdown("<p><b>Note:</b>a and b<i>(c)</i></p>"));
    assert_eq!(html.trim(), "<p><strong>Note:</strong>a and b<em>(c)</em></p>");
}

#[test]
fn paragraphs_made_with_line_breaks_are_paragraphs() {
    assert_eq!(markdown("a<br><br/>b<br>c<br>"), "a\n\nb  \nc");
    assert_eq!(markdown("<p>a<br></p><p><br>b</p>"), "a\n\nb");
    assert_eq!(to_text(&markdown("a<br>- b<br># c<br>1. d")), "a\n- b\n# c\n1. d");
}

#[test]
fn word_processor_markup_is_removed() {
    let word = "<html xmlns:o=x><head><title>t</title><style>p{}</style><!--[if gte mso 9]><xml><o:p>x</o:p></xml><![endif]--></head>\
                <body lang=EN><p class=MsoNormal><b style='x'><span style='font-size:12.0pt'>Bold</span></b><b><span> text</span></b><o:p></o:p></p>\
                <p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoListParagraph><![if !supportLists]><span>·</span><![endif]>item</p></body></html>";
    assert_eq!(markdown(word), "**Bold text**\n\n·item");
}

#[test]
fn preformatted_blocks_are_lines() {
    assert_eq!(markdown("<pre><div>a</div><p>b</p>c<br>d</pre>"), "```\na\nb\nc\nd\n```");
    assert_eq!(markdown("<ol start=1234567890><li>a<li>b</ol>"), "1. a\n2. b");
}

#[test]
fn html_beyond_a_limit_is_refused() {
    for (html, message) in [
        ("a".repeat(MAX_BYTES + 1), "10000001 bytes"),
        (format!("<p>{}", "<div>".repeat(201)), "more than 200 elements, the last one <div> at byte 1003"),
        (format!("{}</x>", "<b>x</i>".repeat(201)), "more than 200 elements, the last one <b>"),
        ("<div><br title='</div>'><!--</div>-->".repeat(201), "more than 200 elements, the last one <div>"),
        (format!("<!--x--!><!--><a x==\">{}", "<div>".repeat(201)), "more than 200 elements, the last one <div>"),
        (format!("<p><a {}>", "a=''".repeat(10_001)), "tag at byte 3 has too many attributes"),
        ("<br>".repeat(100_001), "more than 100000 tags"),
        (format!("<p><a b='>' {}>", "b ".repeat(10_001)), "tag at byte 3 has too many attributes"),
    ] {
        let error = from_html(&html).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    for html in ["<p>a<br>".repeat(10_000), "<li><b>x</b>".repeat(10_000), "<div>".repeat(200)] {
        from_html(&html).unwrap();
    }
}

fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Adds the text of nodes, with the alternative texts of images and with quotation marks.
fn add_text(nodes: &[tree::Node], text: &mut String) {
    for node in nodes {
        match node {
            tree::Node::Text(part) => text.push_str(part),
            tree::Node::Element(element) => {
                if element.name == "q" {
                    text.push('“');
                }
                if !element.attribute("src").is_empty() {
                    text.push_str(element.attribute("alt"));
                }
                add_text(&element.children, text);
                if element.name == "q" {
                    text.push('”');
                }
            }
        }
    }
}

/// Returns the text that a reader of the HTML sees, without white space.
fn visible_text(html: &str) -> String {
    let html = sanitizer::INPUT.clean(html).to_string();
    let mut text = String::new();
    add_text(&tree::parse(&html), &mut text);
    words(&text)
}

const PIECES: &str = "<b>§</b>§<i>§</i>§<a href=https://a>§</a>§<sup>§</sup>§<sub>§</sub>§<u>§</u>§<s>§</s>§<q>§</q>§<br>§<p>§\
    </p>§<h2>§</h2>§<blockquote>§</blockquote>§<div>§</div>§<pre>§</pre>§<code>§</code>§<hr>§a§b§ §(c)§1. §- §# §_§*§\
    &lt;p>§&amp;lt;§!§|§`§~§^§[§]§[^a]§\\§\n§&nbsp;§<ul>§</ul>§<ol>§</ol>§<ol start=7>§<li>§</li>§<table>§</table>§<tr>§\
    <td>§<th>§</td>§<td colspan=3>§<img src=https://a alt='b*'>§<dl>§<dt>§<dd>§é§字";

/// Generates tags and text in random order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(PIECES.split('§').collect::<Vec<_>>());
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn punctuation_round_trips(parts in prop::collection::vec("[-a1.,)(#>+=*_`~|:!?\\[\\]<&;\\\\'\"^{}$%@/é字“…]{1,6}", 1..8)) {
        let escaped = parts.join(" ").replace('&', "&amp;").replace('<', "&lt;");
        for body in [format!("<p>{escaped}</p>"), format!("<h3>{escaped}</h3>"), format!("<ul><li>{escaped}</ul>"), format!("<table><tr><td>{escaped}<td>x</table>"),
                     format!("<p>x<b>{escaped}</b>y <a href=https://a>{escaped}</a></p>"), format!("<p>x<sup>{escaped}</sup>"),
                     format!("<pre>{escaped}</pre><p>a <code>{escaped}</code>")] {
            let markdown = markdown(&body);
            prop_assert_eq!(words(&to_text(&markdown)), visible_text(&body), "{} became {}", body, markdown);
        }
    }

    #[test]
    fn text_of_any_html_round_trips(body in soup()) {
        let markdown = markdown(&body);
        prop_assert_eq!(words(&to_text(&markdown)), visible_text(&body), "{} became {}", body, markdown);
        prop_assert!(!crate::contains_html(&markdown), "{} became {}", body, markdown);
    }
}

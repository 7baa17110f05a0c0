//! Tests for the flattening of HTML: well-formed output, limited nesting and text length.

use super::*;

#[test]
fn well_formed_html_is_unchanged() {
    for html in [
        "a &lt; b &amp; c",
        "<h1>a</h1>\n<p>b <em>c <strong>d</strong></em><br>e</p>\n<hr>",
        "<ul><li>a<ul><li>b</li></ul></li></ul><dl><dt>a</dt><dd><p>b</p></dd></dl>",
        "<table><caption>a</caption><thead><tr><th>b</th></tr></thead><tbody><tr><td colspan=\"2\">c</td></tr></tbody></table>",
        "<blockquote><p lang=\"fr\">a</p></blockquote><pre><code>b\n  c</code></pre>",
        "<a href=\"https://example.org/?a=1&amp;b=2\" title=\"&quot;\">x</a>",
    ] {
        assert_eq!(flatten_html(html), html);
    }
}

#[test]
fn every_element_is_closed_in_order() {
    for (html, closed) in [
        ("<p>a<p>b<div>c", "<p>a</p><p>b</p><div>c</div>"),
        ("<b>a<i>b</b>c</i>", "<strong>a<em>b</em></strong>c"),
        ("<b>a<p>b</b></p>", "<strong>a</strong><p>b</p>"),
        ("<ul><li>a<li>b<ol><li>c</ul>d", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>d"),
        ("<dl><dt>a<dd>b<dt>c", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        ("</p></div>a</b>", "a"),
        ("<h1>a</h2><p>b", "<h1>a</h1><p>b</p>"),
        ("<h1>a<p>b</h1>c", "<h1>a</h1><p>bc</p>"),
        ("<h1><p>a</p></h1>", "<h1>a</h1>"),
        ("<a href=https://a>b<a href=https://c>d", "<a href=\"https://a\">b</a><a href=\"https://c\">d</a>"),
        ("<table><td>a<td>b<tr><th>c</table>d", "<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>d"),
        ("<table>a<br><p>b</p></table>", "<table><tr><td>a<br><p>b</p></td></tr></table>"),
        ("<table><tr><td><div>a</table>b</div>", "<table><tr><td><div>a</div></td></tr></table>b"),
        ("<td>a</td><tr>b", "\na\nb"),
        ("<div><table><tr><td>a</div>b</table>", "<div><table><tr><td>ab</td></tr></table></div>"),
    ] {
        assert_eq!(flatten_html(html), closed, "{html}");
    }
}

#[test]
fn unknown_elements_are_unwrapped_or_removed() {
    assert_eq!(flatten_html("<section><font color=red>a</font><o:p>b</o:p></section>"), "<div>ab</div>");
    assert_eq!(
        flatten_html("a<script>b</script>c<style>d</style><svg><p>e</p></svg>f<select><option>g</select>"),
        "acf"
    );
    assert_eq!(flatten_html("a<svg>b"), "ab");
    assert_eq!(flatten_html("<a name=x>a</a><img alt=b><img src=''>"), "a<img src=\"\">");
}

#[test]
fn adjacent_inline_elements_are_merged() {
    assert_eq!(
        flatten_html("<b>a</b><b> b</b><i></i><strong>c</strong> <b>d</b>"),
        "<strong>a bc</strong> <strong>d</strong>"
    );
}

#[test]
fn nesting_is_bounded() {
    let depth = |html: &str| {
        let (mut depth, mut deepest) = (0_usize, 0);
        for token in Tokenizer::new(html) {
            match token {
                Token::StartTag("br", _) | Token::Text(_) => {}
                Token::StartTag(..) => depth += 1,
                Token::EndTag(_) => depth -= 1,
            }
            deepest = deepest.max(depth);
        }
        assert_eq!(depth, 0, "{html}");
        deepest
    };
    for pattern in [
        "<div>",
        "<div></x>",
        "<ul><li>",
        "<table><tr><td>",
        "<table>a",
        "<blockquote><p><b><i><u><s><q><sub><sup><small>",
    ] {
        let html = flatten_html(&format!("{}<br>z", pattern.repeat(1000)));
        assert!(depth(&html) <= MAX_BLOCKS + MAX_INLINES + 4, "{html}");
        assert!(html.contains('z'));
    }
}

#[test]
fn a_long_text_is_split_outside_character_references() {
    let html = flatten_html(&"&amp;é".repeat(10_000));
    assert_eq!(html.matches("<!---->").count(), 70_000 / MAX_TEXT);
    assert_eq!(html.replace("<!---->", ""), "&amp;é".repeat(10_000));
    assert!(!flatten_html(&"a".repeat(100_000)).contains('<'));
}

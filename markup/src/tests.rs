//! Tests of the rendering: expected HTML and text, safety of the HTML, and running time.

use std::{thread, time::Instant};

use ammonia::Url;
use proptest::prelude::*;

use crate::{from_html, sanitizer::RENDERED, to_html, to_text, word_count};

#[test]
fn markdown_becomes_html() {
    let markdown = "# Title\n\nA *word*, ~~two~~ and [a link](https://example.org/a \"T\").\n\n\
                    | a | b |\n|---|--:|\n| 1 | 2 |\n\n\
                    - one\n- two\n\n3. three\n\n> so\n\n```rust\nlet x = 1 < 2;\n```\n\n\
                    ![A map](https://example.org/m.png)\n";
    let html = to_html(markdown);
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
    assert_safe(&html);
}

#[test]
fn plain_text_matches_the_html() {
    let markdown = "# Title\n\nA *word* and\n[a link](https://example.org/a).\n\n\
                    | a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n\n\
                    1. three\n   > four\n\n```\nlet  x;\n\n```\n\nfive\\\nsix ![A map](https://a/b.png)\n";
    assert_eq!(
        to_text(markdown),
        "Title\n\nA word and a link.\n\na\tb\n1\t2\n\none\ntwo\n\nthree\n\nfour\n\nlet  x;\n\nfive\nsix A map"
    );
    assert_eq!(word_count(&to_text(markdown)), 20);
    assert_eq!(to_text(""), "");
}

#[test]
fn footnotes_are_numbered_in_brackets() {
    let markdown = "A[^x] b[^y] c[^x].\n\n[^y]: Why.\n\n[^x]: Ex.\n\n    More.\n";
    assert_eq!(to_text("a[^A] b[^a]\n\n[^a]: c"), "a[1] b[1]\n\n[1] c");
    assert_eq!(to_text(markdown), "A[1] b[2] c[1].\n\n[2] Why.\n\n[1] Ex.\n\nMore.");
    assert_safe(&to_html(markdown));
}

#[test]
fn a_footnote_without_a_paragraph_has_a_label() {
    assert_eq!(to_text("a[^x]\n\n[^x]: - b\n"), "a[1]\n\n[1]\n\nb");
}

#[test]
fn raw_html_is_text() {
    assert_eq!(
        to_html("A<sub>2</sub> <b onclick=x>x</b> <!-- no --> &lt;i>").trim(),
        "<p>A&lt;sub&gt;2&lt;/sub&gt; &lt;b onclick=x&gt;x&lt;/b&gt; &lt;!-- no --&gt; &lt;i&gt;</p>"
    );
    assert_eq!(to_text("<section>\n<p>a *b*\n\nc"), "<section> <p>a *b*\n\nc");
    assert_eq!(to_html("<section>\n<p>a").trim(), "<p>&lt;section&gt;\n&lt;p&gt;a</p>");
}

#[test]
fn superscript_and_subscript_are_marks_inside_words() {
    for (markdown, html) in [
        ("50^th^ H~2~O x^(a)^", "50<sup>th</sup> H<sub>2</sub>O x<sup>(a)</sup>"),
        ("^a b^ ~c *d*~", "<sup>a b</sup> <sub>c <em>d</em></sub>"),
        (
            "**5**^th^ [a^2^](https://a)",
            "<strong>5</strong><sup>th</sup> <a href=\"https://a\" rel=\"noopener noreferrer\">a<sup>2</sup></a>",
        ),
        ("2^10 and 3^5 a^ b^", "2^10 and 3^5 a^ b^"),
        ("a\\^b^ a^b\\^ 5&#94;th^ a^^b^^ ~~c~~d~", "a^b^ a^b^ 5^th^ a^^b^^ <del>c</del>d~"),
        (
            "<https://a.b/~c/~d> <e~f~g@b.c>",
            "<a href=\"https://a.b/~c/~d\" rel=\"noopener noreferrer\">https://a.b/~c/~d</a> <a href=\"mailto:e~f~g@b.c\" rel=\"noopener noreferrer\">e~f~g@b.c</a>",
        ),
        ("`a^b^` a\\\\^b^", "<code>a^b^</code> a\\<sup>b</sup>"),
    ] {
        assert_eq!(to_html(markdown).trim(), format!("<p>{html}</p>"), "{markdown}");
    }
    assert_eq!(to_html("```\na^b^\n```").trim(), "<pre><code>a^b^\n</code></pre>");
}

#[test]
fn extreme_nesting_neither_overflows_the_stack_nor_takes_long() {
    let deep = |mark: &str| mark.repeat(100_000);
    let repeated = |mark: &str| mark.repeat(20_000);
    let numbered =
        |from: &str, to: &str| (0..10_000).map(|number| [from, &number.to_string(), to].concat()).collect::<String>();
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
            assert_safe(&to_html(&body));
            word_count(&to_text(&body));
            let length = from_html(&body).map_or(0, |markdown| markdown.len());
            (body[..20].to_owned(), length / body.len(), started.elapsed())
        };
        thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap()
    });
    for thread in threads {
        let (body, growth, time) = thread.join().unwrap();
        assert!(growth < 50, "the Markdown of {body:?} is {growth} times as long");
        assert!(time.as_secs() < 60, "{body:?} took {time:?}");
    }
}

/// Asserts that HTML contains nothing but the elements that the renderer writes, with safe URLs.
fn assert_safe(html: &str) {
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("an open tag in {html}"));
        let (name, attributes) =
            tag.trim_start_matches('/').split_once(' ').unwrap_or((tag.trim_start_matches('/'), ""));
        assert!(RENDERED.contains(&name), "<{tag}> in {html}");
        let mut rest = attributes;
        while let Some((attribute, value)) = rest.split_once("=\"") {
            let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("an open attribute in {html}"));
            rest = after.trim_start();
            let schemes: &[&str] = match attribute {
                "href" => &["http", "https", "mailto"],
                "src" => &["http", "https"],
                "alt" | "title" | "start" | "align" => continue,
                "rel" if value == "noopener noreferrer" => continue,
                _ => panic!("{attribute} in {html}"),
            };
            let url = Url::parse(&value.replace("&amp;", "&")).unwrap_or_else(|_| panic!("{value} in {html}"));
            assert!(schemes.contains(&url.scheme()), "{value} in {html}");
        }
        assert_eq!(rest, "", "{html}");
    }
}

/// Returns the text of rendered HTML, with the alternative texts of images.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    for (index, part) in html.split('<').enumerate() {
        let (tag, content) = if index == 0 { ("", part) } else { part.split_once('>').unwrap_or((part, "")) };
        if let Some((_, alternative)) = tag.split_once(" alt=\"") {
            text.push_str(alternative.split('"').next().unwrap_or_default());
        }
        text.push_str(content);
    }
    for (reference, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{A0}"), ("&amp;", "&")] {
        text = text.replace(reference, c);
    }
    text
}

#[test]
fn links_have_http_https_or_mailto_urls_only() {
    for address in
        ["http://example.org", "https://example.org/a?b=c&amp;d#e", "mailto:desk@example.org", "HTTPS://EXAMPLE.ORG"]
    {
        let html = to_html(&format!("[x]({address})"));
        assert!(html.contains(&format!("<a href=\"{address}\"")), "{html}");
    }
    for address in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#x0A;script:alert(1)",
        "java&Tab;script:alert(1)",
        "&#106;avascript:alert(1)",
        "javascript&colon;alert(1)",
        "&#1;javascript:alert(1)",
        "<java\tscript:alert(1)>",
        "< javascript:alert(1)>",
        "vbscript:x",
        "data:text/html;base64,PHNjcmlwdD4=",
        "file:///etc/passwd",
        "tel:123",
        "//example.org",
        "/a",
        "a.html",
        "#a",
        "?a",
        "",
    ] {
        let html = to_html(&format!("[x]({address}) ![y]({address})"));
        assert!(!html.contains("href") && !html.contains("src"), "{address}: {html}");
    }
    for image in ["![x](mailto:a@b.c)", "![x](< MAILTO:a@b.c>)"] {
        assert!(!to_html(image).contains("src"));
        assert_eq!(from_html(&to_html(image)).unwrap(), "");
    }
}

#[test]
fn no_active_content_passes() {
    for attack in [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//example.org/x.js></SCRIPT>",
        "<script>alert(1)",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<<script>script>alert(1)<</script>/script>",
        "<script\u{0}>alert(1)</script>",
        "<script/x>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img/src=\"https://example.org/a\"onerror=alert(1)>",
        "<img src=https://example.org/a onload\n=\nalert(1)>",
        "<IMG SRC=`javascript:alert(1)`>",
        "<img src=\"data:image/svg+xml;base64,PHN2Zz4=\">",
        "<img src='x' alt='\"><script>alert(1)</script>'>",
        "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
        "<a href=' javascript:alert(1)'>x</a>",
        "<a href=javascript&#58;alert(1)>x</a>",
        "<a href=\"https://example.org\" href=\"javascript:alert(1)\" target=_top>x</a>",
        "<a title='a' onmouseover='x()' href=https://example.org style=x>x</a>",
        "<javascript:alert(1)>",
        "<JAVASCRIPT:alert(1)> <data:text/html,x> <https://example.org>",
        "<svg onload=alert(1)><style>*{}</style><script>x</script></svg>",
        "<svg><p><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<math><annotation-xml encoding=text/html><script>alert(1)</script>",
        "<iframe src=https://example.org></iframe><iframe srcdoc='<script>'>",
        "<object data=x><embed src=x><applet code=x>",
        "<form action=https://example.org><input name=a><button formaction=javascript:x>b</button></form>",
        "<div style=\"position:fixed;background:url(javascript:x)\" class=c id=i onclick=\"x()\">a</div>",
        "<style>@import 'https://example.org';</style><link rel=stylesheet href=https://example.org>",
        "<base href=https://example.org><meta http-equiv=refresh content='0;url=javascript:x'>",
        "<p>a</p><!--><img src=x onerror=alert(1)>-->",
        "<!--[if IE]><script>alert(1)</script><![endif]--><![CDATA[<script>alert(1)</script>]]>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
        "<template><script>alert(1)</script></template><xmp><script>alert(1)</script></xmp>",
        "<plaintext><script>alert(1)</script>",
        "<table><tr><td background=javascript:x><script>alert(1)</script></table>",
        "<b <script>alert(1)</script>0",
        "<a href=\"https://example.org/\"\"onclick=alert(1)>x</a>",
        "<blockquote cite=javascript:alert(1)>x</blockquote><q cite=data:x>y</q>",
        "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
        "[a](https://example.org \"x\\\" onmouseover=\\\"alert(1)\")",
        "![a\" onerror=\"alert(1)](https://example.org/a)",
        "[a]: javascript:alert(1)\n\n[a] [b][a] ![a]",
        "```\"><script>\n<script>alert(1)</script>\n```",
    ] {
        for html in [to_html(attack), to_html(&from_html(attack).unwrap())] {
            assert_safe(&html);
        }
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
        assert_safe(&to_html(&markdown));
        prop_assert!(word_count(&to_text(&markdown)) <= markdown.len());
    }

    #[test]
    fn text_and_html_have_the_same_characters(markdown in soup()) {
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '\0' && *c != '\u{FFFD}').collect::<String>();
        let html = text_of(&to_html(&markdown));
        prop_assert_eq!(visible(&to_text(&markdown)), visible(&html), "{}", markdown);
    }

    #[test]
    fn markdown_of_any_html_is_safe(body in soup()) {
        assert_safe(&to_html(&from_html(&body).unwrap()));
    }

    #[test]
    fn any_text_is_accepted(body in any::<String>()) {
        assert_safe(&to_html(&body));
        prop_assert!(from_html(&body).is_ok());
    }
}

#[test]
fn a_body_on_a_page_has_lower_headings_and_loads_nothing() {
    let page = |markdown: &str| crate::to_page_html(markdown).trim().to_owned();
    assert_eq!(page("# A\n\n##### B\n\n## C\n\n###### D"), "<h2>A</h2>\n<h3>B</h3>\n<h3>C</h3>\n<h4>D</h4>");
    assert_eq!(page("###### A"), "<h2>A</h2>");
    let rel = "rel=\"noopener noreferrer\"";
    let link = |text: &str| format!("<p><a href=\"https://x.example/a.png\" {rel}>{text}</a></p>");
    assert_eq!(page("![A ship](https://x.example/a.png)"), link("Image: A ship"));
    assert_eq!(page("![](https://x.example/a.png)"), link("Image: "));
    assert_eq!(page("[![A](https://y.example/b.png)](https://x.example/a.png)"), link("Image: A"));
    assert_eq!(page("[x](javascript:alert(1))"), "<p><a>x</a></p>");
    let table = page("| a | b |\n|:-:|--:|\n| 1 | 2 |");
    assert!(
        table.starts_with("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>"),
        "{table}"
    );
    assert!(table.contains("<td class=\"center\">1</td>") && table.contains("<td class=\"right\">2</td>"), "{table}");
    assert!(!table.contains("align=") && table.ends_with("</table></div>"), "{table}");
}

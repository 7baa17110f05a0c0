//! HTML sanitizer: keeps the elements and attributes of the allowlist in `elements` and removes everything else.
//!
//! Protects readers against cross-site scripting (XSS): no scripts, styles, frames or forms; links only to http,
//! https and mailto; images only from http and https. The input is flattened first (`flatten_html`).

use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

use ammonia::{Builder, UrlRelative};

use super::{
    elements::{ELEMENTS, GLOBAL_ATTRIBUTES},
    flatten_html::flatten_html,
};

static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut sanitizer = Builder::empty();
    sanitizer
        .tags(ELEMENTS.iter().map(|(name, ..)| *name).collect())
        .tag_attributes(
            ELEMENTS.iter().map(|(name, _, attributes)| (*name, attributes.iter().copied().collect())).collect(),
        )
        .generic_attributes(GLOBAL_ATTRIBUTES.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src")
                if value.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) =>
            {
                None
            }
            _ => Some(Cow::Borrowed(value)),
        })
        .link_rel(Some("noopener noreferrer"));
    sanitizer
});

/// Returns safe HTML for any input.
pub(super) fn sanitize(html: &str) -> String {
    SANITIZER.clean(&flatten_html(html)).to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::newsroom::markup::{
        html_to_markdown, markdown_to_html,
        tokenizer::{Token, Tokenizer},
    };

    /// Returns the first token that the sanitizer must not let through: an unknown element or attribute, a `<` in
    /// text, or a URL whose scheme is not http, https or (for links only) mailto.
    pub(in crate::newsroom::markup) fn find_unsafe_markup(html: &str) -> Option<String> {
        let find_in_token = |token: Token<'_>| match token {
            Token::Text(text) => text.contains('<').then(|| text.to_owned()),
            Token::EndTag(name) => ELEMENTS.iter().all(|(known, ..)| *known != name).then(|| name.to_owned()),
            Token::StartTag(name, mut attributes) => {
                let Some((_, _, allowed)) = ELEMENTS.iter().find(|(known, ..)| *known == name) else {
                    return Some(name.to_owned());
                };
                attributes.find_map(|(attribute, value)| {
                    let is_allowed = match attribute {
                        "href" => ["http:", "https:", "mailto:"].iter().any(|scheme| starts_with(value, scheme)),
                        "src" => ["http:", "https:"].iter().any(|scheme| starts_with(value, scheme)),
                        "rel" => name == "a" && value == "noopener noreferrer",
                        other => allowed.contains(&other) || GLOBAL_ATTRIBUTES.contains(&other),
                    };
                    (!is_allowed).then(|| format!("{name} {attribute}={value}"))
                })
            }
        };
        Tokenizer::new(html).find_map(find_in_token)
    }

    fn starts_with(value: &str, scheme: &str) -> bool {
        value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    }

    #[test]
    fn links_have_http_https_or_mailto_urls_only() {
        for address in [
            "http://example.org",
            "https://example.org/a?b=c&amp;d#e",
            "mailto:desk@example.org",
            "HTTPS://EXAMPLE.ORG",
        ] {
            let html = markdown_to_html(&format!("[x]({address})"));
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
            let html = markdown_to_html(&format!("[x]({address}) ![y]({address})"));
            assert!(!html.contains("href") && !html.contains("src"), "{address}: {html}");
        }
        assert!(!markdown_to_html("![x](mailto:a@b.c) <img src=' MAILTO:a@b.c'>").contains("src"));
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
            for html in [markdown_to_html(attack), markdown_to_html(&html_to_markdown(attack).unwrap().0)] {
                assert_eq!(find_unsafe_markup(&html), None, "{attack} became {html}");
                let lower = html.to_lowercase();
                assert!(
                    !["<script", "<svg", "<style", "<iframe", "<form", "<object"].iter().any(|tag| lower.contains(tag)),
                    "{html}"
                );
            }
        }
    }
}

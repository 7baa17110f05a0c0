//! Allowlists of HTML elements and attributes, for the HTML that is rendered and for the HTML that is imported.
//!
//! They protect readers against cross-site scripting (XSS). Both allow links to http, https and mailto only, and
//! images from http and https only.

use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

use ammonia::{Builder, UrlRelative};

/// Elements that the renderer writes.
pub(crate) const RENDERED: [&str; 28] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Elements that have an equivalent in Markdown or separate blocks. Other elements of imported HTML keep their text.
const IMPORTED: [&str; 33] = [
    "b",
    "caption",
    "center",
    "dd",
    "dir",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "i",
    "listing",
    "menu",
    "q",
    "s",
    "section",
    "strike",
    "tfoot",
    "tt",
    "xmp",
    "address",
    "article",
    "aside",
    "details",
    "fieldset",
    "footer",
    "form",
    "header",
    "hgroup",
    "legend",
    "main",
    "nav",
    "summary",
];

/// Elements of imported HTML that are removed with their content: scripts, styles, frames, graphics, media and form
/// controls.
const REMOVED: [&str; 20] = [
    "applet", "audio", "button", "canvas", "datalist", "iframe", "math", "noembed", "noframes", "noscript", "object",
    "script", "select", "style", "svg", "template", "textarea", "title", "video", "xml",
];

/// Sanitizer of rendered HTML.
pub(crate) static OUTPUT: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut sanitizer = sanitizer(RENDERED.into());
    sanitizer.link_rel(Some("noopener noreferrer"));
    sanitizer
});

/// Sanitizer of imported HTML. It repairs the markup, so its output is well-formed.
pub(crate) static INPUT: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut sanitizer = sanitizer(RENDERED.into_iter().chain(IMPORTED).collect());
    sanitizer.clean_content_tags(REMOVED.into()).link_rel(None);
    for cell in ["td", "th"] {
        sanitizer.add_tag_attributes(cell, ["align", "colspan", "rowspan"]);
    }
    sanitizer
});

fn sanitizer(elements: HashSet<&'static str>) -> Builder<'static> {
    let mut sanitizer = Builder::empty();
    sanitizer
        .tags(elements)
        .add_tag_attributes("a", ["href", "title"])
        .add_tag_attributes("img", ["alt", "src", "title"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("td", ["style"])
        .add_tag_attributes("th", ["style"])
        .filter_style_properties(HashSet::from(["text-align"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") if is_mail(value) => None,
            _ => Some(Cow::Borrowed(value)),
        });
    sanitizer
}

fn is_mail(url: &str) -> bool {
    url.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:"))
}

//! Allowlist of HTML elements and attributes, with the nesting rule of each element.
//!
//! One table for `flatten_html`, `sanitizer`, `plain_text` and `html_to_markdown`. Also maps elements to equivalents,
//! such as `b` to `strong`, and names the elements that are removed with their content, such as `script`.

/// What an element is to the elements around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementKind {
    /// Has no content and stands in a line.
    Void,
    /// A rule between blocks.
    Rule,
    /// Marks up a part of a line.
    Inline,
    /// Has lines, and no blocks.
    LeafBlock,
    /// Has blocks.
    ContainerBlock,
    /// Is one of several in a block, each ending the one before.
    Item,
    /// Has rows, or groups of rows.
    Table,
    /// Has rows.
    RowGroup,
    /// Has cells.
    Row,
    /// Has blocks, and nothing in it closes anything outside of it.
    Cell,
}

/// Name, kind and attributes.
pub(super) type Element = (&'static str, ElementKind, &'static [&'static str]);

/// Attributes that every element may have.
pub(super) const GLOBAL_ATTRIBUTES: &[&str] = &["dir", "lang"];

/// Every element a body may have.
pub(super) const ELEMENTS: &[Element] = &[
    ("a", ElementKind::Inline, &["href", "hreflang", "title"]),
    ("abbr", ElementKind::Inline, &["title"]),
    ("bdi", ElementKind::Inline, &[]),
    ("blockquote", ElementKind::ContainerBlock, &[]),
    ("br", ElementKind::Void, &[]),
    ("caption", ElementKind::Cell, &[]),
    ("cite", ElementKind::Inline, &[]),
    ("code", ElementKind::Inline, &[]),
    ("dd", ElementKind::Item, &[]),
    ("del", ElementKind::Inline, &[]),
    ("dfn", ElementKind::Inline, &[]),
    ("div", ElementKind::ContainerBlock, &[]),
    ("dl", ElementKind::ContainerBlock, &[]),
    ("dt", ElementKind::Item, &[]),
    ("em", ElementKind::Inline, &[]),
    ("figcaption", ElementKind::ContainerBlock, &[]),
    ("figure", ElementKind::ContainerBlock, &[]),
    ("h1", ElementKind::LeafBlock, &[]),
    ("h2", ElementKind::LeafBlock, &[]),
    ("h3", ElementKind::LeafBlock, &[]),
    ("h4", ElementKind::LeafBlock, &[]),
    ("h5", ElementKind::LeafBlock, &[]),
    ("h6", ElementKind::LeafBlock, &[]),
    ("hr", ElementKind::Rule, &[]),
    ("img", ElementKind::Void, &["alt", "height", "src", "title", "width"]),
    ("ins", ElementKind::Inline, &[]),
    ("kbd", ElementKind::Inline, &[]),
    ("li", ElementKind::Item, &["value"]),
    ("mark", ElementKind::Inline, &[]),
    ("ol", ElementKind::ContainerBlock, &["start"]),
    ("p", ElementKind::LeafBlock, &[]),
    ("pre", ElementKind::LeafBlock, &[]),
    ("q", ElementKind::Inline, &[]),
    ("s", ElementKind::Inline, &[]),
    ("samp", ElementKind::Inline, &[]),
    ("small", ElementKind::Inline, &[]),
    ("strong", ElementKind::Inline, &[]),
    ("sub", ElementKind::Inline, &[]),
    ("sup", ElementKind::Inline, &[]),
    ("table", ElementKind::Table, &[]),
    ("tbody", ElementKind::RowGroup, &[]),
    ("td", ElementKind::Cell, &["align", "colspan", "rowspan"]),
    ("tfoot", ElementKind::RowGroup, &[]),
    ("th", ElementKind::Cell, &["align", "colspan", "rowspan"]),
    ("thead", ElementKind::RowGroup, &[]),
    ("time", ElementKind::Inline, &["datetime"]),
    ("tr", ElementKind::Row, &[]),
    ("u", ElementKind::Inline, &[]),
    ("ul", ElementKind::ContainerBlock, &[]),
    ("var", ElementKind::Inline, &[]),
    ("wbr", ElementKind::Void, &[]),
];

/// The element that stands for a tag of this name in lower case; none where only the content is kept.
pub(super) fn element(name: &str) -> Option<Element> {
    let name = match name {
        "acronym" => "abbr",
        "b" => "strong",
        "dir" | "menu" => "ul",
        "i" => "em",
        "strike" => "s",
        "tt" => "code",
        "address" | "article" | "aside" | "center" | "details" | "dialog" | "fieldset" | "footer" | "form"
        | "header" | "hgroup" | "legend" | "main" | "nav" | "search" | "section" | "summary" => "div",
        "listing" | "xmp" => "pre",
        name => name,
    };
    ELEMENTS.iter().find(|(known, ..)| *known == name).copied()
}

/// Whether an element goes with all that is in it: what runs, styles, frames, draws, or waits for an entry.
pub(super) fn is_removed_with_content(name: &str) -> bool {
    matches!(
        name,
        "applet"
            | "audio"
            | "button"
            | "canvas"
            | "datalist"
            | "iframe"
            | "math"
            | "noembed"
            | "noframes"
            | "noscript"
            | "object"
            | "script"
            | "select"
            | "style"
            | "svg"
            | "template"
            | "textarea"
            | "title"
            | "video"
            | "xml"
    )
}

//! Allowlist of HTML elements and attributes, with the nesting rule of each element.
//!
//! `flatten_html`, `sanitizer`, `plain_text` and `html_to_markdown` share this table. This file also maps
//! elements to equivalents, such as `b` to `strong`, and names the elements that are removed with their content,
//! such as `script`.

/// Role of an element in the nesting of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementKind {
    /// Inline element without content, such as `br` or `img`.
    Void,
    /// Thematic break between blocks (`hr`).
    Rule,
    /// Inline element with content.
    Inline,
    /// Block that contains inline content and no blocks.
    LeafBlock,
    /// Block that contains blocks.
    ContainerBlock,
    /// Item of a list. Its start tag closes the preceding item.
    Item,
    /// Table: contains rows or row groups.
    Table,
    /// Row group: contains rows.
    RowGroup,
    /// Row: contains cells.
    Row,
    /// Cell or caption: contains blocks. Apart from the tags of its table, no tag in it closes an element outside it.
    Cell,
}

/// Name, kind and allowed attributes of an element.
pub(super) type Element = (&'static str, ElementKind, &'static [&'static str]);

/// Attributes that every element may have.
pub(super) const GLOBAL_ATTRIBUTES: &[&str] = &["dir", "lang"];

/// All elements that a body may contain.
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

/// Returns the allowed element for a tag name in lower case, or its equivalent. Returns `None` if the element is not
/// allowed; then its tags are removed and its content is kept, unless `is_removed_with_content` applies.
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

/// Whether an element is removed together with its content: scripts, styles, frames, graphics, media and
/// form controls.
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

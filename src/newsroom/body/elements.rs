//! The elements a body may have, with their attributes and how they lie in each other: one list, for the flattener, for the
//! sanitiser and for plain text.

/// What an element is to the elements around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Has no content and stands in a line.
    Void,
    /// A rule between blocks.
    Rule,
    /// Marks up a part of a line.
    Inline,
    /// Has lines, and no blocks.
    Lines,
    /// Has blocks.
    Block,
    /// Is one of several in a block, each ending the one before.
    Item,
    /// Has rows, or groups of rows.
    Table,
    /// Has rows.
    Group,
    /// Has cells.
    Row,
    /// Has blocks, and nothing in it closes anything outside of it.
    Cell,
}

/// Name, sort and attributes.
pub(super) type Element = (&'static str, Sort, &'static [&'static str]);

/// Attributes that every element may have.
pub(super) const EVERYWHERE: &[&str] = &["dir", "lang"];

/// Every element a body may have.
pub(super) const ELEMENTS: &[Element] = &[
    ("a", Sort::Inline, &["href", "hreflang", "title"]),
    ("abbr", Sort::Inline, &["title"]),
    ("bdi", Sort::Inline, &[]),
    ("blockquote", Sort::Block, &[]),
    ("br", Sort::Void, &[]),
    ("caption", Sort::Cell, &[]),
    ("cite", Sort::Inline, &[]),
    ("code", Sort::Inline, &[]),
    ("dd", Sort::Item, &[]),
    ("del", Sort::Inline, &[]),
    ("dfn", Sort::Inline, &[]),
    ("div", Sort::Block, &[]),
    ("dl", Sort::Block, &[]),
    ("dt", Sort::Item, &[]),
    ("em", Sort::Inline, &[]),
    ("figcaption", Sort::Block, &[]),
    ("figure", Sort::Block, &[]),
    ("h1", Sort::Lines, &[]),
    ("h2", Sort::Lines, &[]),
    ("h3", Sort::Lines, &[]),
    ("h4", Sort::Lines, &[]),
    ("h5", Sort::Lines, &[]),
    ("h6", Sort::Lines, &[]),
    ("hr", Sort::Rule, &[]),
    ("img", Sort::Void, &["alt", "height", "src", "title", "width"]),
    ("ins", Sort::Inline, &[]),
    ("kbd", Sort::Inline, &[]),
    ("li", Sort::Item, &["value"]),
    ("mark", Sort::Inline, &[]),
    ("ol", Sort::Block, &["start"]),
    ("p", Sort::Lines, &[]),
    ("pre", Sort::Lines, &[]),
    ("q", Sort::Inline, &[]),
    ("s", Sort::Inline, &[]),
    ("samp", Sort::Inline, &[]),
    ("small", Sort::Inline, &[]),
    ("strong", Sort::Inline, &[]),
    ("sub", Sort::Inline, &[]),
    ("sup", Sort::Inline, &[]),
    ("table", Sort::Table, &[]),
    ("tbody", Sort::Group, &[]),
    ("td", Sort::Cell, &["align", "colspan", "rowspan"]),
    ("tfoot", Sort::Group, &[]),
    ("th", Sort::Cell, &["align", "colspan", "rowspan"]),
    ("thead", Sort::Group, &[]),
    ("time", Sort::Inline, &["datetime"]),
    ("tr", Sort::Row, &[]),
    ("u", Sort::Inline, &[]),
    ("ul", Sort::Block, &[]),
    ("var", Sort::Inline, &[]),
    ("wbr", Sort::Void, &[]),
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
pub(super) fn goes_with_content(name: &str) -> bool {
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

//! Sanitized HTML as a tree. The sanitizer closed every element, so tags match. Elements that are nested too deeply
//! are left out and their content is kept, so that functions can recurse on the tree.

use std::cell::{Cell, RefCell};

use html5ever::{
    Attribute,
    tendril::StrTendril,
    tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};

use super::error::MAX_DEPTH;

/// Maximum number of open elements. The sanitizer opens more than a body does, for example in tables.
const MAX_OPEN: usize = 3 * MAX_DEPTH;

/// A node of the tree.
pub(super) enum Node {
    /// Text, with character references decoded.
    Text(String),
    /// An element.
    Element(Element),
}

/// An element with its content.
pub(super) struct Element {
    /// Name in lower case.
    pub(super) name: String,
    attributes: Vec<Attribute>,
    pub(super) children: Vec<Node>,
}

impl Element {
    /// Returns the value of an attribute, or an empty text.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|attribute| &*attribute.name.local == name).map_or("", |attribute| &attribute.value)
    }

    /// Returns the children that are elements with one of these names.
    pub(super) fn elements<'a>(&'a self, names: &'a [&'a str]) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter_map(move |node| match node {
            Node::Element(element) if names.contains(&element.name.as_str()) => Some(element),
            _ => None,
        })
    }

    /// Returns the text of the element and of its descendants, with a line break around blocks, and with the
    /// alternative text for an image.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for node in &self.children {
            match node {
                Node::Text(part) => text.push_str(part),
                Node::Element(element) if element.name == "br" => text.push('\n'),
                Node::Element(element) if !element.attribute("src").is_empty() => {
                    text.push_str(element.attribute("alt"))
                }
                Node::Element(element) if element.name == "q" => text.extend(["“", &element.text(), "”"]),
                Node::Element(element) if is_block(&element.name) => {
                    let before = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                    text.extend([before, element.text().trim_end_matches('\n'), "\n"]);
                }
                Node::Element(element) => text.push_str(&element.text()),
            }
        }
        text
    }
}

/// Parses HTML of the sanitizer.
pub(super) fn parse(html: &str) -> Vec<Node> {
    let root = Element { name: String::new(), attributes: Vec::new(), children: Vec::new() };
    let builder = Builder { open: RefCell::new(vec![root]), skipped: Cell::new(0) };
    let tokenizer = Tokenizer::new(builder, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    let mut open = tokenizer.sink.open.into_inner();
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|root| root.children).unwrap_or_default()
}

/// Adds the innermost open element to its parent.
fn close(open: &mut Vec<Element>) {
    if let Some(element) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        parent.children.push(Node::Element(element));
    }
}

struct Builder {
    /// Open elements, the innermost last. The first one is the root.
    open: RefCell<Vec<Element>>,
    /// Number of open elements that are left out.
    skipped: Cell<usize>,
}

impl TokenSink for Builder {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut open = self.open.borrow_mut();
        match token {
            Token::CharacterTokens(text) => {
                if let Some(parent) = open.last_mut() {
                    // Noncharacters stand for marks in `scripts`.
                    parent.children.push(Node::Text(text.replace(|c| ('\u{FDD0}'..='\u{FDEF}').contains(&c), "")));
                }
            }
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let name = tag.name.to_string();
                let is_void = matches!(name.as_str(), "br" | "hr" | "img");
                if !is_void && open.len() > MAX_OPEN {
                    self.skipped.set(self.skipped.get() + 1);
                    return TokenSinkResult::Continue;
                }
                open.push(Element { name, attributes: tag.attrs, children: Vec::new() });
                if is_void {
                    close(&mut open);
                }
            }
            Token::TagToken(_) if self.skipped.get() > 0 => self.skipped.set(self.skipped.get() - 1),
            Token::TagToken(_) if open.len() > 1 => close(&mut open),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Whether an element of sanitized HTML starts and ends a paragraph.
pub(super) fn is_block(name: &str) -> bool {
    !matches!(
        name,
        "a" | "b" | "br" | "code" | "del" | "em" | "i" | "img" | "q" | "s" | "strike" | "strong" | "sub" | "sup" | "tt"
    )
}

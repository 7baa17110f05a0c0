//! Flattening of HTML: rewrites any HTML as well-formed HTML of limited depth, before an HTML parser sees it.
//!
//! An HTML parser follows every nested tag, so deeply nested input could overflow the stack or take minutes. This
//! module builds its output tag by tag: every element is closed in order, and at most 40 blocks and 8 inline elements
//! are nested. The output is as unsafe as the input, so `sanitizer` must process it afterwards.

use crate::newsroom::markup::{
    attributes::filter_attributes,
    elements::{Element, ElementKind, element, is_removed_with_content},
    tokenizer::{Attributes, Token, Tokenizer},
};

/// Maximum nesting of blocks, list items and parts of tables. Deeper ones keep their text and lose their tags.
const MAX_BLOCKS: usize = 40;

/// Maximum nesting of inline elements.
const MAX_INLINES: usize = 8;

/// Length of text, in bytes, after which a comment is inserted; the sanitizer removes the comment. Without it, the
/// sanitizer needs quadratic time to write one long text with many character references.
const MAX_TEXT: usize = 16_384;

/// Returns well-formed HTML of limited depth with the same content.
pub(in crate::newsroom::markup) fn flatten_html(html: &str) -> String {
    let mut writer = Writer {
        html: String::with_capacity(html.len() + html.len() / 8),
        open_elements: Vec::new(),
        omitted_blocks: 0,
        line_start: 0,
        last_tag_end: 0,
    };
    let mut tokens = Tokenizer::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => writer.text(text),
            Token::StartTag(name, attributes) => {
                let name = name.to_ascii_lowercase();
                match element(&name) {
                    Some(element) => writer.start(element, attributes),
                    None if is_removed_with_content(&name) => tokens.skip_content(&name),
                    None => {}
                }
            }
            Token::EndTag(name) => {
                if let Some(element) = element(&name.to_ascii_lowercase()) {
                    writer.end(element);
                }
            }
        }
    }
    writer.close_to(0);
    writer.html
}

struct Writer {
    html: String,
    /// Open elements, the innermost last.
    open_elements: Vec<(&'static str, ElementKind)>,
    /// Number of blocks that were omitted because they are nested too deeply, and whose end tags have not
    /// been read yet.
    omitted_blocks: usize,
    /// Position in `html` at which the content of the last paragraph, heading or preformatted text starts.
    line_start: usize,
    /// Position in `html` after the last start tag or inserted comment.
    last_tag_end: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.between_cells() && !text.trim_ascii().is_empty() {
            self.open_cell();
        }
        let mut rest = match text.strip_prefix('<') {
            Some(after) => {
                self.html.push_str("&lt;");
                after
            }
            None => text,
        };
        while let Some(position) = self.split_position(rest) {
            self.html.push_str(&rest[..position]);
            self.html.push_str("<!---->");
            self.last_tag_end = self.html.len();
            rest = &rest[position..];
        }
        self.html.push_str(rest);
    }

    /// Returns where to split a text: before an `&` or a non-ASCII character, and so never inside a
    /// character reference.
    fn split_position(&self, text: &str) -> Option<usize> {
        let from = (self.last_tag_end + MAX_TEXT).saturating_sub(self.html.len());
        let after = text.as_bytes().get(from..)?;
        after.iter().position(|&byte| byte == b'&' || byte >= 0xC0).map(|at| from + at)
    }

    fn start(&mut self, (name, kind, allowed): Element, attributes: Attributes<'_>) {
        let attributes = filter_attributes(allowed, attributes);
        match kind {
            ElementKind::Void if name == "img" && !attributes.contains(" src=") => {}
            ElementKind::Void => {
                self.open_cell();
                self.tag(name, &attributes);
            }
            ElementKind::Inline => self.start_inline(name, &attributes),
            // Preformatted text contains no blocks. The start tag of a block becomes a line break.
            _ if self.is_open("pre") && !matches!(kind, ElementKind::Row | ElementKind::Cell | ElementKind::Item) => {
                self.html.push('\n')
            }
            ElementKind::Rule => {
                self.begin_block();
                self.tag(name, &attributes);
            }
            // A paragraph or `div` directly inside a heading is omitted, so that the text stays a heading.
            ElementKind::LeafBlock | ElementKind::ContainerBlock
                if matches!(name, "p" | "div") && self.at_heading() => {}
            ElementKind::LeafBlock => {
                self.begin_block();
                self.push(name, kind, &attributes);
                self.line_start = self.html.len();
            }
            ElementKind::ContainerBlock | ElementKind::Table => {
                self.begin_block();
                self.push_block(name, kind, &attributes);
            }
            ElementKind::Item => {
                let siblings: &[_] = if name == "li" { &["li"] } else { &["dd", "dt"] };
                let lists: &[_] = if name == "li" { &["ul", "ol"] } else { &["dl"] };
                if let Some(at) = self
                    .find(|open, _| siblings.contains(&open), |open, kind| lists.contains(&open) || is_barrier(kind))
                {
                    self.close_to(at);
                }
                self.begin_block();
                self.push_block(name, kind, &attributes);
            }
            ElementKind::RowGroup | ElementKind::Row | ElementKind::Cell => {
                self.start_in_table(name, kind, &attributes)
            }
        }
    }

    fn start_inline(&mut self, name: &'static str, attributes: &str) {
        self.open_cell();
        let first_inline = self.first_inline();
        if name == "a" {
            // A link without `href` is only an anchor. Anchors are not kept.
            if let Some(at) = (first_inline..self.open_elements.len()).find(|&at| self.open_elements[at].0 == "a") {
                self.close_to(at);
            }
            if !attributes.contains(" href=") {
                return;
            }
        }
        let first_inline = self.first_inline();
        if self.open_elements.len() - first_inline >= MAX_INLINES
            || self.open_elements[first_inline..].iter().any(|(open, _)| *open == name)
        {
            return;
        }
        // An element that starts where an equal one has just ended continues it: word processors wrap every word of a
        // sentence in a separate element.
        let end_tag = format!("</{name}>");
        if attributes.is_empty() && self.html.ends_with(&end_tag) {
            self.html.truncate(self.html.len() - end_tag.len());
            self.open_elements.push((name, ElementKind::Inline));
        } else {
            self.push(name, ElementKind::Inline, attributes);
        }
    }

    fn start_in_table(&mut self, name: &'static str, kind: ElementKind, attributes: &str) {
        let Some(table) = self.find(|_, kind| kind == ElementKind::Table, |_, _| false) else {
            self.html.push('\n');
            return;
        };
        let parents: &[ElementKind] = match kind {
            ElementKind::Cell if name == "caption" => &[ElementKind::Table],
            ElementKind::Cell => &[ElementKind::Row],
            ElementKind::Row => &[ElementKind::RowGroup, ElementKind::Table],
            _ => &[ElementKind::Table],
        };
        let parent = (table..self.open_elements.len()).rfind(|&at| parents.contains(&self.open_elements[at].1));
        self.close_to(parent.unwrap_or(table) + 1);
        if kind == ElementKind::Cell && parent.is_none() {
            // A cell outside a row gets a row.
            self.close_to(table + 1);
            self.push_block("tr", ElementKind::Row, "");
        }
        self.push_block(name, kind, attributes);
    }

    fn end(&mut self, (name, kind, _): Element) {
        if kind == ElementKind::Inline {
            if let Some(at) =
                (self.first_inline()..self.open_elements.len()).rfind(|&at| self.open_elements[at].0 == name)
            {
                self.close_to(at);
            }
            return;
        }
        if kind != ElementKind::LeafBlock && self.omitted_blocks > 0 {
            self.omitted_blocks -= 1;
            self.html.push('\n');
            return;
        }
        let barrier = |_, open| match kind {
            ElementKind::Table => false,
            ElementKind::RowGroup | ElementKind::Row | ElementKind::Cell => open == ElementKind::Table,
            _ => is_barrier(open),
        };
        let same = |open, _| open == name || (is_heading(open) && is_heading(name));
        if let Some(at) = self.find(same, barrier) {
            self.close_to(at);
        }
    }

    /// Returns the index of the innermost open element that matches, or `None` if a barrier is further inside.
    fn find(
        &self,
        is_match: impl Fn(&'static str, ElementKind) -> bool,
        barrier: impl Fn(&'static str, ElementKind) -> bool,
    ) -> Option<usize> {
        for (at, &(name, kind)) in self.open_elements.iter().enumerate().rev() {
            if is_match(name, kind) {
                return Some(at);
            }
            if barrier(name, kind) {
                return None;
            }
        }
        None
    }

    /// Returns the index of the first open inline element. Inline elements are always the innermost ones.
    fn first_inline(&self) -> usize {
        self.open_elements.iter().rposition(|(_, kind)| *kind != ElementKind::Inline).map_or(0, |at| at + 1)
    }

    fn is_open(&self, name: &str) -> bool {
        self.open_elements.iter().any(|(open, _)| *open == name)
    }

    /// Whether a heading has just been opened and has no text yet.
    fn at_heading(&self) -> bool {
        self.open_elements.last().is_some_and(|(name, _)| is_heading(name))
            && self.html.get(self.line_start..).is_some_and(|line| line.trim_ascii().is_empty())
    }

    fn between_cells(&self) -> bool {
        matches!(self.open_elements.last(), Some((_, ElementKind::Table | ElementKind::RowGroup | ElementKind::Row)))
    }

    /// Opens a cell for content that is inside a table and outside its cells. An HTML parser would move such content
    /// before the table (foster parenting).
    fn open_cell(&mut self) {
        if self.between_cells() {
            if !matches!(self.open_elements.last(), Some((_, ElementKind::Row))) {
                self.push("tr", ElementKind::Row, "");
            }
            self.push("td", ElementKind::Cell, "");
        }
    }

    /// Closes the open elements that cannot contain a block.
    fn begin_block(&mut self) {
        self.close_to(self.first_inline());
        if matches!(self.open_elements.last(), Some((_, ElementKind::LeafBlock))) {
            self.close_to(self.open_elements.len() - 1);
        }
        self.open_cell();
    }

    fn push_block(&mut self, name: &'static str, kind: ElementKind, attributes: &str) {
        if self.open_elements.len() < MAX_BLOCKS {
            self.push(name, kind, attributes);
        } else {
            self.omitted_blocks += 1;
            self.html.push('\n');
        }
    }

    fn push(&mut self, name: &'static str, kind: ElementKind, attributes: &str) {
        self.tag(name, attributes);
        self.open_elements.push((name, kind));
    }

    fn tag(&mut self, name: &str, attributes: &str) {
        self.html.push('<');
        self.html.push_str(name);
        self.html.push_str(attributes);
        self.html.push('>');
        self.last_tag_end = self.html.len();
    }

    /// Closes the innermost elements until `count` elements are open.
    fn close_to(&mut self, count: usize) {
        for (name, kind) in self.open_elements.drain(count..).rev() {
            let start_tag = format!("<{name}>");
            if kind == ElementKind::Inline && self.html.ends_with(&start_tag) {
                // The element has no content.
                self.html.truncate(self.html.len() - start_tag.len());
            } else {
                self.html.push_str("</");
                self.html.push_str(name);
                self.html.push('>');
            }
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_barrier(kind: ElementKind) -> bool {
    matches!(kind, ElementKind::Cell | ElementKind::Table)
}

#[cfg(test)]
mod tests;

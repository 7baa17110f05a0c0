//! Elements of sanitized HTML to the events of Markdown blocks.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Tag, TagEnd};

use super::{
    inline::{Inline, flatten},
    table,
    tree::{Element, Node, is_block},
};

/// Returns the events of the blocks that the nodes contain.
pub(super) fn events(nodes: &[Node]) -> Vec<Event<'static>> {
    let mut blocks = Blocks::default();
    blocks.nodes(nodes);
    blocks.end_paragraph();
    blocks.events
}

/// Writer of blocks.
#[derive(Default)]
pub(super) struct Blocks {
    events: Vec<Event<'static>>,
    /// Content of the open paragraph.
    inline: Inline,
}

impl Blocks {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(text) => self.inline.text(text),
                Node::Element(element) => self.element(element),
            }
        }
    }

    fn element(&mut self, element: &Element) {
        if is_block(&element.name) {
            self.end_paragraph();
            self.block(element);
            self.end_paragraph();
            return;
        }
        match element.name.as_str() {
            "br" => {
                if self.inline.line_break() {
                    self.end_paragraph();
                }
            }
            "img" => self.inline.image(element),
            "code" | "tt" => self.inline.code(&element.text()),
            _ => {
                // Blocks in an inline element are blocks whose text has its mark.
                let has_mark = self.inline.start(element);
                self.nodes(&element.children);
                self.inline.end(element, has_mark);
            }
        }
    }

    fn block(&mut self, element: &Element) {
        match element.name.as_str() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                flatten(&element.children, &mut self.inline);
                let level = HeadingLevel::try_from(usize::from(element.name.as_bytes()[1] - b'0'));
                let level = level.unwrap_or(HeadingLevel::H6);
                self.end_leaf(Tag::Heading { level, id: None, classes: Vec::new(), attrs: Vec::new() });
            }
            "hr" => self.events.push(Event::Rule),
            "pre" | "listing" | "xmp" => self.code_block(&element.text()),
            "blockquote" => self.container(Tag::BlockQuote(None), events(&element.children)),
            "ul" | "dir" | "menu" => self.list(None, element),
            "ol" => self.list(Some(first_number(element)), element),
            "table" => self.table(element),
            _ => self.nodes(&element.children),
        }
    }

    fn end_paragraph(&mut self) {
        self.end_leaf(Tag::Paragraph);
    }

    fn end_leaf(&mut self, tag: Tag<'static>) {
        let content = self.inline.finish();
        self.container(tag, content);
    }

    fn container(&mut self, tag: Tag<'static>, content: Vec<Event<'static>>) {
        if !content.is_empty() {
            let end = tag.to_end();
            self.events.push(Event::Start(tag));
            self.events.extend(content);
            self.events.push(Event::End(end));
        }
    }

    fn code_block(&mut self, code: &str) {
        let code = code.trim_matches('\n');
        if !code.trim().is_empty() {
            let kind = CodeBlockKind::Fenced(CowStr::Borrowed(""));
            self.container(Tag::CodeBlock(kind), vec![Event::Text(format!("{code}\n").into())]);
        }
    }

    fn list(&mut self, start: Option<u64>, list: &Element) {
        let mut items: Vec<Vec<Event<'static>>> = Vec::new();
        for node in &list.children {
            match node {
                Node::Element(element) if element.name == "li" => items.push(events(&element.children)),
                // A list directly inside a list belongs to the item before it.
                node => {
                    let content = events(std::slice::from_ref(node));
                    match items.last_mut() {
                        Some(item) => item.extend(content),
                        None => items.push(content),
                    }
                }
            }
        }
        items.retain(|item| !item.is_empty());
        if items.iter().all(|item| is_tight(item)) {
            items.iter_mut().for_each(remove_paragraph);
        }
        let items = items
            .into_iter()
            .flat_map(|item| [Event::Start(Tag::Item)].into_iter().chain(item).chain([Event::End(TagEnd::Item)]));
        self.container(Tag::List(start), items.collect());
    }

    fn table(&mut self, table: &Element) {
        for caption in table.elements(&["caption"]) {
            self.nodes(&caption.children);
            self.end_paragraph();
        }
        match table::events(table) {
            Some(events) => self.events.extend(events),
            // A table of one column is layout: its content stays in its order.
            None => table.elements(&["thead", "tbody", "tfoot", "tr"]).for_each(|rows| self.element(rows)),
        }
    }
}

/// Returns the number of the first item. Markdown has numbers of at most nine digits.
fn first_number(list: &Element) -> u64 {
    list.attribute("start").trim().parse().ok().filter(|&number| number < 1_000_000_000).unwrap_or(1)
}

/// Whether an item is a paragraph, with or without lists below it. A list of such items has no blank lines.
fn is_tight(item: &[Event<'_>]) -> bool {
    let mut depth = 0;
    let mut blocks = 0;
    let mut is_tight = true;
    for event in item {
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    // A list that does not start with 1 cannot follow a paragraph without a blank line.
                    is_tight &= matches!((tag, blocks), (Tag::Paragraph, 0) | (Tag::List(None | Some(1)), _));
                    blocks += 1;
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Rule => return false,
            _ => {}
        }
    }
    is_tight
}

/// Removes the start and the end of the paragraph that starts an item, and keeps its content.
fn remove_paragraph(item: &mut Vec<Event<'static>>) {
    if item.first() == Some(&Event::Start(Tag::Paragraph)) {
        item.remove(0);
        if let Some(end) = item.iter().position(|event| *event == Event::End(TagEnd::Paragraph)) {
            item.remove(end);
        }
    }
}

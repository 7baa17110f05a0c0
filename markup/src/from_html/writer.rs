//! Writes events as Markdown that a parser reads back unchanged.

use pulldown_cmark::{Event, Tag, TagEnd};
use pulldown_cmark_to_cmark::{Options, cmark_with_options};

use crate::{
    events::{OPTIONS, events as parse},
    scripts,
};

/// Writes events as Markdown, each block as [`writable_block`] returns it.
pub(super) fn write(events: Vec<Event<'static>>) -> String {
    let mut writable = Vec::with_capacity(events.len());
    let mut depth = 0;
    let mut block = Vec::new();
    for event in events {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        block.push(event);
        if depth == 0 {
            writable.append(&mut writable_block(std::mem::take(&mut block)));
        }
    }
    serialize(&writable).unwrap_or_default()
}

/// Returns the events of a block in the first of these forms that a parser reads back unchanged: complete, without
/// marks except links, without links, and as one paragraph.
fn writable_block(block: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut block = scripts::remove_unwritable(block);
    for is_removed in [|_: &Event<'static>| false, is_mark, is_link] {
        block.retain(|event| !is_removed(event));
        let prepared = scripts::prepare(block.clone());
        if serialize(&prepared).is_some_and(|markdown| html(parse(&markdown)) == html(block.iter().cloned())) {
            return prepared;
        }
    }
    let text: Vec<&str> = block.iter().filter_map(text).flat_map(str::split_ascii_whitespace).collect();
    let paragraph = [Event::Start(Tag::Paragraph), Event::Text(text.join(" ").into()), Event::End(TagEnd::Paragraph)];
    scripts::prepare(paragraph.into())
}

fn text<'a>(event: &'a Event<'static>) -> Option<&'a str> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        _ => None,
    }
}

fn html<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

fn serialize(events: &[Event<'static>]) -> Option<String> {
    let options = Options {
        list_token: '-',
        code_block_token_count: 3,
        increment_ordered_list_bullets: true,
        ..Options::default()
    };
    let mut markdown = String::new();
    cmark_with_options(events.iter(), &mut markdown, OPTIONS, options).ok()?;
    Some(scripts::finish(&markdown))
}

fn is_mark(event: &Event<'static>) -> bool {
    matches!(
        event,
        Event::Start(Tag::Strong | Tag::Emphasis | Tag::Strikethrough | Tag::Superscript | Tag::Subscript)
            | Event::End(
                TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Superscript | TagEnd::Subscript
            )
    )
}

fn is_link(event: &Event<'static>) -> bool {
    matches!(event, Event::Start(Tag::Link { .. }) | Event::End(TagEnd::Link))
}

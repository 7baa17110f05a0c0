//! Writes events as Markdown that a parser reads back unchanged.

use pulldown_cmark::{Event, Tag, TagEnd};
use pulldown_cmark_to_cmark::{Options, cmark_with_options};

use crate::{
    events::{OPTIONS, events as parse, render},
    scripts,
};

/// Writes events as Markdown, each block as [`writable_block`] returns it.
pub(super) fn write(events: Vec<Event<'static>>) -> String {
    let mut blocks: Vec<Vec<Event<'static>>> = Vec::new();
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
            blocks.push(writable_block(std::mem::take(&mut block)));
        }
    }
    // Blocks that have a spelling alone and none together are separated by a blank line.
    let apart = || blocks.iter().filter_map(|block| serialize(block)).collect::<Vec<_>>().join("\n\n");
    // The writer starts a document with a line break if its first block is code.
    serialize(&blocks.concat()).unwrap_or_else(apart).trim_start_matches('\n').to_owned()
}

/// Returns the events of a block in the first of these forms that a parser reads back unchanged: complete, with each
/// run of inline content repaired, without marks except links, without links, and as one paragraph.
fn writable_block(block: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let complete = scripts::remove_unwritable(block);
    if is_faithful(&complete) {
        return scripts::prepare(complete);
    }
    let unmarked = without(&complete, is_mark);
    let unlinked = without(&unmarked, is_link);
    let forms = [repair_runs(&complete), unmarked, unlinked];
    let form = forms.into_iter().find(|form| is_faithful(form));
    scripts::prepare(form.unwrap_or_else(|| paragraph(vec![text_of(&complete)])))
}

/// Repairs each run of inline content as if it were a paragraph: first its marks are removed, then its links, then
/// everything but its text.
fn repair_runs(block: &[Event<'static>]) -> Vec<Event<'static>> {
    let mut repaired = Vec::with_capacity(block.len());
    let mut rest = block;
    while let Some(start) = rest.iter().position(is_inline) {
        let length = rest[start..].iter().position(|event| !is_inline(event)).unwrap_or(rest.len() - start);
        let (before, run) = (&rest[..start], &rest[start..start + length]);
        repaired.extend_from_slice(before);
        let forms = [run.to_vec(), without(run, is_mark), without(&without(run, is_mark), is_link)];
        let form = forms.into_iter().find(|form| is_faithful(&paragraph(form.clone())));
        repaired.extend(form.unwrap_or_else(|| vec![text_of(run)]));
        rest = &rest[start + length..];
    }
    repaired.extend_from_slice(rest);
    repaired
}

fn is_inline(event: &Event<'static>) -> bool {
    match event {
        Event::Text(_) | Event::Code(_) | Event::HardBreak => true,
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => true,
        event => is_mark(event) || is_link(event),
    }
}

/// Whether a parser reads the events back as the same document.
fn is_faithful(events: &[Event<'static>]) -> bool {
    serialize(&scripts::prepare(events.to_vec()))
        .is_some_and(|markdown| render(parse(&markdown)) == render(events.iter().cloned()))
}

fn without(events: &[Event<'static>], is_removed: impl Fn(&Event<'static>) -> bool) -> Vec<Event<'static>> {
    events.iter().filter(|event| !is_removed(event)).cloned().collect()
}

fn paragraph(content: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut events = vec![Event::Start(Tag::Paragraph)];
    events.extend(content);
    events.push(Event::End(TagEnd::Paragraph));
    events
}

/// Returns the text of events. Blocks are separated by a space.
fn text_of(events: &[Event<'static>]) -> Event<'static> {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            event if is_inline(event) && *event != Event::HardBreak => {}
            _ => text.push(' '),
        }
    }
    Event::Text(text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").into())
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

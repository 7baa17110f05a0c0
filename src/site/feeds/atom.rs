//! Atom (RFC 4287).

use askama::Template;

use super::entry::{Entry, Feed};
use crate::site::view::date::iso;

#[derive(Template)]
#[template(path = "feed.atom.xml")]
struct Atom<'a> {
    feed: &'a Feed,
    updated: String,
    entries: Vec<(&'a Entry, String, String)>,
}

pub(super) fn write(feed: &Feed) -> String {
    let entries = feed.entries.iter().map(|entry| (entry, iso(entry.published), iso(entry.updated))).collect();
    Atom { feed, updated: iso(feed.updated), entries }.render().unwrap_or_default()
}

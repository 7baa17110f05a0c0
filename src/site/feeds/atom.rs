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
    // An Atom feed must have a date. One without entries has that of the standard.
    let updated = feed.updated.map_or_else(|| "2005-12-01T00:00:00Z".to_owned(), iso);
    Atom { feed, updated, entries }.render().unwrap_or_default()
}

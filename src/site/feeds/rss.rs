//! RSS 2.0 with the modules content (whole text) and Dublin Core (language).

use askama::Template;

use super::entry::{Entry, Feed};

#[derive(Template)]
#[template(path = "feed.rss.xml")]
struct Rss<'a> {
    feed: &'a Feed,
    updated: String,
    entries: Vec<(&'a Entry, String)>,
}

pub(super) fn write(feed: &Feed) -> String {
    let entries = feed.entries.iter().map(|entry| (entry, entry.published.to_rfc2822())).collect();
    Rss { feed, updated: feed.updated.to_rfc2822(), entries }.render().unwrap_or_default()
}

//! RSS 2.0 with the modules content (whole text) and Dublin Core (language).

use askama::Template;

use super::entry::{Entry, Feed, escape_html};

#[derive(Template)]
#[template(path = "feed.rss.xml")]
struct Rss<'a> {
    feed: &'a Feed,
    updated: Option<String>,
    /// Entries with their summary as HTML and the date of their publication.
    entries: Vec<(&'a Entry, Option<String>, String)>,
}

pub(super) fn write(feed: &Feed) -> String {
    // The description of an item is HTML (RSS 2.0).
    let summary = |entry: &Entry| entry.summary.as_deref().map(escape_html);
    let entries = feed.entries.iter().map(|entry| (entry, summary(entry), entry.published.to_rfc2822())).collect();
    Rss { feed, updated: feed.updated.map(|at| at.to_rfc2822()), entries }.render().unwrap_or_default()
}

//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use serde_json::{Value, json};

use super::entry::{Entry, Feed};
use crate::site::view::date::iso;

pub(super) fn write(feed: &Feed) -> String {
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.address,
        "language": feed.language,
        "authors": [{ "name": feed.publisher }],
        "items": feed.entries.iter().map(item).collect::<Vec<_>>(),
    });
    feed.to_string()
}

fn item(entry: &Entry) -> Value {
    let mut item = json!({
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "date_published": iso(entry.published),
        "date_modified": iso(entry.updated),
        "language": entry.language,
        "tags": entry.categories,
    });
    // An item must have a content. If feeds contain summaries only, the content is the summary.
    match (&entry.html, &entry.summary) {
        (Some(html), _) => item["content_html"] = json!(html),
        (None, summary) => item["content_text"] = json!(summary.as_deref().unwrap_or(&entry.title)),
    }
    if let Some(summary) = &entry.summary {
        item["summary"] = json!(summary);
    }
    item
}

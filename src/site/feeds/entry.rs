//! A feed and its entries, before they are written in a format.

use chrono::{DateTime, Utc};

use crate::{
    catalog::kind_label,
    site::{content::ReleaseContent, urn::release_urn, visit::Visit},
};

/// A feed before it is written in a format.
pub(super) struct Feed {
    pub(super) title: String,
    /// The list as a page.
    pub(super) page: String,
    /// The feed itself.
    pub(super) address: String,
    pub(super) language: String,
    pub(super) publisher: String,
    /// The last change of the feed. `None` if it never had an entry.
    pub(super) updated: Option<DateTime<Utc>>,
    /// A UUID that identifies the feed.
    pub(super) id: String,
    pub(super) entries: Vec<Entry>,
}

/// A release in a feed.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) title: String,
    pub(super) summary: Option<String>,
    /// The body as HTML. `None` if feeds contain summaries only.
    pub(super) html: Option<String>,
    pub(super) published: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) language: String,
    /// Kind and topics.
    pub(super) categories: Vec<String>,
}

impl Entry {
    pub(super) async fn new(visit: &Visit<'_>, content: &ReleaseContent) -> Self {
        let html = if visit.site.has_full_feeds { content.html(visit).await } else { None };
        let topics = content.topics(visit.view()).into_iter().map(|topic| topic.name);
        Self {
            id: release_urn(visit, content.item.id()),
            url: visit.links.public_release(content.item.slug()),
            title: content.headline().to_owned(),
            summary: content.summary(visit).await,
            html: html.map(|html| with_dateline(visit, content, &html)),
            published: content.published_at(),
            updated: content.modified_at(),
            language: content.language().to_owned(),
            categories: std::iter::once(kind_label(content.kind()).to_owned()).chain(topics).collect(),
        }
    }
}

/// Puts corrections and the dateline before a body, as its page does.
fn with_dateline(visit: &Visit<'_>, content: &ReleaseContent, html: &str) -> String {
    let mut text = String::new();
    for correction in &content.corrections {
        text += &format!("<p><strong>Correction:</strong> {}</p>\n", escape_html(&correction.note));
    }
    if let Some(dateline) = content.dateline(visit.view()) {
        text += &format!("<p>{}</p>\n", escape_html(&dateline));
    }
    text + html
}

/// Escapes a text for HTML.
pub(super) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

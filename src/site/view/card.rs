//! A release in a list: headline, date, place, kind and summary, with the words of a search marked.

use super::{
    date::{self, Time},
    text::{Segment, excerpt, plain, segments},
};
use crate::{
    catalog::{Highlight, ReleaseSet, SearchField, kind_label},
    site::{
        content::{EXCERPT, ReleaseContent},
        visit::Visit,
    },
};

/// Maximum length of a highlighted part of a body, in characters.
const MAX_HIGHLIGHT: usize = 240;

/// Maximum length of a headline, in characters.
const MAX_HEADLINE: usize = 1000;

/// A release in a list.
pub struct Card {
    /// Address of its page.
    pub href: String,
    /// The headline in parts.
    pub headline: Vec<Segment>,
    /// The summary in parts. Empty if there is none.
    pub summary: Vec<Segment>,
    /// The kind in words.
    pub kind: &'static str,
    /// The date printed on the release.
    pub date: Time,
    /// The place of the dateline.
    pub place: Option<String>,
    /// Value of `lang`.
    pub lang: String,
    /// Value of `dir`.
    pub dir: &'static str,
}

impl Card {
    /// Creates the cards of releases of a set. If the set was searched, the matching words are marked.
    pub async fn all(visit: &Visit<'_>, set: &ReleaseSet, contents: &[ReleaseContent]) -> Vec<Self> {
        let mut cards = Vec::new();
        for content in contents {
            cards.push(Self::new(visit, set, content).await);
        }
        cards
    }

    async fn new(visit: &Visit<'_>, set: &ReleaseSet, content: &ReleaseContent) -> Self {
        let (view, language) = (visit.view(), content.language());
        let marked = |text: &str, max| set.highlight(text, language, max);
        let headline = marked(content.headline(), MAX_HEADLINE);
        Self {
            href: visit.links.release(content.item.slug()),
            headline: headline.as_ref().map_or_else(|| plain(content.headline()), segments),
            summary: Self::summary(visit, set, content).await,
            kind: kind_label(content.kind()),
            date: date::date(content.date()),
            place: content.dateline_place(view),
            lang: content.lang().to_owned(),
            dir: content.dir(),
        }
    }

    /// Returns the summary, or the part of the body in which a search matches.
    async fn summary(visit: &Visit<'_>, set: &ReleaseSet, content: &ReleaseContent) -> Vec<Segment> {
        let marked = |text: &str, max| -> Option<Highlight> { set.highlight(text, content.language(), max) };
        let fields = set.match_of(&content.item).map(|found| found.fields).unwrap_or_default();
        if let Some(summary) = &content.row.summary
            && let Some(found) = marked(summary, EXCERPT)
        {
            return segments(&found);
        }
        if fields.contains(&SearchField::Body)
            && let Some(text) = content.text(visit).await
            && let Some(found) = marked(&text, MAX_HIGHLIGHT)
        {
            return segments(&found);
        }
        content.summary(visit).await.map(|summary| plain(&excerpt(&summary, EXCERPT))).unwrap_or_default()
    }
}

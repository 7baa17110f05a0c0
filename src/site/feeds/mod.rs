//! Feeds of every list and filter: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1.
//!
//! A feed has the releases that were published last, whatever their release date. The id of an entry is a UUID that is
//! derived from the public id of the release, so it stays the same when slug, headline or server change. A corrected
//! release stays where it is with a later `updated`. A withdrawn release leaves the feed, and the `updated` of the
//! feed is then the instant of the withdrawal.
//!
//! The XML is written by templates that escape every text. The crate `rss` is not used, because it writes texts as
//! CDATA, and `atom_syndication` would be a second way to write XML.
//!
//! - `entry`: a feed and its entries
//! - `rss`, `atom`, `json_feed`: the formats

mod atom;
mod entry;
mod json_feed;
mod rss;

use self::entry::{Entry, Feed};
use entity::Noun;
use uuid::Uuid;

use super::{
    content::ReleaseContent,
    document::Document,
    error::SiteError,
    list::{LAST_PUBLISHED_FIRST, List, first},
    list_query::ListQuery,
    urn::urn,
    view::filters,
    visit::Visit,
};
use crate::catalog::{Direction, OrderBy, SortKey};

/// Number of entries of a feed.
const SIZE: usize = 20;

/// The format of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedFormat {
    /// RSS 2.0.
    Rss,
    /// Atom (RFC 4287).
    Atom,
    /// JSON Feed 1.1.
    Json,
}

impl FeedFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// Returns the path of feeds in this format.
    pub fn path(self) -> &'static str {
        match self {
            Self::Rss => "/feed.rss",
            Self::Atom => "/feed.atom",
            Self::Json => "/feed.json",
        }
    }

    /// Returns the name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::Json => "JSON Feed",
        }
    }

    /// Returns the media type without a charset.
    pub fn bare_media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            // JSON is always UTF-8, and its media types have no charset.
            Self::Json => "application/feed+json",
        }
    }
}

/// Returns the feed of the list that a query string selects. The page number has no effect.
pub async fn feed(visit: &Visit<'_>, query_string: &str, format: FeedFormat) -> Result<Document, SiteError> {
    let list = List::load(visit, query_string).await?;
    let items = first(&list.set, &LAST_PUBLISHED_FIRST, SIZE);
    let contents = ReleaseContent::load(visit, &list.set, &items).await?;
    let mut entries = Vec::new();
    for content in &contents {
        entries.push(Entry::new(visit, content).await);
    }
    let query = list.query.to_query(false);
    let last_modified = first(&list.set, &[OrderBy { by: SortKey::ModifiedAt, direction: Direction::Desc }], 1);
    let updated = last_modified.first().map(crate::catalog::Handle::modified_at);
    let feed = Feed {
        title: title(visit, &list.query),
        page: visit.links.absolute(&format!("/{query}")),
        address: visit.links.absolute(&format!("{}{query}", format.path())),
        language: visit.language().to_owned(),
        publisher: publisher(visit),
        updated: updated.max(list.set.last_withdrawal()),
        id: urn(&identity(visit, &list.query)),
        entries,
    };
    let body = match format {
        FeedFormat::Rss => rss::write(&feed),
        FeedFormat::Atom => atom::write(&feed),
        FeedFormat::Json => json_feed::write(&feed),
    };
    let mut document = Document::new(format.media_type(), body);
    document.releases = contents.iter().map(|content| content.item.id()).collect();
    if !list.set.is_search_complete() {
        document.valid_until = Some(visit.visible.now());
    }
    Ok(document)
}

/// Returns the publisher, or the name of the newsroom if there is none.
pub fn publisher(visit: &Visit<'_>) -> String {
    let site = visit.site;
    if site.publisher.is_empty() { site.name.clone() } else { site.publisher.clone() }
}

/// Returns what identifies a feed: the newsroom and the query, with ids instead of slugs, which can change.
fn identity(visit: &Visit<'_>, query: &ListQuery) -> String {
    let (view, ids) = (visit.view(), &visit.newsroom.ids);
    let topic = |slug: &String| Some(ids.encode(Noun::Topic, view.topics().get(view.topics().by_slug(slug)?).id));
    let place = |slug: &String| Some(ids.encode(Noun::Place, view.places().get(view.places().by_slug(slug)?).id));
    let topics: Vec<String> = query.topics.iter().filter_map(topic).collect();
    let places: Vec<String> = query.places.iter().filter_map(place).collect();
    let rest = ListQuery { topics: Vec::new(), places: Vec::new(), ..query.clone() }.to_query(false);
    // The id of nothing is different in each newsroom.
    format!("feed {} {topics:?} {places:?} {rest}", ids.encode(Noun::Release, Uuid::nil()))
}

fn title(visit: &Visit<'_>, query: &ListQuery) -> String {
    let search = query.text.iter().map(|text| format!("“{text}”"));
    let filters = filters::active(visit.view(), &visit.links, query).into_iter().map(|filter| filter.value);
    std::iter::once(visit.site.name.clone()).chain(search).chain(filters).collect::<Vec<_>>().join(" – ")
}

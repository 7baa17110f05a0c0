//! Sitemaps (sitemaps.org): an index, parts with the pages of releases, topics and places, and a news sitemap with the
//! releases of the last 48 hours.
//!
//! A sitemap must have absolute addresses of the same host, so there are none without the setting `public_url`, and
//! none of releases if `release_url` names another website.

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

use crate::catalog::{Direction, Handle, OrderBy, SortKey};
use crate::site::{
    content::ReleaseContent,
    document::Document,
    error::SiteError,
    feeds::publisher,
    links::{place_path, release_path, topic_path},
    list::{LAST_PUBLISHED_FIRST, first},
    view::{date::iso, language::speech_language},
    visit::Visit,
};

/// Maximum number of addresses in a part. The protocol allows 50,000.
const PART: usize = 40_000;

/// Maximum age of a release in the news sitemap, and maximum number of releases, as search engines ask for.
const NEWS_HOURS: i64 = 48;
const MAX_NEWS: usize = 1000;

const XML: &str = "application/xml; charset=utf-8";

/// The order of parts: oldest publication first, so that a new release changes the last part only.
const FIRST_PUBLISHED_FIRST: [OrderBy; 1] = [OrderBy { by: SortKey::PublishedAt, direction: Direction::Asc }];

#[derive(Template)]
#[template(path = "sitemap.xml")]
struct Sitemap {
    urls: Vec<(String, Option<String>)>,
}

#[derive(Template)]
#[template(path = "sitemap_index.xml")]
struct Index {
    urls: Vec<String>,
}

#[derive(Template)]
#[template(path = "news_sitemap.xml")]
struct News {
    name: String,
    entries: Vec<(String, String, String, String)>,
}

/// Returns the index of the sitemaps.
pub fn sitemap_index(visit: &Visit<'_>) -> Result<Document, SiteError> {
    check(visit)?;
    let mut names = vec!["pages".to_owned()];
    if visit.links.has_own_releases() {
        let parts = (visit.visible.count() as usize).div_ceil(PART);
        // A sitemap must not be empty.
        if !news(visit).is_empty() {
            names.push("news".to_owned());
        }
        names.extend((1..=parts).map(|part| format!("releases-{part}")));
    }
    let url = |name: String| visit.links.absolute(&format!("/sitemap-{name}.xml"));
    let mut document = xml(&Index { urls: names.into_iter().map(url).collect() });
    document.valid_until = news_end(&news(visit));
    Ok(document)
}

/// Returns the sitemap with a name: `pages`, `news` or `releases-N`.
pub fn sitemap(visit: &Visit<'_>, name: &str) -> Result<Document, SiteError> {
    check(visit)?;
    let part = name.strip_prefix("releases-");
    let part = part.and_then(|text| text.parse().ok().filter(|part: &usize| *part > 0 && part.to_string() == text));
    let urls = match part {
        Some(part) if visit.links.has_own_releases() => releases(visit, part),
        None if name == "pages" => pages(visit),
        _ => Vec::new(),
    };
    if urls.is_empty() {
        return Err(SiteError::NotFound("There is no such sitemap. The index is sitemap.xml.".to_owned()));
    }
    Ok(xml(&Sitemap { urls }))
}

/// Returns the news sitemap.
pub async fn news_sitemap(visit: &Visit<'_>) -> Result<Document, SiteError> {
    check(visit)?;
    let (set, items) = (&visit.visible, news(visit));
    let contents = ReleaseContent::load_headlines(visit, set, &items).await?;
    let entry = |content: &ReleaseContent| {
        let item = &content.item;
        let url = visit.links.canonical_release(item.slug())?;
        // The protocol wants a language of two or three letters, except for Chinese.
        let language = match content.language() {
            tag if tag.starts_with("zh-Hant") || tag == "zh-TW" => "zh-tw",
            tag if tag.starts_with("zh") => "zh-cn",
            tag if speech_language(tag).is_empty() => visit.language(),
            tag => tag.split('-').next().unwrap_or(tag),
        };
        Some((url, language.to_owned(), iso(item.first_published_at()?), content.headline().to_owned()))
    };
    let mut document = xml(&News { name: publisher(visit), entries: contents.iter().filter_map(entry).collect() });
    document.valid_until = news_end(&items);
    document.releases = items.iter().map(Handle::id).collect();
    Ok(document)
}

/// Returns the releases of the news sitemap: those that were first published in the last 48 hours.
fn news(visit: &Visit<'_>) -> Vec<Handle> {
    let start = visit.visible.now() - TimeDelta::hours(NEWS_HOURS);
    let size = if visit.links.has_own_releases() { MAX_NEWS } else { 0 };
    let mut items = first(&visit.visible, &LAST_PUBLISHED_FIRST, size);
    items.retain(|item| item.first_published_at().is_some_and(|at| at >= start));
    items
}

/// Returns when the oldest release leaves the news sitemap.
fn news_end(items: &[Handle]) -> Option<DateTime<Utc>> {
    let oldest = items.iter().filter_map(Handle::first_published_at).min();
    oldest.map(|at| at + TimeDelta::hours(NEWS_HOURS))
}

/// Returns the addresses of a part of the releases.
fn releases(visit: &Visit<'_>, part: usize) -> Vec<(String, Option<String>)> {
    let start = (part - 1).saturating_mul(PART);
    if start as u64 >= visit.visible.count() {
        return Vec::new();
    }
    let items = first(&visit.visible, &FIRST_PUBLISHED_FIRST, start + PART);
    let url = |item: &Handle| (visit.links.absolute(&release_path(item.slug())), Some(iso(item.modified_at())));
    items[start..].iter().map(url).collect()
}

/// Returns the addresses of the home page, and of topics and places that have releases.
fn pages(visit: &Visit<'_>) -> Vec<(String, Option<String>)> {
    let (view, set) = (visit.view(), &visit.visible);
    let topics = view.topics().by_label().iter().filter(|&&number| set.with_topic(number, true).count() > 0);
    let places = view.places().by_label().iter().filter(|&&number| set.with_place(number, true).count() > 0);
    let topics = topics.map(|&number| topic_path(&view.topics().get(number).slug));
    let places = places.map(|&number| place_path(&view.places().get(number).slug));
    let all = ["/", "/topics", "/places"].map(str::to_owned).into_iter().chain(topics).chain(places);
    all.take(PART).map(|path| (visit.links.absolute(&path), None)).collect()
}

/// Fails if the public address is unknown.
fn check(visit: &Visit<'_>) -> Result<(), SiteError> {
    if visit.links.is_absolute() {
        return Ok(());
    }
    let message = "This newsroom has no sitemaps, because they need its public address (setting public_url).";
    Err(SiteError::NotFound(message.to_owned()))
}

fn xml(template: &impl Template) -> Document {
    Document::new(XML, template.render().unwrap_or_default())
}

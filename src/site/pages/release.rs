//! The page of a release, the redirect from a former address, and the notice at the address of a withdrawn release.

use askama::Template;

use super::{notice::withdrawn, render};
use crate::{
    catalog::{ReleaseKey, kind_label},
    site::{
        assets::LOGO,
        content::{ConceptLink, ReleaseContent},
        document::Document,
        error::SiteError,
        formats::json_ld,
        list_query::ListQuery,
        view::{
            card::Card,
            date::{self, Time},
            layout::{Alternate, Layout},
        },
        visit::Visit,
    },
};

/// Number of related releases.
const RELATED: usize = 4;

/// The page of a release or of a preview.
#[derive(Template)]
#[template(path = "release.html")]
pub struct ReleasePage {
    pub layout: Layout,
    pub preview: Option<String>,
    pub headline: String,
    pub subheadline: Option<String>,
    pub kind: &'static str,
    pub date: Time,
    pub lang: String,
    pub dir: &'static str,
    pub corrections: Vec<(Time, String)>,
    pub summary: Option<String>,
    pub dateline: Option<String>,
    pub body: String,
    pub topics: Vec<(String, String)>,
    pub places: Vec<(String, String)>,
    pub dates: Vec<(&'static str, Time)>,
    pub formats: Vec<(&'static str, String)>,
    pub related: Vec<Card>,
}

/// What is at the address of a release.
pub enum Found {
    /// The release with its texts.
    Release(Box<ReleaseContent>),
    /// A redirect, or the notice of a withdrawn release.
    Instead(Document),
}

/// Finds the release with a slug. `path` returns the address for the present slug, if the slug is a former one.
pub async fn find(visit: &Visit<'_>, slug: &str, path: impl Fn(&str) -> String) -> Result<Found, SiteError> {
    let key = ReleaseKey::Slug(slug.to_owned());
    let not_found = || SiteError::NotFound("There is no release at this address.".to_owned());
    match visit.visible.find(&key) {
        Some((item, true)) => return Ok(Found::Instead(Document::redirect(301, path(item.slug())))),
        Some((item, false)) => {
            let content = ReleaseContent::load(visit, &visit.visible, &[item]).await?.pop().ok_or_else(not_found)?;
            return Ok(Found::Release(Box::new(content)));
        }
        None => {}
    }
    let tombstone = visit.visible.tombstone(&key).ok_or_else(not_found)?;
    let notice = visit.newsroom.withdrawal_notice(tombstone).await?.ok_or_else(not_found)?;
    Ok(Found::Instead(match notice.redirect_to.clone() {
        Some(target) => Document::redirect(302, target),
        None => withdrawn(visit, &notice),
    }))
}

/// Returns the page of the release with a slug.
pub async fn release(visit: &Visit<'_>, slug: &str) -> Result<Document, SiteError> {
    let content = match find(visit, slug, |slug| visit.links.release(slug)).await? {
        Found::Release(content) => content,
        Found::Instead(document) => return Ok(document),
    };
    let (item, set) = (&content.item, &visit.visible);
    let related = ReleaseContent::load(visit, set, &set.related(item, RELATED)).await?;
    let summary = content.summary(visit).await;
    let links = &visit.links;
    let (view, zone) = (visit.view(), visit.newsroom.settings.time_zone);
    let mut layout = Layout::new(visit, content.headline());
    layout.canonical = links.canonical_release(item.slug());
    layout.description.clone_from(&summary);
    layout.og_type = "article";
    layout.json_ld = Some(json_ld::release(visit, &content, summary.as_deref()));
    layout.properties = properties(visit, &content);
    let formats = [("Markdown", "text/markdown", "md"), ("ninjs (JSON)", "application/json", "json")];
    let format = |(name, media_type, extension): (&'static str, &'static str, &str)| {
        (name, media_type, format!("{}.{extension}", links.release(item.slug())))
    };
    let formats = formats.map(format);
    layout.alternates = formats
        .iter()
        .map(|(name, media_type, href)| Alternate { media_type, title: (*name).to_owned(), href: href.clone() })
        .collect();
    layout = layout.with_feeds(visit, &ListQuery::default(), "News");
    let mut dates = Vec::new();
    if let Some(at) = item.first_published_at() {
        dates.push(("First published", date::instant(at, zone)));
        if item.modified_at() > at {
            dates.push(("Last changed", date::instant(item.modified_at(), zone)));
        }
    }
    let page = ReleasePage {
        preview: None,
        headline: content.headline().to_owned(),
        subheadline: content.row.subheadline.clone(),
        kind: kind_label(content.kind()),
        date: date::date(content.date()),
        lang: content.lang().to_owned(),
        dir: content.dir(),
        corrections: content.corrections.iter().map(|row| (date::instant(row.at, zone), row.note.clone())).collect(),
        summary: content.row.summary.clone(),
        dateline: content.dateline(view),
        body: content.page_html(visit).await.as_deref().unwrap_or_default().to_owned(),
        topics: concept_links(visit, content.topics(view)),
        places: concept_links(visit, content.places(view)),
        dates,
        formats: formats.map(|(name, _, href)| (name, href)).into(),
        related: Card::all(visit, set, &related).await,
        layout,
    };
    let mut document = render(&page);
    document.releases = related.iter().chain([&*content]).map(|content| content.item.id()).collect();
    Ok(document)
}

/// Returns names and addresses of topics or places.
pub fn concept_links(visit: &Visit<'_>, concepts: Vec<ConceptLink>) -> Vec<(String, String)> {
    concepts.into_iter().map(|concept| (concept.name, visit.links.path(&concept.path))).collect()
}

/// Returns the OpenGraph properties of a release.
fn properties(visit: &Visit<'_>, content: &ReleaseContent) -> Vec<(&'static str, String)> {
    let mut properties = vec![
        ("article:published_time", date::iso(content.first_published_at())),
        ("article:modified_time", date::iso(content.modified_at())),
    ];
    // OpenGraph knows a language with a territory only.
    if let Some((language, territory)) = content.language().split_once('-').filter(|(_, rest)| rest.len() == 2) {
        properties.push(("og:locale", format!("{language}_{territory}")));
    }
    if let Some(logo) = visit.assets.path(LOGO).and_then(|path| visit.links.known_absolute(&path)) {
        properties.push(("og:image", logo));
    }
    properties.extend(content.topics(visit.view()).into_iter().map(|topic| ("article:tag", topic.name)));
    properties
}

//! The page of a preview link: the newest revision of a release, for somebody without an account.
//!
//! No cache may store the page and no search engine may list it. An invalid, expired or revoked link gives the same
//! error as one that never existed.

use std::sync::Arc;

use super::{
    release::{ReleasePage, concept_links},
    render,
};
use crate::{
    catalog::{Concept, kind_label},
    newsroom::release::dateline,
    site::{
        content::ConceptLink,
        document::Document,
        error::SiteError,
        links::{place_path, topic_path},
        view::{
            date,
            language::{direction, speech_language},
            layout::Layout,
        },
        visit::Visit,
    },
};

/// Returns the page of a preview link.
pub async fn preview(visit: &Visit<'_>, token: &str) -> Result<Document, SiteError> {
    let found = visit.newsroom.preview(token, visit.visible.now()).await?;
    let found = found.ok_or_else(|| {
        SiteError::NotFound(
            "This preview link does not work: it may have expired or been revoked. Ask its sender for a new one."
                .to_owned(),
        )
    })?;
    let (version, view) = (&found.version, visit.view());
    let (row, zone) = (&version.revision, visit.newsroom.settings.time_zone);
    let language = row.language.as_str();
    let topics = version.topics.iter().filter_map(|&id| Some(view.topics().get(view.topics().by_id(id)?)));
    let topics = topics.map(|topic| ConceptLink {
        name: topic.name_in(Some(language)).to_owned(),
        path: topic_path(&topic.slug),
        uri: None,
    });
    let place = |id| Some(view.places().get(view.places().by_id(id)?));
    let places = version.about.iter().filter_map(|&id| place(id)).map(|place| ConceptLink {
        name: place.name_in(Some(language)).to_owned(),
        path: place_path(&place.slug),
        uri: None,
    });
    let dateline_names = version.dateline.iter().filter_map(|&id| place(id)).map(|place| place.name_in(Some(language)));
    let dateline_place = dateline::place_text(row.dateline_text.as_deref(), dateline_names);
    let mut layout = Layout::new(visit, row.headline.clone());
    layout.is_indexed = false;
    let markdown: Option<Arc<str>> = row.body_markdown.as_deref().map(Arc::from);
    let body = match &markdown {
        Some(markdown) => visit.newsroom.renditions.page_html(row.id, markdown, drop).await.as_ref().to_owned(),
        None => String::new(),
    };
    let page = ReleasePage {
        preview: Some(format!(
            "Preview of version {}, not for publication. Anybody with the address of this page can read it until {}.",
            row.number,
            date::instant(found.expires_at, zone).text
        )),
        headline: row.headline.clone(),
        subheadline: row.subheadline.clone(),
        kind: kind_label(row.kind),
        date: date::date(row.release_date),
        lang: speech_language(language).to_owned(),
        dir: direction(language),
        corrections: Vec::new(),
        summary: row.summary.clone(),
        dateline: dateline_place.map(|place| dateline::text(&place, row.release_date, language)),
        body,
        topics: concept_links(visit, topics.collect()),
        places: concept_links(visit, places.collect()),
        dates: Vec::new(),
        formats: Vec::new(),
        related: Vec::new(),
        layout,
    };
    Ok(Document { is_private: true, ..render(&page) })
}

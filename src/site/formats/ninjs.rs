//! Releases as IPTC ninjs 3 (<https://iptc.org/standards/ninjs/>): one news item, or a list of news items.
//!
//! The `uri` of a news item never changes; its address is in `altIds`. A list is an object with the news items, because
//! ninjs defines no list.

use serde_json::{Value, json};

use crate::{
    catalog::kind_label,
    site::{
        content::{ConceptLink, ReleaseContent},
        document::Document,
        error::SiteError,
        feeds::publisher,
        list::List,
        list_query::MAX_PAGE,
        pages::release::{Found, find},
        urn::release_urn,
        view::date::iso,
        visit::Visit,
    },
};

const JSON: &str = "application/json";

/// Returns the release with a slug as a ninjs news item.
pub async fn release_ninjs(visit: &Visit<'_>, slug: &str) -> Result<Document, SiteError> {
    let path = |slug: &str| format!("{}.json", visit.links.release(slug));
    let content = match find(visit, slug, path).await? {
        Found::Release(content) => content,
        Found::Instead(document) => return Ok(document),
    };
    let mut document = Document::new(JSON, news_item(visit, &content).await.to_string());
    document.releases = vec![content.item.id()];
    Ok(document)
}

/// Returns one page of the list that a query string selects, as ninjs news items.
pub async fn release_list_ninjs(visit: &Visit<'_>, query_string: &str) -> Result<Document, SiteError> {
    let list = List::load(visit, query_string).await?;
    let (items, pages) = list.page()?;
    let contents = ReleaseContent::load(visit, &list.set, &items).await?;
    let mut news_items = Vec::new();
    for content in &contents {
        news_items.push(news_item(visit, content).await);
    }
    let next = (list.query.page < pages.min(MAX_PAGE)).then(|| {
        visit.links.absolute(&format!("/releases.json{}", list.query.at_page(list.query.page + 1).to_query(true)))
    });
    let list_json = json!({ "totalCount": list.set.count(), "next": next, "items": news_items });
    let mut document = Document::new(JSON, list_json.to_string());
    document.releases = items.iter().map(crate::catalog::Handle::id).collect();
    if !list.set.is_search_complete() {
        document.valid_until = Some(visit.visible.now());
    }
    Ok(document)
}

/// Returns a news item.
async fn news_item(visit: &Visit<'_>, content: &ReleaseContent) -> Value {
    let view = visit.view();
    let mut item = json!({
        "uri": release_urn(visit, content.item.id()),
        "altIds": [{ "role": "url", "value": visit.links.public_release(content.item.slug()) }],
        "standard": { "name": "ninjs", "version": "3.1", "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json" },
        "type": "text",
        "representationType": "full",
        "profile": "text",
        "version": content.item.revision_number().to_string(),
        "firstCreated": iso(content.first_published_at()),
        "versionCreated": iso(content.modified_at()),
        "pubStatus": "usable",
        "language": content.language(),
        "copyrightHolder": publisher(visit),
        "by": publisher(visit),
        "headlines": headlines(content),
        "subjects": content.topics(view).into_iter().map(subject).collect::<Vec<_>>(),
        "places": content.places(view).into_iter().map(subject).collect::<Vec<_>>(),
        "genres": [{ "name": kind_label(content.kind()) }],
    });
    if let Some(summary) = content.summary(visit).await {
        item["descriptions"] = json!([{ "role": "summary", "contentType": "text/plain", "value": summary }]);
    }
    if let Some(place) = content.dateline_place(view) {
        item["located"] = json!(place);
    }
    let mut bodies = Vec::new();
    if let Some(html) = content.html(visit).await {
        bodies.push(json!({ "role": "main", "contentType": "text/html", "value": &*html }));
    }
    if let Some(text) = content.text(visit).await {
        bodies.push(json!({
            "role": "text",
            "contentType": "text/plain",
            "charCount": text.chars().count(),
            "wordCount": markup::word_count(&text),
            "value": &*text,
        }));
    }
    if !bodies.is_empty() {
        item["bodies"] = json!(bodies);
    }
    if let Some(note) = content.corrections.last() {
        item["edNote"] = json!(format!("Correction: {}", note.note));
    }
    item
}

fn headlines(content: &ReleaseContent) -> Vec<Value> {
    let headline = |role: &str, value: &str| json!({ "role": role, "contentType": "text/plain", "value": value });
    let subheadline = content.row.subheadline.as_deref().map(|value| headline("subhead", value));
    std::iter::once(headline("main", content.headline())).chain(subheadline).collect()
}

fn subject(concept: ConceptLink) -> Value {
    let mut value = json!({ "name": concept.name, "rel": "about" });
    if let Some(uri) = concept.uri {
        value["uri"] = json!(uri);
    }
    value
}

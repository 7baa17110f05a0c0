//! schema.org as JSON-LD, for a script element of a page.

use serde_json::{Value, json};

use crate::site::{
    assets::LOGO,
    content::{ConceptLink, ReleaseContent},
    feeds::publisher,
    view::date::iso,
    visit::Visit,
};

/// Maximum length of `headline`, in characters. Search engines cut longer ones.
const MAX_HEADLINE: usize = 500;

/// Returns the structured data of a release (NewsArticle).
pub fn release(visit: &Visit<'_>, content: &ReleaseContent, summary: Option<&str>) -> String {
    let view = visit.view();
    let concept = |kind: &'static str| {
        move |concept: ConceptLink| {
            let mut value = json!({ "@type": kind, "name": concept.name });
            if let Some(uri) = concept.uri {
                value["sameAs"] = json!(uri);
            }
            value
        }
    };
    let organization = organization(visit);
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": content.headline().chars().take(MAX_HEADLINE).collect::<String>(),
        "datePublished": iso(content.first_published_at()),
        "dateModified": iso(content.modified_at()),
        "inLanguage": content.language(),
        "isAccessibleForFree": true,
        "author": organization,
        "publisher": organization,
        "about": content.topics(view).into_iter().map(concept("Thing")).collect::<Vec<_>>(),
        "contentLocation": content.places(view).into_iter().map(concept("Place")).collect::<Vec<_>>(),
    });
    if let Some(url) = visit.links.canonical_release(content.item.slug()) {
        value["url"] = json!(url);
        value["mainEntityOfPage"] = json!(url);
    }
    if let Some(summary) = summary {
        value["description"] = json!(summary);
    }
    if let Some(dateline) = content.dateline(view) {
        value["dateline"] = json!(dateline);
    }
    let corrections = content
        .corrections
        .iter()
        .map(|row| json!({ "@type": "CorrectionComment", "text": row.note, "dateCreated": iso(row.at) }));
    let corrections: Vec<Value> = corrections.collect();
    if !corrections.is_empty() {
        value["correction"] = json!(corrections);
    }
    escape(&value)
}

/// Returns the structured data of the home page (WebSite).
pub fn website(visit: &Visit<'_>) -> String {
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": visit.site.name,
        "publisher": organization(visit),
    });
    if let Some(url) = visit.links.known_absolute("/") {
        value["potentialAction"] = json!({
            "@type": "SearchAction",
            "target": { "@type": "EntryPoint", "urlTemplate": format!("{url}?q={{search_term_string}}") },
            "query-input": "required name=search_term_string",
        });
        value["url"] = json!(url);
    }
    escape(&value)
}

/// Returns the structured data of the page of a topic or place (CollectionPage).
pub fn concept(visit: &Visit<'_>, name: &str, definition: Option<&str>, path: &str) -> String {
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": name,
        "isPartOf": { "@type": "WebSite", "name": visit.site.name },
    });
    if let Some(definition) = definition {
        value["description"] = json!(definition);
    }
    if let Some(url) = visit.links.known_absolute(path) {
        value["url"] = json!(url);
    }
    escape(&value)
}

fn organization(visit: &Visit<'_>) -> Value {
    let mut value = json!({ "@type": "Organization", "name": publisher(visit) });
    if let Some(url) = visit.links.known_absolute("/") {
        value["url"] = json!(url);
    }
    if let Some(url) = visit.assets.path(LOGO).and_then(|path| visit.links.known_absolute(&path)) {
        value["logo"] = json!(url);
    }
    value
}

/// Writes JSON for a script element: no text can end the element or start a comment, and each text stays the same.
fn escape(value: &Value) -> String {
    let json = value.to_string();
    let escapes =
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    escapes.iter().fold(json, |json, (c, escape)| json.replace(*c, escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_script_element() {
        let value = json!({ "a</script>": "Oil & \"gas\" </script><script>x()<!-- \u{2028}" });
        let escaped = escape(&value);
        assert!(!escaped.contains(['<', '>', '&', '\u{2028}']), "{escaped}");
        assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), value);
    }
}

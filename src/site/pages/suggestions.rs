//! Suggestions for the search box, as JSON: a list of texts.

use crate::{
    catalog::{SearchField, SearchMode, SearchRequest, Suggestion},
    site::{content::ReleaseContent, document::Document, error::SiteError, list_query::ListQuery, visit::Visit},
};

/// Number of suggestions.
const SIZE: usize = 8;

/// Returns suggestions that continue the text `q` of a query string.
pub async fn suggestions(visit: &Visit<'_>, query_string: &str) -> Result<Document, SiteError> {
    let text = ListQuery::parse(query_string)?.text.unwrap_or_default();
    let mut texts: Vec<String> = Vec::new();
    if visit.has_search() {
        let request = SearchRequest::new(&text, &[SearchField::Headline], SearchMode::All, true, visit.language())
            .map_err(|error| SiteError::Invalid(format!("{error}. Type fewer words.")))?;
        let found = visit.newsroom.suggestions(&visit.visible, &text, request, SIZE, drop).await?;
        let items: Vec<_> = found
            .iter()
            .filter_map(|suggestion| match suggestion {
                Suggestion::Release(item) => Some(item.clone()),
                Suggestion::Topic(_) | Suggestion::Place(_) => None,
            })
            .collect();
        let mut headlines = ReleaseContent::load_headlines(visit, &visit.visible, &items).await?.into_iter();
        let view = visit.view();
        texts.extend(found.iter().filter_map(|suggestion| match suggestion {
            Suggestion::Topic(number) => Some(view.topics().get(*number).name.clone()),
            Suggestion::Place(number) => Some(view.places().get(*number).name.clone()),
            Suggestion::Release(_) => headlines.next().map(|content| content.headline().to_owned()),
        }));
    }
    Ok(Document::new("application/json", serde_json::json!(texts).to_string()))
}

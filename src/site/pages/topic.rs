//! The page of a topic: definition, broader and narrower topics, releases over time, newest releases.

use super::concept::{FoundConcept, Subject, find, page};
use crate::site::{document::Document, error::SiteError, links::topic_path, list_query::ListQuery, visit::Visit};

/// Returns the page of the topic with a slug.
pub async fn topic(visit: &Visit<'_>, slug: &str) -> Result<Document, SiteError> {
    let topics = visit.view().topics();
    let number = match find(visit, topics, slug, topic_path)? {
        FoundConcept::Number(number) => number,
        FoundConcept::Redirect(document) => return Ok(document),
    };
    let topic = topics.get(number);
    let set_of = |number| visit.visible.with_topic(number, true);
    let subject = Subject {
        vocabulary: topics,
        number,
        kind: "Topic",
        definition: topic.definition.clone(),
        set: set_of(number),
        query: ListQuery { topics: vec![topic.slug.clone()], page: 1, ..ListQuery::default() },
        narrower_title: "Narrower topics",
    };
    page(visit, subject, topic_path, set_of).await
}

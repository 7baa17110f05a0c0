//! Lists of all topics and of all places that have releases, by name, with the number of releases of each.

use askama::Template;

use super::render;
use crate::{
    catalog::{Concept, ReleaseSet, Vocabulary},
    site::{
        document::Document,
        error::SiteError,
        links::{place_path, topic_path},
        list_query::ListQuery,
        view::{layout::Layout, text},
        visit::Visit,
    },
};

/// Number of topics or places on a page.
const PAGE_SIZE: usize = 300;

#[derive(Template)]
#[template(path = "concepts.html")]
struct ConceptsPage {
    layout: Layout,
    entries: Vec<(String, String, String)>,
    number: usize,
    pages: usize,
    previous: Option<String>,
    next: Option<String>,
}

/// Returns the list of topics. Only the page number of the query string has an effect.
pub fn topics(visit: &Visit<'_>, query_string: &str) -> Result<Document, SiteError> {
    let set_of = |number| visit.visible.with_topic(number, true);
    list(visit, "Topics", visit.view().topics(), query_string, topic_path, set_of)
}

/// Returns the list of places. Only the page number of the query string has an effect.
pub fn places(visit: &Visit<'_>, query_string: &str) -> Result<Document, SiteError> {
    let set_of = |number| visit.visible.with_place(number, true);
    list(visit, "Places", visit.view().places(), query_string, place_path, set_of)
}

fn list<T: Concept>(
    visit: &Visit<'_>,
    title: &str,
    vocabulary: &Vocabulary<T>,
    query_string: &str,
    path: impl Fn(&str) -> String,
    set_of: impl Fn(u32) -> ReleaseSet,
) -> Result<Document, SiteError> {
    let number = ListQuery::parse(query_string)?.page;
    let counted = vocabulary.by_label().iter().map(|&number| (number, set_of(number).count()));
    let used: Vec<(u32, u64)> = counted.filter(|(_, count)| *count > 0).collect();
    let pages = used.len().div_ceil(PAGE_SIZE).max(1);
    if number > pages {
        return Err(SiteError::NotFound(format!("There is no page {number}. The list has {pages}.")));
    }
    let entry = |&(number, count): &(u32, u64)| {
        let concept = vocabulary.get(number);
        (concept.name.clone(), visit.links.path(&path(&concept.slug)), text::number(count))
    };
    let list_path = |page: usize| {
        let query = ListQuery { page, ..ListQuery::default() };
        format!("/{}s{}", T::WORD, query.to_query(true))
    };
    let page = ConceptsPage {
        layout: Layout::new(visit, title).at(visit, &list_path(number)),
        entries: used.iter().skip((number - 1) * PAGE_SIZE).take(PAGE_SIZE).map(entry).collect(),
        number,
        pages,
        previous: (number > 1).then(|| visit.links.path(&list_path(number - 1))),
        next: (number < pages).then(|| visit.links.path(&list_path(number + 1))),
    };
    Ok(render(&page))
}

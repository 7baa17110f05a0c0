//! What the pages of topics and places have in common: names, hierarchy, a chart over time and the newest releases.

use askama::Template;

use super::{by_year, render};
use crate::{
    catalog::{Concept, NEWEST_FIRST, ReleaseSet, Vocabulary},
    site::{
        content::ReleaseContent,
        document::Document,
        error::SiteError,
        formats::json_ld,
        list::first,
        list_query::{ListQuery, unknown},
        view::{card::Card, layout::Layout, text},
        visit::Visit,
    },
};

/// Number of releases on the page.
const NEWEST: usize = 10;

/// Maximum number of narrower topics, or of places within a place.
const MAX_NARROWER: usize = 100;

#[derive(Template)]
#[template(path = "concept.html")]
struct ConceptPage {
    layout: Layout,
    kind: &'static str,
    name: String,
    definition: Option<String>,
    retired: Option<&'static str>,
    replacement: Option<(String, String)>,
    other_names: Vec<(String, String)>,
    broader: Vec<(String, String)>,
    narrower_title: &'static str,
    narrower: Vec<(String, String, String)>,
    chart: Option<String>,
    cards: Vec<Card>,
    count: String,
    about: String,
    all: String,
}

/// A topic or place whose page is shown.
pub struct Subject<'a, T> {
    /// All topics or all places.
    pub vocabulary: &'a Vocabulary<T>,
    /// The number of the concept.
    pub number: u32,
    /// What it is, for readers.
    pub kind: &'static str,
    /// Its definition.
    pub definition: Option<String>,
    /// Its releases.
    pub set: ReleaseSet,
    /// The list of its releases.
    pub query: ListQuery,
    /// Title of the list of narrower concepts.
    pub narrower_title: &'static str,
}

/// What is at the address of a topic or place.
pub enum FoundConcept {
    /// The concept with this number.
    Number(u32),
    /// A redirect to the present address.
    Redirect(Document),
}

/// Finds the topic or place with a slug.
pub fn find<T: Concept>(
    visit: &Visit<'_>,
    vocabulary: &Vocabulary<T>,
    slug: &str,
    path: impl Fn(&str) -> String,
) -> Result<FoundConcept, SiteError> {
    let number = vocabulary.by_slug(slug).ok_or_else(|| unknown::<T>(slug))?;
    let present = &vocabulary.get(number).slug;
    Ok(if present == slug {
        FoundConcept::Number(number)
    } else {
        FoundConcept::Redirect(Document::redirect(301, visit.links.path(&path(present))))
    })
}

/// Returns the page of a topic or place. `path` returns the path of the page with a slug, and `set_of` the releases
/// of a concept.
pub async fn page<T: Concept>(
    visit: &Visit<'_>,
    subject: Subject<'_, T>,
    path: impl Fn(&str) -> String,
    set_of: impl Fn(u32) -> ReleaseSet,
) -> Result<Document, SiteError> {
    let (vocabulary, set) = (subject.vocabulary, &subject.set);
    let concept = vocabulary.get(subject.number);
    let link = |number: u32| {
        let concept = vocabulary.get(number);
        (concept.name.clone(), visit.links.path(&path(&concept.slug)))
    };
    let contents = ReleaseContent::load(visit, set, &first(set, &NEWEST_FIRST, NEWEST)).await?;
    let narrower = vocabulary.narrower(subject.number).iter().take(MAX_NARROWER).map(|&number| {
        let (name, href) = link(number);
        (name, href, text::number(set_of(number).count()))
    });
    let other_names = concept.names.iter().chain(&concept.alt_names).filter(|name| name.name != concept.name);
    let mut layout = Layout::new(visit, concept.name.clone()).at(visit, &path(&concept.slug)).with_feeds(
        visit,
        &subject.query,
        &concept.name,
    );
    layout.description.clone_from(&subject.definition);
    layout.json_ld = Some(json_ld::concept(visit, &concept.name, subject.definition.as_deref(), &path(&concept.slug)));
    let (_, year_end) = visit.year();
    let chart = by_year::chart(visit, set, &subject.query, &concept.name);
    let page = ConceptPage {
        kind: subject.kind,
        name: concept.name.clone(),
        retired: concept.retired_at.map(|_| "No longer in use."),
        replacement: concept.replaced_by.and_then(|id| vocabulary.by_id(id)).map(link),
        other_names: other_names.map(|name| (name.language.clone(), name.name.clone())).collect(),
        broader: vocabulary.broader(subject.number).iter().map(|&number| link(number)).collect(),
        narrower_title: subject.narrower_title,
        narrower: narrower.collect(),
        chart: chart.clone(),
        cards: Card::all(visit, set, &contents).await,
        count: text::count(set.count(), "release"),
        about: format!("on “{}”", text::isolated(&concept.name)),
        all: visit.links.path(&format!("/{}", subject.query.to_query(false))),
        definition: subject.definition,
        layout,
    };
    let mut document = render(&page);
    // The chart marks the present year.
    document.valid_until = chart.map(|_| year_end);
    document.releases = contents.iter().map(|content| content.item.id()).collect();
    Ok(document)
}

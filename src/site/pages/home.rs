//! The home page: the newest releases with filters and their counts, and the results of a search.

use askama::Template;

use super::render;
use crate::site::{
    content::ReleaseContent,
    document::Document,
    error::SiteError,
    formats::json_ld,
    list::List,
    list_query::ListQuery,
    view::{
        card::Card,
        facets::{FacetPanel, panels},
        filters::{ActiveFilter, active},
        layout::Layout,
        pager::Pager,
        text,
    },
    visit::Visit,
};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    layout: Layout,
    /// Whether this is the front page: no search, no filter, first page.
    is_front: bool,
    heading: String,
    text: Option<String>,
    count: String,
    filters: Vec<ActiveFilter>,
    did_you_mean: Option<(String, String)>,
    cards: Vec<Card>,
    empty: &'static str,
    wider: Vec<(String, String)>,
    pager: Pager,
    panels: Vec<FacetPanel>,
    /// Filters that a new search keeps.
    hidden: Vec<(String, String)>,
}

/// Returns the home page for a query string.
pub async fn home(visit: &Visit<'_>, query_string: &str) -> Result<Document, SiteError> {
    let list = List::load(visit, query_string).await?;
    let (items, pages) = list.page()?;
    let contents = ReleaseContent::load(visit, &list.set, &items).await?;
    let cards = Card::all(visit, &list.set, &contents).await;
    let query = &list.query;
    let filters = active(visit.view(), &visit.links, query);
    let did_you_mean = match &query.text {
        Some(_) => visit.newsroom.did_you_mean(&list.set, drop).await?,
        None => None,
    };
    let corrected = |text: String| {
        let query = ListQuery { text: Some(text.clone()), ..query.at_page(1) };
        (text, visit.links.path(&format!("/{}", query.to_query(true))))
    };
    let is_front = *query == ListQuery { page: 1, ..ListQuery::default() };
    let heading = if query.has_filter() { "News" } else { &visit.site.name }.to_owned();
    let title = title(&heading, query, &filters);
    let mut layout = Layout::new(visit, title).at(visit, &format!("/{}", query.to_query(true))).with_feeds(
        visit,
        query,
        if is_front { "News" } else { "This list" },
    );
    layout.search_text = layout.search_text.map(|_| query.text.clone().unwrap_or_default());
    // Search engines should show releases, not results of searches, and not every combination of filters.
    layout.is_indexed = query.text.is_none() && filters.len() < 2;
    if is_front {
        layout.json_ld = Some(json_ld::website(visit));
    }
    let wider = if cards.is_empty() { wider(visit, &list, &filters) } else { Vec::new() };
    let page = Home {
        is_front,
        heading,
        text: query.text.clone(),
        count: text::count(list.set.count(), "release"),
        did_you_mean: did_you_mean.map(corrected),
        empty: empty_text(query, !wider.is_empty()),
        wider,
        cards,
        pager: Pager::new(&visit.links, query, pages),
        panels: panels(visit, &list),
        hidden: hidden(query),
        filters,
        layout,
    };
    let mut document = render(&page);
    document.releases = items.iter().map(crate::catalog::Handle::id).collect();
    if !list.set.is_search_complete() {
        // The index changes although no data changes.
        document.valid_until = Some(visit.visible.now());
    }
    Ok(document)
}

fn title(heading: &str, query: &ListQuery, filters: &[ActiveFilter]) -> String {
    let mut title = query.text.as_ref().map_or_else(|| heading.to_owned(), |text| format!("Search: {text}"));
    for filter in filters {
        title += &format!(", {}", filter.value);
    }
    if heading == title && query.page > 1 {
        "News".clone_into(&mut title);
    }
    if query.page > 1 {
        title += &format!(", page {}", query.page);
    }
    title
}

fn empty_text(query: &ListQuery, has_wider: bool) -> &'static str {
    match (query.text.is_some(), query.has_filter()) {
        (true, true) if has_wider => "No release matches this search and these filters. These lists have releases:",
        (true, _) => "No release matches this search. Try fewer or other words.",
        (false, true) if has_wider => "No release matches these filters. These lists have releases:",
        (false, true) => "No release matches these filters.",
        (false, false) => "There are no releases yet.",
    }
}

/// Returns lists with one filter less, and the list without filters, if they have releases.
fn wider(visit: &Visit<'_>, list: &List, filters: &[ActiveFilter]) -> Vec<(String, String)> {
    let searched = list.set.unfiltered();
    let searched = if list.query.has_filter() { searched } else { list.set.clone() };
    let count = |query: &ListQuery| match query.filter(visit) {
        Some(filter) => searched.narrow(&filter).map_or(0, |set| set.count()),
        None => searched.count(),
    };
    let without = filters
        .iter()
        .map(|filter| (format!("Without {}: {}", filter.field, text::isolated(&filter.value)), filter.rest.clone()));
    let all = ListQuery { text: list.query.text.clone(), page: 1, ..ListQuery::default() };
    let all = (filters.len() > 1).then(|| ("Without filters".to_owned(), all));
    let counted = without.chain(all).map(|(label, query)| (label, count(&query), query));
    let link = |(label, count, query): (String, u64, ListQuery)| {
        (format!("{label} ({})", text::count(count, "release")), visit.links.path(&query.path()))
    };
    counted.filter(|(_, count, _)| *count > 0).map(link).collect()
}

/// Returns the filters of a query as form fields.
fn hidden(query: &ListQuery) -> Vec<(String, String)> {
    let filters = ListQuery { text: None, ..query.at_page(1) }.to_query(false);
    form_urlencoded::parse(filters.trim_start_matches('?').as_bytes()).into_owned().collect()
}

//! A list of releases: the set that a query string selects, and one page of it.

use super::{error::SiteError, list_query::ListQuery, visit::Visit};
use crate::catalog::{
    BEST_FIRST, Direction, Handle, NEWEST_FIRST, OrderBy, PageWindow, ReleaseSet, SearchField, SearchMode,
    SearchRequest, SortKey,
};

/// Number of releases on a page.
pub const PAGE_SIZE: usize = 20;

/// The order of feeds: last published first. The release date plays no part, because an editor may choose any date.
pub const LAST_PUBLISHED_FIRST: [OrderBy; 1] = [OrderBy { by: SortKey::PublishedAt, direction: Direction::Desc }];

/// The releases that a query string selects.
pub struct List {
    /// The query.
    pub query: ListQuery,
    /// The releases.
    pub set: ReleaseSet,
}

impl List {
    /// Parses a query string, and evaluates its search and its filters.
    pub async fn load(visit: &Visit<'_>, query_string: &str) -> Result<Self, SiteError> {
        let mut query = ListQuery::parse(query_string)?;
        query.resolve(visit)?;
        Self::evaluate(visit, query).await
    }

    /// Evaluates the search and the filters of a query whose topics and places are resolved.
    pub async fn evaluate(visit: &Visit<'_>, query: ListQuery) -> Result<Self, SiteError> {
        let mut set = visit.visible.clone();
        if let Some(text) = &query.text {
            if !visit.has_search() {
                return Err(SiteError::Invalid(
                    "This newsroom has no search. Choose topics or places instead.".to_owned(),
                ));
            }
            let request = SearchRequest::new(text, &SearchField::ALL, SearchMode::Auto, true, visit.language())
                .map_err(|error| SiteError::Invalid(format!("{error}. Search for fewer words.")))?;
            set = visit.newsroom.search(&set, request, drop).await?;
        }
        if let Some(filter) = query.filter(visit) {
            set = set.narrow(&filter)?;
        }
        Ok(Self { query, set })
    }

    /// Returns the releases of the page that the query names, and the number of pages. Best matches come first with a
    /// search, otherwise the latest release dates. Fails if there is no such page.
    pub fn page(&self) -> Result<(Vec<Handle>, usize), SiteError> {
        let pages = (self.set.count() as usize).div_ceil(PAGE_SIZE).max(1);
        let page = self.query.page;
        if page > pages {
            let pages = if pages == 1 { "1 page".to_owned() } else { format!("{pages} pages") };
            return Err(SiteError::NotFound(format!("There is no page {page}. The list has {pages}.")));
        }
        let order = if self.query.text.is_some() { &BEST_FIRST[..] } else { &NEWEST_FIRST[..] };
        let items = first(&self.set, order, page * PAGE_SIZE).split_off((page - 1) * PAGE_SIZE);
        Ok((items, pages))
    }
}

/// Returns the first releases of a set in an order.
pub fn first(set: &ReleaseSet, order: &[OrderBy], size: usize) -> Vec<Handle> {
    set.slice(order, &PageWindow { size, from_end: false, after: None, before: None }).items
}

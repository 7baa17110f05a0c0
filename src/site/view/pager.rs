//! Links to the pages of a list.

use crate::site::{links::Links, list_query::ListQuery};

/// Links to the pages of a list.
pub struct Pager {
    /// The present page.
    pub page: usize,
    /// Number of pages.
    pub pages: usize,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

impl Pager {
    /// Creates the links of a list on the home page.
    pub fn new(links: &Links<'_>, query: &ListQuery, pages: usize) -> Self {
        let page = query.page;
        let link = |page: usize| links.path(&format!("/{}", query.at_page(page).to_query(true)));
        Self { page, pages, previous: (page > 1).then(|| link(page - 1)), next: (page < pages).then(|| link(page + 1)) }
    }
}

//! Links to the pages of a list.

use crate::site::{
    links::Links,
    list_query::{ListQuery, MAX_PAGE},
};

/// Links to the pages of a list.
pub struct Pager {
    /// The present page.
    pub page: usize,
    /// Number of pages.
    pub pages: String,
    /// Whether there is more than one page.
    pub has_pages: bool,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// Whether the list continues after this page, which is the last one that can be shown.
    pub is_cut: bool,
}

impl Pager {
    /// Creates the links of a list on the home page.
    pub fn new(links: &Links<'_>, query: &ListQuery, pages: usize) -> Self {
        let page = query.page;
        let link = |page: usize| links.path(&format!("/{}", query.at_page(page).to_query(true)));
        let last = pages.min(MAX_PAGE);
        Self {
            page,
            pages: super::text::number(pages as u64),
            has_pages: pages > 1,
            previous: (page > 1).then(|| link(page - 1)),
            next: (page < last).then(|| link(page + 1)),
            is_cut: page == MAX_PAGE && page < pages,
        }
    }
}

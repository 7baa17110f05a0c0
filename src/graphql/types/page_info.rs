//! The Relay type `PageInfo`.

use async_graphql::SimpleObject;

use crate::newsroom::reading::history::RowPage;

/// Where a page lies in its list.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct PageInfo {
    /// Whether the list goes on after this page.
    has_next_page: bool,
    /// Whether the list has entries before this page.
    has_previous_page: bool,
    /// Cursor of the first entry; null for an empty page.
    start_cursor: Option<String>,
    /// Cursor of the last entry; null for an empty page.
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Of a page that was read from the database.
    pub fn of<T>(page: &RowPage<T>) -> Self {
        Self::new(page.entries.iter().map(|(cursor, _)| cursor), page.has_previous, page.has_next)
    }

    /// Of a page with these cursors.
    pub(super) fn new<'a>(
        mut cursors: impl DoubleEndedIterator<Item = &'a String>,
        has_previous: bool,
        has_next: bool,
    ) -> Self {
        let first = cursors.next().cloned();
        let last = cursors.next_back().cloned().or_else(|| first.clone());
        Self { has_next_page: has_next, has_previous_page: has_previous, start_cursor: first, end_cursor: last }
    }
}

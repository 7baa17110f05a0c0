//! The Relay type `PageInfo`, and connections for lists that are read from the database page by page.

use async_graphql::SimpleObject;

use crate::newsroom::reading::row_page::RowPage;

/// Whether a list has entries before or after a page, and the cursors of the first and last entry on the page.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct PageInfo {
    /// Whether the list has entries after this page.
    has_next_page: bool,
    /// Whether the list has entries before this page.
    has_previous_page: bool,
    /// The cursor of the first entry on this page. null for an empty page.
    start_cursor: Option<String>,
    /// The cursor of the last entry on this page. null for an empty page.
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Creates the `PageInfo` of a page read from the database.
    pub fn of<T>(page: &RowPage<T>) -> Self {
        Self::new(page.entries.iter().map(|(cursor, _)| cursor), page.has_previous, page.has_next)
    }

    /// Creates the `PageInfo` of a page with these cursors.
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

/// Declares a connection and its edge for a list that is read from the database page by page.
macro_rules! row_connection {
    ($connection:ident, $edge:ident, $node:ident, $list:literal, $entry:literal) => {
        #[doc = concat!("A page of ", $list, ".")]
        #[derive(SimpleObject)]
        #[graphql(serial)]
        pub struct $connection {
            /// The entries of this page with their cursors.
            edges: Vec<$edge>,
            /// The entries of this page, without cursors.
            nodes: Vec<$node>,
            /// Whether the list has entries before or after this page, and the cursors of the first and last entry on
            /// this page.
            page_info: PageInfo,
        }

        #[doc = concat!($entry, " on a page, with its cursor.")]
        #[derive(SimpleObject)]
        #[graphql(serial)]
        pub struct $edge {
            /// The cursor of this entry. To continue the list from here, pass it as `after` or `before`, with the
            /// same filter.
            cursor: String,
            #[doc = concat!($entry, ".")]
            node: $node,
        }

        impl $connection {
            /// Creates the connection from a page of rows.
            pub fn new<T>(page: RowPage<T>, node: impl Fn(T) -> $node) -> Self {
                let page_info = PageInfo::of(&page);
                let edges: Vec<$edge> =
                    page.entries.into_iter().map(|(cursor, row)| $edge { cursor, node: node(row) }).collect();
                Self { nodes: edges.iter().map(|edge| edge.node.clone()).collect(), edges, page_info }
            }
        }
    };
}
pub(super) use row_connection;

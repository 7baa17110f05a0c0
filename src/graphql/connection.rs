//! Connections of Relay's cursor specification: pages with cursors, and the number of everything there is.

use async_graphql::{Context, Object, SimpleObject};

use super::{context::ContextExt, error::ApiError, place::Place, release::Release, scalars::Date, topic::Topic};
use crate::catalog::{OrderBy, ReleaseFilter, ReleaseSet, Snapshot};
use crate::newsroom::{
    list::{ConceptPage, ReleasePage, Rows},
    page::PageRequest,
    revision::Wanted,
};

/// Where a page lies in its list.
#[derive(Clone, Debug, SimpleObject)]
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
    fn new<'a>(mut cursors: impl DoubleEndedIterator<Item = &'a String>, has_previous: bool, has_next: bool) -> Self {
        let first = cursors.next().cloned();
        let last = cursors.next_back().cloned().or_else(|| first.clone());
        Self { has_next_page: has_next, has_previous_page: has_previous, start_cursor: first, end_cursor: last }
    }
}

/// A page of releases, and the set of all releases it is a page of.
pub struct ReleaseConnection {
    page: ReleasePage,
}

/// A page of releases, and the set of all releases it is a page of.
#[Object]
impl ReleaseConnection {
    /// The releases of this page with their cursors.
    async fn edges(&self) -> Vec<ReleaseEdge> {
        self.page
            .entries
            .iter()
            .map(|(cursor, found)| ReleaseEdge {
                cursor: cursor.clone(),
                node: Release::new(&self.page.set, found.clone()),
            })
            .collect()
    }

    /// The releases of this page, without cursors.
    async fn nodes(&self) -> Vec<Release> {
        self.page.entries.iter().map(|(_, found)| Release::new(&self.page.set, found.clone())).collect()
    }

    /// Where this page lies.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(self.page.entries.iter().map(|(cursor, _)| cursor), self.page.has_previous, self.page.has_next)
    }

    /// How many releases there are on all pages. Exact, and costs no statement.
    async fn total_count(&self) -> Option<u64> {
        Some(self.page.set.count())
    }

    /// How many releases are in the set; the same as `totalCount`.
    async fn count(&self) -> Option<u64> {
        Some(self.page.set.count())
    }

    /// The earliest release date in the set; null for an empty one.
    async fn earliest(&self) -> Option<Date> {
        self.page.set.date_span().map(|(earliest, _)| Date(earliest))
    }

    /// The latest release date in the set; null for an empty one.
    async fn latest(&self) -> Option<Date> {
        self.page.set.date_span().map(|(_, latest)| Date(latest))
    }
}

/// A release of a page.
#[derive(SimpleObject)]
pub struct ReleaseEdge {
    /// Where it stands: give it as `after` or `before` under the same order and filter.
    cursor: String,
    /// The release.
    node: Release,
}

impl ReleaseConnection {
    /// A page of a set, narrowed; only what the query asks for is fetched.
    pub async fn load(
        ctx: &Context<'_>,
        set: &ReleaseSet,
        scope: &str,
        filter: Option<ReleaseFilter>,
        order: &[OrderBy],
        request: &PageRequest,
    ) -> Result<Self, ApiError> {
        let page = ctx.room().release_page(set, scope, filter.as_ref(), order, request, rows(ctx)).await?;
        Ok(Self { page })
    }
}

/// What a query wants of the rows of a connection's releases.
fn rows(ctx: &Context<'_>) -> Rows {
    let asked = ctx.look_ahead();
    let nodes = [asked.field("nodes"), asked.field("edges").field("node")];
    Rows {
        any: asked.field("nodes").exists() || asked.field("edges").exists() || asked.field("pageInfo").exists(),
        ..wanted(|name| nodes.iter().any(|node| node.field(name).exists()))
    }
}

/// What a query wants of the row of a release, by the fields it selects.
pub fn wanted(selects: impl Fn(&str) -> bool) -> Rows {
    Rows {
        any: true,
        columns: Wanted { body: selects("body") || selects("working"), working: selects("working") },
        lifecycle: ["withdrawal", "createdAt"].into_iter().any(selects),
    }
}

/// What a query wants of the row of the release that the current field answers.
pub fn wanted_here(ctx: &Context<'_>) -> Rows {
    let asked = ctx.look_ahead();
    wanted(|name| asked.field(name).exists())
}

/// What a query wants of the row of the release in the payload that the current field answers.
pub fn wanted_in_payload(ctx: &Context<'_>) -> Rows {
    let asked = ctx.look_ahead().field("release");
    wanted(|name| asked.field(name).exists())
}

macro_rules! concept_connection {
    ($connection:ident, $edge:ident, $object:ident, $what:literal) => {
        #[doc = concat!("A page of ", $what, "s, by name.")]
        #[derive(SimpleObject)]
        pub struct $connection {
            /// The entries of this page with their cursors.
            edges: Vec<$edge>,
            /// The entries of this page, without cursors.
            nodes: Vec<$object>,
            /// Where this page lies.
            page_info: PageInfo,
            /// How many there are on all pages.
            total_count: Option<usize>,
        }

        #[doc = concat!("A ", $what, " of a page.")]
        #[derive(SimpleObject)]
        pub struct $edge {
            /// Where it stands: give it as `after` or `before` under the same filter.
            cursor: String,
            #[doc = concat!("The ", $what, ".")]
            node: $object,
        }

        impl $connection {
            /// From a page of numbers.
            pub fn new(snapshot: &std::sync::Arc<Snapshot>, page: ConceptPage) -> Self {
                let object = |number: u32| $object::new(snapshot.clone(), number);
                Self {
                    nodes: page.entries.iter().map(|&(_, number)| object(number)).collect(),
                    page_info: PageInfo::new(
                        page.entries.iter().map(|(cursor, _)| cursor),
                        page.has_previous,
                        page.has_next,
                    ),
                    total_count: Some(page.total),
                    edges: page
                        .entries
                        .into_iter()
                        .map(|(cursor, number)| $edge { cursor, node: object(number) })
                        .collect(),
                }
            }
        }
    };
}

concept_connection!(TopicConnection, TopicEdge, Topic, "topic");
concept_connection!(PlaceConnection, PlaceEdge, Place, "place");

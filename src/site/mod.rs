//! The public newsroom: pages for readers, and feeds and other formats for machines.
//!
//! Everything here is for the public: whatever token a request has, pages show what a viewer without a token may see.
//! Pages and feeds are read from the same release sets as the API, so they have the same visibility. `http::site` maps
//! addresses to the functions of this module, and applies rate limits, caching and compression.
//!
//! - `document`: a finished page or feed, and what its cache headers depend on
//! - `error`: why there is no page, as a page that says what to do
//! - `dispatch`: finds the page for an address
//! - `visit`: one request: the newsroom, one instant, and the public releases
//! - `urn`: names of feeds and releases that never change
//! - `links`: addresses of pages, feeds and formats
//! - `parameters`: the parameters of a query string
//! - `list_query`: the query string of a list: search, filters and page number
//! - `list`: a page of a list of releases
//! - `content`: a release with its texts, topics and places
//! - `view`: values that templates print
//! - `pages`: HTML pages
//! - `feeds`: RSS, Atom and JSON Feed
//! - `formats`: JSON-LD, Markdown, ninjs, sitemaps, robots.txt and llms.txt
//! - `charts`: charts as SVG
//! - `dashboard`: charts of the releases under any filter, with their numbers as files
//! - `tables`: tables of numbers, and CSV
//! - `assets`: style sheets, script and logo

mod assets;
mod charts;
mod content;
mod dashboard;
mod dispatch;
mod document;
mod error;
mod feeds;
mod formats;
mod links;
mod list;
mod list_query;
mod pages;
mod parameters;
mod tables;
mod urn;
mod view;
mod visit;

pub use assets::{Asset, Assets};
pub use dashboard::files::SVG;
pub use dispatch::{
    RELEASES_CSV, Target, error_document, is_embed, is_heavy, is_page, known_query, nothing_here, respond,
};
pub use document::Document;
pub use error::SiteError;
pub use tables::{csv::CSV, releases::ReleaseRows};
pub use visit::{FilterParser, Visit};

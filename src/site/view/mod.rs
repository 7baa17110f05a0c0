//! Values that templates print.
//!
//! - `layout`: what all pages have: title, links, search box, metadata
//! - `card`: a release in a list
//! - `facets`: filters with their counts
//! - `filters`: the filters of a list, with links that remove them
//! - `pager`: links to the pages of a list
//! - `date`: dates and instants in words
//! - `language`: names and directions of languages
//! - `text`: excerpts, highlighted parts, numbers

pub mod card;
pub mod date;
pub mod facets;
pub mod filters;
pub mod language;
pub mod layout;
pub mod pager;
pub mod text;

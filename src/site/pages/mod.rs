//! HTML pages. Each function reads what its page shows, and renders a template of `templates`.
//!
//! - `home`: the newest releases, filters and search
//! - `release`: one release
//! - `topic`: a topic with its newest releases
//! - `place`: a place with its newest releases
//! - `by_year`: the chart of a topic or place
//! - `concept`: what pages of topics and places have in common
//! - `concepts`: lists of all topics and all places
//! - `preview`: a release that is not published yet, through a preview link
//! - `notice`: errors, and withdrawn releases
//! - `suggestions`: suggestions for the search box

use askama::Template;

use super::document::{Document, HTML};

pub mod by_year;
pub mod concept;
pub mod concepts;
pub mod home;
pub mod notice;
pub mod place;
pub mod preview;
pub mod release;
pub mod suggestions;
pub mod topic;

/// Renders a template as a page.
pub fn render(template: &impl Template) -> Document {
    // Rendering to a string fails only if a filter fails, and the filters in use do not.
    Document::new(HTML, template.render().unwrap_or_default())
}

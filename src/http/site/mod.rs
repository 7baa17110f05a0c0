//! Public pages and feeds over HTTP: rate limit, response cache, conditional requests, content negotiation and
//! compression. The module `site` makes the documents.
//!
//! Pages ignore tokens: everybody gets what the public may see.
//!
//! - `page`: pages, feeds, charts and files
//! - `asset`: files that pages load
//! - `release_csv`: the CSV file with a list of releases, which is sent in parts
//! - `policy`: content security policies
//! - `response`: responses that are not cached: errors, redirects, previews
//! - `visit`: one request for a page

mod asset;
mod page;
mod policy;
mod release_csv;
mod response;
mod visit;

pub(super) use asset::asset;
pub(super) use page::{PREVIEW_PATH, page};

//! Formats for machines: structured data in pages, releases as Markdown and as ninjs, and files for crawlers.
//!
//! - `json_ld`: schema.org as JSON-LD, in pages
//! - `markdown`: a release as Markdown
//! - `ninjs`: releases as IPTC ninjs 3
//! - `sitemap`: sitemaps of all pages and of the newest releases
//! - `robots`: robots.txt and llms.txt

pub mod json_ld;
pub mod markdown;
pub mod ninjs;
pub mod robots;
pub mod sitemap;

//! Files for crawlers: robots.txt (RFC 9309) and llms.txt (<https://llmstxt.org>).

use std::fmt::Write;

use super::super::{document::Document, feeds::FeedFormat, visit::Visit};

const TEXT: &str = "text/plain; charset=utf-8";

/// Returns robots.txt. Results of searches, previews and charts under filters are not for crawlers: there is no end of
/// them.
pub fn robots_txt(visit: &Visit<'_>) -> Document {
    let base = visit.links.path("");
    let mut text = format!(
        "User-agent: *\nDisallow: {base}/preview/\nDisallow: {base}/suggestions\nDisallow: {base}/*?q=\nDisallow: {base}/*&q=\nDisallow: {base}/dashboard?\nDisallow: {base}/dashboard/\nDisallow: {base}/embed/\nDisallow: {base}/*.csv\nDisallow: {base}/*filter=\nAllow: {base}/\n"
    );
    if let Some(sitemap) = visit.links.known_absolute("/sitemap.xml") {
        let _ = write!(text, "\nSitemap: {sitemap}\n");
    }
    Document::new(TEXT, text)
}

/// Returns llms.txt: what the newsroom is, and where programs find its content.
pub fn llms_txt(visit: &Visit<'_>) -> Document {
    let (site, links) = (visit.site, &visit.links);
    let mut text = format!("# {}\n\n", site.name);
    if !site.publisher.is_empty() {
        let _ = write!(text, "> Press releases and news of {}.\n\n", site.publisher);
    }
    text.push_str("Add `.md` to the address of a release to get it as Markdown, or `.json` to get it as IPTC ninjs.\n\n## Lists\n\n");
    let mut link = |name: &str, path: &str, note: &str| {
        let _ = writeln!(text, "- [{name}]({}): {note}", links.absolute(path));
    };
    link("Newest releases", "/", "filters: topic, place, kind, year, from, until, language; search: q");
    link("Releases as ninjs", "/releases.json", "the same parameters");
    link("Releases as CSV", "/releases.csv", "the same parameters; all releases of a list");
    link("Numbers by topic as CSV", "/facets.csv?field=topics", "also countries, places, kinds, languages");
    link("Numbers by month as CSV", "/timeline.csv?interval=month", "also day, week, quarter, year");
    link("Dashboard", "/dashboard", "charts with their numbers and GraphQL queries");
    link("Topics", "/topics", "all topics with the number of releases");
    link("Places", "/places", "all places with the number of releases");
    for format in FeedFormat::ALL {
        link(format.name(), format.path(), "the same parameters");
    }
    link("GraphQL", "/graphql", "the API: queries by POST or GET");
    Document::new("text/markdown; charset=utf-8", text)
}

//! Finds the page, feed or file for an address.

use super::{
    dashboard::{
        embed::embed,
        files::{self, CsvFile, csv, svg},
        page::dashboard,
        query::DashboardQuery,
    },
    document::Document,
    error::SiteError,
    feeds::{FeedFormat, feed},
    formats::{
        markdown::release_markdown,
        ninjs::{release_list_ninjs, release_ninjs},
        robots::{llms_txt, robots_txt},
        sitemap::{news_sitemap, sitemap, sitemap_index},
    },
    list_query::ListQuery,
    pages::{
        concepts::{places, topics},
        home::home,
        notice::error_page,
        place::place,
        preview::preview,
        release::release,
        suggestions::suggestions,
        topic::topic,
    },
    visit::Visit,
};

/// A request for a page.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The path, as the client sent it.
    pub path: &'a str,
    /// The query string without `?`.
    pub query: &'a str,
    /// Whether the client prefers Markdown to HTML.
    pub prefers_markdown: bool,
}

/// Path of the CSV file with a list of releases. It is not a document, because it is sent in parts.
pub const RELEASES_CSV: &str = "/releases.csv";

/// Start of the names of sitemaps.
const SITEMAP: &str = "sitemap-";

/// Returns the document at an address. An error is a document, too. Returns `None` if no page can have this address.
pub async fn respond(visit: &Visit<'_>, target: Target<'_>) -> Option<Document> {
    let found = find(visit, target).await?;
    Some(found.unwrap_or_else(|error| error_page(visit, &error)))
}

/// Returns whether a path is that of a page, feed or file, or is below one.
pub fn is_page(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let known = [
        "",
        "releases",
        "releases.json",
        "topics",
        "places",
        "dashboard",
        "embed",
        "preview",
        "suggestions",
        "robots.txt",
    ];
    known.contains(&first) || first == "llms.txt" || first.starts_with("sitemap") || is_feed(path) || is_csv(path)
}

/// Returns whether a document takes so long to make that it should not be made on a thread that serves others.
pub fn is_heavy(path: &str) -> bool {
    ["/topics", "/places"].contains(&path) || path.starts_with("/sitemap") || is_dashboard(path) || is_csv(path)
}

/// Returns the part of a query string that a document depends on, so that other parameters do not fill caches.
pub fn known_query(path: &str, query: &str) -> String {
    let takes_parameters =
        ["/", "/releases.json", "/topics", "/places", "/suggestions"].contains(&path) || is_feed(path);
    if is_csv(path) {
        files::known_query(query)
    } else if is_dashboard(path) {
        DashboardQuery::known(query, &[])
    } else if takes_parameters {
        ListQuery::known(query)
    } else {
        String::new()
    }
}

/// Returns whether a path is that of a dashboard, of one of its charts, or of a chart for pages of other sites.
fn is_dashboard(path: &str) -> bool {
    path == "/dashboard" || path.starts_with("/dashboard/") || is_embed(path)
}

/// Returns whether a path is that of a chart for pages of other sites.
pub fn is_embed(path: &str) -> bool {
    path.starts_with("/embed/")
}

/// Returns whether a path is that of a CSV file.
fn is_csv(path: &str) -> bool {
    path == RELEASES_CSV || CsvFile::at(path).is_some()
}

fn is_feed(path: &str) -> bool {
    FeedFormat::ALL.iter().any(|format| format.path() == path)
}

/// Returns the page that says why there is no document.
pub fn error_document(visit: &Visit<'_>, error: &SiteError) -> Document {
    error_page(visit, error)
}

/// Returns the page that says that nothing is at an address.
pub fn nothing_here(visit: &Visit<'_>) -> Document {
    error_page(visit, &SiteError::NotFound("There is no page at this address.".to_owned()))
}

async fn find(visit: &Visit<'_>, target: Target<'_>) -> Option<Result<Document, SiteError>> {
    let Target { path, query, prefers_markdown } = target;
    let mut segments = path.trim_start_matches('/').splitn(2, '/');
    let found = match (segments.next().unwrap_or_default(), segments.next()) {
        ("", None) => home(visit, query).await,
        ("releases", Some(name)) => match name.rsplit_once('.') {
            Some((slug, "md")) => release_markdown(visit, slug).await,
            Some((slug, "json")) => release_ninjs(visit, slug).await,
            _ if prefers_markdown => release_markdown(visit, name).await,
            _ => release(visit, name).await,
        },
        ("releases.json", None) => release_list_ninjs(visit, query).await,
        ("topics", None) => topics(visit, query),
        ("topics" | "places" | "dashboard", Some("")) => {
            Ok(Document::redirect(301, visit.links.path(path.trim_end_matches('/'))))
        }
        ("topics", Some(slug)) => topic(visit, slug).await,
        ("places", None) => places(visit, query),
        ("places", Some(slug)) => place(visit, slug).await,
        ("preview", Some(token)) => preview(visit, token).await,
        ("dashboard", None) => dashboard(visit, query).await,
        ("dashboard", Some(name)) => svg(visit, query, name.split_once('.').filter(|(_, end)| *end == "svg")?.0).await,
        ("embed", Some(id)) => embed(visit, query, id).await,
        ("suggestions", None) => suggestions(visit, query).await,
        ("sitemap.xml", None) => sitemap_index(visit),
        ("sitemap-news.xml", None) => news_sitemap(visit).await,
        ("robots.txt", None) => Ok(robots_txt(visit)),
        ("llms.txt", None) => Ok(llms_txt(visit)),
        (_, None) if CsvFile::at(path).is_some() => csv(visit, query, CsvFile::at(path)?).await,
        (name, None) if name.starts_with(SITEMAP) => {
            sitemap(visit, name.strip_prefix(SITEMAP)?.strip_suffix(".xml").unwrap_or_default())
        }
        (name, None) => {
            let format = FeedFormat::ALL.into_iter().find(|format| format.path().trim_start_matches('/') == name)?;
            feed(visit, query, format).await
        }
        _ => return None,
    };
    Some(found)
}

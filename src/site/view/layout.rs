//! What all pages have: title, links of the head, search box, brand, and metadata for other sites.

use crate::{
    config::BrandLink,
    site::{
        assets::{BRAND_STYLE, DASHBOARD_SCRIPT, LOGO, SCRIPT, STYLE},
        feeds::FeedFormat,
        list_query::ListQuery,
        visit::Visit,
    },
};

/// An alternative form of a page: `<link rel="alternate">`.
pub struct Alternate {
    /// Media type.
    pub media_type: &'static str,
    /// Title for readers.
    pub title: String,
    /// Address.
    pub href: String,
}

/// The parts that all pages have.
pub struct Layout {
    /// Name of the newsroom.
    pub site_name: String,
    /// Name of the publisher; may be empty.
    pub publisher: String,
    /// Language of names that specify none, for the attribute `lang`.
    pub names_lang: String,
    /// Title of the page, without the name of the newsroom.
    pub title: String,
    /// Description for other sites.
    pub description: Option<String>,
    /// The canonical address. `None` if it is unknown.
    pub canonical: Option<String>,
    /// Other forms of the page.
    pub alternates: Vec<Alternate>,
    /// OpenGraph type: `website` or `article`.
    pub og_type: &'static str,
    /// Further OpenGraph properties.
    pub properties: Vec<(&'static str, String)>,
    /// Structured data (JSON-LD), escaped for a script element.
    pub json_ld: Option<String>,
    /// Whether search engines may show the page.
    pub is_indexed: bool,
    /// The search text, for the search box. `None`: the newsroom has no search.
    pub search_text: Option<String>,
    /// Addresses of the home page and of other pages.
    pub home: String,
    /// Address of the list of topics.
    pub topics: String,
    /// Address of the list of places.
    pub places: String,
    /// Address of the dashboard.
    pub dashboard: String,
    /// Address of suggestions for the search box.
    pub suggestions: String,
    /// Address of the style sheet.
    pub style: String,
    /// Address of the style sheet with the colours of the brand, if there are any.
    pub brand_style: Option<String>,
    /// Address of the script.
    pub script: String,
    /// Address of the script of the dashboard.
    pub dashboard_script: String,
    /// Address of the logo.
    pub logo: Option<String>,
    /// Links in the header.
    pub header_links: Vec<BrandLink>,
    /// Links in the footer.
    pub footer_links: Vec<BrandLink>,
    /// Feeds of the page: name and address.
    pub feeds: Vec<(&'static str, String)>,
}

impl Layout {
    /// Creates the layout of a page with a title.
    pub fn new(visit: &Visit<'_>, title: impl Into<String>) -> Self {
        let (site, links) = (visit.site, &visit.links);
        let brand = &site.brand;
        let local = |link: &BrandLink| BrandLink {
            label: link.label.clone(),
            href: if link.href.starts_with('/') { links.path(&link.href) } else { link.href.clone() },
        };
        let asset = |name| visit.assets.path(name).map(|path| links.path(&path));
        Self {
            site_name: site.name.clone(),
            publisher: site.publisher.clone(),
            names_lang: visit.language().to_owned(),
            title: title.into(),
            description: None,
            canonical: None,
            alternates: Vec::new(),
            og_type: "website",
            properties: Vec::new(),
            json_ld: None,
            is_indexed: true,
            search_text: visit.has_search().then(String::new),
            home: links.path("/"),
            topics: links.path("/topics"),
            places: links.path("/places"),
            dashboard: links.path("/dashboard"),
            suggestions: links.path("/suggestions"),
            style: asset(STYLE).unwrap_or_default(),
            brand_style: asset(BRAND_STYLE),
            script: asset(SCRIPT).unwrap_or_default(),
            dashboard_script: asset(DASHBOARD_SCRIPT).unwrap_or_default(),
            logo: asset(LOGO),
            header_links: brand.header_links.iter().map(local).collect(),
            footer_links: brand.footer_links.iter().map(local).collect(),
            feeds: Vec::new(),
        }
    }

    /// Sets the canonical address to a path of this server.
    #[must_use]
    pub fn at(self, visit: &Visit<'_>, path: &str) -> Self {
        Self { canonical: visit.links.known_absolute(path), ..self }
    }

    /// Adds the feeds of a list.
    #[must_use]
    pub fn with_feeds(mut self, visit: &Visit<'_>, query: &ListQuery, of_what: &str) -> Self {
        for format in FeedFormat::ALL {
            let href = visit.links.path(&format!("{}{}", format.path(), query.to_query(false)));
            let title = format!("{of_what} ({})", format.name());
            self.alternates.push(Alternate { media_type: format.bare_media_type(), title, href: href.clone() });
            self.feeds.push((format.name(), href));
        }
        self
    }
}

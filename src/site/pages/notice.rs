//! Pages that say why there is no other page: errors, and withdrawn releases.

use askama::Template;
use entity::release::ReleaseState;

use super::render;
use crate::{
    newsroom::release::withdraw::WithdrawalNotice,
    site::{
        document::Document,
        error::SiteError,
        view::{date, layout::Layout},
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice {
    layout: Layout,
    heading: &'static str,
    paragraphs: Vec<String>,
    links: Vec<(&'static str, String)>,
}

/// Returns the page for an error.
pub fn error_page(visit: &Visit<'_>, error: &SiteError) -> Document {
    let heading = match error {
        SiteError::NotFound(_) => "Not found",
        SiteError::Invalid(_) => "This address is not quite right",
        SiteError::Unavailable(_) => "Not available at the moment",
    };
    notice(visit, error.status(), heading, vec![error.to_string()])
}

/// Returns the page at the address of a withdrawn or retracted release.
pub fn withdrawn(visit: &Visit<'_>, notice_of: &WithdrawalNotice) -> Document {
    let is_retracted = notice_of.tombstone.state == ReleaseState::Retracted;
    let at = date::instant(notice_of.at, visit.newsroom.settings.time_zone).text;
    let (heading, sentence) = if is_retracted {
        ("Retracted", format!("The release at this address was retracted on {at}."))
    } else {
        ("Withdrawn", format!("The release at this address was withdrawn on {at}."))
    };
    let mut paragraphs = vec![sentence];
    paragraphs.extend(notice_of.notice.clone());
    let mut document = notice(visit, 410, heading, paragraphs);
    document.releases = vec![notice_of.tombstone.id];
    document
}

fn notice(visit: &Visit<'_>, status: u16, heading: &'static str, paragraphs: Vec<String>) -> Document {
    let links = &visit.links;
    let mut layout = Layout::new(visit, heading);
    layout.is_indexed = false;
    let links = vec![
        ("Newest releases", links.path("/")),
        ("All topics", links.path("/topics")),
        ("All places", links.path("/places")),
        ("Dashboard", links.path("/dashboard")),
    ];
    let mut document = render(&Notice { layout, heading, paragraphs, links });
    document.status = status;
    document
}

//! One panel as a page of its own, for frames on pages of other sites.

use askama::Template;

use super::{panel::Panel, panels, query::PAGE, report::Report};
use crate::site::{
    charts::drawing::Drawing, document::Document, error::SiteError, pages::render, view::layout::Layout, visit::Visit,
};

#[derive(Template)]
#[template(path = "dashboard/embed.html")]
struct Embed {
    layout: Layout,
    panel: Panel,
    days: String,
    dashboard: String,
}

/// Returns the page with one panel.
pub async fn embed(visit: &Visit<'_>, query: &str, id: &str) -> Result<Document, SiteError> {
    let report = Report::load(visit, query, PAGE).await?;
    let panel = panels::panel(&report, id, Drawing::Embedded)?;
    let layout = Layout::new(visit, panel.title.clone());
    let page = Embed {
        layout,
        days: report.days_text(report.days),
        dashboard: visit.links.absolute(&format!("/dashboard{}#{id}", report.query.to_query(PAGE))),
        panel,
    };
    Ok(Document { valid_until: Some(report.valid_until()), ..render(&page) })
}

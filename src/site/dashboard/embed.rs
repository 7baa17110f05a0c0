//! One panel as a page of its own, for frames on pages of other sites.

use askama::Template;

use super::{
    field::Field,
    panel::{Extent, Panel},
    panels::{facet, summary, timeline, topic_series, trends},
    query::PAGE,
    report::Report,
};
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
    let panel = panel(&report, id, Drawing::Embedded)?;
    let layout = Layout::new(visit, panel.title.clone());
    let page = Embed {
        layout,
        days: report.days_text(report.days),
        dashboard: visit.links.absolute(&format!("/dashboard{}#{id}", report.query.to_query(PAGE))),
        panel,
    };
    Ok(Document { valid_until: Some(report.valid_until()), ..render(&page) })
}

/// Returns the panel with a name. Fails if there is none.
pub fn panel(report: &Report<'_>, id: &str, drawing: Drawing) -> Result<Panel, SiteError> {
    let extent = Extent::Chart(drawing);
    if let Some(field) = Field::ALL.into_iter().find(|field| field.id() == id) {
        return Ok(facet::panel(report, field, extent));
    }
    match id {
        summary::ID => Ok(summary::panel(report)),
        timeline::ID => timeline::panel(report, extent),
        topic_series::ID => topic_series::panel(report, extent),
        trends::ID => trends::panel(report, extent),
        _ => Err(SiteError::NotFound("There is no chart with this name. The dashboard has all charts.".to_owned())),
    }
}

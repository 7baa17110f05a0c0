//! The page with all panels.

use askama::Template;

use super::{
    controls::{Controls, controls},
    field::Field,
    panel::{Extent, Panel},
    panels::{facet, summary, timeline, topic_series, trends},
    period::Period,
    query::{DashboardQuery, PAGE},
    report::Report,
};
use crate::catalog::DateField;
use crate::site::{
    charts::{bars::ROW, drawing::Drawing},
    document::Document,
    error::SiteError,
    pages::render,
    view::{
        date::{self, Time},
        layout::Layout,
        text,
    },
    visit::Visit,
};

#[derive(Template)]
#[template(path = "dashboard/page.html")]
struct Dashboard {
    layout: Layout,
    heading: String,
    days: String,
    zone_note: String,
    controls: Controls,
    count: String,
    list: String,
    as_of: Time,
    as_of_zone: &'static str,
    stream: String,
    /// Rows of panels: one wide panel, or two side by side.
    rows: Vec<Vec<PanelView>>,
    /// Where releases are, if the period has none.
    elsewhere: Option<(String, String)>,
    is_empty: bool,
}

/// A panel with its addresses.
struct PanelView {
    panel: Panel,
    csv: String,
    spreadsheet: String,
    svg: String,
    embed: Option<String>,
    query_page: Option<String>,
    /// Height of a frame that shows the panel at a width of 400 pixels, in pixels.
    frame_height: usize,
}

/// Returns the dashboard for a query string.
pub async fn dashboard(visit: &Visit<'_>, query: &str) -> Result<Document, SiteError> {
    let report = Report::load(visit, query, PAGE).await?;
    let extent = Extent::Chart(Drawing::Page);
    let facet = |field| facet::panel(&report, field, extent);
    // A newsroom without countries has places.
    let has_countries = !Field::Countries.facet(&report.all, 1).buckets.is_empty();
    let places = facet(if has_countries { Field::Countries } else { Field::Places });
    let rows = vec![
        vec![summary::panel(&report), timeline::panel(&report, extent)?],
        vec![facet(Field::Topics), places],
        vec![topic_series::panel(&report, extent)?],
        vec![trends::panel(&report, extent)?, facet(Field::Kinds), facet(Field::Languages)],
    ];
    let path = format!("/dashboard{}", report.query.to_query(PAGE));
    let days = report.days_text(report.days);
    let mut layout = Layout::new(visit, format!("Dashboard, {days}")).at(visit, &path);
    layout.is_indexed = report.query.to_query(PAGE).is_empty();
    let count = report.current.count();
    let is_empty = count == 0;
    let page = Dashboard {
        heading: "Dashboard".to_owned(),
        zone_note: zone_note(&report),
        controls: controls(&report),
        count: text::count(count, "release"),
        list: report.list_href(report.days, |_| {}).unwrap_or_default(),
        as_of_zone: report.zone.name(),
        as_of: date::instant(visit.visible.now(), report.zone),
        stream: visit.links.path("/graphql"),
        rows: rows.into_iter().map(|row| row.into_iter().map(|panel| view(&report, panel)).collect()).collect(),
        elsewhere: is_empty.then(|| elsewhere(&report)).flatten(),
        is_empty,
        days,
        layout,
    };
    Ok(Document { valid_until: Some(report.valid_until()), ..render(&page) })
}

fn view(report: &Report<'_>, panel: Panel) -> PanelView {
    let links = &report.visit.links;
    let query = report.query.to_query(PAGE);
    let separator = if panel.csv.contains('?') { '&' } else { '?' };
    let embed = format!("/embed/{}{query}", panel.id);
    PanelView {
        csv: links.path(&panel.csv),
        spreadsheet: links.path(&format!("{}{separator}bom=true", panel.csv)),
        svg: links.path(&format!("/dashboard/{}.svg{query}", panel.id)),
        embed: links.known_absolute(&embed).filter(|_| report.visit.site.can_embed()),
        frame_height: 340 + panel.table.rows.len().min(12) * ROW as usize,
        query_page: panel.query.as_ref().map(|query| links.path(&query.page())),
        panel,
    }
}

fn zone_note(report: &Report<'_>) -> String {
    let zone = report.zone.name();
    match report.query.list.by {
        DateField::ReleaseDate => {
            format!("Counted by release date. Today is {} in {zone}.", date::date(report.today).text)
        }
        DateField::PublishedAt => format!("Counted by day of publication in {zone}."),
    }
}

/// Returns the dashboard of all dates, if the filters match releases of other dates.
fn elsewhere(report: &Report<'_>) -> Option<(String, String)> {
    let count = report.all.count();
    let query =
        DashboardQuery { period: Some(Period::All), list: report.query.list.without_dates(), ..report.query.clone() };
    (count > 0).then(|| (text::count(count, "release"), report.href(&query)))
}

//! The files of panels: CSV of all values, and SVG.

use super::{
    field::Field,
    panel::{Extent, Panel},
    panels::{self, facet, summary, timeline, topic_series, trends},
    query::{DashboardQuery, FILE, PAGE},
    report::Report,
};
use crate::site::{
    charts::drawing::Drawing,
    document::Document,
    error::SiteError,
    parameters::{self, invalid},
    tables::csv::{BYTE_ORDER_MARK, CSV, has_mark, write},
    visit::Visit,
};

/// Media type of charts.
pub const SVG: &str = "image/svg+xml; charset=utf-8";

/// The parameters that CSV files have besides those of a dashboard.
const OWN: [&str; 3] = ["field", "split", "bom"];

/// A CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvFile {
    /// The values of a field.
    Facets,
    /// Releases over time.
    Timeline,
    /// Rising topics.
    Trends,
    /// The numbers of a period and of the one before.
    Comparison,
}

impl CsvFile {
    /// Returns the file at a path.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/facets.csv" => Some(Self::Facets),
            "/timeline.csv" => Some(Self::Timeline),
            "/trends.csv" => Some(Self::Trends),
            "/comparison.csv" => Some(Self::Comparison),
            _ => None,
        }
    }
}

/// Returns the parameters that a file depends on.
pub fn known_query(query: &str) -> String {
    DashboardQuery::known(query, &OWN)
}

/// Returns a CSV file.
pub async fn csv(visit: &Visit<'_>, query: &str, file: CsvFile) -> Result<Document, SiteError> {
    let (parameters, has_mark) = (Parameters::parse(query)?, has_mark(query)?);
    let report = Report::load(visit, query, FILE).await?;
    let panel = match (file, parameters.field) {
        (CsvFile::Facets, Some(field)) => facet::panel(&report, field, Extent::All),
        (CsvFile::Facets, None) => {
            let fields = Field::ALL.map(Field::id).join(", ");
            return Err(SiteError::Invalid(format!("“field” is missing: write one of {fields}.")));
        }
        (CsvFile::Timeline, _) if parameters.is_split => topic_series::panel(&report, Extent::All)?,
        (CsvFile::Timeline, _) => timeline::panel(&report, Extent::All)?,
        (CsvFile::Trends, _) => trends::panel(&report, Extent::All)?,
        (CsvFile::Comparison, _) => summary::panel(&report),
    };
    let mark = if has_mark { BYTE_ORDER_MARK } else { "" };
    let document = Document::new(CSV, format!("{mark}{}", write(&panel.table)));
    Ok(Document { valid_until: Some(report.valid_until()), ..document })
}

/// Returns the chart of a panel as SVG.
pub async fn svg(visit: &Visit<'_>, query: &str, id: &str) -> Result<Document, SiteError> {
    let report = Report::load(visit, query, PAGE).await?;
    let Panel { chart, finding, notes, .. } = panels::panel(&report, id, Drawing::File)?;
    let Some(chart) = chart else {
        let reason = if notes.is_empty() { finding } else { notes.join(" ") };
        return Err(SiteError::NotFound(format!("This chart cannot be drawn. {reason}")));
    };
    let document = Document::new(SVG, chart);
    Ok(Document { valid_until: Some(report.valid_until()), ..document })
}

/// The parameters of files that count by a field.
#[derive(Default)]
struct Parameters {
    field: Option<Field>,
    is_split: bool,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, SiteError> {
        let mut parameters = Self::default();
        for (name, value) in parameters::read(query, &["field", "split"], &[])? {
            match &*name {
                "field" => {
                    let field = Field::ALL.into_iter().find(|field| field.id() == value);
                    let advice = || format!("write one of {}", Field::ALL.map(Field::id).join(", "));
                    parameters.field = Some(field.ok_or_else(|| invalid(&name, &value, &advice()))?);
                }
                _ if value == "topics" => parameters.is_split = true,
                _ => return Err(invalid(&name, &value, "write topics")),
            }
        }
        Ok(parameters)
    }
}

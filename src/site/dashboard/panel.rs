//! What all panels have: title, finding, drawing, table and query.

use super::{graphql_query::GraphqlQuery, period::DayRange, report::Report};
use crate::{
    catalog::{DateField, FilterError},
    site::{charts::drawing::Drawing, error::SiteError, tables::dataset::Dataset, view::text},
};

/// A panel, ready to be shown.
pub struct Panel {
    /// Name in addresses: `topics`.
    pub id: &'static str,
    /// Title.
    pub title: String,
    /// What the chart shows, in a sentence or two.
    pub finding: String,
    /// The chart, as SVG or HTML. `None` if there is nothing to draw.
    pub chart: Option<String>,
    /// What the line of comparison means.
    pub line: Option<String>,
    /// What a hatched bar means.
    pub hatched: Option<&'static str>,
    /// The numbers of the chart.
    pub table: Dataset,
    /// What a reader should know about the numbers.
    pub notes: Vec<String>,
    /// Path of the CSV file: `/facets.csv?field=topics`.
    pub csv: String,
    /// The GraphQL query with the same numbers.
    pub query: GraphqlQuery,
}

/// How much of a panel is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The values that a chart has space for, drawn.
    Chart(Drawing),
    /// All values, as a table.
    All,
}

impl Extent {
    /// Returns how the chart is drawn, or `None` if only the table is needed.
    pub fn drawing(self) -> Option<Drawing> {
        match self {
            Self::Chart(drawing) => Some(drawing),
            Self::All => None,
        }
    }

    /// Returns the maximum number of values: those of a chart, or `all`.
    pub fn limit(self, chart: usize, all: usize) -> usize {
        if self == Self::All { all } else { chart }
    }
}

impl Panel {
    /// Creates a panel that says why it has no numbers.
    pub fn unavailable(
        id: &'static str,
        title: impl Into<String>,
        error: &FilterError,
        (csv, query): (String, GraphqlQuery),
    ) -> Self {
        Self {
            id,
            title: title.into(),
            finding: format!("There is no chart: {error}."),
            chart: None,
            line: None,
            hatched: None,
            table: Dataset::default(),
            notes: Vec::new(),
            csv,
            query,
        }
    }
}

impl Report<'_> {
    /// Returns the days in words, with what they are the days of.
    pub fn days_text(&self, days: DayRange) -> String {
        match self.query.list.by {
            DateField::ReleaseDate => days.text(),
            DateField::PublishedAt => format!("{} ({})", days.text(), self.zone.name()),
        }
    }

    /// Returns what the line of comparison means.
    pub fn line_text(&self) -> Option<String> {
        self.before.as_ref().map(|(days, _)| self.days_text(*days))
    }

    /// Returns a number with its change: `149 releases, 16 more than the 133 from …`.
    pub fn compared(&self, current: u64) -> String {
        let Some((days, before)) = &self.before else { return text::count(current, "release") };
        let before = before.count();
        let number = text::count(current, "release");
        let days = self.days_text(*days);
        match current.cmp(&before) {
            _ if before == 0 => format!("{number}; there were none from {days}"),
            std::cmp::Ordering::Equal => format!("{number}, as many as from {days}"),
            ordering => {
                let word = if ordering.is_gt() { "more" } else { "fewer" };
                let ratio = ratio_text(current, before).map(|ratio| format!(", {ratio}")).unwrap_or_default();
                let (difference, before) = (text::number(current.abs_diff(before)), text::number(before));
                format!("{number}, {difference} {word} than from {days} ({before}{ratio})")
            }
        }
    }
}

/// Smallest number whose change is also said in per cent. From 1 to 22 are 2,100 %, which says nothing.
const MIN_FOR_PERCENT: u64 = 10;

/// Returns the change from one number to another in per cent: `+12 %`. Returns `None` if the earlier number is small.
fn ratio_text(current: u64, before: u64) -> Option<String> {
    if before < MIN_FOR_PERCENT {
        return None;
    }
    let change = (current as f64 - before as f64) / before as f64 * 100.0;
    let sign = if change < 0.0 { "\u{2212}" } else { "+" };
    let decimals = usize::from(change.abs() < 9.95);
    Some(format!("{sign}{:.decimals$}\u{a0}%", change.abs()))
}

impl From<FilterError> for SiteError {
    fn from(error: FilterError) -> Self {
        Self::Invalid(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_in_per_cent() {
        let texts = [(112, 100), (88, 100), (101, 100), (300, 100), (999, 1000)]
            .map(|(current, before)| ratio_text(current, before).unwrap());
        assert_eq!(texts, ["+12\u{a0}%", "\u{2212}12\u{a0}%", "+1.0\u{a0}%", "+200\u{a0}%", "\u{2212}0.1\u{a0}%"]);
        assert_eq!((ratio_text(22, 1), ratio_text(1, 0)), (None, None));
    }
}

//! What all panels have: title, finding, drawing, table and query.

use super::{graphql_query::GraphqlQuery, period::DayRange, report::Report};
use crate::{
    catalog::{DateField, MAX_TIMELINE_POINTS, Weekday},
    site::{
        charts::drawing::{Caption, Drawing},
        tables::dataset::Dataset,
        view::{date, text},
    },
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
    /// The GraphQL query with the same numbers. `None` if there are none.
    pub query: Option<GraphqlQuery>,
}

/// How much of a panel is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The values that a chart has space for, drawn.
    Chart(Drawing),
    /// The values of a file, as a table.
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
    /// Creates a panel without numbers. `finding` says why it has none.
    pub fn empty(id: &'static str, finding: String, csv: String) -> Self {
        Self {
            id,
            title: String::new(),
            finding,
            chart: None,
            line: None,
            hatched: None,
            table: Dataset::default(),
            notes: Vec::new(),
            csv,
            query: None,
        }
    }
}

impl Panel {
    /// Returns whether the chart is a group of marks that are links, which a reader may want to skip.
    pub fn has_marks(&self) -> bool {
        self.chart.as_ref().is_some_and(|chart| chart.contains("role=\"group\""))
    }
}

/// Returns why a timeline has no chart, for readers. It fails only if it has too many periods.
pub fn too_many_periods(report: &Report<'_>) -> String {
    let (interval, days) = (report.interval(), report.days);
    let periods = interval.periods(days.from, days.until, Weekday::Monday);
    format!(
        "There is no chart: there are {} periods, and the maximum is {}. Choose a longer interval or fewer days.",
        text::number(periods),
        text::number(MAX_TIMELINE_POINTS)
    )
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

    /// Returns a number with its change: `149 releases, 12.0% more than the 133 from …`.
    pub fn compared(&self, current: u64) -> String {
        let number = text::count(current, "release");
        let Some((days, before)) = &self.before else { return number };
        let (before, days) = (before.count(), self.days_text(*days));
        let word = if current > before { "more" } else { "fewer" };
        let earlier = text::number(before);
        if before == 0 {
            format!("{number}; there were none from {days}")
        } else if current == before {
            format!("{number}, as many as from {days}")
        } else if before < MIN_FOR_PERCENT || current.abs_diff(before) * 2000 < before {
            // A change in per cent that is rounded to 0.0 says nothing.
            format!("{number}, {} {word} than from {days} ({earlier})", text::number(current.abs_diff(before)))
        } else {
            let change = change_in_percent(current, before).unwrap_or_default();
            format!("{number}, {} {word} than the {earlier} from {days}", change.trim_start_matches(['+', '\u{2212}']))
        }
    }

    /// Returns what is written into a chart that is a file.
    pub fn caption(
        &self,
        title: &str,
        finding: &str,
        (line, hatched): (Option<String>, Option<&'static str>),
    ) -> Caption {
        let date = date::instant(self.visit.visible.now(), self.zone).text;
        Caption {
            title: format!("{title}, {}", self.days_text(self.days)),
            finding: finding.to_owned(),
            line,
            hatched,
            source: format!("Source: {}, as of {date}", self.visit.site.name),
        }
    }
}

/// Smallest number whose change is also said in per cent. From 1 to 22 are 2,100%, which says nothing.
pub const MIN_FOR_PERCENT: u64 = 10;

/// Returns the change from one number to another in per cent: `+12.3%`. Returns `None` if the earlier number is 0.
pub fn change_in_percent(current: u64, before: u64) -> Option<String> {
    if before == 0 {
        return None;
    }
    let change = (current as f64 - before as f64) / before as f64 * 100.0;
    let sign = if change < 0.0 { "\u{2212}" } else { "+" };
    Some(format!("{sign}{:.1}%", change.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_in_per_cent() {
        let texts = [(112, 100), (88, 100), (300, 100), (999, 1000), (1, 0)];
        let texts = texts.map(|(current, before)| change_in_percent(current, before).unwrap_or_default());
        assert_eq!(texts, ["+12.0%", "\u{2212}12.0%", "+200.0%", "\u{2212}0.1%", ""]);
    }
}

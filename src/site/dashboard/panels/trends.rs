//! Topics that have more releases in the last 30 days than expected from the year before.

use chrono::NaiveDate;
use serde_json::json;

use super::facet::{narrow, value};
use crate::{
    catalog::{DateField, Duration, TopicTrend, TrendRequest},
    site::{
        charts::bars::{Bar, bars},
        dashboard::{
            field::Field,
            graphql_query::{GraphqlQuery, QueryBuilder},
            panel::{Extent, Panel},
            period::DayRange,
            query::FILE,
            report::Report,
        },
        error::SiteError,
        tables::dataset::{Cell, Column, Dataset, Value},
        view::{date, text},
    },
};

/// Name of the panel in addresses.
pub const ID: &str = "trends";

/// Number of topics of the chart.
const MAX_BARS: usize = 8;

/// Number of topics of the CSV file.
const MAX_IN_FILES: usize = 200;

/// Length of the window, and of the baseline before it, in days: the defaults of the API.
const WINDOW: u32 = 30;
const BASELINE: u32 = 365;

/// The score that chance alone exceeds in one of twenty cases, for a single topic.
const NOTABLE: f64 = 3.84;

/// Returns the panel. A search has no trends: the API has none for it either.
pub fn panel(report: &Report<'_>, extent: Extent) -> Result<Panel, SiteError> {
    let until = report.days.until.min(report.today);
    let duration = |days| Duration { months: 0, days };
    let request = TrendRequest {
        window: duration(WINDOW),
        baseline: duration(BASELINE),
        until,
        first: extent.limit(MAX_BARS, MAX_IN_FILES),
        roll_up: true,
    };
    let title = "Rising topics".to_owned();
    let csv = format!("/trends.csv{}", report.query.to_query(FILE));
    if report.query.list.text.is_some() {
        let reason = "Trends are not computed for a search. Remove the search text to see them.";
        if extent == Extent::All {
            return Err(SiteError::Invalid(reason.to_owned()));
        }
        return Ok(Panel { title, ..Panel::empty(ID, reason.to_owned(), csv) });
    }
    let mut trends = match report.all.trending(&request) {
        Ok(trends) => trends,
        Err(_) if extent != Extent::All => {
            let reason = "The calendar does not reach far enough back for trends. Choose a later last day.";
            return Ok(Panel { title, ..Panel::empty(ID, reason.to_owned(), csv) });
        }
        Err(error) => return Err(error.into()),
    };
    if extent != Extent::All {
        trends.retain(|trend| trend.score > NOTABLE);
    }
    let window = DayRange { from: trends.first().map_or(until, |trend| trend.from), until };
    let finding = finding(report, &trends, until);
    let line = (!trends.is_empty()).then(|| "expected".to_owned());
    let chart = extent.drawing().filter(|_| !trends.is_empty()).map(|drawing| {
        let bars_of: Vec<Bar> = trends.iter().map(|trend| bar(report, trend)).collect();
        bars(&bars_of, ID, &report.caption(&title, &finding, (line.clone(), None)), drawing)
    });
    let mut notes = Vec::new();
    if chart.is_some() {
        notes.push(format!(
            "Expected: the topic's share of the releases in the {BASELINE} days before. The strongest evidence comes first. \
             For a single topic, chance alone gives such a result in at most one of twenty cases. Days are those of the \
             release date."
        ));
    }
    Ok(Panel {
        id: ID,
        title,
        finding,
        line,
        hatched: None,
        chart,
        table: table(report, &trends, window),
        notes,
        csv,
        query: Some(query(report, until)),
    })
}

fn bar(report: &Report<'_>, trend: &TopicTrend) -> Bar {
    let found = value(report, Field::Topics, trend.topic);
    Bar {
        name: format!(
            "{}: {}, {:.1} expected",
            text::isolated(&found.label),
            text::count(trend.count, "release"),
            trend.expected
        ),
        label: found.label,
        lang: found.lang,
        value: trend.count as f64,
        before: Some(trend.expected),
        text: format!("{} ({:.1} times)", text::number(trend.count), trend.lift()),
        href: report.narrowed_href(|list| narrow(report, list, Field::Topics, trend.topic)),
    }
}

fn finding(report: &Report<'_>, trends: &[TopicTrend], until: NaiveDate) -> String {
    let until = date::date(until).text;
    let Some(first) = trends.first() else {
        return format!("No topic rises clearly in the {WINDOW} days to {until}.");
    };
    format!(
        "{} rises most clearly: {} in the {WINDOW} days to {until}, and {:.1} were expected.",
        text::isolated(&value(report, Field::Topics, first.topic).label),
        text::count(first.count, "release"),
        first.expected
    )
}

fn table(report: &Report<'_>, trends: &[TopicTrend], window: DayRange) -> Dataset {
    let columns = vec![
        Column::in_files("value"),
        Column::new("label", "Topic"),
        Column::new("count", "Releases"),
        Column::new("expected", "Expected"),
        Column::new("lift", "Times expected"),
        Column::new("score", "Score"),
        Column::in_files("first_day"),
        Column::in_files("last_day"),
    ];
    let row = |trend: &TopicTrend| {
        let found = value(report, Field::Topics, trend.topic);
        let href = report.list_href(window, |list| {
            list.by = DateField::ReleaseDate;
            narrow(report, list, Field::Topics, trend.topic);
        });
        vec![
            Cell::text(found.key),
            Cell::text(found.label).in_language(found.lang),
            Cell::count(trend.count).link(href),
            Value::Decimal(trend.expected).into(),
            Value::Decimal(trend.lift()).into(),
            Value::Decimal(trend.score).into(),
            Cell::text(window.from.to_string()),
            Cell::text(window.until.to_string()),
        ]
    };
    Dataset { columns, rows: trends.iter().map(row).collect() }
}

fn query(report: &Report<'_>, until: NaiveDate) -> GraphqlQuery {
    let mut query = QueryBuilder::new(report);
    query.variable("filter", "ReleaseFilter", report.query.list.without_dates().api_filter(report.visit));
    query.variable("window", "Duration!", json!(format!("P{WINDOW}D")));
    query.variable("baseline", "Duration!", json!(format!("P{BASELINE}D")));
    query.variable("until", "Date", json!(until.to_string()));
    let fields = [format!(
        "trendingTopics(filter: $filter, window: $window, baseline: $baseline, until: $until, first: {MAX_BARS}) {{ topic {{ \
         slug name }} from until count expected lift score }}"
    )];
    query.finish("RisingTopics", &fields)
}

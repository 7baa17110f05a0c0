//! Topics that have more releases in the last 30 days than expected from the year before.

use chrono::NaiveDate;
use serde_json::json;

use super::facet::{Field, narrow, value};
use crate::{
    catalog::{Duration, TopicTrend, TrendRequest},
    site::{
        charts::bars::{Bar, bars},
        dashboard::{
            graphql_query::{GraphqlQuery, QueryBuilder},
            panel::{Extent, Panel},
            period::DayRange,
            query::FILE,
            report::Report,
        },
        error::SiteError,
        tables::dataset::{Cell, Column, Dataset, Value},
        view::text,
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

/// The score that occurs by chance once in twenty times.
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
    let is_search = report.query.list.text.is_some();
    let title = "Rising topics".to_owned();
    let csv = format!("/trends.csv{}", report.query.to_query(FILE));
    let trends = match report.all.trending(&request) {
        _ if is_search => Vec::new(),
        Ok(trends) => trends,
        Err(error) if extent != Extent::All => {
            return Ok(Panel::unavailable(ID, title, &error, (csv, query(report, until))));
        }
        Err(error) => return Err(error.into()),
    };
    let window = DayRange { from: trends.first().map_or(until, |trend| trend.from), until };
    let finding = if is_search {
        "Trends are not computed for a search. Remove the search text to see them.".to_owned()
    } else {
        finding(report, &trends, until)
    };
    let chart = extent.drawing().filter(|_| !trends.is_empty()).map(|drawing| {
        let bars_of: Vec<Bar> = trends.iter().map(|trend| bar(report, trend)).collect();
        bars(&bars_of, ID, &format!("{title}: {finding}"), drawing)
    });
    let mut notes = Vec::new();
    if chart.is_some() {
        notes.push(format!(
            "Sorted by score. Expected: the share of the topic in the {BASELINE} days before. A score above {NOTABLE} occurs by chance once in \
             twenty times. Days are those of the release date."
        ));
    }
    Ok(Panel {
        id: ID,
        title,
        finding,
        line: chart.as_ref().map(|_| "expected".to_owned()),
        hatched: None,
        chart,
        table: table(report, &trends, window),
        notes,
        csv,
        query: query(report, until),
    })
}

fn bar(report: &Report<'_>, trend: &TopicTrend) -> Bar {
    let found = value(report, Field::Topics, trend.topic);
    let narrowed = report.query.with(|list| narrow(report, list, Field::Topics, trend.topic));
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
        text: text::number(trend.count),
        href: (narrowed != report.query).then(|| report.href(&narrowed)),
    }
}

fn finding(report: &Report<'_>, trends: &[TopicTrend], until: NaiveDate) -> String {
    let until = crate::site::view::date::date(until).text;
    let Some(first) = trends.first() else {
        return format!("No topic has more releases than expected in the {WINDOW} days to {until}.");
    };
    let label = text::isolated(&value(report, Field::Topics, first.topic).label);
    let numbers = format!(
        "{} in the {WINDOW} days to {until}, and {:.1} were expected",
        text::count(first.count, "release"),
        first.expected
    );
    if first.score > NOTABLE {
        format!("{label} rises most: {numbers}.")
    } else {
        format!("No topic rises beyond chance. {label} comes closest: {numbers}.")
    }
}

fn table(report: &Report<'_>, trends: &[TopicTrend], window: DayRange) -> Dataset {
    let columns = vec![
        Column::in_files("value"),
        Column::new("label", "Topic"),
        Column::new("count", "Releases"),
        Column::new("expected", "Expected"),
        Column::new("lift", "Times as many"),
        Column::new("score", "Score"),
        Column::in_files("first_day"),
        Column::in_files("last_day"),
    ];
    let row = |trend: &TopicTrend| {
        let found = value(report, Field::Topics, trend.topic);
        let href = report.list_href(window, |list| {
            list.by = crate::catalog::DateField::ReleaseDate;
            narrow(report, list, Field::Topics, trend.topic);
        });
        vec![
            Cell::text(found.key),
            Cell::text(found.label).in_language(found.lang),
            Cell::count(trend.count).link(Some(href)),
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

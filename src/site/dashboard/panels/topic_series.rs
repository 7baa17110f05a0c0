//! Releases of the largest topics over time, side by side.

use super::{
    facet::{Field, value},
    timeline::{MAX_BARS, period_name},
};
use crate::{
    catalog::{TimePoint, Timeline},
    site::{
        charts::multiples::{Series, multiples},
        dashboard::{
            graphql_query::{GraphqlQuery, QueryBuilder},
            panel::{Extent, Panel},
            report::Report,
        },
        error::SiteError,
        tables::dataset::{Cell, Column, Dataset, Value},
        view::text,
    },
};

/// Name of the panel in addresses.
pub const ID: &str = "topics-over-time";

/// Number of topics of the chart.
const MAX_TOPICS: usize = 12;

/// Number of topics of the CSV file.
pub const MAX_TOPICS_IN_FILES: usize = 50;

/// Number of periods up to which the page has a table of all of them.
const MAX_TABLE_PERIODS: usize = 62;

struct TopicSeries {
    number: u32,
    count: u64,
    points: Vec<TimePoint>,
}

/// Returns the panel.
pub fn panel(report: &Report<'_>, extent: Extent) -> Result<Panel, SiteError> {
    let facet = Field::Topics.facet(&report.current, extent.limit(MAX_TOPICS, MAX_TOPICS_IN_FILES));
    let request = report.timeline_request(report.days);
    let title = "Topics over time".to_owned();
    let csv = format!("/timeline.csv{}", report.query.file_query("split", "topics"));
    let mut topics = Vec::new();
    for bucket in &facet.buckets {
        match facet.bucket_set(bucket).timeline(&request, report.visit.visible.now()) {
            Ok(Timeline { points }) => topics.push(TopicSeries { number: bucket.value, count: bucket.count, points }),
            Err(error) if extent != Extent::All => {
                return Ok(Panel::unavailable(ID, title, &error, (csv, query(report))));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let finding = finding(report, &topics);
    let periods = topics.first().map_or(0, |topic| topic.points.len());
    let chart = extent.drawing().filter(|_| !topics.is_empty() && periods <= MAX_BARS).map(|drawing| {
        let series: Vec<Series> = topics.iter().map(|topic| series(report, topic)).collect();
        multiples(&series, ID, &format!("{title}: {finding}"), drawing)
    });
    let mut notes = Vec::new();
    if let Some((first, last)) =
        topics.first().and_then(|topic| topic.points.first().zip(topic.points.last())).filter(|_| chart.is_some())
    {
        let name = |point| period_name(report.interval(), point);
        let most = topics.iter().flat_map(|topic| &topic.points).map(|point| point.count).max().unwrap_or(0);
        notes.push(format!(
            "Bars are from {} to {}. All topics have the same scale, up to {}.",
            name(first),
            name(last),
            text::number(most)
        ));
    }
    if !topics.is_empty() {
        notes.push(format!("The CSV file has the {MAX_TOPICS_IN_FILES} topics with most releases."));
    }
    let has_table = extent == Extent::All || periods <= MAX_TABLE_PERIODS;
    Ok(Panel {
        id: ID,
        title,
        finding,
        hatched: topics.iter().flat_map(|topic| &topic.points).any(|point| !point.complete).then_some("not over"),
        line: None,
        chart,
        table: if has_table { table(report, &topics) } else { Dataset::default() },
        notes,
        csv,
        query: query(report),
    })
}

fn series(report: &Report<'_>, topic: &TopicSeries) -> Series {
    let found = value(report, Field::Topics, topic.number);
    let most = topic.points.iter().max_by_key(|point| point.count);
    let most = most.map(|point| format!("{} ({})", period_name(report.interval(), point), text::number(point.count)));
    Series {
        name: format!(
            "{}: {}, most in {}",
            text::isolated(&found.label),
            text::count(topic.count, "release"),
            most.unwrap_or_default()
        ),
        total: text::number(topic.count),
        points: topic.points.iter().map(|point| (point.count, !point.complete)).collect(),
        href: report.href(&report.query.with(|list| super::facet::narrow(report, list, Field::Topics, topic.number))),
        label: found.label,
        lang: found.lang,
    }
}

fn finding(report: &Report<'_>, topics: &[TopicSeries]) -> String {
    // The first period and the running one say little, so the halves of the period are compared.
    let change = |topic: &TopicSeries| {
        let complete: Vec<u64> = topic.points.iter().filter(|point| point.complete).map(|point| point.count).collect();
        let (earlier, later) = complete.split_at(complete.len() / 2);
        let later = &later[later.len() - earlier.len()..];
        later.iter().sum::<u64>() as i64 - earlier.iter().sum::<u64>() as i64
    };
    let label = |topic: &TopicSeries| text::isolated(&value(report, Field::Topics, topic.number).label);
    let changes: Vec<(i64, &TopicSeries)> = topics.iter().map(|topic| (change(topic), topic)).collect();
    let most = changes.iter().max_by_key(|(change, _)| *change).filter(|(change, _)| *change > 0);
    let least = changes.iter().min_by_key(|(change, _)| *change).filter(|(change, _)| *change < 0);
    let text = |(change, topic): &(i64, &TopicSeries)| {
        format!("{} ({})", label(topic), crate::site::tables::dataset::change_text(*change))
    };
    match (most, least) {
        _ if topics.is_empty() => "No releases with a topic.".to_owned(),
        (Some(most), Some(least)) => {
            format!(
                "From the first half of the period to the second, {} grew most, and {} fell most.",
                text(most),
                text(least)
            )
        }
        (Some(most), None) => format!("From the first half of the period to the second, {} grew most.", text(most)),
        (None, Some(least)) => format!("From the first half of the period to the second, {} fell most.", text(least)),
        (None, None) => "No topic has more or fewer releases in the second half than in the first.".to_owned(),
    }
}

fn table(report: &Report<'_>, topics: &[TopicSeries]) -> Dataset {
    let columns = vec![
        Column::in_files("value"),
        Column::new("label", "Topic"),
        Column::new("period", "Period"),
        Column::in_files("first_day"),
        Column::in_files("last_day"),
        Column::new("count", "Releases"),
        Column::in_files("complete"),
    ];
    let rows = topics.iter().flat_map(|topic| {
        let found = value(report, Field::Topics, topic.number);
        topic.points.iter().map(move |point| {
            let days = crate::site::dashboard::period::DayRange {
                from: point.first_day.max(report.days.from),
                until: point.last_day.min(report.days.until),
            };
            let list = |list: &mut _| super::facet::narrow(report, list, Field::Topics, topic.number);
            vec![
                Cell::text(found.key.clone()),
                Cell::text(found.label.clone()).in_language(found.lang.clone()),
                Cell::text(point.label.clone()),
                Cell::text(point.first_day.to_string()),
                Cell::text(point.last_day.to_string()),
                Cell::count(point.count).link((point.count > 0).then(|| report.list_href(days, list))),
                Value::Flag(point.complete).into(),
            ]
        })
    });
    Dataset { columns, rows: rows.collect() }
}

fn query(report: &Report<'_>) -> GraphqlQuery {
    let mut query = QueryBuilder::new(report);
    let current = query.arguments("filter", Some(report.days));
    let timeline = query.timeline("days", report.days);
    let facet = Field::Topics.of_api(MAX_TOPICS);
    let fields = [format!(
        "releaseStats({current}) {{ facets {{ {facet} {{ buckets {{ key label count stats {{ {timeline} }} }} }} }} asOf {{ at }} }}"
    )];
    query.finish("TopicsOverTime", &fields)
}

//! Releases of the largest topics over time, side by side.

use std::collections::HashMap;

use super::{
    facet::{narrow, value},
    steps::{Step, hatched, steps},
    timeline::MAX_BARS,
};
use crate::site::{
    charts::multiples::{Series, multiples},
    dashboard::{
        field::Field,
        graphql_query::{GraphqlQuery, QueryBuilder},
        panel::{Extent, MIN_FOR_PERCENT, Panel, change_in_percent, too_many_periods},
        report::Report,
    },
    error::SiteError,
    list_query::ListQuery,
    tables::dataset::{Cell, Column, Dataset, Value},
    view::text,
};

/// Name of the panel in addresses.
pub const ID: &str = "topics-over-time";

/// Number of topics of the chart.
const MAX_TOPICS: usize = 12;

/// Number of topics of the CSV file.
const MAX_TOPICS_IN_FILES: usize = 50;

/// Number of periods up to which the page has a table of all of them.
const MAX_TABLE_PERIODS: usize = 62;

/// Maximum number of rows of the CSV file.
const MAX_ROWS: usize = 15_000;

/// Maximum number of periods of all topics for which the API returns the numbers in one query, also in the profile
/// `hardened` (setting `limits.cost`).
const MAX_QUERIED_ROWS: usize = 7000;

/// A topic with its releases over time.
struct TopicSeries {
    number: u32,
    count: u64,
    steps: Vec<Step>,
}

/// Returns the panel.
pub fn panel(report: &Report<'_>, extent: Extent) -> Result<Panel, SiteError> {
    let title = "Topics over time".to_owned();
    let csv = format!("/timeline.csv{}", report.query.file_query("split", "topics"));
    let facet = Field::Topics.facet(&report.current, extent.limit(MAX_TOPICS, MAX_TOPICS_IN_FILES));
    let request = report.timeline_request(report.days);
    let mut topics = Vec::new();
    for bucket in &facet.buckets {
        match facet.bucket_set(bucket).timeline(&request, report.visit.visible.now()) {
            Ok(timeline) => topics.push(TopicSeries {
                number: bucket.value,
                count: bucket.count,
                steps: steps(report, timeline.points, report.days),
            }),
            Err(_) if extent != Extent::All => {
                return Ok(Panel { title, ..Panel::empty(ID, too_many_periods(report), csv) });
            }
            Err(error) => return Err(error.into()),
        }
    }
    let rows: usize = topics.iter().map(|topic| topic.steps.len()).sum();
    if extent == Extent::All && rows > MAX_ROWS {
        let (rows, most) = (text::number(rows as u64), text::number(MAX_ROWS as u64));
        return Err(SiteError::Invalid(format!(
            "The file would have {rows} rows, and the maximum is {most}: choose a longer interval or fewer days."
        )));
    }
    let finding = finding(report, &topics);
    let hatched = topics.first().and_then(|topic| hatched(&topic.steps));
    let periods = topics.first().map_or(0, |topic| topic.steps.len());
    let chart = extent.drawing().filter(|_| !topics.is_empty() && periods <= MAX_BARS).map(|drawing| {
        let series: Vec<Series> = topics.iter().map(|topic| series(report, topic)).collect();
        multiples(&series, ID, &report.caption(&title, &finding, (None, hatched)), drawing)
    });
    let mut notes = Vec::new();
    if chart.is_some() {
        notes.push(scale_note(&topics));
    } else if periods > MAX_BARS {
        notes.push(format!(
            "There are {} periods, and a chart has space for {MAX_BARS}: choose fewer days or a longer interval.",
            text::number(periods as u64)
        ));
    }
    if chart.is_some() && periods > MAX_TABLE_PERIODS {
        notes.push("The numbers are in the CSV file, because the table would be long.".to_owned());
    }
    let has_table = extent == Extent::All || periods <= MAX_TABLE_PERIODS;
    Ok(Panel {
        id: ID,
        title,
        finding,
        line: None,
        hatched,
        notes,
        chart,
        table: if has_table { table(report, &topics) } else { Dataset::default() },
        csv,
        query: (rows <= MAX_QUERIED_ROWS).then(|| query(report)),
    })
}

fn series(report: &Report<'_>, topic: &TopicSeries) -> Series {
    let found = value(report, Field::Topics, topic.number);
    let most = topic.steps.iter().max_by_key(|step| step.point.count);
    let most = most.map(|step| format!("{} ({})", step.name(), text::number(step.point.count)));
    Series {
        name: format!(
            "{}: {}, most in {}",
            text::isolated(&found.label),
            text::count(topic.count, "release"),
            most.unwrap_or_default()
        ),
        total: text::number(topic.count),
        points: topic.steps.iter().map(|step| (step.point.count, step.is_hatched())).collect(),
        href: report.narrowed_href(|list| narrow(report, list, Field::Topics, topic.number)),
        label: found.label,
        lang: found.lang,
    }
}

/// Says which periods the bars are, and what the longest bar stands for.
fn scale_note(topics: &[TopicSeries]) -> String {
    let name = |step: Option<&Step>| step.map(Step::name).unwrap_or_default();
    let steps = topics.first().map_or(&[][..], |topic| &topic.steps);
    let most = topics.iter().flat_map(|topic| &topic.steps).map(|step| step.point.count).max().unwrap_or(0);
    format!(
        "Bars from left to right: {} to {}. All topics have the same scale, up to {}.",
        name(steps.first()),
        name(steps.last()),
        text::number(most)
    )
}

/// Names the topics that grew and fell most in proportion, compared with the earlier period.
fn finding(report: &Report<'_>, topics: &[TopicSeries]) -> String {
    if topics.is_empty() {
        return "No release has a topic.".to_owned();
    }
    let largest = match topics.len() {
        1 => "The only topic.".to_owned(),
        count => format!("The {count} topics with most releases."),
    };
    let Some((days, set)) = &report.before else { return largest };
    let buckets = Field::Topics.facet(set, usize::MAX).buckets;
    let before: HashMap<u32, u64> = buckets.iter().map(|bucket| (bucket.value, bucket.count)).collect();
    let known = topics.iter().filter_map(|topic| Some((topic, *before.get(&topic.number)?)));
    // In proportion to a small number, every change is large.
    let known = known.filter(|(_, before)| *before >= MIN_FOR_PERCENT);
    let ratio = |&(topic, before): &(&TopicSeries, u64)| topic.count as f64 / before as f64;
    let known: Vec<(&TopicSeries, u64)> = known.collect();
    let most = known.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b))).filter(|most| ratio(most) > 1.0);
    let least = known.iter().min_by(|a, b| ratio(a).total_cmp(&ratio(b))).filter(|least| ratio(least) < 1.0);
    let change = |(topic, before): &(&TopicSeries, u64)| {
        format!(
            "from {} to {} ({})",
            text::number(*before),
            text::number(topic.count),
            change_in_percent(topic.count, *before).unwrap_or_default()
        )
    };
    let label = |topic: &TopicSeries| text::isolated(&value(report, Field::Topics, topic.number).label);
    let parts: Vec<String> = [
        most.map(|found| format!("{} grew most in proportion, {}", label(found.0), change(found))),
        least.map(|found| format!("{} fell most, {}", label(found.0), change(found))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        return largest;
    }
    format!("Compared with {}, {}.", report.days_text(*days), parts.join(", and "))
}

fn table(report: &Report<'_>, topics: &[TopicSeries]) -> Dataset {
    let columns = vec![
        Column::in_files("value"),
        Column::new("label", "Topic"),
        Column::on_pages("Period"),
        Column::in_files("period"),
        Column::in_files("first_day"),
        Column::in_files("last_day"),
        Column::new("count", "Releases"),
        Column::in_files("complete"),
        Column::in_files("partial"),
    ];
    let rows = topics.iter().flat_map(|topic| {
        let found = value(report, Field::Topics, topic.number);
        topic.steps.iter().map(move |step| {
            let point = &step.point;
            let narrowed = |list: &mut ListQuery| narrow(report, list, Field::Topics, topic.number);
            let href = if point.count == 0 { None } else { report.list_href(step.days, narrowed) };
            vec![
                Cell::text(found.key.clone()),
                Cell::text(found.label.clone()).in_language(found.lang.clone()),
                Cell::text(step.counted_name()),
                Cell::text(point.label.clone()),
                Cell::text(point.first_day.to_string()),
                Cell::text(point.last_day.to_string()),
                Cell::count(point.count).link(href),
                Value::Flag(point.complete).into(),
                Value::Flag(step.is_hatched()).into(),
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

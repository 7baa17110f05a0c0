//! Releases over time.

use chrono::Datelike;

use crate::{
    catalog::{Interval, TimePoint},
    site::{
        charts::columns::{Column as Bar, columns},
        dashboard::{
            graphql_query::QueryBuilder,
            panel::{Extent, Panel},
            period::{DayRange, Period},
            query::{DashboardQuery, FILE},
            report::Report,
        },
        error::SiteError,
        tables::dataset::{Cell, Column, Dataset, Value},
        view::{date, text},
    },
};

/// Name of the panel in addresses.
pub const ID: &str = "timeline";

/// Maximum number of bars of a chart.
pub const MAX_BARS: usize = 400;

/// A period of a timeline with the number of an earlier period.
struct Step<'a> {
    point: &'a TimePoint,
    before: Option<&'a TimePoint>,
    /// The days of the period that are within the days of the dashboard.
    days: DayRange,
    note: Option<&'static str>,
}

/// Returns the panel.
pub fn panel(report: &Report<'_>, extent: Extent) -> Result<Panel, SiteError> {
    let now = report.visit.visible.now();
    let title = "Releases over time".to_owned();
    let csv = format!("/timeline.csv{}", report.query.to_query(FILE));
    let points = match report.current.timeline(&report.timeline_request(report.days), now) {
        Ok(timeline) => timeline.points,
        // The other panels of a page can still be shown.
        Err(error) if extent != Extent::All => {
            return Ok(Panel::unavailable(ID, title, &error, (csv, query(report, false))));
        }
        Err(error) => return Err(error.into()),
    };
    let before = match &report.before {
        Some((days, set)) if is_aligned(report.interval(), report.days, *days) => {
            set.timeline(&report.timeline_request(*days), now)?.points
        }
        _ => Vec::new(),
    };
    let steps: Vec<Step<'_>> =
        points.iter().enumerate().map(|(index, point)| step(report, point, before.get(index))).collect();
    let finding = finding(report, &steps);
    let bars: Vec<Bar> = steps.iter().map(|step| bar(report, step)).collect();
    let is_empty = report.current.count() == 0;
    let chart = extent
        .drawing()
        .filter(|_| !is_empty && bars.len() <= MAX_BARS)
        .map(|drawing| columns(&bars, ID, &format!("{title}: {finding}"), drawing));
    let mut notes = Vec::new();
    if bars.len() > MAX_BARS {
        notes.push(format!(
            "There are {} periods, and a chart has space for {MAX_BARS}: choose fewer days or a longer interval. The CSV \
             file has all of them.",
            text::number(bars.len() as u64)
        ));
    }
    let has_before = !before.is_empty();
    let has_table = extent == Extent::All || bars.len() <= MAX_BARS;
    Ok(Panel {
        id: ID,
        title,
        finding,
        line: report.line_text().filter(|_| has_before && chart.is_some()),
        hatched: steps.iter().any(|step| step.note.is_some()).then_some("not over, or only in part within the dates"),
        chart,
        table: if has_table { table(report, &steps, has_before) } else { Dataset::default() },
        notes,
        csv,
        query: query(report, has_before),
    })
}

fn step<'a>(report: &Report<'_>, point: &'a TimePoint, before: Option<&'a TimePoint>) -> Step<'a> {
    let DayRange { from, until } = report.days;
    // All dates begin and end with a release, which cuts nothing off.
    let is_all = report.query.period == Some(Period::All);
    let is_cut = !is_all && (point.first_day < from || (point.last_day > until && until < report.today));
    let note = if !point.complete {
        Some("not over")
    } else if is_cut {
        Some("in part")
    } else {
        None
    };
    Step { point, before, days: DayRange { from: point.first_day.max(from), until: point.last_day.min(until) }, note }
}

/// Returns whether each period of a timeline can be compared with the one at the same place of an earlier timeline.
fn is_aligned(interval: Interval, days: DayRange, before: DayRange) -> bool {
    match interval {
        Interval::Day => true,
        Interval::Week => (days.from - before.from).num_days() % 7 == 0,
        Interval::Month => days.from.day() == before.from.day(),
        Interval::Quarter => days.from.day() == before.from.day() && days.from.month0() % 3 == before.from.month0() % 3,
        Interval::Year => days.from.ordinal() == before.from.ordinal(),
    }
}

/// Returns the name of a period for readers.
pub fn period_name(interval: Interval, point: &TimePoint) -> String {
    let first = point.first_day;
    match interval {
        Interval::Day => date::date(first).text,
        Interval::Week => {
            let days = DayRange { from: first, until: point.last_day };
            format!("Week {} of {}, {}", first.iso_week().week(), first.iso_week().year(), days.text())
        }
        Interval::Month => format!("{} {}", first.format("%B"), first.year()),
        Interval::Quarter => format!("Q{} {}", first.month0() / 3 + 1, first.year()),
        Interval::Year => first.year().to_string(),
    }
}

fn bar(report: &Report<'_>, step: &Step<'_>) -> Bar {
    let (interval, point) = (report.interval(), step.point);
    let first = point.first_day;
    let day = || format!("{} {}", first.day(), first.format("%b"));
    let (label, group) = match interval {
        Interval::Day | Interval::Week => (day(), first.year().to_string()),
        Interval::Month => (first.format("%b").to_string(), first.year().to_string()),
        Interval::Quarter => (format!("Q{}", first.month0() / 3 + 1), first.year().to_string()),
        Interval::Year => (first.year().to_string(), String::new()),
    };
    let mut name = format!("{}: {}", period_name(interval, point), text::count(point.count, "release"));
    if let Some(before) = step.before {
        name += &format!("; {} in {}", text::number(before.count), period_name(interval, before));
    }
    if let Some(note) = step.note {
        name += &format!(" ({note})");
    }
    Bar {
        label,
        group,
        name,
        count: point.count,
        before: step.before.map(|before| before.count),
        is_partial: step.note.is_some(),
        href: report.href(&report.query.between(step.days)),
    }
}

fn finding(report: &Report<'_>, steps: &[Step<'_>]) -> String {
    let interval = report.interval();
    let mut finding = report.compared(report.current.count());
    if let Some(most) = steps.iter().max_by_key(|step| step.point.count).filter(|_| steps.len() > 1)
        && most.point.count > 0
    {
        let last = steps.iter().rfind(|step| step.point.count == most.point.count).unwrap_or(most);
        finding += &format!("; most in {} ({})", period_name(interval, last.point), text::number(last.point.count));
    }
    finding.push('.');
    if let Some(running) = steps.iter().find(|step| step.note == Some("not over")).filter(|_| interval != Interval::Day)
    {
        finding += &format!(" {} is not over.", period_name(interval, running.point));
    }
    finding
}

fn table(report: &Report<'_>, steps: &[Step<'_>], has_before: bool) -> Dataset {
    let mut columns = vec![
        Column::new("period", "Period"),
        Column::in_files("first_day"),
        Column::in_files("last_day"),
        Column::new("count", "Releases"),
        Column::in_files("cumulative"),
        Column::in_files("complete"),
    ];
    if has_before {
        columns.extend([
            Column::in_files("before_period"),
            Column::new("before", "Before"),
            Column::new("change", "Change"),
        ]);
    }
    let row = |step: &Step<'_>| {
        let point = step.point;
        let mut row = vec![
            Cell::text(point.label.clone()),
            Cell::text(point.first_day.to_string()),
            Cell::text(point.last_day.to_string()),
            Cell::count(point.count).link(Some(report.list_href(step.days, |_| {}))),
            Cell::count(point.cumulative),
            Value::Flag(point.complete).into(),
        ];
        if has_before {
            let before = step.before;
            let change =
                before.map_or(Value::Missing, |before| Value::Change(point.count as i64 - before.count as i64));
            row.extend([
                before.map_or(Value::Missing.into(), |before| Cell::text(before.label.clone())),
                before.map_or(Value::Missing.into(), |before| Cell::count(before.count)),
                change.into(),
            ]);
        }
        row
    };
    Dataset { columns, rows: steps.iter().map(row).collect() }
}

fn query(report: &Report<'_>, has_before: bool) -> crate::site::dashboard::graphql_query::GraphqlQuery {
    let mut query = QueryBuilder::new(report);
    let current = query.arguments("filter", Some(report.days));
    let timeline = query.timeline("days", report.days);
    let mut fields = vec![format!("current: releaseStats({current}) {{ count {timeline} asOf {{ at }} }}")];
    if let Some((days, _)) = &report.before {
        let before = query.arguments("filterBefore", Some(*days));
        let timeline = if has_before { format!(" {}", query.timeline("daysBefore", *days)) } else { String::new() };
        fields.push(format!("before: releaseStats({before}) {{ count{timeline} }}"));
    }
    query.finish("Timeline", &fields)
}

impl DashboardQuery {
    /// Returns the query string of a file, with one more parameter.
    pub fn file_query(&self, name: &str, value: &str) -> String {
        let query = self.to_query(FILE);
        let separator = if query.is_empty() { '?' } else { '&' };
        format!("{query}{separator}{name}={value}")
    }
}

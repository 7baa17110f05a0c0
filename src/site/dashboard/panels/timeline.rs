//! Releases over time.

use chrono::Datelike;

use super::steps::{Coverage, Step, hatched, steps};
use crate::{
    catalog::Interval,
    site::{
        charts::columns::{Column as Bar, columns},
        dashboard::{
            graphql_query::{GraphqlQuery, QueryBuilder},
            panel::{Extent, Panel, too_many_periods},
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
pub const ID: &str = "timeline";

/// Maximum number of bars of a chart.
pub const MAX_BARS: usize = 400;

/// Maximum number of bars with lines of comparison. With more, the lines cover the bars.
const MAX_LINES: usize = 62;

/// Returns the panel.
pub fn panel(report: &Report<'_>, extent: Extent) -> Result<Panel, SiteError> {
    let now = report.visit.visible.now();
    let title = "Releases over time".to_owned();
    let csv = format!("/timeline.csv{}", report.query.to_query(FILE));
    let current = match report.current.timeline(&report.timeline_request(report.days), now) {
        Ok(timeline) => steps(report, timeline.points, report.days),
        // The other panels of a page can still be shown.
        Err(_) if extent != Extent::All => {
            return Ok(Panel { title, ..Panel::empty(ID, too_many_periods(report), csv) });
        }
        Err(error) => return Err(error.into()),
    };
    let mut notes = Vec::new();
    let before = match &report.before {
        Some((days, set)) if is_aligned(report.interval(), report.days, *days) => {
            // The earlier range can have one period more than the maximum.
            let timeline = set.timeline(&report.timeline_request(*days), now);
            timeline.map_or_else(|_| Vec::new(), |timeline| steps(report, timeline.points, *days))
        }
        Some(_) => {
            notes.push(
                "The periods of the two ranges do not begin alike, so they are not compared one by one.".to_owned(),
            );
            Vec::new()
        }
        None => Vec::new(),
    };
    if current.len() > MAX_BARS {
        notes.push(format!(
            "There are {} periods, and a chart has space for {MAX_BARS}: choose fewer days or a longer interval. The CSV \
             file has all of them.",
            text::number(current.len() as u64)
        ));
    }
    let finding = finding(report, &current);
    let has_lines = current.len() <= MAX_LINES && before.iter().any(|step| step.point.count > 0);
    let is_drawn = report.current.count() > 0 && current.len() <= MAX_BARS;
    let line = report.line_text().filter(|_| has_lines);
    let hatched = hatched(&current);
    let chart = extent.drawing().filter(|_| is_drawn).map(|drawing| {
        let bars = current.iter().enumerate().map(|(index, step)| bar(report, step, before.get(index), has_lines));
        let caption = report.caption(&title, &finding, (line.clone(), hatched));
        columns(&bars.collect::<Vec<_>>(), ID, &caption, drawing)
    });
    let has_table = extent == Extent::All || current.len() <= MAX_BARS;
    Ok(Panel {
        id: ID,
        title,
        finding,
        line,
        hatched,
        chart,
        table: if has_table { table(report, &current, &before, extent) } else { Dataset::default() },
        notes,
        csv,
        query: Some(query(report, !before.is_empty())),
    })
}

/// Returns whether each period of a timeline can be compared with the one at the same place of an earlier timeline.
fn is_aligned(interval: Interval, days: DayRange, before: DayRange) -> bool {
    match interval {
        // A range with 29 February is a day longer.
        Interval::Day => days.length() == before.length(),
        Interval::Week => (days.from - before.from).num_days() % 7 == 0,
        Interval::Month => days.from.day() == before.from.day(),
        Interval::Quarter => days.from.day() == before.from.day() && days.from.month0() % 3 == before.from.month0() % 3,
        Interval::Year => (days.from.month(), days.from.day()) == (before.from.month(), before.from.day()),
    }
}

fn bar(report: &Report<'_>, step: &Step, before: Option<&Step>, has_lines: bool) -> Bar {
    let (label, group) = step.label();
    let mut name = format!("{}: {}", step.counted_name(), text::count(step.point.count, "release"));
    if let Some(before) = before {
        name += &format!("; before, {}: {}", before.counted_name(), text::number(before.point.count));
    }
    if step.coverage == Coverage::Running {
        name += " (not over)";
    }
    Bar {
        label,
        label_rank: step.label_rank(),
        group,
        name,
        count: step.point.count,
        before: before.filter(|_| has_lines).map(|before| before.point.count),
        is_hatched: step.is_hatched(),
        href: report.href(&report.query.between(step.days)),
    }
}

/// Returns the number of releases with its change, and the period with most of them.
fn finding(report: &Report<'_>, steps: &[Step]) -> String {
    let mut finding = format!("{}.", report.compared(report.current.count()));
    let most = steps.iter().map(|step| step.point.count).max().unwrap_or(0);
    let highest: Vec<&Step> = steps.iter().filter(|step| step.point.count == most).collect();
    let (preposition, unit) = match report.interval() {
        Interval::Day => ("on", "day"),
        Interval::Week => ("in", "week"),
        Interval::Month => ("in", "month"),
        Interval::Quarter => ("in", "quarter"),
        Interval::Year => ("in", "year"),
    };
    match highest.as_slice() {
        _ if steps.len() < 2 || most < 2 => {}
        [step] => finding += &format!(" Most are {preposition} {} ({}).", lower_week(&step.name()), text::number(most)),
        steps => {
            finding += &format!(
                " At most {} are {preposition} one {unit}; this happened {} times.",
                text::number(most),
                text::number(steps.len() as u64)
            );
        }
    }
    if let Some(running) = steps.iter().find(|step| step.coverage == Coverage::Running).filter(|_| unit != "day") {
        finding += &format!(" {} is not over.", running.name());
    }
    finding
}

/// Returns the name of a week as it stands in a sentence.
fn lower_week(name: &str) -> String {
    name.strip_prefix("Week").map_or_else(|| name.to_owned(), |rest| format!("week{rest}"))
}

/// Returns the table. A file has the columns of the comparison even if no period has an earlier one.
fn table(report: &Report<'_>, steps: &[Step], before: &[Step], extent: Extent) -> Dataset {
    let mut columns = vec![
        Column::on_pages("Period"),
        Column::in_files("period"),
        Column::in_files("first_day"),
        Column::in_files("last_day"),
        Column::new("count", "Releases"),
        Column::in_files("cumulative"),
        Column::in_files("complete"),
        Column::in_files("partial"),
    ];
    let has_before = !before.is_empty() || (extent == Extent::All && report.before.is_some());
    if has_before {
        columns.extend([
            Column::in_files("before_period"),
            Column::new("before", "Earlier"),
            Column::new("change", "Change"),
        ]);
    }
    let row = |(index, step): (usize, &Step)| {
        let point = &step.point;
        let mut row = vec![
            Cell::text(step.counted_name()),
            Cell::text(point.label.clone()),
            Cell::text(point.first_day.to_string()),
            Cell::text(point.last_day.to_string()),
            Cell::count(point.count).link(report.list_href(step.days, |_| {})),
            Cell::count(point.cumulative),
            Value::Flag(point.complete).into(),
            Value::Flag(step.is_hatched()).into(),
        ];
        if has_before {
            let earlier = before.get(index);
            row.extend(match earlier {
                Some(earlier) => [
                    Cell::text(earlier.point.label.clone()),
                    Cell::count(earlier.point.count).link(report.list_href(earlier.days, |_| {})),
                    Value::Change(point.count as i64 - earlier.point.count as i64).into(),
                ],
                None => [Value::Missing, Value::Missing, Value::Missing].map(Cell::from),
            });
        }
        row
    };
    Dataset { columns, rows: steps.iter().enumerate().map(row).collect() }
}

fn query(report: &Report<'_>, has_before: bool) -> GraphqlQuery {
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

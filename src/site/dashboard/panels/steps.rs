//! The periods of a timeline: their days within the dashboard, their names, and the labels below their bars.

use chrono::{Datelike, NaiveDate};

use crate::{
    catalog::{Interval, TimePoint},
    site::{
        dashboard::{
            period::{DayRange, Period},
            report::Report,
        },
        view::date,
    },
};

/// Whether a period of a timeline is counted as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All its days are counted.
    Whole,
    /// Some of its days are outside the days of the dashboard.
    Part,
    /// It is not over.
    Running,
}

/// A period of a timeline.
#[derive(Clone, Debug)]
pub struct Step {
    /// The period with its number of releases.
    pub point: TimePoint,
    /// The days that are counted.
    pub days: DayRange,
    /// Whether all days are counted.
    pub coverage: Coverage,
    interval: Interval,
}

/// Returns the periods of a timeline that counts some days.
pub fn steps(report: &Report<'_>, points: Vec<TimePoint>, days: DayRange) -> Vec<Step> {
    // All dates begin and end with a release, so nothing is outside.
    let is_all = report.query.period == Some(Period::All);
    let interval = report.interval();
    let step = |point: TimePoint| {
        let counted = DayRange { from: point.first_day.max(days.from), until: point.last_day.min(days.until) };
        let is_cut = counted.from > point.first_day || counted.until < point.last_day;
        let coverage = match () {
            () if !point.complete => Coverage::Running,
            () if is_cut && !is_all => Coverage::Part,
            () => Coverage::Whole,
        };
        Step { point, days: counted, coverage, interval }
    };
    points.into_iter().map(step).collect()
}

/// Returns what a hatched bar means. Returns `None` if no period is hatched.
pub fn hatched<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Option<&'static str> {
    let (mut is_running, mut is_cut) = (false, false);
    for step in steps {
        is_running |= step.coverage == Coverage::Running;
        is_cut |= step.coverage == Coverage::Part;
    }
    match (is_running, is_cut) {
        (true, true) => Some("not over, or not all days are counted"),
        (true, false) => Some("not over"),
        (false, true) => Some("not all days are counted"),
        (false, false) => None,
    }
}

impl Step {
    /// Returns whether the bar is hatched.
    pub fn is_hatched(&self) -> bool {
        self.coverage != Coverage::Whole
    }

    /// Returns the name of the whole period: `November 2026`.
    pub fn name(&self) -> String {
        let first = self.point.first_day;
        match self.interval {
            Interval::Day => date::date(first).text,
            Interval::Week => {
                let days = DayRange { from: first, until: self.point.last_day };
                format!("Week {} of {}, {}", first.iso_week().week(), first.iso_week().year(), days.text())
            }
            Interval::Month => format!("{} {}", first.format("%B"), first.year()),
            Interval::Quarter => format!("Q{} {}", first.month0() / 3 + 1, first.year()),
            Interval::Year => first.year().to_string(),
        }
    }

    /// Returns the name of what is counted: `November 2026`, or `1 to 26 November 2026` if not all days are.
    pub fn counted_name(&self) -> String {
        let is_cut = self.days.from > self.point.first_day || self.days.until < self.point.last_day;
        if is_cut && self.is_hatched() { self.days.text() } else { self.name() }
    }

    /// Returns the label below the bar, and its second line.
    pub fn label(&self) -> (String, String) {
        let first = self.point.first_day;
        let year = first.year().to_string();
        match self.interval {
            Interval::Day | Interval::Week => (format!("{} {}", first.day(), first.format("%b")), year),
            Interval::Month => (first.format("%b").to_string(), year),
            Interval::Quarter => (format!("Q{}", first.month0() / 3 + 1), year),
            Interval::Year => (year, String::new()),
        }
    }

    /// Returns how much the label says about the calendar: a label with a higher rank is kept if there is no space for
    /// all. Years that are multiples of 100, 10 and 5 rank high, and so do the starts of years and quarters.
    pub fn label_rank(&self) -> u8 {
        let (first, last) = (self.point.first_day, self.point.last_day);
        match self.interval {
            Interval::Day if first.day() == 1 => 2 + month_rank(first),
            Interval::Day => u8::from([8, 15, 22].contains(&first.day())),
            // A week is named by its first day, but it starts a month if it contains the first day of one.
            Interval::Week if first.day() == 1 || first.month() != last.month() => 1 + month_rank(last),
            Interval::Week => 0,
            Interval::Month => month_rank(first),
            Interval::Quarter if first.month() == 1 => 1 + year_rank(first),
            Interval::Quarter => 0,
            Interval::Year => year_rank(first),
        }
    }
}

fn month_rank(day: NaiveDate) -> u8 {
    match day.month() {
        1 => 3 + year_rank(day),
        7 => 2,
        4 | 10 => 1,
        _ => 0,
    }
}

fn year_rank(day: NaiveDate) -> u8 {
    let steps = [2, 5, 10, 20, 50, 100, 200, 500];
    // A multiple of 10 is one of 2 and of 5.
    steps.iter().filter(|&&step| day.year() % step == 0).count() as u8
}

//! The query string of a dashboard: the filters of a list, and a period, a comparison and an interval.
//!
//! A period with a name moves with the calendar. If `from` and `until` are given as well and are not the days of the
//! period, they win: a form sends both, and a reader may have changed the days.

use chrono::NaiveDate;
use form_urlencoded::Serializer;

use super::period::{Comparison, DayRange, Period};
use crate::{
    catalog::Interval,
    site::{
        error::SiteError,
        list_query::{ListQuery, PARAMETERS},
        parameters::{self, invalid},
    },
};

/// The parameters of a dashboard that a list does not have.
const OWN: [&str; 3] = ["period", "compare", "interval"];

/// Intervals with their words in a query string.
pub const INTERVALS: [(Interval, &str, &str); 5] = [
    (Interval::Day, "day", "Days"),
    (Interval::Week, "week", "Weeks"),
    (Interval::Month, "month", "Months"),
    (Interval::Quarter, "quarter", "Quarters"),
    (Interval::Year, "year", "Years"),
];

/// The parameters of a dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct DashboardQuery {
    /// Search and filters.
    pub list: ListQuery,
    /// The period, if it has a name.
    pub period: Option<Period>,
    /// What the period is compared with.
    pub comparison: Comparison,
    /// The interval of timelines. `None`: one that fits the period.
    pub interval: Option<Interval>,
}

/// What holds without parameters.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// The period.
    pub period: Period,
    /// The comparison.
    pub comparison: Comparison,
    /// Whether numbers have links.
    pub has_links: bool,
}

/// Pages show the last twelve months, compared with those before.
pub const PAGE: Defaults = Defaults { period: Period::Months12, comparison: Comparison::Previous, has_links: true };

/// Files have all releases, compared with nothing.
pub const FILE: Defaults = Defaults { period: Period::All, comparison: Comparison::None, has_links: false };

impl DashboardQuery {
    /// Parses a query string. Fails if a parameter is invalid.
    pub fn parse(query_string: &str, defaults: Defaults) -> Result<Self, SiteError> {
        let list = ListQuery { page: 1, ..ListQuery::parse(query_string)? };
        let mut query = Self { list, period: None, comparison: defaults.comparison, interval: None };
        for (name, value) in parameters::read(query_string, &OWN, &[])? {
            query.set(&name, &value)?;
        }
        let has_days = query.list.year.is_some() || query.list.from.is_some() || query.list.until.is_some();
        if query.period.is_none() && !has_days {
            query.period = Some(defaults.period);
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), SiteError> {
        let expected = |words: &[&str]| invalid(name, value, &format!("write {}", words.join(", ")));
        match name {
            "period" => {
                let period = Period::ALL.into_iter().find(|period| period.word() == value);
                self.period = Some(period.ok_or_else(|| expected(&Period::ALL.map(Period::word)))?);
            }
            "compare" => {
                let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.word() == value);
                self.comparison = comparison.ok_or_else(|| expected(&Comparison::ALL.map(Comparison::word)))?;
            }
            _ => {
                let interval = INTERVALS.iter().find(|(_, word, _)| *word == value).map(|(interval, ..)| *interval);
                self.interval = Some(interval.ok_or_else(|| expected(&INTERVALS.map(|(_, word, _)| word)))?);
            }
        }
        Ok(())
    }

    /// Returns the known parameters of a query string and some others, in their order.
    pub fn known(query_string: &str, others: &[&str]) -> String {
        parameters::known(query_string, &[&OWN, &PARAMETERS, others])
    }

    /// Returns the days of the dashboard, and forgets the parameters that have no effect. `extent` has the first and
    /// the last day on which there are releases.
    pub fn days(&mut self, today: NaiveDate, extent: Option<DayRange>) -> DayRange {
        let (from, until) = match self.list.year {
            Some(year) => (NaiveDate::from_ymd_opt(year, 1, 1), NaiveDate::from_ymd_opt(year, 12, 31)),
            None => (self.list.from, self.list.until),
        };
        let named = self.period.map(|period| period.days(today, extent));
        if let Some(named) = named
            && from.is_none_or(|from| from == named.from)
            && until.is_none_or(|until| until == named.until)
        {
            self.list = self.list.without_dates();
            return named;
        }
        self.period = None;
        let all = extent.unwrap_or(DayRange { from: today, until: today });
        let first = from.unwrap_or_else(|| all.from.min(until.unwrap_or(all.from)));
        let last = until.unwrap_or_else(|| today.max(all.until).max(first));
        DayRange { from: first, until: last }
    }

    /// Returns the canonical query string: empty, or `?` and the parameters. `defaults` are those of the address that
    /// gets it.
    pub fn to_query(&self, defaults: Defaults) -> String {
        let mut query = Serializer::new(self.list.to_query(false).trim_start_matches('?').to_owned());
        if let Some(period) = self.period.filter(|&period| period != defaults.period) {
            query.append_pair("period", period.word());
        }
        if self.comparison != defaults.comparison {
            query.append_pair("compare", self.comparison.word());
        }
        if let Some((_, word, _)) = INTERVALS.iter().find(|(interval, ..)| Some(*interval) == self.interval) {
            query.append_pair("interval", word);
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// Returns the query string of a file, with one more parameter.
    pub fn file_query(&self, name: &str, value: &str) -> String {
        let query = self.to_query(FILE);
        let separator = if query.is_empty() { '?' } else { '&' };
        format!("{query}{separator}{name}={value}")
    }

    /// Returns the query with a range of days.
    #[must_use]
    pub fn between(&self, days: DayRange) -> Self {
        Self { list: self.list.between(days.from, days.until), period: None, ..self.clone() }
    }

    /// Returns the query with a change of its list.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut ListQuery)) -> Self {
        let mut query = self.clone();
        change(&mut query.list);
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-26";

    fn parsed(text: &str) -> (DashboardQuery, DayRange) {
        let mut query = DashboardQuery::parse(text, PAGE).unwrap();
        let days = query.days(TODAY.parse().unwrap(), None);
        (query, days)
    }

    #[test]
    fn a_query_string_has_one_canonical_form() {
        for (written, canonical, days) in [
            ("", "", "1 December 2025 to 26 November 2026"),
            ("period=12-months&compare=previous&page=3", "", "1 December 2025 to 26 November 2026"),
            ("period=this-month&interval=day", "?period=this-month&interval=day", "1 to 26 November 2026"),
            ("period=this-month&from=2026-11-01&until=2026-11-26", "?period=this-month", "1 to 26 November 2026"),
            (
                "period=this-month&from=2026-11-02&until=2026-11-26",
                "?from=2026-11-02&until=2026-11-26",
                "2 to 26 November 2026",
            ),
            ("year=2006&compare=none", "?year=2006&compare=none", "1 January to 31 December 2006"),
            ("from=2026-11-01", "?from=2026-11-01", "1 to 26 November 2026"),
            ("until=2006-05-08", "?until=2006-05-08", "8 May 2006"),
        ] {
            let (query, found) = parsed(written);
            assert_eq!((query.to_query(PAGE).as_str(), found.text().as_str()), (canonical, days), "{written}");
            assert_eq!(parsed(canonical.trim_start_matches('?')), (query, found), "{written}");
        }
    }

    #[test]
    fn an_invalid_parameter_is_named_with_advice() {
        for (written, message) in [
            ("period=fortnight", "“period” is “fortnight”: write 30-days, this-month,"),
            ("compare=a", "“compare” is “a”: write previous, last-year, none."),
            ("interval=hour", "“interval” is “hour”: write day, week, month, quarter, year."),
            ("interval=day&interval=week", "“interval” is “week”: give it once."),
            ("zone=Mars", "“zone” is “Mars”: write a time zone such as Europe/Zurich."),
            ("filter=%5B%5D", "“filter” is “[]”: write a ReleaseFilter of the API as JSON"),
        ] {
            let error = DashboardQuery::parse(written, PAGE).unwrap_err();
            assert!(error.to_string().starts_with(message), "{written}: {error}");
        }
    }
}

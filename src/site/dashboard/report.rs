//! The releases of a dashboard: those of the period, those that they are compared with, and those without a period.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{
    field::Field,
    period::DayRange,
    query::{DashboardQuery, Defaults, PAGE},
};
use crate::{
    catalog::{
        DateField, Direction, Handle, Interval, OrderBy, Range, ReleaseSet, SortKey, TimelineRequest, Weekday,
        start_of_day,
    },
    newsroom::text::local_time,
    site::{
        error::SiteError,
        list::{List, first},
        list_query::ListQuery,
        visit::Visit,
    },
};

/// Intervals with the number of days up to which each fits a period. Years fit longer periods.
const FITTING: [(Interval, u64); 4] =
    [(Interval::Day, 62), (Interval::Week, 200), (Interval::Month, 1100), (Interval::Quarter, 4400)];

/// The releases of a dashboard.
pub struct Report<'a> {
    /// The request.
    pub visit: &'a Visit<'a>,
    /// The parameters. Those without effect are removed.
    pub query: DashboardQuery,
    /// Today in the time zone.
    pub today: NaiveDate,
    /// The instant at which today ends.
    tomorrow: DateTime<Utc>,
    /// The time zone of the days.
    pub zone: Tz,
    /// Whether numbers have links. Files have none.
    has_links: bool,
    /// The releases that match the search and the filters, of all dates.
    pub all: ReleaseSet,
    /// The languages of these releases.
    pub languages: Vec<String>,
    /// The days of the period.
    pub days: DayRange,
    /// The releases of the period.
    pub current: ReleaseSet,
    /// The days and releases that the period is compared with.
    pub before: Option<(DayRange, ReleaseSet)>,
}

impl<'a> Report<'a> {
    /// Parses a query string and evaluates its search and its filters.
    pub async fn load(visit: &'a Visit<'a>, query_string: &str, defaults: Defaults) -> Result<Self, SiteError> {
        let mut query = DashboardQuery::parse(query_string, defaults)?;
        query.list.resolve(visit)?;
        let zone = query.list.zone(visit);
        let (today, tomorrow) = local_time::today(zone, visit.visible.now());
        let List { set: all, .. } = List::evaluate(visit, query.list.without_dates()).await?;
        let languages = Field::Languages.facet(&all, usize::MAX).buckets;
        let languages = languages.iter().map(|bucket| visit.view().language(bucket.value).to_owned()).collect();
        let days = query.days(today, extent(&all, query.list.by, zone));
        let searched = if query.list.without_dates().has_filter() { all.unfiltered() } else { all.clone() };
        let between = |days: DayRange| match query.list.between(days.from, days.until).filter(visit) {
            Some(filter) => searched.narrow(&filter),
            None => Ok(searched.clone()),
        };
        let current = between(days)?;
        let before = match query.comparison.days(query.period, days) {
            Some(before) => Some((before, between(before)?)),
            None => None,
        };
        Ok(Self {
            visit,
            query,
            today,
            tomorrow,
            zone,
            has_links: defaults.has_links,
            all,
            languages,
            days,
            current,
            before,
        })
    }

    /// Returns the interval of timelines: the one that was chosen, or one that fits the period.
    pub fn interval(&self) -> Interval {
        let fits = |&(_, most): &(Interval, u64)| self.days.length() <= most;
        let automatic = || FITTING.into_iter().find(fits).map_or(Interval::Year, |(interval, _)| interval);
        self.query.interval.unwrap_or_else(automatic)
    }

    /// Returns the request for a timeline of some days.
    pub fn timeline_request(&self, days: DayRange) -> TimelineRequest {
        TimelineRequest {
            interval: self.interval(),
            zone: self.zone,
            field: self.query.list.by,
            range: Range { from: Some(days.from), until: Some(days.until) },
            week_start: Weekday::Monday,
            omit_empty: false,
        }
    }

    /// Returns the address of the list of some releases of the dashboard: those of some days, after a change of the
    /// filters. Returns `None` for a file, and if a list cannot have so many filters.
    pub fn list_href(&self, days: DayRange, change: impl FnOnce(&mut ListQuery)) -> Option<String> {
        if !self.has_links {
            return None;
        }
        let mut list = self.query.list.between(days.from, days.until);
        change(&mut list);
        list.is_within_limits().then(|| self.visit.links.path(&list.path()))
    }

    /// Returns the address of the dashboard with a change of the filters. Returns `None` if nothing changes, and if a
    /// list cannot have so many filters.
    pub fn narrowed_href(&self, change: impl FnOnce(&mut ListQuery)) -> Option<String> {
        let narrowed = self.query.with(change);
        (narrowed != self.query && narrowed.list.is_within_limits()).then(|| self.href(&narrowed))
    }

    /// Returns the address of a dashboard.
    pub fn href(&self, query: &DashboardQuery) -> String {
        self.visit.links.path(&format!("/dashboard{}", query.to_query(PAGE)))
    }

    /// Returns the instant until which the numbers hold if no data changes: the end of today. While the search index is
    /// built, the numbers of a search hold for no time.
    pub fn valid_until(&self) -> DateTime<Utc> {
        if self.all.is_search_complete() { self.tomorrow } else { self.visit.visible.now() }
    }
}

/// Returns the first and the last day on which a set has releases.
fn extent(set: &ReleaseSet, by: DateField, zone: Tz) -> Option<DayRange> {
    let key = match by {
        DateField::ReleaseDate => SortKey::ReleaseDate,
        DateField::PublishedAt => SortKey::PublishedAt,
    };
    let item = |direction| first(set, &[OrderBy { by: key, direction }], 1).pop();
    let day = |item: &Handle| match by {
        DateField::ReleaseDate => Some(item.release_date()),
        DateField::PublishedAt => item.published_at().map(|at| at.with_timezone(&zone).date_naive()),
    };
    let (oldest, newest) = (item(Direction::Asc)?, item(Direction::Desc)?);
    let (from, until) = (day(&oldest)?, day(&newest)?);
    // If midnight occurs twice, a day starts at the first one, so the last release can be of the next day.
    let next = until.succ_opt().filter(|&next| {
        by == DateField::PublishedAt && newest.published_at().is_some_and(|at| at >= start_of_day(next, zone))
    });
    Some(DayRange { from, until: next.unwrap_or(until) })
}

//! Trending topics: topics with more releases in a recent window than expected. The expected number assumes that the
//! topic had the same share of all releases in the window and in the baseline, the period before the window.
//!
//! The score is the log-likelihood ratio G² of a 2×2 table: releases with and without the topic, in the window and in
//! the baseline (Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence", Computational
//! Linguistics 19(1), 1993). Unlike a ratio of rates, G² stays small if the numbers of releases are small.

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::catalog::query::{facet_field::FacetField, filter::error::FilterError, release_set::ReleaseSet};

/// A duration in calendar months and days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    /// Number of calendar months.
    pub months: u32,
    /// Number of days in addition to the months.
    pub days: u32,
}

/// The parameters of a request for trending topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrendRequest {
    /// Length of the window, which ends on the day `until`.
    pub window: Duration,
    /// Length of the baseline, which ends where the window starts.
    pub baseline: Duration,
    /// Last day of the window.
    pub until: NaiveDate,
    /// Maximum number of topics to return.
    pub first: usize,
    /// Whether a release also counts for all topics broader than its own topics, once for each.
    pub roll_up: bool,
}

/// A topic that has more releases in the window than expected.
#[derive(Clone, Debug)]
pub struct TopicTrend {
    /// Number of the topic in the vocabulary.
    pub topic: u32,
    /// Number of the topic's releases in the window.
    pub count: u64,
    /// Number of releases that the topic would have in the window if its share were the same in the window and in the
    /// baseline.
    pub expected: f64,
    /// The log-likelihood ratio G². A score above 3.84 occurs by chance once in twenty times.
    pub score: f64,
    /// First day of the window.
    pub from: NaiveDate,
    /// The topic's releases in the window, which `count` counts.
    pub releases: ReleaseSet,
}

impl TopicTrend {
    /// Returns `count` divided by `expected`. The value 2 means twice as many releases as expected.
    pub fn lift(&self) -> f64 {
        self.count as f64 / self.expected
    }
}

impl Duration {
    /// Returns the day that lies this duration before a day, or `None` if the calendar does not reach that far back.
    fn before(self, day: NaiveDate) -> Option<NaiveDate> {
        day.checked_sub_months(Months::new(self.months))?.checked_sub_days(Days::new(u64::from(self.days)))
    }
}

impl ReleaseSet {
    /// Returns the topics that have more releases in the window than expected, by descending G². Ties are ordered by
    /// label. The cost is two counts of all topics. Executes no SQL statement.
    pub fn trending(&self, request: &TrendRequest) -> Result<Vec<TopicTrend>, FilterError> {
        let too_long = |argument: &str| {
            FilterError::invalid("it reaches back before the start of the calendar: make it shorter").at(argument)
        };
        let end = request.until.succ_opt().ok_or_else(|| too_long("until"))?;
        let start = request.window.before(end).ok_or_else(|| too_long("window"))?;
        let first = request.baseline.before(start).ok_or_else(|| too_long("baseline"))?;
        if first.year() < 1 {
            return Err(too_long(if start.year() < 1 { "window" } else { "baseline" }));
        }
        if start == end || first == start {
            let argument = if start == end { "window" } else { "baseline" };
            return Err(FilterError::invalid("it is zero: give at least one day, for example P30D").at(argument));
        }
        let period = |from: NaiveDate, until: NaiveDate| {
            until.pred_opt().map_or_else(
                || self.with_members(roaring::RoaringBitmap::new()),
                |last| self.with_members(self.released_between(from, last)),
            )
        };
        let (window, baseline) = (period(start, end), period(first, start));
        let facet_index = self.snapshot().facet_index(FacetField::Topics { roll_up: request.roll_up, under: None });
        let (window_counts, baseline_counts) = (facet_index.count(&window), facet_index.count(&baseline));
        let (window_total, baseline_total) = (window.count(), baseline.count());
        let share = window_total as f64 / (window_total + baseline_total) as f64;
        let mut rising: Vec<(u32, u64, f64, f64)> = facet_index
            .bucket_values
            .iter()
            .filter_map(|&topic| {
                let (count, earlier) =
                    (window_counts.by_value[topic as usize], baseline_counts.by_value[topic as usize]);
                let expected = share * (count + earlier) as f64;
                let score = log_likelihood([[count, window_total - count], [earlier, baseline_total - earlier]]);
                (count > 0 && count as f64 > expected).then_some((topic, count, expected, score))
            })
            .collect();
        let rank = |topic: u32| self.snapshot().topics().label_rank(topic);
        rising.sort_by(|a, b| b.3.total_cmp(&a.3).then_with(|| rank(a.0).cmp(&rank(b.0))));
        rising.truncate(request.first);
        let trend = |(topic, count, expected, score)| TopicTrend {
            topic,
            count,
            expected,
            score,
            from: start,
            releases: window.with_members(&*window.members & &*facet_index.bitmap(self.snapshot(), topic)),
        };
        Ok(rising.into_iter().map(trend).collect())
    }
}

/// Returns G² of a 2×2 table: twice the sum of n · ln(n / e) over its cells, where n is the number in the cell and e
/// is the number expected from the totals of its row and column.
pub(in crate::catalog) fn log_likelihood(table: [[u64; 2]; 2]) -> f64 {
    let total: u64 = table.iter().flatten().sum();
    let mut sum = 0.0;
    for row in 0..2 {
        for column in 0..2 {
            let observed = table[row][column] as f64;
            let expected =
                (table[row][0] + table[row][1]) as f64 * (table[0][column] + table[1][column]) as f64 / total as f64;
            if observed > 0.0 {
                sum += observed * (observed / expected).ln();
            }
        }
    }
    // Rounding errors can produce a tiny negative sum.
    (2.0 * sum).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::log_likelihood;

    #[test]
    fn log_likelihood_matches_the_value_published_by_dunning() {
        // Dunning 1993, table 3: "the swiss" in 110 + 2442 + 111 + 29114 bigrams has -2 log λ = 270.72.
        let dunning = log_likelihood([[110, 2442], [111, 29114]]);
        assert!((dunning - 270.72).abs() < 0.01, "{dunning}");
        assert!(log_likelihood([[10, 90], [100, 900]]).abs() < 1e-9);
        assert!(log_likelihood([[0, 0], [3, 5]]).abs() < 1e-9);
    }
}

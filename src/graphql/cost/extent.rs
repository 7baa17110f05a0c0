//! Upper bounds of list lengths for the query cost: how many releases, topics and places a viewer can see.
//!
//! Computed from the viewer's own set of releases, so the cost of a query reveals nothing about hidden releases.

use std::cell::OnceCell;

use chrono::NaiveDate;
use entity::release::ReleaseKind;

use super::field_costs::Bound;
use crate::catalog::ReleaseSet;

/// The sizes of what a viewer can see, computed on demand.
#[derive(Debug)]
pub struct Extent {
    /// None in tests: every list is longer than any query requests.
    visible: Option<ReleaseSet>,
    span: OnceCell<Option<(NaiveDate, NaiveDate)>>,
}

impl Extent {
    /// Creates the extent of the set of all releases that a viewer may see.
    pub fn of(visible: ReleaseSet) -> Self {
        Self { visible: Some(visible), span: OnceCell::new() }
    }

    /// Creates the extent of a newsroom whose lists are longer than any page, with release dates in 2019 and 2020.
    #[cfg(test)]
    pub(in crate::graphql) fn unbounded() -> Self {
        let span = NaiveDate::from_ymd_opt(2019, 1, 1).zip(NaiveDate::from_ymd_opt(2020, 12, 31));
        Self { visible: None, span: span.into() }
    }

    /// Returns the maximum length of a list.
    pub(in crate::graphql) fn max_length(&self, bound: Bound) -> u64 {
        let Some(visible) = &self.visible else { return u64::MAX };
        let snapshot = visible.snapshot();
        match bound {
            Bound::None => u64::MAX,
            Bound::Releases => visible.count(),
            Bound::Topics => snapshot.topics().by_label().len() as u64,
            Bound::Places => snapshot.places().by_label().len() as u64,
            Bound::Narrower => snapshot.topics().max_narrower() as u64,
            Bound::Contained => snapshot.places().max_narrower() as u64,
            Bound::Kinds => ReleaseKind::ALL.len() as u64,
            Bound::Languages => visible.language_count(),
        }
    }

    /// Returns the range of release dates, extended to whole months; None if there is no release.
    pub(in crate::graphql) fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        *self.span.get_or_init(|| self.visible.as_ref().and_then(ReleaseSet::month_span))
    }

    /// Returns the UTC date of the first publication; None if nothing was ever published.
    pub(in crate::graphql) fn first_publication(&self) -> Option<NaiveDate> {
        match &self.visible {
            Some(visible) => visible.first_publication(),
            None => self.span().map(|(first, _)| first),
        }
    }

    /// Returns the UTC date of the request.
    pub(in crate::graphql) fn today(&self) -> NaiveDate {
        let last = || self.span().map_or(NaiveDate::MIN, |(_, last)| last);
        self.visible.as_ref().map_or_else(last, |visible| visible.now().date_naive())
    }
}

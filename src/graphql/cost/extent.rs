//! Upper bounds of list lengths for the query cost: how many releases, topics and places a viewer can see.
//!
//! The bounds come from the releases that the viewer may see, so the cost of a query reveals nothing about hidden
//! releases.

use std::cell::OnceCell;

use chrono::NaiveDate;
use entity::release::ReleaseKind;

use super::field_costs::Bound;
use crate::catalog::ReleaseSet;

/// Upper bounds of list lengths for one viewer, computed on demand.
#[derive(Debug)]
pub struct Extent {
    /// The releases that the viewer may see. None in tests, where every list counts as longer than any query
    /// requests.
    visible: Option<ReleaseSet>,
    span: OnceCell<Option<(NaiveDate, NaiveDate)>>,
}

impl Extent {
    /// Creates the extent for a viewer. `visible` is the set of all releases that the viewer may see.
    pub fn of(visible: ReleaseSet) -> Self {
        Self { visible: Some(visible), span: OnceCell::new() }
    }

    /// Creates the extent of a test newsroom whose lists are longer than any page, with release dates in 2019 and
    /// 2020.
    #[cfg(test)]
    pub(in crate::graphql) fn unbounded() -> Self {
        let span = NaiveDate::from_ymd_opt(2019, 1, 1).zip(NaiveDate::from_ymd_opt(2020, 12, 31));
        Self { visible: None, span: span.into() }
    }

    /// Returns the maximum length of a list with the given bound; `u64::MAX` if no bound is known.
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

    /// Returns the first and the last date of the visible releases, extended to whole months. None if no release is
    /// visible.
    pub(in crate::graphql) fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        *self.span.get_or_init(|| self.visible.as_ref().and_then(ReleaseSet::month_span))
    }

    /// Returns the UTC date of the first publication of a visible release. None if no visible release was ever
    /// published.
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

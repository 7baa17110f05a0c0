//! Upper bounds of list lengths for the cost calculation: how many releases, topics and places a viewer can see.
//!
//! Computed from the viewer's own set, so that the cost of a query reveals nothing about hidden releases.

use std::cell::OnceCell;

use chrono::NaiveDate;
use entity::release::ReleaseKind;

use super::field_costs::Bound;
use crate::catalog::ReleaseSet;

/// The sizes of what a viewer may see. Worked out where they are asked for.
#[derive(Debug)]
pub struct Extent {
    /// None in tests: more than any query asks for.
    visible: Option<ReleaseSet>,
    span: OnceCell<Option<(NaiveDate, NaiveDate)>>,
}

impl Extent {
    /// Of everything that a viewer may see.
    pub fn of(visible: ReleaseSet) -> Self {
        Self { visible: Some(visible), span: OnceCell::new() }
    }

    /// Of a newsroom that is larger than all pages.
    #[cfg(test)]
    pub(in crate::graphql) fn unbounded() -> Self {
        let span = NaiveDate::from_ymd_opt(2019, 1, 1).zip(NaiveDate::from_ymd_opt(2020, 12, 31));
        Self { visible: None, span: span.into() }
    }

    /// How many entries a list has at most.
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

    /// The days from the first release date to the last, in whole months; none where there is no release.
    pub(in crate::graphql) fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        *self.span.get_or_init(|| self.visible.as_ref().and_then(ReleaseSet::month_span))
    }

    /// The day in UTC of the first publication; none where there was none.
    pub(in crate::graphql) fn first_publication(&self) -> Option<NaiveDate> {
        match &self.visible {
            Some(visible) => visible.first_publication(),
            None => self.span().map(|(first, _)| first),
        }
    }

    /// The day of the reading.
    pub(in crate::graphql) fn today(&self) -> NaiveDate {
        let last = || self.span().map_or(NaiveDate::MIN, |(_, last)| last);
        self.visible.as_ref().map_or_else(last, |visible| visible.now().date_naive())
    }
}

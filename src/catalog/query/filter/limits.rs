//! Limits of one filter: length of its lists, nesting depth, `near` conditions, and weight in a subscription.
//!
//! The weight of a filter is the number of filters in it, including itself, plus ten for each `near` condition.

use super::{ReleaseFilter, error::FilterError};

/// Maximum number of entries in one list.
const MAX_LIST_LENGTH: usize = 1000;

/// Maximum nesting depth of filters.
pub(in crate::catalog) const MAX_DEPTH: usize = 16;

/// Maximum number of `near` conditions. Each of them is compared with every place.
const MAX_NEAR_CONDITIONS: usize = 10;

/// Maximum weight in a subscription, which evaluates its filter for each change.
const MAX_SUBSCRIPTION_WEIGHT: usize = 200;

/// Maximum weight of a light filter.
const MAX_LIGHT_WEIGHT: usize = 20;

impl ReleaseFilter {
    /// Fails if the list `name` has too many entries. Called before the entries are converted.
    pub fn check_list_length(name: &str, length: usize) -> Result<(), FilterError> {
        let message = || format!("`{name}` has {length} entries; the maximum is {MAX_LIST_LENGTH}");
        check(length <= MAX_LIST_LENGTH, message).map_err(|error| error.at(name))
    }

    /// Fails if a filter is nested too deep. The outermost filter has the depth 0.
    pub(super) fn check_depth(depth: usize) -> Result<(), FilterError> {
        check(depth <= MAX_DEPTH, || format!("filters are nested more than {MAX_DEPTH} deep: flatten the filter"))
    }

    /// Fails if the filter, including all nested filters, has too many `near` conditions.
    pub(super) fn check_near_conditions(&self) -> Result<(), FilterError> {
        check(self.near_conditions() <= MAX_NEAR_CONDITIONS, || {
            format!("the filter has more than {MAX_NEAR_CONDITIONS} `near` conditions: use fewer, or larger circles")
        })
    }

    /// Fails if the filter is too large for a subscription.
    pub(in crate::catalog) fn check_subscription_weight(&self) -> Result<(), FilterError> {
        let weight = self.weight();
        check(weight <= MAX_SUBSCRIPTION_WEIGHT, || {
            format!(
                "the filter is too large for a subscription (size {weight}, at most {MAX_SUBSCRIPTION_WEIGHT}): use a \
                 smaller filter, or subscribe without one"
            )
        })
    }

    /// Returns whether the filter is heavy. Light and heavy filters are evaluated under separate permits, so light
    /// filters do not wait for heavy filters.
    pub fn is_heavy(&self) -> bool {
        self.weight() > MAX_LIGHT_WEIGHT
    }

    fn weight(&self) -> usize {
        self.flattened().len() + 10 * self.near_conditions()
    }

    fn near_conditions(&self) -> usize {
        let places = self.flattened().into_iter().filter_map(|filter| filter.places.as_ref());
        places.filter(|places| places.near.is_some()).count()
    }
}

fn check(is_within_limit: bool, message: impl FnOnce() -> String) -> Result<(), FilterError> {
    if is_within_limit { Ok(()) } else { Err(FilterError::invalid(message())) }
}

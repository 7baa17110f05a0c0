//! Query cost (complexity): computed from the plan of an operation before it runs, and limited by `limits.cost`.
//!
//! A field costs 1, multiplied by the length of every list around it; `field_costs` has the exceptions. A field may
//! have ten argument values at no cost, and each further value costs 1, in literals and in variables. Fields that
//! `@skip` or `@include` exclude cost nothing. Sums saturate. `async-graphql` cannot compute the complexity of fields
//! on interfaces, so this module does not use its complexity rules.
//!
//! - `field_costs`: cost of each field, and how it multiplies the cost of its selection; derived from the schema
//! - `extent`: maximum lengths of lists for the viewer
//! - `introspection`: cost of `__schema` and `__type`
//! - `schema_size`: number of types, fields, arguments and enum values in the schema

pub(crate) mod extent;
pub(crate) mod field_costs;
pub(crate) mod introspection;
mod schema_size;
#[cfg(test)]
mod tests;

use std::ops::Add;

use async_graphql::{
    Variables,
    parser::types::{Field, OperationDefinition, OperationType, Selection, SelectionSet},
};
use chrono::NaiveDate;

use super::engine::arguments::{Argument, Arguments};
use crate::{
    catalog::{Interval, MAX_TIMELINE_POINTS, Weekday, search_word_count},
    newsroom::reading::pagination::{DEFAULT_SIZE, MAX_SIZE},
};
use extent::Extent;
use field_costs::{
    Bound, EXPENSIVE_FACET_COST, EXPENSIVE_FIELD_COST, FACET_COST, FieldCosts, Multiplier, SEARCH_COST,
    SEARCH_WORD_COST,
};
use introspection::introspection_cost;

/// The intervals of a timeline, with their names in the API.
const INTERVALS: [(&str, Interval); 5] = [
    ("DAY", Interval::Day),
    ("WEEK", Interval::Week),
    ("MONTH", Interval::Month),
    ("QUARTER", Interval::Quarter),
    ("YEAR", Interval::Year),
];

/// Number of values in timeline points that together cost as much as one ordinary field. Points are cheap, because
/// the catalog counts all points of a timeline at once, in memory.
const POINT_VALUES_PER_COST: u64 = 10;

/// Number of argument values that each field may have at no cost.
const FREE_ARGUMENT_VALUES: u64 = 10;

impl FieldCosts {
    /// Returns the cost of a planned operation. `extent` has the maximum lengths of lists for the viewer.
    pub fn cost(&self, operation: &OperationDefinition, variables: &Variables, extent: &Extent) -> u64 {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let visitor = CostVisitor { field_costs: self, arguments: Arguments::new(variables), extent };
        visitor.selection(&operation.selection_set.node, root).total(1)
    }
}

/// The cost of a selection: a fixed part, and a part for each entry if the selection is on a type with entries, such
/// as a connection.
#[derive(Clone, Copy, Default)]
struct Cost {
    fixed: u64,
    per_item: u64,
}

impl Cost {
    fn total(self, entries: u64) -> u64 {
        self.fixed.saturating_add(self.per_item.saturating_mul(entries))
    }

    /// Returns the larger of two fixed parts, and the larger of two parts per entry.
    fn max(self, other: Self) -> Self {
        Self { fixed: self.fixed.max(other.fixed), per_item: self.per_item.max(other.per_item) }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { fixed: self.fixed.saturating_add(other.fixed), per_item: self.per_item.saturating_add(other.per_item) }
    }
}

/// Computes the cost of one operation.
struct CostVisitor<'a> {
    field_costs: &'a FieldCosts,
    arguments: Arguments<'a>,
    extent: &'a Extent,
}

impl<'a> CostVisitor<'a> {
    /// Returns the cost of a selection on type `parent`. If the selection differs by object type, only the most
    /// expensive type counts. Recursion depth: selection nesting, limited by `limits.nesting`.
    fn selection(&self, set: &'a SelectionSet, parent: &str) -> Cost {
        let (mut fields, mut most_expensive) = (Cost::default(), Cost::default());
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => fields = fields + self.field(&field.node, parent),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                    most_expensive = most_expensive.max(self.selection(&fragment.node.selection_set.node, on));
                }
                // Plans contain no fragment spreads.
                Selection::FragmentSpread(_) => {}
            }
        }
        fields + most_expensive
    }

    fn field(&self, field: &'a Field, parent: &str) -> Cost {
        if ["__schema", "__type"].contains(&field.name.node.as_str()) {
            let cost = introspection_cost(&field.selection_set.node, &self.field_costs.schema_size);
            return Cost { fixed: cost.saturating_add(1), per_item: 0 };
        }
        let field_cost = self.field_costs.get(parent, field.name.node.as_str());
        let returns = field_cost.map_or("", |field_cost| field_cost.returns.as_str());
        let selection = self.selection(&field.selection_set.node, returns);
        let arguments = self.arguments.count(field).saturating_sub(FREE_ARGUMENT_VALUES);
        let max_length = || field_cost.map_or(u64::MAX, |field_cost| self.extent.max_length(field_cost.bound));
        let (base, times) = match field_cost.map_or(Multiplier::One, |field_cost| field_cost.multiplier) {
            Multiplier::One => {
                let is_expensive = ["preview", "didYouMean"].contains(&field.name.node.as_str());
                (if is_expensive { EXPENSIVE_FIELD_COST } else { 1 }, 1)
            }
            // Each entry costs 1, its selection and its arguments.
            Multiplier::Entries => {
                let per_item = selection.total(1).saturating_add(1).saturating_add(arguments);
                return Cost { fixed: 0, per_item };
            }
            Multiplier::Fixed(times) => (1, times),
            Multiplier::Page { default, base } => {
                let requested =
                    ["first", "last"].iter().filter_map(|name| self.arguments.get(field, name)?.as_integer()).max();
                (base, requested.map_or(default, clamp_page_size).min(max_length()))
            }
            Multiplier::Facet => {
                let input = self.arguments.get(field, "input");
                let first = input.and_then(|input| self.arguments.object_field(input, "first")?.as_integer());
                (
                    if self.is_expensive(input) { EXPENSIVE_FACET_COST } else { FACET_COST },
                    first.map_or(DEFAULT_SIZE.unsigned_abs().into(), clamp_page_size).min(max_length()),
                )
            }
            Multiplier::Periods => (1, self.periods(field)),
            Multiplier::Ids => {
                let ids = self.arguments.get(field, "ids");
                (1, ids.and_then(Argument::length).unwrap_or(1))
            }
        };
        let selected = if field_cost.is_some_and(|field_cost| field_cost.multiplier == Multiplier::Periods) {
            selection.fixed.saturating_add(selection.per_item.saturating_mul(times).div_ceil(POINT_VALUES_PER_COST))
        } else if self.field_costs.has_entries(returns) {
            selection.total(times)
        } else {
            selection.total(1).saturating_mul(times)
        };
        let fixed = [selected, base, arguments, self.search_cost(field)].into_iter().fold(0, u64::saturating_add);
        Cost { fixed, per_item: 0 }
    }

    /// Returns the cost of the argument `search` of a field, or 0 if it is not given.
    fn search_cost(&self, field: &'a Field) -> u64 {
        let search = self.arguments.get(field, "search");
        let text = search.and_then(|search| self.arguments.object_field(search, "text")).and_then(Argument::as_name);
        text.map_or(0, |text| SEARCH_COST + SEARCH_WORD_COST * search_word_count(text) as u64)
    }

    /// Returns whether a facet is expensive: ordered by latest date, or restricted to one topic (`under`).
    fn is_expensive(&self, input: Option<Argument<'a>>) -> bool {
        let Some(input) = input else { return false };
        let by_latest = |key| self.arguments.object_field(key, "by").and_then(Argument::as_name) == Some("LATEST");
        let order =
            self.arguments.object_field(input, "orderBy").map(|order| self.arguments.items(order)).unwrap_or_default();
        order.into_iter().any(by_latest)
            || self.arguments.object_field(input, "under").is_some_and(|under| !under.is_null())
    }

    /// Returns the maximum number of periods in a timeline. If the range has no start or no end, the first or last
    /// date of the visible releases is used. For publication dates, the range then starts the day before the first
    /// publication or ends tomorrow. If empty periods are omitted, there are at most as many periods as releases.
    fn periods(&self, field: &'a Field) -> u64 {
        let name = self.arguments.get(field, "interval").and_then(Argument::as_name).unwrap_or("DAY");
        let interval = INTERVALS
            .into_iter()
            .find(|(graphql_name, _)| *graphql_name == name)
            .map_or(Interval::Day, |(_, interval)| interval);
        let range = self.arguments.get(field, "range");
        let end = |name| -> Option<NaiveDate> { self.arguments.object_field(range?, name)?.as_name()?.parse().ok() };
        let by_release_date =
            self.arguments.get(field, "dateField").and_then(Argument::as_name).is_none_or(|by| by == "RELEASE_DATE");
        // Called only if the range has no start or no end, because finding the first publication visits every
        // release.
        let default_range = || {
            if by_release_date {
                return self.extent.span();
            }
            // These are UTC dates. In the time zone of the timeline, a date may be one day earlier or later.
            Some((self.extent.first_publication()?.pred_opt()?, self.extent.today().succ_opt()?))
        };
        let (from, until) = match (end("from"), end("until")) {
            (Some(from), Some(until)) => (from, until),
            (from, until) => match default_range() {
                Some((first, last)) => (from.unwrap_or(first), until.unwrap_or(last)),
                // Without visible releases, there are no periods. The minimum is 1.
                None => return 1,
            },
        };
        let week_start = match self.arguments.get(field, "weekStart").and_then(Argument::as_name) {
            Some("SUNDAY") => Weekday::Sunday,
            Some("SATURDAY") => Weekday::Saturday,
            _ => Weekday::Monday,
        };
        let omits_empty = self.arguments.get(field, "fill").and_then(Argument::as_name) == Some("OMIT");
        let max_periods = if omits_empty { self.extent.max_length(Bound::Releases) } else { MAX_TIMELINE_POINTS };
        interval.periods(from, until, week_start).min(max_periods).clamp(1, MAX_TIMELINE_POINTS)
    }
}

/// Clamps a requested page size to the range from 0 to the maximum page size.
fn clamp_page_size(requested: i64) -> u64 {
    requested.clamp(0, MAX_SIZE.into()).unsigned_abs()
}

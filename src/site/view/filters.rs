//! The filters of a list, each with a link that removes it.

use super::{language, text::excerpt};
use crate::{
    catalog::{DateField, View, kind_label},
    site::{links::Links, list_query::ListQuery},
};

/// Maximum length of further conditions, in characters.
const MAX_CONDITIONS: usize = 80;

/// A filter that a reader has chosen.
pub struct ActiveFilter {
    /// What is filtered: `Topic`.
    pub field: &'static str,
    /// The value in words.
    pub value: String,
    /// The list without the filter.
    pub remove: String,
    /// The query without the filter.
    pub rest: ListQuery,
}

/// Returns the filters of a query.
pub fn active(view: &View, links: &Links<'_>, query: &ListQuery) -> Vec<ActiveFilter> {
    let mut filters = Vec::new();
    let mut add = |field, value: String, change: &dyn Fn(&mut ListQuery)| {
        let mut rest = query.at_page(1);
        change(&mut rest);
        let remove = links.path(&rest.path());
        filters.push(ActiveFilter { field, value, remove, rest });
    };
    for slug in &query.topics {
        let name = view.topics().by_slug(slug).map_or(slug.clone(), |number| view.topics().get(number).name.clone());
        add("Topic", name, &|rest| rest.topics.retain(|other| other != slug));
    }
    for slug in &query.places {
        let name = view.places().by_slug(slug).map_or(slug.clone(), |number| view.places().get(number).name.clone());
        add("Place", name, &|rest| rest.places.retain(|other| other != slug));
    }
    if let Some(kind) = query.kind {
        add("Kind", kind_label(kind).to_owned(), &|rest| rest.kind = None);
    }
    if let Some(tag) = &query.language {
        add("Language", language::name(tag), &|rest| rest.language = None);
    }
    let is_published = query.by == DateField::PublishedAt;
    let [in_year, from_day, until_day] = if is_published {
        ["Year of publication", "Published from", "Published until"]
    } else {
        ["Year", "From", "Until"]
    };
    if let Some(year) = query.year {
        add(in_year, year.to_string(), &|rest| rest.year = None);
    }
    if let Some(from) = query.from {
        add(from_day, super::date::date(from).text, &|rest| rest.from = None);
    }
    if let Some(until) = query.until {
        add(until_day, super::date::date(until).text, &|rest| rest.until = None);
    }
    if let Some(conditions) = &query.conditions {
        add("Conditions", excerpt(&conditions.json.to_string(), MAX_CONDITIONS), &|rest| rest.conditions = None);
    }
    filters
}

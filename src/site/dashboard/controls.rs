//! Period, comparison, interval and filters of a dashboard, as links and as a form.

use chrono::NaiveDate;

use super::{
    field::Field,
    panels::facet::value,
    period::{Comparison, Period},
    query::{DashboardQuery, INTERVALS},
    report::Report,
};
use crate::{
    catalog::{DateField, FacetScope, LabelSortKey, kind_label},
    site::{
        list_query::{ListQuery, kind_word},
        view::{
            filters::{ActiveFilter, active},
            language,
        },
    },
};

/// Maximum number of topics, and of countries, that the form offers.
const MAX_OPTIONS: usize = 100;

/// Links of which one is chosen.
pub struct Choice {
    /// What is chosen.
    pub title: &'static str,
    /// The links: label, address, and whether it is chosen.
    pub links: Vec<(String, String, bool)>,
}

/// A list of values in the form.
pub struct Select {
    /// Name of the parameter.
    pub name: &'static str,
    /// Label.
    pub label: &'static str,
    /// Label of no value.
    pub none: &'static str,
    /// The values: value, label, and whether it is chosen.
    pub options: Vec<(String, String, bool)>,
}

/// The controls of a dashboard.
pub struct Controls {
    /// Period and comparison.
    pub choices: Vec<Choice>,
    /// Choices inside the element `details`, which is closed at first.
    pub more_choices: Vec<Choice>,
    /// Whether the form has values, so that it should be seen.
    pub is_open: bool,
    /// The chosen filters, with links that remove them.
    pub filters: Vec<ActiveFilter>,
    /// The first day. Empty if the period has a name.
    pub from: String,
    /// The last day. Empty if the period has a name.
    pub until: String,
    /// Name of the time zone.
    pub zone: String,
    /// The search text. `None`: the newsroom has no search.
    pub text: Option<String>,
    /// Lists of values.
    pub selects: Vec<Select>,
    /// Further conditions as JSON.
    pub conditions: String,
    /// Parameters that the form keeps.
    pub hidden: Vec<(&'static str, String)>,
}

/// Returns the controls of a dashboard.
pub fn controls(report: &Report<'_>) -> Controls {
    let (visit, query) = (report.visit, &report.query);
    let list = query.list.without_dates();
    let mut filters = active(visit.view(), &visit.links, &list);
    for filter in &mut filters {
        filter.remove = report.href(&query.with(|list| {
            let (year, from, until) = (list.year, list.from, list.until);
            *list = filter.rest.clone();
            (list.year, list.from, list.until) = (year, from, until);
        }));
    }
    // A period moves with the calendar, so its days are not sent as chosen days.
    let chosen_day = |day: NaiveDate| if query.period.is_none() { day.to_string() } else { String::new() };
    if let Some(text) = &list.text {
        let rest = ListQuery { text: None, ..query.list.clone() };
        let remove = report.href(&query.with(|list| *list = rest.clone()));
        filters.insert(0, ActiveFilter { field: "Search", value: text.clone(), remove, rest });
    }
    Controls {
        is_open: query.period.is_none() || list.text.is_some() || list.conditions.is_some(),
        choices: vec![periods(report), comparisons(report)],
        more_choices: vec![intervals(report), date_fields(report)],
        filters,
        from: chosen_day(report.days.from),
        until: chosen_day(report.days.until),
        zone: report.zone.name().to_owned(),
        text: visit.has_search().then(|| list.text.clone().unwrap_or_default()),
        selects: selects(report),
        conditions: list.conditions.as_ref().map(|conditions| conditions.json.to_string()).unwrap_or_default(),
        hidden: hidden(query),
    }
}

fn choice<T: PartialEq>(
    report: &Report<'_>,
    title: &'static str,
    values: impl IntoIterator<Item = (&'static str, T)>,
    chosen: &T,
    with: impl Fn(&mut DashboardQuery, T),
) -> Choice {
    let link = |(label, value): (&str, T)| {
        let is_chosen = value == *chosen;
        let mut query = report.query.clone();
        with(&mut query, value);
        (label.to_owned(), report.href(&query), is_chosen)
    };
    Choice { title, links: values.into_iter().map(link).collect() }
}

fn periods(report: &Report<'_>) -> Choice {
    let values = Period::ALL.map(|period| (period.label(), Some(period)));
    let mut periods = choice(report, "Period", values, &report.query.period, |query, period| {
        query.period = period;
        query.list = query.list.without_dates();
    });
    if report.query.period.is_none() {
        periods.links.push(("Chosen days".to_owned(), report.href(&report.query), true));
    }
    periods
}

fn comparisons(report: &Report<'_>) -> Choice {
    let values = Comparison::ALL.map(|comparison| (comparison.label(), comparison));
    // All dates have no earlier ones.
    let chosen = if report.before.is_some() { report.query.comparison } else { Comparison::None };
    choice(report, "Compare with", values, &chosen, |query, comparison| query.comparison = comparison)
}

fn intervals(report: &Report<'_>) -> Choice {
    let values = INTERVALS.map(|(interval, _, label)| (label, Some(interval)));
    let values = std::iter::once(("Automatic", None)).chain(values);
    choice(report, "Interval", values, &report.query.interval, |query, interval| query.interval = interval)
}

fn date_fields(report: &Report<'_>) -> Choice {
    let values = [("Release date", DateField::ReleaseDate), ("Publication", DateField::PublishedAt)];
    choice(report, "Date", values, &report.query.list.by, |query, field| query.list.by = field)
}

fn selects(report: &Report<'_>) -> Vec<Select> {
    let list = &report.query.list;
    let select = |name, label, none, field: Field, chosen: Option<(String, String)>| {
        // The values of a field from which one is chosen are those of all releases that the other filters match.
        let scope = if chosen.is_some() { FacetScope::ExcludeOwnFilter } else { FacetScope::AllFilters };
        let buckets = field.facet_in(&report.all, MAX_OPTIONS, scope).buckets;
        let values = buckets.iter().map(|bucket| value(report, field, bucket.value));
        let mut options: Vec<(String, String, bool)> = values.map(|value| (value.key, value.label, false)).collect();
        if let Some((key, label)) = chosen {
            options.retain(|(other, ..)| *other != key);
            options.push((key, label, true));
        }
        options.sort_by_cached_key(|(_, label, _)| LabelSortKey::of(label));
        Select { name, label, none, options }
    };
    let kind = list.kind.map(|kind| (kind_word(kind).to_owned(), kind_label(kind).to_owned()));
    let language = list.language.as_ref().map(|tag| (tag.clone(), language::name(tag)));
    vec![
        select("topic", "Topic", "Any topic", Field::Topics, None),
        select("place", "Country", "Any country", Field::Countries, None),
        select("kind", "Kind", "Any kind", Field::Kinds, kind),
        select("language", "Language", "Any language", Field::Languages, language),
    ]
}

/// Returns what the form keeps: chosen topics and places, and the choices that are links.
fn hidden(query: &DashboardQuery) -> Vec<(&'static str, String)> {
    let mut hidden = Vec::new();
    query.list.topics.iter().for_each(|slug| hidden.push(("topic", slug.clone())));
    query.list.places.iter().for_each(|slug| hidden.push(("place", slug.clone())));
    hidden.extend(query.period.map(|period| ("period", period.word().to_owned())));
    hidden.push(("compare", query.comparison.word().to_owned()));
    let interval = INTERVALS.iter().find(|(interval, ..)| Some(*interval) == query.interval);
    hidden.extend(interval.map(|(_, word, _)| ("interval", (*word).to_owned())));
    hidden.extend((query.list.by == DateField::PublishedAt).then(|| ("by", "published".to_owned())));
    hidden
}

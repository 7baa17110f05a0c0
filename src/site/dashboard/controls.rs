//! Period, comparison, interval and filters of a dashboard, as links and as a form.

use super::{
    panels::facet::{Field, value},
    period::{Comparison, Period},
    query::{DashboardQuery, INTERVALS},
    report::Report,
};
use crate::{
    catalog::DateField,
    site::view::filters::{ActiveFilter, active},
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
    /// Links.
    pub choices: Vec<Choice>,
    /// The chosen filters, with links that remove them.
    pub filters: Vec<ActiveFilter>,
    /// The first day.
    pub from: String,
    /// The last day.
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
    Controls {
        choices: vec![periods(report), comparisons(report), intervals(report), date_fields(report)],
        filters,
        from: report.days.from.to_string(),
        until: report.days.until.to_string(),
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
    choice(report, "Period", values, &report.query.period, |query, period| {
        query.period = period;
        query.list = query.list.without_dates();
    })
}

fn comparisons(report: &Report<'_>) -> Choice {
    let values = Comparison::ALL.map(|comparison| (comparison.label(), comparison));
    choice(report, "Compare with", values, &report.query.comparison, |query, comparison| query.comparison = comparison)
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
    let chosen_kind = list.kind.map(crate::site::list_query::kind_word);
    let select = |name, label, none, field: Field, chosen: Option<&str>| {
        let buckets = field.facet(&report.all, MAX_OPTIONS).buckets;
        let values = buckets.iter().map(|bucket| value(report, field, bucket.value));
        let mut options: Vec<(String, String, bool)> =
            values.map(|value| (value.key.clone(), value.label, chosen == Some(value.key.as_str()))).collect();
        options.sort_by_cached_key(|(_, label, _)| crate::catalog::LabelSortKey::of(label));
        Select { name, label, none, options }
    };
    vec![
        select("topic", "Add a topic", "None", Field::Topics, None),
        select("place", "Add a country", "None", Field::Countries, None),
        select("kind", "Kind", "All kinds", Field::Kinds, chosen_kind),
        select("language", "Language", "All languages", Field::Languages, list.language.as_deref()),
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

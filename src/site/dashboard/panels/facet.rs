//! Releases by topic, country, kind or language.

use std::collections::HashMap;

use entity::release::ReleaseKind;
use serde_json::json;

use crate::{
    catalog::{Bucket, Facet, kind_label},
    site::{
        charts::{
            bars::{Bar, bars},
            drawing::Drawing,
        },
        dashboard::{
            field::Field,
            graphql_query::{GraphqlQuery, QueryBuilder},
            panel::{Extent, Panel},
            report::Report,
        },
        list_query::{Conditions, ListQuery, kind_word},
        tables::dataset::{Cell, Column, Dataset, Value, change_text, percent},
        view::{language, text},
    },
};

/// Maximum number of bars of a chart.
const MAX_BARS: usize = 12;

/// Number of values that the query for the numbers before returns: the most that the API returns.
const MAX_QUERIED: usize = 200;

/// A value of a facet, for readers.
pub struct FacetValue {
    /// Slug, kind or language tag.
    pub key: String,
    /// Name for readers.
    pub label: String,
    /// Language of the name, if it is not that of the page.
    pub lang: Option<String>,
}

/// Returns what readers see of a value.
pub fn value(report: &Report<'_>, field: Field, value: u32) -> FacetValue {
    let view = report.visit.view();
    let names = Some(report.visit.language().to_owned());
    match field {
        Field::Topics => {
            let topic = view.topics().get(value);
            FacetValue { key: topic.slug.clone(), label: topic.name.clone(), lang: names }
        }
        Field::Countries | Field::Places => {
            let place = view.places().get(value);
            FacetValue { key: place.slug.clone(), label: place.name.clone(), lang: names }
        }
        Field::Kinds => {
            let kind = kind(value);
            FacetValue { key: kind_word(kind).to_owned(), label: kind_label(kind).to_owned(), lang: None }
        }
        Field::Languages => {
            let tag = view.language(value);
            FacetValue {
                key: tag.to_owned(),
                label: language::name(tag),
                lang: Some(language::speech_language(tag).to_owned()),
            }
        }
    }
}

fn kind(value: u32) -> ReleaseKind {
    ReleaseKind::ALL.get(value as usize).copied().unwrap_or(ReleaseKind::PressRelease)
}

/// Adds the condition that releases have exactly this value, as the facet counts it.
pub fn narrow(report: &Report<'_>, list: &mut ListQuery, field: Field, number: u32) {
    let FacetValue { key, .. } = value(report, field, number);
    let add = |slugs: &mut Vec<String>| {
        if !slugs.contains(&key) {
            slugs.push(key.clone());
            slugs.sort_unstable();
        }
    };
    match field {
        Field::Topics => add(&mut list.topics),
        Field::Countries => add(&mut list.places),
        Field::Places => {
            Conditions::add(list, json!({ "places": { "any": [{ "slug": key }], "includeWithin": false } }));
        }
        Field::Kinds => list.kind = Some(kind(number)),
        Field::Languages => {
            // A filter by `pt` also matches `pt-BR`, which is another value.
            let prefix = format!("{key}-");
            let narrower: Vec<&String> = report.languages.iter().filter(|tag| tag.starts_with(&prefix)).collect();
            if !narrower.is_empty() {
                Conditions::add(list, json!({ "not": { "languages": narrower } }));
            }
            list.language = Some(key);
        }
    }
}

/// Returns the panel.
pub fn panel(report: &Report<'_>, field: Field, extent: Extent) -> Panel {
    let facet = field.facet(&report.current, extent.limit(MAX_BARS, usize::MAX));
    let before: Option<HashMap<u32, u64>> = report.before.as_ref().map(|(_, set)| {
        let buckets = field.facet(set, usize::MAX).buckets;
        buckets.into_iter().map(|bucket| (bucket.value, bucket.count)).collect()
    });
    let (title, _, plural) = field.words();
    let finding = finding(report, field, &facet);
    let line = report.line_text().map(|days| format!("{days}; in brackets: the change"));
    let line = line.filter(|_| before.as_ref().is_some_and(|before| !before.is_empty()));
    let chart = extent.drawing().filter(|_| !facet.buckets.is_empty()).map(|drawing| {
        let bars_of = facet.buckets.iter().map(|bucket| bar(report, field, bucket, before.as_ref()));
        let caption = report.caption(title, &finding, (line.clone(), None));
        bars(&bars_of.collect::<Vec<_>>(), field.id(), &caption, drawing)
    });
    let mut notes = Vec::new();
    let shown = facet.buckets.len() as u64;
    if shown > 0 && facet.overlapping() {
        notes.push(match field {
            Field::Topics => "A release counts for each of its topics and for broader ones.".to_owned(),
            _ => format!("A release counts for each of its {plural}."),
        });
    }
    if facet.distinct_values > shown && extent == Extent::Chart(Drawing::Page) {
        notes.push(format!("The CSV file has {} more {plural}.", text::number(facet.distinct_values - shown)));
    }
    if facet.missing() > 0 && shown > 0 {
        let verb = if facet.missing() == 1 { "has" } else { "have" };
        notes.push(format!("{} {verb} no {}.", text::count(facet.missing(), "release"), field.words().1));
    }
    Panel {
        id: field.id(),
        title: title.to_owned(),
        finding,
        line,
        hatched: None,
        chart,
        table: table(report, field, &facet, before.as_ref().filter(|_| report.before.is_some()), extent),
        notes,
        csv: format!("/facets.csv{}", report.query.file_query("field", field.id())),
        query: Some(query(report, field)),
    }
}

fn bar(report: &Report<'_>, field: Field, bucket: &Bucket, before: Option<&HashMap<u32, u64>>) -> Bar {
    let FacetValue { label, lang, .. } = value(report, field, bucket.value);
    let before = before.map(|before| before.get(&bucket.value).copied().unwrap_or(0));
    let mut name = format!("{}: {}", text::isolated(&label), text::count(bucket.count, "release"));
    let mut number = text::number(bucket.count);
    if let Some(before) = before {
        name += &format!("; before: {}", text::number(before));
        number += &format!(" ({})", change_text(bucket.count as i64 - before as i64));
    }
    Bar {
        label,
        lang,
        value: bucket.count as f64,
        before: before.map(|before| before as f64),
        text: number,
        name,
        href: report.narrowed_href(|list| narrow(report, list, field, bucket.value)),
    }
}

fn finding(report: &Report<'_>, field: Field, facet: &Facet) -> String {
    let (_, singular, plural) = field.words();
    let total = facet.set().count();
    let Some(first) = facet.buckets.first() else {
        return if total == 0 { "No releases.".to_owned() } else { format!("No release has a {singular}.") };
    };
    let label = text::isolated(&value(report, field, first.value).label);
    let of_total = format!("{} of {}", text::number(first.count), text::count(total, "release"));
    let equal = facet.buckets.iter().filter(|bucket| bucket.count == first.count).count() as u64;
    if facet.distinct_values == 1 {
        format!("{label} is the only {singular}: {of_total}.")
    } else if equal > 1 {
        // More than the buckets that are returned may be equal.
        let at_least =
            if equal == facet.buckets.len() as u64 && equal < facet.distinct_values { "At least " } else { "" };
        format!("{at_least}{equal} {plural} have most releases: {of_total} each.")
    } else {
        let values = text::number(facet.distinct_values);
        format!("{label} is the most frequent of {values} {plural}: {of_total} ({}).", percent(facet.share(first)))
    }
}

/// Returns the table. A file has the values that only the earlier period has, too.
fn table(
    report: &Report<'_>,
    field: Field,
    facet: &Facet,
    before: Option<&HashMap<u32, u64>>,
    extent: Extent,
) -> Dataset {
    let (_, singular, _) = field.words();
    let mut heading = singular.to_owned();
    heading[..1].make_ascii_uppercase();
    let mut columns = vec![
        Column::in_files("value"),
        Column::new("label", heading),
        Column::new("count", "Releases"),
        Column::new("share", "Share"),
    ];
    let mut buckets = facet.buckets.clone();
    if let Some(before) = before {
        columns.extend([Column::new("before", "Earlier"), Column::new("change", "Change")]);
        if extent == Extent::All {
            let is_gone = |value: &u32| !facet.buckets.iter().any(|bucket| bucket.value == *value);
            let mut gone: Vec<u32> = before.keys().copied().filter(is_gone).collect();
            gone.sort_unstable_by_key(|value| (std::cmp::Reverse(before[value]), *value));
            buckets.extend(gone.into_iter().map(|value| Bucket { value, count: 0, selected: false }));
        }
    }
    let row = |bucket: &Bucket| {
        let FacetValue { key, label, lang } = value(report, field, bucket.value);
        let list = |days, count: u64| {
            if count == 0 { None } else { report.list_href(days, |list| narrow(report, list, field, bucket.value)) }
        };
        let mut row = vec![
            Cell::text(key),
            Cell::text(label).in_language(lang),
            Cell::count(bucket.count).link(list(report.days, bucket.count)),
            Value::Share(facet.share(bucket)).into(),
        ];
        if let Some((before, (days, _))) = before.zip(report.before.as_ref()) {
            let before = before.get(&bucket.value).copied().unwrap_or(0);
            row.push(Cell::count(before).link(list(*days, before)));
            row.push(Value::Change(bucket.count as i64 - before as i64).into());
        }
        row
    };
    Dataset { columns, rows: buckets.iter().map(row).collect() }
}

fn query(report: &Report<'_>, field: Field) -> GraphqlQuery {
    let mut query = QueryBuilder::new(report);
    let current = query.arguments("filter", Some(report.days));
    let mut name = field.words().2.to_owned();
    name[..1].make_ascii_uppercase();
    let mut fields = vec![format!(
        "current: releaseStats({current}) {{ count facets {{ {} {{ buckets {{ key label count share }} distinctValues missing \
         }} }} asOf {{ at }} }}",
        field.of_api(MAX_BARS)
    )];
    if let Some((days, _)) = &report.before {
        let before = query.arguments("filterBefore", Some(*days));
        let facet = field.of_api(MAX_QUERIED);
        fields.push(format!(
            "before: releaseStats({before}) {{ count facets {{ {facet} {{ buckets {{ key label count }} }} }} }}"
        ));
    }
    query.finish(&name, &fields)
}

//! Releases by topic, country, kind or language.

use std::collections::HashMap;

use entity::{place::PlaceKind, release::ReleaseKind};
use serde_json::json;

use crate::{
    catalog::{Bucket, Facet, FacetField, FacetRequest, FacetScope, PlaceRoleFilter, ReleaseSet, kind_label},
    site::{
        charts::bars::{Bar, bars},
        dashboard::{
            graphql_query::{GraphqlQuery, QueryBuilder},
            panel::{Extent, Panel},
            report::Report,
        },
        list_query::{Conditions, ListQuery, kind_word},
        tables::dataset::{Cell, Column, Dataset, Value, percent},
        view::{language, text},
    },
};

/// Maximum number of bars of a chart.
const MAX_BARS: usize = 12;

/// Number of values that the query for the numbers before returns: the most that the API returns.
const MAX_QUERIED: usize = 200;

/// The field that a panel counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// By topic. A release also counts for broader topics.
    Topics,
    /// By country, with the places within it.
    Countries,
    /// By place, without the places within it.
    Places,
    /// By kind.
    Kinds,
    /// By language.
    Languages,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 5] = [Self::Topics, Self::Countries, Self::Places, Self::Kinds, Self::Languages];

    /// Returns the name of the field in addresses.
    pub fn id(self) -> &'static str {
        match self {
            Self::Topics => "topics",
            Self::Countries => "countries",
            Self::Places => "places",
            Self::Kinds => "kinds",
            Self::Languages => "languages",
        }
    }

    /// Returns the title of the panel, the name of one value, and that of several.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Topics => ("Topics", "topic", "topics"),
            Self::Countries => ("Countries", "country", "countries"),
            Self::Places => ("Places", "place", "places"),
            Self::Kinds => ("Kinds", "kind", "kinds"),
            Self::Languages => ("Languages", "language", "languages"),
        }
    }

    /// Returns the field of the catalog.
    pub fn of_catalog(self) -> FacetField {
        match self {
            Self::Topics => FacetField::Topics { roll_up: true, under: None },
            Self::Countries => FacetField::Places { level: Some(PlaceKind::Country), role: PlaceRoleFilter::Any },
            Self::Places => FacetField::Places { level: None, role: PlaceRoleFilter::Any },
            Self::Kinds => FacetField::Kinds,
            Self::Languages => FacetField::Languages,
        }
    }

    /// Returns the facet of a set.
    pub fn facet(self, set: &ReleaseSet, first: usize) -> Facet {
        set.facet(&FacetRequest {
            field: self.of_catalog(),
            first,
            scope: FacetScope::AllFilters,
            min_count: 1,
            order: Vec::new(),
            label_contains: None,
        })
    }

    /// Returns the field of `ReleaseFacets` in the API with its argument.
    pub fn of_api(self, first: usize) -> String {
        let level = if self == Self::Countries { ", level: COUNTRY" } else { "" };
        let field = match self {
            Self::Countries => "places",
            field => field.id(),
        };
        format!("{field}(input: {{first: {first}, scope: ALL_FILTERS{level}}})")
    }
}

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
            let buckets = field.facet(&report.current, usize::MAX).buckets;
            let tags = buckets.iter().map(|bucket| report.visit.view().language(bucket.value).to_owned());
            let narrower: Vec<String> = tags.filter(|tag| tag.starts_with(&prefix)).collect();
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
    let count_before = |bucket: &Bucket| before.as_ref().map(|before| before.get(&bucket.value).copied().unwrap_or(0));
    let (title, _, plural) = field.words();
    let finding = finding(report, field, &facet);
    let chart = extent.drawing().filter(|_| !facet.buckets.is_empty()).map(|drawing| {
        let bars_of = facet.buckets.iter().map(|bucket| bar(report, field, bucket, count_before(bucket)));
        bars(&bars_of.collect::<Vec<_>>(), field.id(), &format!("{title}: {finding}"), drawing)
    });
    let mut notes = Vec::new();
    let shown = facet.buckets.len() as u64;
    if facet.distinct_values > shown {
        let more = facet.distinct_values - shown;
        notes.push(format!("{} more {plural} are in the CSV file.", text::number(more)));
    }
    if facet.missing() > 0 && shown > 0 {
        notes.push(format!("{} without {plural}.", text::count(facet.missing(), "release")));
    }
    Panel {
        id: field.id(),
        title: title.to_owned(),
        finding,
        line: report.line_text().filter(|_| chart.is_some()),
        hatched: None,
        chart,
        table: table(report, field, &facet, count_before),
        notes,
        csv: format!("/facets.csv{}", report.query.file_query("field", field.id())),
        query: query(report, field),
    }
}

fn bar(report: &Report<'_>, field: Field, bucket: &Bucket, before: Option<u64>) -> Bar {
    let FacetValue { label, lang, .. } = value(report, field, bucket.value);
    let narrowed = report.query.with(|list| narrow(report, list, field, bucket.value));
    let mut name = format!("{}: {}", text::isolated(&label), text::count(bucket.count, "release"));
    if let Some(before) = before {
        name += &format!("; {} before", text::number(before));
    }
    Bar {
        label,
        lang,
        value: bucket.count as f64,
        before: before.map(|before| before as f64),
        text: text::number(bucket.count),
        name,
        href: (narrowed != report.query).then(|| report.href(&narrowed)),
    }
}

fn finding(report: &Report<'_>, field: Field, facet: &Facet) -> String {
    let (_, singular, plural) = field.words();
    let Some(first) = facet.buckets.first() else {
        return match report.current.count() {
            0 => "No releases.".to_owned(),
            _ => format!("No release has a {singular}."),
        };
    };
    let label = text::isolated(&value(report, field, first.value).label);
    let total = facet.set().count();
    if facet.distinct_values == 1 {
        return format!(
            "{label} is the only {singular}: {} of {}.",
            text::number(first.count),
            text::count(total, "release")
        );
    }
    let overlap = match field {
        Field::Topics => " A release counts for each of its topics and for broader ones.",
        Field::Countries | Field::Places => " A release counts for each of its places.",
        Field::Kinds | Field::Languages => "",
    };
    format!(
        "{label} comes first of {} {plural}, with {} of {} ({}).{overlap}",
        text::number(facet.distinct_values),
        text::number(first.count),
        text::count(total, "release"),
        percent(facet.share(first))
    )
}

fn table(report: &Report<'_>, field: Field, facet: &Facet, count_before: impl Fn(&Bucket) -> Option<u64>) -> Dataset {
    let (_, singular, _) = field.words();
    let mut heading = singular.to_owned();
    heading[..1].make_ascii_uppercase();
    let mut columns = vec![
        Column::in_files("value"),
        Column::new("label", heading),
        Column::new("count", "Releases"),
        Column::new("share", "Share"),
    ];
    let has_before = report.before.is_some();
    if has_before {
        columns.extend([Column::new("before", "Before"), Column::new("change", "Change")]);
    }
    let row = |bucket: &Bucket| {
        let FacetValue { key, label, lang } = value(report, field, bucket.value);
        let list = |days| report.list_href(days, |list| narrow(report, list, field, bucket.value));
        let mut row = vec![
            Cell::text(key),
            Cell::text(label).in_language(lang),
            Cell::count(bucket.count).link(Some(list(report.days))),
            Value::Share(facet.share(bucket)).into(),
        ];
        if let Some((before, (days, _))) = count_before(bucket).zip(report.before.as_ref()) {
            row.push(Cell::count(before).link((before > 0).then(|| list(*days))));
            row.push(Value::Change(bucket.count as i64 - before as i64).into());
        }
        row
    };
    Dataset { columns, rows: facet.buckets.iter().map(row).collect() }
}

fn query(report: &Report<'_>, field: Field) -> GraphqlQuery {
    let mut query = QueryBuilder::new(report);
    let current = query.arguments("filter", Some(report.days));
    let name = field.words().0;
    let first = if matches!(field, Field::Topics | Field::Countries | Field::Places) { MAX_BARS } else { MAX_QUERIED };
    let mut fields = vec![format!(
        "current: releaseStats({current}) {{ count facets {{ {} {{ buckets {{ key label count share }} distinctValues missing \
         }} }} asOf {{ at }} }}",
        field.of_api(first)
    )];
    if let Some((days, _)) = &report.before {
        let before = query.arguments("filterBefore", Some(*days));
        let facet = field.of_api(MAX_QUERIED);
        fields.push(format!(
            "before: releaseStats({before}) {{ count facets {{ {facet} {{ buckets {{ key label count }} }} }} }}"
        ));
    }
    query.finish(name, &fields)
}

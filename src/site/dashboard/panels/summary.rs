//! The number of releases of the period, and of their topics, countries and languages.

use crate::{
    catalog::ReleaseSet,
    site::{
        dashboard::{
            field::Field,
            graphql_query::{GraphqlQuery, QueryBuilder},
            panel::Panel,
            query::FILE,
            report::Report,
        },
        tables::dataset::{Cell, Column, Dataset, Value},
    },
};

/// Name of the panel in addresses.
pub const ID: &str = "summary";

/// Returns the panel. It has no chart: its table is shown.
pub fn panel(report: &Report<'_>) -> Panel {
    let distinct = |set: &ReleaseSet, field: Field| field.facet(set, 1).distinct_values;
    let measures = |set: &ReleaseSet| {
        [
            ("releases", "Releases", set.count()),
            ("topics", "Topics", distinct(set, Field::Topics)),
            ("countries", "Countries", distinct(set, Field::Countries)),
            ("languages", "Languages", distinct(set, Field::Languages)),
        ]
    };
    let before = report.before.as_ref().map(|(days, set)| (*days, measures(set)));
    let mut columns =
        vec![Column::in_files("measure"), Column::new("label", "Number of"), Column::new("count", "This period")];
    if before.is_some() {
        columns.extend([Column::new("before", "Earlier"), Column::new("change", "Change"), Column::in_files("ratio")]);
    }
    let rows = measures(&report.current).into_iter().enumerate().map(|(index, (key, label, count))| {
        let list = |days| if index == 0 { report.list_href(days, |_| {}) } else { None };
        let mut row = vec![Cell::text(key), Cell::text(label), Cell::count(count).link(list(report.days))];
        if let Some((days, before)) = &before {
            let before = before[index].2;
            row.push(Cell::count(before).link(list(*days)));
            row.push(Value::Change(count as i64 - before as i64).into());
            row.push(if before == 0 { Value::Missing } else { Value::Decimal(count as f64 / before as f64) }.into());
        }
        row
    });
    Panel {
        id: ID,
        title: "In numbers".to_owned(),
        finding: report.line_text().map_or_else(String::new, |days| format!("Compared with {days}.")),
        chart: None,
        line: None,
        hatched: None,
        table: Dataset { columns, rows: rows.collect() },
        notes: Vec::new(),
        csv: format!("/comparison.csv{}", report.query.to_query(FILE)),
        query: Some(query(report)),
    }
}

fn query(report: &Report<'_>) -> GraphqlQuery {
    let mut query = QueryBuilder::new(report);
    let fields = [Field::Topics, Field::Countries, Field::Languages]
        .map(|field| format!("{}: {} {{ distinctValues }}", field.id(), field.of_api(1)))
        .join(" ");
    let current = query.arguments("filter", Some(report.days));
    let mut lines = vec![format!("current: releaseStats({current}) {{ count facets {{ {fields} }} asOf {{ at }} }}")];
    if let Some((days, _)) = &report.before {
        let before = query.arguments("filterBefore", Some(*days));
        lines.push(format!("before: releaseStats({before}) {{ count facets {{ {fields} }} }}"));
    }
    query.finish("Summary", &lines)
}

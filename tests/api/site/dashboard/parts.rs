//! Reads the parts of a dashboard page.

use serde_json::Value;

use crate::{
    harness::{Caller, TestServer},
    site::{between, unescape},
};

/// A cell of a table: its text and the address that it links to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) href: Option<String>,
}

/// Returns the section of a panel.
pub(crate) fn panel<'a>(page: &'a str, id: &str) -> &'a str {
    between(page, &format!("<section class=\"panel panel-{id}\""), "</section>")
}

/// Returns the rows of the table of a panel. There are none if the panel has no table.
pub(crate) fn rows(panel: &str) -> Vec<Vec<Cell>> {
    let Some(at) = panel.find("<tbody>") else { return Vec::new() };
    let body = &panel[at..panel.find("</tbody>").unwrap()];
    let cells = |row: &str| {
        let starts = row.match_indices("<t").filter(|(at, _)| row[at + 2..].starts_with(['d', 'h']));
        starts.map(|(at, _)| cell(&row[at..])).collect()
    };
    body.split("<tr>").skip(1).map(cells).collect()
}

fn cell(text: &str) -> Cell {
    let end = text.find("</td>").into_iter().chain(text.find("</th>")).min().unwrap();
    let inner = &text[text.find('>').unwrap() + 1..end];
    let href = inner.contains("<a ").then(|| unescape(between(inner, "href=\"", "\"")));
    let mut plain = String::new();
    let mut is_tag = false;
    for c in inner.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => plain.push(c),
            _ => {}
        }
    }
    Cell { text: unescape(&plain), href }
}

/// Returns the number in a cell.
pub(crate) fn number(cell: &Cell) -> i64 {
    let text = cell.text.replace(',', "").replace('\u{2212}', "-").replace('+', "");
    text.parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}

/// Runs the GraphQL query of a panel as the page shows it, and returns the data.
pub(crate) async fn queried(server: &TestServer, page: &str, id: &str) -> Value {
    let code = |part: &str| unescape(between(page, &format!("id=\"{id}-{part}\"><code>"), "</code>"));
    let variables = serde_json::from_str(&code("variables")).unwrap();
    server.data(Caller::Public, &code("query"), variables).await
}

/// Returns the records of a CSV file after its header, as maps from column to value.
pub(crate) fn records(csv: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let record = |record: csv::StringRecord| {
        assert_eq!(record.len(), headers.len());
        headers.iter().zip(record.iter()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    reader.records().map(|found| record(found.unwrap())).collect()
}

//! The GraphQL query that returns the numbers of a chart.

use serde_json::{Map, Value, json};

use super::{period::DayRange, query::INTERVALS, report::Report};
use crate::catalog::DateField;

/// A GraphQL query with its variables.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphqlQuery {
    /// The query.
    pub text: String,
    /// The variables: a JSON object.
    pub variables: Value,
}

/// Builds a query whose variables are the search, the filters and the dates of a dashboard.
pub struct QueryBuilder<'a> {
    report: &'a Report<'a>,
    declarations: Vec<String>,
    variables: Map<String, Value>,
}

impl<'a> QueryBuilder<'a> {
    /// Starts a query.
    pub fn new(report: &'a Report<'a>) -> Self {
        Self { report, declarations: Vec::new(), variables: Map::new() }
    }

    /// Declares a variable and sets its value.
    pub fn variable(&mut self, name: &str, declared_type: &str, value: Value) {
        if self.variables.insert(name.to_owned(), value).is_none() {
            self.declarations.push(format!("${name}: {declared_type}"));
        }
    }

    /// Returns the arguments of `releaseStats` for the releases of some days. `name` is that of the variable for the
    /// filter.
    pub fn arguments(&mut self, name: &str, days: Option<DayRange>) -> String {
        let report = self.report;
        let list = match days {
            Some(days) => report.query.list.between(days.from, days.until),
            None => report.query.list.without_dates(),
        };
        let mut arguments = String::new();
        if let Some(text) = &list.text {
            self.variable("search", "ReleaseSearch", json!({ "text": text }));
            arguments += "search: $search, ";
        }
        self.variable(name, "ReleaseFilter", list.api_filter(report.visit));
        arguments + &format!("filter: ${name}")
    }

    /// Returns the field `timeline` for some days. `name` is that of the variable for the days.
    pub fn timeline(&mut self, name: &str, days: DayRange) -> String {
        let report = self.report;
        let interval = INTERVALS.iter().find(|(interval, ..)| *interval == report.interval());
        let interval = interval.map(|(_, word, _)| word.to_ascii_uppercase());
        self.variable("interval", "TimeInterval!", json!(interval));
        self.variable("timeZone", "TimeZone!", json!(report.zone.name()));
        let field = match report.query.list.by {
            DateField::ReleaseDate => "RELEASE_DATE",
            DateField::PublishedAt => "PUBLISHED_AT",
        };
        self.variable("dateField", "ReleaseDateField!", json!(field));
        self.variable(name, "DateRange", json!({ "from": days.from.to_string(), "until": days.until.to_string() }));
        format!(
            "timeline(interval: $interval, timeZone: $timeZone, dateField: $dateField, range: ${name}) {{ points {{ label start \
             end count cumulative complete }} }}"
        )
    }

    /// Finishes the query. `name` is that of the operation, and `fields` its selection.
    pub fn finish(self, name: &str, fields: &[String]) -> GraphqlQuery {
        let declarations = self.declarations.join("\n  ");
        let declarations = if declarations.is_empty() { declarations } else { format!("(\n  {declarations}\n)") };
        let text = format!("query {name}{declarations} {}\n", indented(&format!("{{ {} }}", fields.join(" "))));
        GraphqlQuery { text, variables: Value::Object(self.variables) }
    }
}

/// Writes each field of a selection on a line of its own. The selection has no strings.
fn indented(selection: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut parentheses) = (0_usize, 0_usize);
    let mut words = selection.split(' ').peekable();
    while let Some(word) = words.next() {
        parentheses = parentheses + word.matches('(').count() - word.matches(')').count();
        text += word;
        let next = words.peek().copied().unwrap_or_default();
        depth = if word == "{" { depth + 1 } else { depth };
        depth = if next == "}" { depth.saturating_sub(1) } else { depth };
        let is_same_line = parentheses > 0 || next == "{" || word.ends_with(':');
        match next {
            "" => {}
            _ if is_same_line => text.push(' '),
            _ => text += &format!("\n{}", "  ".repeat(depth)),
        }
    }
    text
}

impl GraphqlQuery {
    /// Returns the variables as text with line breaks.
    pub fn variables_text(&self) -> String {
        format!("{:#}", self.variables)
    }

    /// Returns the address of the page for queries with this query.
    pub fn page(&self) -> String {
        let state = json!([self.text, self.variables]).to_string();
        let encoded: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
        // A fragment is decoded as a URI component, where a plus is a plus.
        format!("/graphiql#{}", encoded.replace('+', "%20"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_has_one_field_on_each_line() {
        let text = indented("{ a: b(c: $c, d: {e: 1, f: G}) { h i { j } } k }");
        assert_eq!(text, "{\n  a: b(c: $c, d: {e: 1, f: G}) {\n    h\n    i {\n      j\n    }\n  }\n  k\n}");
    }
}

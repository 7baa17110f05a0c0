//! A table with typed cells. Pages print it for readers, and CSV files for programs.

use crate::site::view::text;

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows. Each has one cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name in files: lower case with underscores. `None`: only pages have the column.
    pub key: Option<&'static str>,
    /// Title on pages. `None`: only files have the column.
    pub title: Option<String>,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The value.
    pub value: Value,
    /// Where a click leads.
    pub href: Option<String>,
    /// Language of a text, if it is not that of the page.
    pub lang: Option<String>,
}

/// A value in a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number of things.
    Count(u64),
    /// A difference of two numbers.
    Change(i64),
    /// A number with decimals.
    Decimal(f64),
    /// A fraction of a whole, 0 to 1.
    Share(f64),
    /// Yes or no.
    Flag(bool),
    /// No value.
    Missing,
}

impl Column {
    /// Creates a column.
    pub fn new(key: &'static str, title: impl Into<String>) -> Self {
        Self { key: Some(key), title: Some(title.into()) }
    }

    /// Creates a column that only pages have.
    pub fn on_pages(title: impl Into<String>) -> Self {
        Self { key: None, title: Some(title.into()) }
    }

    /// Creates a column that only files have.
    pub fn in_files(key: &'static str) -> Self {
        Self { key: Some(key), title: None }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self { value, href: None, lang: None }
    }
}

impl Cell {
    /// Creates a cell with a text.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into()).into()
    }

    /// Creates a cell with a number of things.
    pub fn count(count: u64) -> Self {
        Value::Count(count).into()
    }

    /// Adds a link.
    #[must_use]
    pub fn link(self, href: Option<String>) -> Self {
        Self { href, ..self }
    }

    /// Sets the language of a text.
    #[must_use]
    pub fn in_language(self, lang: Option<String>) -> Self {
        Self { lang, ..self }
    }

    /// Returns the number for a program that writes it in another locale. `None` if the value is no number.
    pub fn number(&self) -> Option<String> {
        match self.value {
            Value::Count(count) => Some(count.to_string()),
            _ => None,
        }
    }

    /// Returns whether the value is a text, whose direction can differ from that of the page.
    pub fn is_text(&self) -> bool {
        matches!(self.value, Value::Text(_))
    }

    /// Returns the value for readers.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Count(count) => text::number(*count),
            Value::Change(change) => change_text(*change),
            Value::Decimal(number) => format!("{number:.1}"),
            Value::Share(share) => percent(*share),
            Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Value::Missing => "–".to_owned(),
        }
    }
}

impl Dataset {
    /// Returns the titles of the columns that pages show.
    pub fn titles(&self) -> impl Iterator<Item = &String> {
        self.columns.iter().filter_map(|column| column.title.as_ref())
    }

    /// Returns the cells of a row that pages show.
    pub fn shown<'a>(&'a self, row: &'a [Cell]) -> Vec<&'a Cell> {
        self.columns.iter().zip(row).filter(|(column, _)| column.title.is_some()).map(|(_, cell)| cell).collect()
    }
}

/// Returns a difference in words: `+12`, `−3`, `0`.
pub fn change_text(change: i64) -> String {
    let number = text::number(change.unsigned_abs());
    match change.signum() {
        1 => format!("+{number}"),
        // The minus sign, which screen readers read as such.
        -1 => format!("\u{2212}{number}"),
        _ => number,
    }
}

/// Returns a share in per cent, with one decimal: `41.2%`.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_for_readers() {
        let shown = |value: Value| Cell::from(value).shown();
        assert_eq!(shown(Value::Count(12_345)), "12,345");
        assert_eq!([12, 0, -1234].map(|change| shown(Value::Change(change))), ["+12", "0", "\u{2212}1,234"]);
        assert_eq!([0.0, 0.004, 0.412, 1.0].map(percent), ["0.0%", "0.4%", "41.2%", "100.0%"]);
    }
}

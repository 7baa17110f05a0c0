//! CSV as in RFC 4180: UTF-8, commas, records that end with CR LF, a header.
//!
//! A spreadsheet would run a text that looks like a formula. Such a text begins with an apostrophe (OWASP, "CSV
//! Injection"). Numbers are never changed, so a negative number stays a number.

use ::csv::{Terminator, Writer, WriterBuilder};

use super::dataset::{Cell, Dataset, Value};
use crate::site::{
    error::SiteError,
    parameters::{self, invalid},
};

/// Media type of CSV files.
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

/// The byte order mark. Excel reads a file as UTF-8 only if it begins with this mark.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Characters that begin a formula in a spreadsheet, in ASCII and in full width.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Writes records of CSV into memory.
#[derive(Debug)]
pub struct CsvWriter(Writer<Vec<u8>>);

impl CsvWriter {
    /// Creates a writer.
    pub fn new() -> Self {
        Self(WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new()))
    }

    /// Writes a header. Names of columns are not changed.
    pub fn header<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        // Writing into memory does not fail, and all records have the same length.
        let _ = self.0.write_record(names);
    }

    /// Writes a record.
    pub fn record<'a>(&mut self, values: impl IntoIterator<Item = &'a Value>) {
        let _ = self.0.write_record(values.into_iter().map(field));
    }

    /// Returns what was written.
    pub fn finish(self) -> String {
        self.0.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// Returns whether the parameter `bom` asks for a byte order mark. Fails if it is invalid or repeated.
pub fn has_mark(query_string: &str) -> Result<bool, SiteError> {
    let Some((name, value)) = parameters::read(query_string, &["bom"], &[])?.pop() else { return Ok(false) };
    let advice = "write true for a file that starts with a byte order mark, or false";
    value.parse().map_err(|_| invalid(&name, &value, advice))
}

/// Returns a table as CSV.
pub fn write(table: &Dataset) -> String {
    let mut csv = CsvWriter::new();
    csv.header(table.columns.iter().filter_map(|column| column.key));
    for row in &table.rows {
        let cells = table.columns.iter().zip(row).filter(|(column, _)| column.key.is_some());
        csv.record(cells.map(|(_, Cell { value, .. })| value));
    }
    csv.finish()
}

fn field(value: &Value) -> String {
    match value {
        Value::Text(text) if text.starts_with(FORMULA_STARTS) => format!("'{text}"),
        Value::Text(text) => text.clone(),
        Value::Count(count) => count.to_string(),
        Value::Change(change) => change.to_string(),
        Value::Decimal(number) => rounded(*number),
        Value::Share(share) => rounded(*share),
        Value::Flag(flag) => flag.to_string(),
        Value::Missing => String::new(),
    }
}

/// Returns a number with at most six decimals.
fn rounded(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::tables::dataset::Column;

    #[test]
    fn formulas_are_defused_and_numbers_are_kept() {
        let texts = ["=HYPERLINK(\"x\")", "+1", "-a", "@b", "\tc", "\rd", "＝e", "Genève, 北京", "2006-05-08", ""];
        let mut rows: Vec<Vec<Cell>> = texts.map(|text| vec![Cell::text(text), Value::Change(-12).into()]).into();
        rows.push(vec![Value::Missing.into(), Value::Share(0.25).into()]);
        let columns = vec![Column::new("label", "Label"), Column::new("change", "Change")];
        assert_eq!(
            write(&Dataset { columns, rows }),
            "label,change\r\n\"'=HYPERLINK(\"\"x\"\")\",-12\r\n'+1,-12\r\n'-a,-12\r\n'@b,-12\r\n'\tc,-12\r\n\"'\rd\",-12\r\n\
             '＝e,-12\r\n\"Genève, 北京\",-12\r\n2006-05-08,-12\r\n,-12\r\n,0.25\r\n"
        );
    }
}

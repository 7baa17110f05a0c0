//! Log of stored dates and instants out of the range 0001 to 9999, which are clamped while rows are read.
//!
//! Names up to 20 rows, so that an operator can repair them with `dateline check --repair`. The range is defined
//! in `date_range`.

use uuid::Uuid;

use crate::date_range::{OutOfRange, Ranged, Stored};

/// Maximum number of rows that are logged one by one.
const MAX_LOGGED_ROWS: usize = 20;

/// Values out of range that were read.
#[derive(Debug, Default)]
pub(super) struct OutOfRangeLog {
    rows: Vec<OutOfRange>,
    unlisted: u64,
}

/// The row that a value is read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowRef<'a> {
    pub(super) table: &'static str,
    pub(super) id: Uuid,
    pub(super) slug: &'a str,
}

impl OutOfRangeLog {
    /// Clamps a decoded value, and records it if it was out of range.
    pub(super) fn clamped<T: Ranged>(&mut self, row: RowRef<'_>, column: &'static str, stored: Stored<T>) -> T {
        if let Some(value) = stored.original {
            self.record(row, column, value.into());
        }
        stored.value
    }

    /// Clamps a value as read from a column, and records it if it was out of range.
    pub(super) fn clamped_value<T: Ranged>(&mut self, row: RowRef<'_>, column: &'static str, value: T) -> T {
        let clamped = value.clamped();
        if clamped != value {
            self.record(row, column, value.write());
        }
        clamped
    }

    fn record(&mut self, row: RowRef<'_>, column: &'static str, value: String) {
        if self.rows.len() == MAX_LOGGED_ROWS {
            self.unlisted += 1;
            return;
        }
        let id = row.id.simple().to_string();
        self.rows.push(OutOfRange { table: row.table, id, slug: Some(row.slug.to_owned()), column, value });
    }

    /// Writes the recorded values to the log.
    pub(super) fn log(&self) {
        const ADVICE: &str = "a stored date or instant is outside the years 0001 to 9999 and is read as the nearest end of that \
                              range: run `dateline check --repair`";
        for OutOfRange { table, id, slug, column, value } in &self.rows {
            let slug = slug.as_deref().unwrap_or_default();
            tracing::warn!(table, id, slug, column, value, "{ADVICE}");
        }
        if self.unlisted > 0 {
            tracing::warn!(
                more = self.unlisted,
                "more stored dates and instants are outside the years 0001 to 9999: run `dateline check --repair`"
            );
        }
    }
}

//! Collects and logs stored dates and instants outside the years 0001 to 9999. They are clamped when rows are read.
//!
//! Up to 20 values are logged one by one, with their rows. `dateline check --repair` repairs them. `date_range`
//! defines the supported years.

use uuid::Uuid;

use crate::date_range::{OutOfRange, Ranged, Stored};

/// Maximum number of values that are logged one by one.
const MAX_LOGGED_ROWS: usize = 20;

/// The stored values outside the years 0001 to 9999 that were read.
#[derive(Debug, Default)]
pub(super) struct OutOfRangeLog {
    rows: Vec<OutOfRange>,
    unlisted: u64,
}

/// The database row that a value was read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowRef<'a> {
    pub(super) table: &'static str,
    pub(super) id: Uuid,
    pub(super) slug: &'a str,
}

impl OutOfRangeLog {
    /// Returns the clamped value, and records the stored value if clamping changed it.
    pub(super) fn clamped<T: Ranged>(&mut self, row: RowRef<'_>, column: &'static str, stored: Stored<T>) -> T {
        if let Some(value) = stored.original {
            self.record(row, column, value.into());
        }
        stored.value
    }

    /// Clamps a value that was read from a typed column, and records it if clamping changed it.
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

    /// Writes the recorded values to the server log.
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

//! A list of releases as CSV, in parts: the memory that it takes does not depend on its length.
//!
//! The latest release date comes first, also with a search, because no index is sorted by relevance. All parts are of
//! one snapshot. A part begins after the last release of the part before (keyset pagination).

use chrono::{DateTime, SecondsFormat, Utc};
use entity::Noun;

use super::{
    csv::{BYTE_ORDER_MARK, CsvWriter, has_mark},
    dataset::Value,
};
use crate::{
    catalog::{Handle, NEWEST_FIRST, PageWindow, ReleaseSet, SortPosition},
    site::{content::ReleaseContent, error::SiteError, list::List, list_query::api_kind, visit::Visit},
};

/// Number of releases of a part.
const PART: usize = 500;

/// The columns.
const COLUMNS: [&str; 14] = [
    "id",
    "url",
    "headline",
    "subheadline",
    "summary",
    "kind",
    "language",
    "release_date",
    "first_published_at",
    "published_at",
    "modified_at",
    "dateline",
    "topics",
    "places",
];

/// The releases of a list that are still to be written.
#[derive(Debug)]
pub struct ReleaseRows {
    set: ReleaseSet,
    has_mark: bool,
    /// The last release that was written.
    after: Option<SortPosition>,
    is_started: bool,
    is_finished: bool,
}

impl ReleaseRows {
    /// Evaluates a query string. Fails if a parameter is invalid.
    pub async fn load(visit: &Visit<'_>, query_string: &str) -> Result<Self, SiteError> {
        let List { set, .. } = List::load(visit, query_string).await?;
        let has_mark = has_mark(query_string)?;
        Ok(Self { set, has_mark, after: None, is_started: false, is_finished: false })
    }

    /// Returns the next part. Returns `None` after the last one.
    pub async fn next(&mut self, visit: &Visit<'_>) -> Result<Option<String>, SiteError> {
        if self.is_finished {
            return Ok(None);
        }
        let window = PageWindow { size: PART, from_end: false, after: self.after.take(), before: None };
        let slice = self.set.slice(&NEWEST_FIRST, &window);
        self.after = slice.items.last().map(|item| self.set.sort_position(&NEWEST_FIRST, item));
        self.is_finished = !slice.has_next;
        let mut csv = CsvWriter::new();
        if !self.is_started {
            csv.header(COLUMNS);
        }
        let contents = ReleaseContent::load_texts(visit, &self.set, &slice.items).await?;
        contents.iter().for_each(|content| csv.record(&self.record(visit, content)));
        let mark = if self.has_mark && !self.is_started { BYTE_ORDER_MARK } else { "" };
        self.is_started = true;
        Ok(Some(format!("{mark}{}", csv.finish())))
    }

    fn record(&self, visit: &Visit<'_>, content: &ReleaseContent) -> [Value; COLUMNS.len()] {
        let view = self.set.snapshot();
        let item: &Handle = &content.item;
        let text = |text: &str| Value::Text(text.to_owned());
        let optional = |value: &Option<String>| value.as_deref().map_or(Value::Missing, text);
        let instant = |at: DateTime<Utc>| Value::Text(at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let slugs = |slugs: Vec<&str>| Value::Text(slugs.join(" "));
        let topics = item.topics().iter().map(|&number| view.topics().get(number).slug.as_str()).collect();
        let places =
            content.place_numbers().into_iter().map(|number| view.places().get(number).slug.as_str()).collect();
        [
            Value::Text(visit.newsroom.ids.encode(Noun::Release, item.id())),
            Value::Text(visit.links.public_release(item.slug())),
            text(content.headline()),
            optional(&content.row.subheadline),
            optional(&content.row.summary),
            Value::Text(api_kind(content.kind())),
            text(content.language()),
            Value::Text(content.date().to_string()),
            instant(content.first_published_at()),
            instant(content.published_at()),
            instant(content.modified_at()),
            content.dateline_place(view).map_or(Value::Missing, Value::Text),
            slugs(topics),
            slugs(places),
        ]
    }
}

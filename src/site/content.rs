//! A release with the texts, topics and places that pages and feeds show.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{correction, release::ReleaseKind, revision::Column};
use uuid::Uuid;

use super::{
    error::SiteError,
    links::{place_path, topic_path},
    view::{
        language::{direction, speech_language},
        text::excerpt,
    },
    visit::Visit,
};
use crate::{
    catalog::{Concept, Handle, ReleaseSet, View},
    newsroom::{
        reading::list::{FetchedRelease, Projection},
        release::{
            dateline,
            revision::{ColumnMask, RevisionRow, bodies},
        },
    },
};

/// Maximum length of a summary that is made from the body, in characters.
pub const EXCERPT: usize = 300;

/// The columns of a revision that pages show.
const COLUMNS: [Column; 5] =
    [Column::Headline, Column::Subheadline, Column::Summary, Column::DatelineText, Column::BodyMarkdown];

/// A topic or place of a release.
#[derive(Clone, Debug)]
pub struct ConceptLink {
    /// The name in the language of the release if there is one, otherwise in the default language.
    pub name: String,
    /// The path of its page.
    pub path: String,
    /// The URI in a public vocabulary.
    pub uri: Option<String>,
}

/// A release with its texts.
pub struct ReleaseContent {
    /// The release in the catalog.
    pub item: Handle,
    /// The texts, without the body.
    pub row: Arc<RevisionRow>,
    /// The body in Markdown.
    pub body: Option<Arc<str>>,
    /// Corrections, oldest first.
    pub corrections: Vec<correction::Model>,
}

impl ReleaseContent {
    /// Loads the texts of releases, in the given order, with their bodies and corrections.
    pub async fn load(visit: &Visit<'_>, set: &ReleaseSet, items: &[Handle]) -> Result<Vec<Self>, SiteError> {
        Self::load_columns(visit, set, items, &COLUMNS, true).await
    }

    /// Loads the texts of releases, in the given order, without bodies and corrections.
    pub async fn load_texts(visit: &Visit<'_>, set: &ReleaseSet, items: &[Handle]) -> Result<Vec<Self>, SiteError> {
        let columns = [Column::Headline, Column::Subheadline, Column::Summary, Column::DatelineText];
        Self::load_columns(visit, set, items, &columns, false).await
    }

    /// Loads the headlines of releases, in the given order.
    pub async fn load_headlines(visit: &Visit<'_>, set: &ReleaseSet, items: &[Handle]) -> Result<Vec<Self>, SiteError> {
        Self::load_columns(visit, set, items, &[Column::Headline], false).await
    }

    async fn load_columns(
        visit: &Visit<'_>,
        set: &ReleaseSet,
        items: &[Handle],
        columns: &[Column],
        corrections: bool,
    ) -> Result<Vec<Self>, SiteError> {
        let columns = columns.iter().copied().fold(ColumnMask::new(false), ColumnMask::with);
        let projection = Projection { fetch_rows: true, columns, corrections, ..Projection::default() };
        let fetched = visit.newsroom.fetch(set, items, projection).await?;
        let length = |release: &FetchedRelease| Some((release.revision.id, release.revision.unfetched_body?));
        let lengths: Vec<(Uuid, usize)> = fetched.iter().filter_map(length).collect();
        let mut fetched_bodies: HashMap<Uuid, Arc<str>> =
            if lengths.is_empty() { HashMap::new() } else { bodies(visit.newsroom, &lengths).await? };
        let content = |release: FetchedRelease| {
            let row = release.revision;
            let body = row.body_markdown.as_deref().map(Arc::from).or_else(|| fetched_bodies.remove(&row.id));
            Self { item: release.item, body, corrections: release.corrections, row }
        };
        Ok(fetched.into_iter().map(content).collect())
    }

    /// Returns the body as HTML, from the cache or newly rendered.
    pub async fn html(&self, visit: &Visit<'_>) -> Option<Arc<str>> {
        Some(visit.newsroom.renditions.html(self.row.id, self.body.as_ref()?, drop).await)
    }

    /// Returns the body as HTML for a page, on which the headline is the only first heading.
    pub async fn page_html(&self, visit: &Visit<'_>) -> Option<Arc<str>> {
        Some(visit.newsroom.renditions.page_html(self.row.id, self.body.as_ref()?, drop).await)
    }

    /// Returns the body as plain text, from the cache or newly rendered.
    pub async fn text(&self, visit: &Visit<'_>) -> Option<Arc<str>> {
        Some(visit.newsroom.renditions.text(self.row.id, self.body.as_ref()?, drop).await)
    }

    /// Returns the summary, or the start of the body if there is none.
    pub async fn summary(&self, visit: &Visit<'_>) -> Option<String> {
        match &self.row.summary {
            Some(summary) => Some(summary.clone()),
            None => self.text(visit).await.map(|text| excerpt(&text, EXCERPT)).filter(|text| !text.is_empty()),
        }
    }

    /// Returns the headline.
    pub fn headline(&self) -> &str {
        &self.row.headline
    }

    /// Returns the language (BCP 47).
    pub fn language(&self) -> &str {
        self.item.language()
    }

    /// Returns the value for the attribute `lang`.
    pub fn lang(&self) -> &str {
        speech_language(self.language())
    }

    /// Returns the direction of the text: `ltr` or `rtl`.
    pub fn dir(&self) -> &'static str {
        direction(self.language())
    }

    /// Returns the kind.
    pub fn kind(&self) -> ReleaseKind {
        self.item.kind()
    }

    /// Returns the calendar date printed on the release.
    pub fn date(&self) -> NaiveDate {
        self.item.release_date()
    }

    /// Returns when the release was last made public.
    pub fn published_at(&self) -> DateTime<Utc> {
        self.item.published_at().unwrap_or_else(|| self.item.modified_at())
    }

    /// Returns when the release was first public.
    pub fn first_published_at(&self) -> DateTime<Utc> {
        self.item.first_published_at().unwrap_or_else(|| self.published_at())
    }

    /// Returns when the content that readers see last changed.
    pub fn modified_at(&self) -> DateTime<Utc> {
        self.item.modified_at()
    }

    /// Returns the place of the dateline as printed.
    pub fn dateline_place(&self, view: &View) -> Option<String> {
        let names = self.item.dateline().iter().map(|&place| view.places().get(place).name_in(Some(self.language())));
        dateline::place_text(self.row.dateline_text.as_deref(), names)
    }

    /// Returns the dateline: place and date, as printed.
    pub fn dateline(&self, view: &View) -> Option<String> {
        let place = self.dateline_place(view)?;
        Some(dateline::text(&place, self.date(), self.language()))
    }

    /// Returns the topics.
    pub fn topics(&self, view: &View) -> Vec<ConceptLink> {
        let link = |&number: &u32| {
            let topic = view.topics().get(number);
            let name = topic.name_in(Some(self.language())).to_owned();
            ConceptLink { name, path: topic_path(&topic.slug), uri: topic.uri.clone() }
        };
        self.item.topics().iter().map(link).collect()
    }

    /// Returns the numbers of the places that the release is about and of those in its dateline, each once.
    pub fn place_numbers(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::new();
        for &number in self.item.about().iter().chain(self.item.dateline()) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }

    /// Returns the places that the release is about and those in its dateline, each once.
    pub fn places(&self, view: &View) -> Vec<ConceptLink> {
        let link = |number: u32| {
            let place = view.places().get(number);
            let name = place.name_in(Some(self.language())).to_owned();
            ConceptLink { name, path: place_path(&place.slug), uri: place.uri.clone() }
        };
        self.place_numbers().into_iter().map(link).collect()
    }
}

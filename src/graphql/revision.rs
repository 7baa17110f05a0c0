//! Versions of what releases say: the part that a live version and one being worked on share, body and dateline, and the
//! version being worked on as an object of its own.

use std::sync::Arc;

use async_graphql::Object;
use entity::revision;

use super::{
    direct::{Direct, Each},
    enums::ReleaseKind,
    place::Place,
    scalars::{Date, DateTime, LanguageTag, Slug},
    topic::Topic,
};
use crate::{
    catalog::Snapshot,
    newsroom::{body, dateline},
};

/// The part that a live version and one being worked on have in common.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) text: Arc<revision::Model>,
    pub(super) topics: Vec<u32>,
    pub(super) dateline: Vec<u32>,
    pub(super) about: Vec<u32>,
    pub(super) desk: bool,
}

impl Version {
    pub(super) fn topics(&self) -> Each<Topic> {
        self.topics.iter().map(|&number| Topic::new(self.snapshot.clone(), number)).collect()
    }

    pub(super) fn places(&self, numbers: &[u32]) -> Each<Place> {
        numbers.iter().map(|&number| Place::new(self.snapshot.clone(), number)).collect()
    }

    pub(super) fn body(&self) -> Option<Body> {
        self.text.body_markdown.clone().map(|markdown| Body { markdown })
    }

    pub(super) fn dateline(&self) -> Option<Direct<Dateline>> {
        let names = self.dateline.iter().map(|&number| self.snapshot.places().get(number).name.as_str());
        let place_text = dateline::place_text(self.text.dateline_text.as_deref(), names)?;
        Some(Direct(Dateline { version: self.clone(), place_text }))
    }

    pub(super) fn editorial_note(&self) -> Option<String> {
        self.text.editorial_note.clone().filter(|_| self.desk)
    }
}

/// A full text in three forms. Markdown is what was written; the others are made from it.
pub struct Body {
    markdown: String,
}

/// A full text in three forms. Markdown is what was written; the others are made from it.
#[Object(serial)]
impl Body {
    /// As written: CommonMark with tables, strikethrough and footnotes.
    async fn markdown(&self) -> &str {
        &self.markdown
    }

    /// As HTML, sanitised: no scripts, styles or frames, and links only to http, https and mailto.
    async fn html(&self) -> String {
        body::html(&self.markdown)
    }

    /// As plain text, paragraphs parted by a blank line.
    async fn text(&self) -> String {
        body::text(&self.markdown)
    }

    /// How many words the plain text has.
    async fn word_count(&self) -> usize {
        body::word_count(&body::text(&self.markdown))
    }
}

/// Where and when a release was filed.
pub struct Dateline {
    version: Version,
    place_text: String,
}

/// Where and when a release was filed.
#[Object(serial)]
impl Dateline {
    /// As printed: "PHNOM PENH, 8 May 2006".
    async fn text(&self) -> String {
        let text = &self.version.text;
        dateline::text(&self.place_text, text.release_date, &text.language)
    }

    /// The place part as printed: "PHNOM PENH".
    async fn place_text(&self) -> &str {
        &self.place_text
    }

    /// The places; none where only a text is known.
    async fn places(&self) -> Each<Place> {
        self.version.places(&self.version.dateline)
    }

    /// The date.
    async fn date(&self) -> Date {
        Date(self.version.text.release_date)
    }
}

/// One version of what a release says.
pub struct ReleaseRevision {
    pub(super) version: Version,
}

/// One version of what a release says.
#[Object(serial)]
impl ReleaseRevision {
    /// 1, 2, 3 … within the release.
    async fn number(&self) -> i32 {
        self.version.text.number
    }

    /// When it was written.
    async fn at(&self) -> DateTime {
        DateTime(self.version.text.created_at)
    }

    /// Who wrote it.
    async fn by(&self) -> &str {
        &self.version.text.created_by
    }

    /// The number of the version it was made from; null for the first.
    async fn based_on(&self) -> Option<i32> {
        self.version.text.based_on
    }

    /// The slug that the release gets when this version goes live.
    async fn slug(&self) -> Slug {
        Slug(self.version.text.slug.clone())
    }

    /// What sort of item it is.
    async fn kind(&self) -> ReleaseKind {
        self.version.text.kind.into()
    }

    /// The headline: one line.
    async fn headline(&self) -> &str {
        &self.version.text.headline
    }

    /// A second headline: one line.
    async fn subheadline(&self) -> Option<&str> {
        self.version.text.subheadline.as_deref()
    }

    /// A short text for lists; plain text.
    async fn summary(&self) -> Option<&str> {
        self.version.text.summary.as_deref()
    }

    /// The full text.
    async fn body(&self) -> Option<Body> {
        self.version.body()
    }

    /// The language it is written in.
    async fn language(&self) -> LanguageTag {
        LanguageTag(self.version.text.language.clone())
    }

    /// The calendar date printed on it.
    async fn release_date(&self) -> Date {
        Date(self.version.text.release_date)
    }

    /// Where and when it was filed, as printed; null where it names no place.
    async fn dateline(&self) -> Option<Direct<Dateline>> {
        self.version.dateline()
    }

    /// What it is about, in the editor's order.
    async fn topics(&self) -> Option<Each<Topic>> {
        Some(self.version.topics())
    }

    /// What places it is about, in the editor's order.
    async fn places(&self) -> Option<Each<Place>> {
        Some(self.version.places(&self.version.about))
    }

    /// A note that is never for print.
    async fn editorial_note(&self) -> Option<String> {
        self.version.editorial_note()
    }
}

//! The GraphQL types `ReleaseRevision`, `Body` and `Dateline`: the content of one revision of a release, and diffs.
//!
//! `Version` contains the fields that a release and its revisions share. Bodies are loaded on demand and charged to
//! the response budget. `newsroom::release::rendition` renders the Markdown.

use std::sync::Arc;

use async_graphql::{Context, Object};
use uuid::Uuid;

use super::{history::FieldChange, place::Place, topic::Topic};
use crate::{
    catalog::{Snapshot, View},
    graphql::{
        base::{
            actor::Actor,
            enums::ReleaseKind,
            error::ApiError,
            loaders::BodyKey,
            scalars::{Date, DateTime, LanguageTag, Slug},
        },
        engine::{
            context::ContextExt,
            serial_list::{SerialList, SerialObject},
        },
    },
    newsroom::release::{
        content::Content,
        dateline,
        diff::{SlugLookup, diff},
        revision::{ReleaseVersion, RevisionRow},
    },
};

/// The fields that `Release` and `ReleaseRevision` share: the content of one revision.
#[derive(Clone)]
pub(in crate::graphql) struct Version {
    pub(in crate::graphql) snapshot: Arc<View>,
    pub(in crate::graphql) text: Arc<RevisionRow>,
    pub(in crate::graphql) topics: Vec<u32>,
    pub(in crate::graphql) dateline: Vec<u32>,
    pub(in crate::graphql) about: Vec<u32>,
    pub(in crate::graphql) is_desk: bool,
}

impl Version {
    pub(in crate::graphql) fn topics(&self) -> SerialList<Topic> {
        self.topics.iter().map(|&number| Topic::new(self.snapshot.clone(), number)).collect()
    }

    pub(in crate::graphql) fn places(&self, numbers: &[u32]) -> SerialList<Place> {
        numbers.iter().map(|&number| Place::new(self.snapshot.clone(), number)).collect()
    }

    /// Loads the body. Fails if the response budget has no space for all selected forms (Markdown, HTML, plain text).
    pub(in crate::graphql) async fn body(&self, ctx: &Context<'_>) -> Result<Option<Body>, ApiError> {
        let bytes = self.text.unfetched_body.or_else(|| self.text.body_markdown.as_ref().map(String::len));
        let Some(bytes) = bytes else { return Ok(None) };
        let (mut forms, mut renderings) = (0, 0);
        for field in ctx.field().selection_set() {
            forms += usize::from(["markdown", "html", "text"].contains(&field.name()));
            renderings += usize::from(["html", "text", "wordCount"].contains(&field.name()));
        }
        if forms + renderings == 0 {
            return Ok(Some(Body { revision: self.text.id, markdown: "".into() }));
        }
        ctx.budget().reserve_body(bytes, forms, renderings)?;
        ctx.execution().before_reading(0, bytes).await;
        Ok(markdown(ctx, &self.text).await?.map(|markdown| Body { revision: self.text.id, markdown }))
    }

    pub(in crate::graphql) fn dateline(&self) -> Option<SerialObject<Dateline>> {
        let names = self.dateline.iter().map(|&number| self.snapshot.places().get(number).name.as_str());
        let place_text = dateline::place_text(self.text.dateline_text.as_deref(), names)?;
        Some(SerialObject(Dateline { version: self.clone(), place_text }))
    }

    pub(in crate::graphql) fn editorial_note(&self) -> Option<String> {
        self.text.editorial_note.clone().filter(|_| self.is_desk)
    }
}

/// Returns the body of a revision as Markdown. Loads the body if the row was fetched without it.
pub(super) async fn markdown(ctx: &Context<'_>, text: &RevisionRow) -> Result<Option<Arc<str>>, ApiError> {
    let Some(bytes) = text.unfetched_body else { return Ok(text.body_markdown.as_deref().map(Arc::from)) };
    let key = BodyKey { revision: text.id, bytes };
    ctx.request().body_loader.load_one(key).await.map_err(|error| ApiError::from((*error).clone()))
}

/// The full text of a release: the original Markdown, and HTML and plain text made from it.
pub struct Body {
    revision: Uuid,
    markdown: Arc<str>,
}

/// The full text of a release: the original Markdown, and HTML and plain text made from it.
#[Object(serial)]
impl Body {
    /// The Markdown as written: CommonMark with tables, strikethrough and footnotes.
    async fn markdown(&self) -> &str {
        &self.markdown
    }

    /// Sanitised HTML: no scripts, styles or frames, and only links to http, https and mailto. Table cells can have
    /// the attribute `align`.
    async fn html(&self, ctx: &Context<'_>) -> String {
        ctx.execution().yield_if_due().await;
        let html = ctx.newsroom().renditions.html(self.revision, &self.markdown, ctx.cpu_timer()).await;
        // Escaping can make the HTML longer than the Markdown.
        ctx.budget().charge_bytes(html.len().saturating_sub(self.markdown.len()));
        html.as_ref().to_owned()
    }

    /// The body as plain text. A blank line separates paragraphs.
    async fn text(&self, ctx: &Context<'_>) -> String {
        ctx.execution().yield_if_due().await;
        ctx.newsroom().renditions.text(self.revision, &self.markdown, ctx.cpu_timer()).await.as_ref().to_owned()
    }

    /// Number of words in the plain text, by Unicode word boundaries (UAX #29).
    async fn word_count(&self, ctx: &Context<'_>) -> usize {
        ctx.execution().yield_if_due().await;
        ctx.newsroom().renditions.word_count(self.revision, &self.markdown, ctx.cpu_timer()).await
    }
}

/// The dateline of a release: where and when it was filed.
pub struct Dateline {
    version: Version,
    place_text: String,
}

/// The dateline of a release: where and when it was filed.
#[Object(serial)]
impl Dateline {
    /// The whole dateline as printed, for example "PHNOM PENH, 8 May 2006". If the release is not in English, the
    /// date is in ISO 8601 format.
    async fn text(&self) -> String {
        let text = &self.version.text;
        dateline::text(&self.place_text, text.release_date, &text.language)
    }

    /// The place part of the dateline as printed, for example "PHNOM PENH".
    async fn place_text(&self) -> &str {
        &self.place_text
    }

    /// The places of the dateline. Empty if the dateline has only a text.
    async fn places(&self) -> SerialList<Place> {
        self.version.places(&self.version.dateline)
    }

    /// The date of the dateline, which is the release date.
    async fn date(&self) -> Date {
        Date(self.version.text.release_date)
    }
}

/// One revision of a release: one immutable version of its content.
#[derive(Clone)]
pub struct ReleaseRevision {
    pub(in crate::graphql) version: Version,
    /// Whether the live revision was corrected after work on this working revision began.
    pub(in crate::graphql) outdated: bool,
}

impl ReleaseRevision {
    /// Creates the object from a loaded revision, with its topics and places in a snapshot.
    pub fn new(snapshot: &Arc<View>, loaded: ReleaseVersion, is_desk: bool) -> Self {
        let topics = loaded.topics.iter().filter_map(|&id| snapshot.topics().by_id(id)).collect();
        let places = |ids: &[Uuid]| ids.iter().filter_map(|&id| snapshot.places().by_id(id)).collect();
        let (dateline, about) = (places(&loaded.dateline), places(&loaded.about));
        let version = Version { snapshot: snapshot.clone(), text: loaded.revision, topics, dateline, about, is_desk };
        Self { version, outdated: false }
    }

    async fn content(&self, ctx: &Context<'_>) -> Result<Content, ApiError> {
        let snapshot = &self.version.snapshot;
        let places = |numbers: &[u32]| numbers.iter().map(|&number| snapshot.places().get(number).id).collect();
        let topics = self.version.topics.iter().map(|&number| snapshot.topics().get(number).id).collect();
        let places = [places(&self.version.dateline), places(&self.version.about)];
        let mut row = (**self.version.text).clone();
        if row.body_markdown.is_none() {
            row.body_markdown = markdown(ctx, &self.version.text).await?.map(|markdown| markdown.as_ref().to_owned());
        }
        Ok(Content::from_row(row, topics, places))
    }
}

/// Looks up the slugs of topics and places in a snapshot.
struct Slugs<'a>(&'a Snapshot);

impl SlugLookup for Slugs<'_> {
    fn topic_slug(&self, id: Uuid) -> Option<String> {
        self.0.topics().by_id(id).map(|number| self.0.topics().get(number).slug.clone())
    }

    fn place_slug(&self, id: Uuid) -> Option<String> {
        self.0.places().by_id(id).map(|number| self.0.places().get(number).slug.clone())
    }
}

/// One revision of a release: one immutable version of its content.
#[Object(serial)]
impl ReleaseRevision {
    /// The number of the revision within its release: 1, 2, 3 …
    async fn number(&self) -> i32 {
        self.version.text.number
    }

    /// When the revision was written.
    async fn at(&self) -> DateTime {
        DateTime(self.version.text.created_at)
    }

    /// The author of this revision. null in a preview.
    async fn by(&self) -> Option<Actor> {
        self.version.is_desk.then(|| Actor::of(self.version.text.created_by.clone()))
    }

    /// Why this revision was written. null if no reason was given. Always null in a preview.
    async fn note(&self) -> Option<&str> {
        self.version.text.note.as_deref().filter(|_| self.version.is_desk)
    }

    /// The number of the revision on which this revision is based. null for the first revision. Always null in a
    /// preview.
    async fn based_on(&self) -> Option<i32> {
        self.version.text.based_on.filter(|_| self.version.is_desk)
    }

    /// Whether this working revision is outdated: the live revision was corrected after work on this revision began.
    /// An outdated revision cannot be published until it has been revised to include the correction.
    async fn outdated(&self) -> bool {
        self.outdated
    }

    /// The differences between another revision of the same release and this revision, field by field. null in a
    /// preview.
    async fn diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `number` of the other revision. Default: the previous revision.")] against: Option<i32>,
    ) -> Result<Option<Vec<FieldChange>>, ApiError> {
        let text = &self.version.text;
        if !self.version.is_desk {
            return Ok(None);
        }
        // Runs the diffs of a request one at a time, because both texts are completely in memory during a diff.
        let _diff_guard = ctx.budget().diff_lock.lock().await;
        ctx.execution().before_reading(2, 0).await;
        let other = ctx.newsroom().version(text.release_id, against, text.number).await?;
        let other = match (other, against) {
            (Some(other), _) => other.content(),
            (None, Some(number)) => {
                let message = format!("this release has no revision {number}: `revisions` lists the existing ones");
                return Err(ApiError::not_found(message).at("against"));
            }
            // The first revision has no other revision to compare with.
            (None, None) => return Ok(Some(Vec::new())),
        };
        let changes = diff(&other, &self.content(ctx).await?, &Slugs(&self.version.snapshot));
        let texts = changes.iter().flat_map(|change| [&change.before, &change.after]).flatten();
        ctx.budget().reserve_bytes(texts.map(String::len).sum())?;
        Ok(Some(changes.into_iter().map(FieldChange::from).collect()))
    }

    /// The slug of the release once this revision is live.
    async fn slug(&self) -> Slug {
        Slug(self.version.text.slug.clone())
    }

    /// The kind of release.
    async fn kind(&self) -> ReleaseKind {
        self.version.text.kind.into()
    }

    /// The headline: one line.
    async fn headline(&self) -> &str {
        &self.version.text.headline
    }

    /// A second headline: one line. null if there is none.
    async fn subheadline(&self) -> Option<&str> {
        self.version.text.subheadline.as_deref()
    }

    /// A short summary for lists, as plain text. null if there is none.
    async fn summary(&self, ctx: &Context<'_>) -> Result<Option<&str>, ApiError> {
        ctx.reserve_text(self.version.text.summary.as_deref())
    }

    /// The full text. null if there is none.
    async fn body(&self, ctx: &Context<'_>) -> Result<Option<Body>, ApiError> {
        self.version.body(ctx).await
    }

    /// The language of the text.
    async fn language(&self) -> LanguageTag {
        LanguageTag(self.version.text.language.clone())
    }

    /// The calendar date printed on the release.
    async fn release_date(&self) -> Date {
        Date(self.version.text.release_date)
    }

    /// The dateline: where and when the release was filed, as printed. null if it names no place.
    async fn dateline(&self) -> Option<SerialObject<Dateline>> {
        self.version.dateline()
    }

    /// The topics of the release, in the order that the editor chose.
    async fn topics(&self) -> Option<SerialList<Topic>> {
        Some(self.version.topics())
    }

    /// The places that the release is about, in the order that the editor chose.
    async fn places(&self) -> Option<SerialList<Place>> {
        Some(self.version.places(&self.version.about))
    }

    /// An internal note that is never published. null if there is none. Always null in a preview.
    async fn editorial_note(&self, ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
        ctx.reserve_text(self.version.editorial_note())
    }
}

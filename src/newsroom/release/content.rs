//! Content of a revision as one value: built from validated input, compared with other content, and converted to
//! database rows.
//!
//! `ReleaseInput` is what an editor sends: a patch for each field. `Content` is the resulting content. `RevisionRows`
//! contains the rows to insert and the image for the catalog. `Content::apply_fields` defines the maximum length of
//! each field.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    release::ReleaseKind,
    revision,
    revision_place::{self, PlaceRole},
    revision_topic,
};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use crate::{
    catalog::{ConceptRef, Vocabulary},
    date_range,
    journal::{PlaceImage, TopicImage, VersionImage},
    newsroom::validation::{Patch, Validator},
};

/// The fields of a release as an editor sends them.
#[derive(Clone, Debug, Default)]
pub struct ReleaseInput {
    /// Slug. If a new release has none, it is generated from the headline.
    pub slug: Patch<String>,
    /// Kind of release.
    pub kind: Patch<ReleaseKind>,
    /// Headline: one line, at most 500 characters.
    pub headline: Patch<String>,
    /// Subheadline: one line, at most 1,000 characters.
    pub subheadline: Patch<String>,
    /// Summary: plain text, at most 5,000 characters.
    pub summary: Patch<String>,
    /// Body in Markdown, at most 1,000,000 characters including leading and trailing white space.
    pub body_markdown: Patch<String>,
    /// Language tag (BCP 47).
    pub language: Patch<String>,
    /// Release date.
    pub release_date: Patch<NaiveDate>,
    /// Places of the dateline.
    pub dateline_places: Patch<Vec<ConceptRef>>,
    /// The place part of the dateline as printed, at most 300 characters.
    pub dateline_text: Patch<String>,
    /// Topics.
    pub topics: Patch<Vec<ConceptRef>>,
    /// Places that the release is about.
    pub places: Patch<Vec<ConceptRef>>,
    /// Id in another system, at most 200 characters.
    pub external_id: Patch<String>,
    /// Internal note, at most 5,000 characters.
    pub editorial_note: Patch<String>,
}

/// The content of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Slug that the revision gives to the release. Empty only in a new release, before its slug is generated.
    pub slug: String,
    /// Id in another system.
    pub external_id: Option<String>,
    /// Kind of release.
    pub kind: ReleaseKind,
    /// Language tag (BCP 47), in canonical case.
    pub language: String,
    /// Release date.
    pub release_date: NaiveDate,
    /// Headline: one line.
    pub headline: String,
    /// Subheadline: one line.
    pub subheadline: Option<String>,
    /// Summary: plain text.
    pub summary: Option<String>,
    /// Body in Markdown.
    pub body_markdown: Option<String>,
    /// The place part of the dateline as printed.
    pub dateline_text: Option<String>,
    /// Internal note.
    pub editorial_note: Option<String>,
    /// Topics, in order.
    pub topics: Vec<Uuid>,
    /// Places of the dateline, in order.
    pub dateline: Vec<Uuid>,
    /// Places that the release is about, in order.
    pub about: Vec<Uuid>,
}

impl Content {
    /// Creates empty content with the given language and today's date as the release date.
    pub fn blank(language: &str, today: NaiveDate) -> Self {
        Self {
            slug: String::new(),
            external_id: None,
            kind: ReleaseKind::PressRelease,
            language: language.to_owned(),
            release_date: today,
            headline: String::new(),
            subheadline: None,
            summary: None,
            body_markdown: None,
            dateline_text: None,
            editorial_note: None,
            topics: Vec::new(),
            dateline: Vec::new(),
            about: Vec::new(),
        }
    }

    /// Returns the content of a stored revision. A release date outside the years 0001 to 9999 is replaced by the
    /// nearest valid date.
    pub fn from_row(row: revision::Model, topics: Vec<Uuid>, [dateline, about]: [Vec<Uuid>; 2]) -> Self {
        Self {
            slug: row.slug,
            external_id: row.external_id,
            kind: row.kind,
            language: row.language,
            release_date: date_range::clamp_date(row.release_date),
            headline: row.headline,
            subheadline: row.subheadline,
            summary: row.summary,
            body_markdown: row.body_markdown,
            dateline_text: row.dateline_text,
            editorial_note: row.editorial_note,
            topics,
            dateline,
            about,
        }
    }

    /// Applies the input of an editor. `validator` collects the errors.
    pub fn apply_input(
        &mut self,
        mut input: ReleaseInput,
        topics: &Vocabulary<TopicImage>,
        places: &Vocabulary<PlaceImage>,
        validator: &mut Validator,
    ) {
        let slug = std::mem::take(&mut input.slug);
        let (given_topics, given_places) = (std::mem::take(&mut input.topics), std::mem::take(&mut input.places));
        let given_dateline = std::mem::take(&mut input.dateline_places);
        self.apply_fields(input, validator);
        validator.concepts("topics", given_topics, topics, &mut self.topics);
        validator.concepts("datelinePlaces", given_dateline, places, &mut self.dateline);
        validator.concepts("places", given_places, places, &mut self.about);
        validator.slug("slug", slug, &mut self.slug);
    }

    /// Applies the input of an import. Its topics, dateline places and places are already resolved to ids.
    pub(in crate::newsroom) fn apply_import(
        &mut self,
        mut input: ReleaseInput,
        [topics, dateline, about]: [Vec<Uuid>; 3],
        validator: &mut Validator,
    ) {
        let slug = std::mem::take(&mut input.slug);
        self.apply_fields(input, validator);
        validator.concept_ids("topics", topics, &mut self.topics);
        validator.concept_ids("datelinePlaces", dateline, &mut self.dateline);
        validator.concept_ids("places", about, &mut self.about);
        validator.slug("slug", slug, &mut self.slug);
    }

    /// Applies all fields except the slug and the concepts.
    fn apply_fields(&mut self, input: ReleaseInput, validator: &mut Validator) {
        validator.required_line("headline", input.headline, &mut self.headline, 500);
        validator.optional_line("subheadline", input.subheadline, &mut self.subheadline, 1000);
        validator.optional_text("summary", input.summary, &mut self.summary, 5000);
        validator.optional_body("bodyMarkdown", input.body_markdown, &mut self.body_markdown, 1_000_000);
        validator.required("kind", input.kind, &mut self.kind);
        validator.language("language", input.language, &mut self.language);
        validator.required_date("releaseDate", input.release_date, &mut self.release_date);
        validator.optional_line("datelineText", input.dateline_text, &mut self.dateline_text, 300);
        validator.optional_line("externalId", input.external_id, &mut self.external_id, 200);
        validator.optional_text("editorialNote", input.editorial_note, &mut self.editorial_note, 5000);
    }

    /// Converts the content to the rows of a new revision with a new id.
    pub fn into_rows(
        self,
        release: Uuid,
        number: i32,
        based_on: Option<i32>,
        by: &str,
        at: DateTime<Utc>,
    ) -> RevisionRows {
        let id = Uuid::now_v7();
        let topic = |(position, topic_id)| revision_topic::ActiveModel {
            revision_id: Set(id),
            topic_id: Set(topic_id),
            position: Set(position as i32),
        };
        let place = |role: PlaceRole| {
            move |(position, place_id)| revision_place::ActiveModel {
                revision_id: Set(id),
                role: Set(role),
                place_id: Set(place_id),
                position: Set(position as i32),
            }
        };
        RevisionRows {
            version: VersionImage {
                revision_id: id,
                number,
                kind: self.kind,
                language: self.language.clone(),
                release_date: self.release_date,
                topics: self.topics.clone(),
                dateline: self.dateline.clone(),
                about: self.about.clone(),
            },
            topics: self.topics.into_iter().enumerate().map(topic).collect(),
            places: self
                .dateline
                .into_iter()
                .enumerate()
                .map(place(PlaceRole::Dateline))
                .chain(self.about.into_iter().enumerate().map(place(PlaceRole::About)))
                .collect(),
            revision: revision::ActiveModel {
                id: Set(id),
                release_id: Set(release),
                number: Set(number),
                created_at: Set(at),
                created_by: Set(by.to_owned()),
                based_on: Set(based_on),
                slug: Set(self.slug),
                external_id: Set(self.external_id),
                kind: Set(self.kind),
                language: Set(self.language),
                release_date: Set(self.release_date),
                headline: Set(self.headline),
                subheadline: Set(self.subheadline),
                summary: Set(self.summary),
                body_markdown: Set(self.body_markdown),
                dateline_text: Set(self.dateline_text),
                editorial_note: Set(self.editorial_note),
                note: Set(None),
            },
        }
    }
}

/// The rows of a new revision, and its image for the catalog.
#[derive(Clone, Debug)]
pub struct RevisionRows {
    /// Image of the revision for the catalog.
    pub version: VersionImage,
    /// The revision row.
    pub revision: revision::ActiveModel,
    /// Rows that assign topics to the revision.
    pub topics: Vec<revision_topic::ActiveModel>,
    /// Rows that assign places to the revision.
    pub places: Vec<revision_place::ActiveModel>,
}

//! Comparison of two revisions of a release, field by field. Topics and places are compared and shown by slug
//! (`SlugLookup`). The function does not access the database or the clock.

use uuid::Uuid;

use super::content::Content;

/// A field that differs between two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Name of the field in the API, for example `headline`.
    pub field: &'static str,
    /// The value in the earlier revision. `None` if the field was empty.
    pub before: Option<String>,
    /// The value in the later revision. `None` if the field is empty.
    pub after: Option<String>,
}

/// Looks up the slugs of topics and places by key.
pub trait SlugLookup {
    /// Returns the slug of a topic.
    fn topic_slug(&self, id: Uuid) -> Option<String>;
    /// Returns the slug of a place.
    fn place_slug(&self, id: Uuid) -> Option<String>;
}

/// Returns the fields that differ between two revisions, in a fixed order.
pub fn diff(before: &Content, after: &Content, lookup: &impl SlugLookup) -> Vec<FieldChange> {
    let fields = |content: &Content| {
        let list = |slugs: Vec<Option<String>>| {
            let slugs: Vec<String> = slugs.into_iter().flatten().collect();
            Some(slugs.join(", ")).filter(|text| !text.is_empty())
        };
        let places = |ids: &[Uuid]| list(ids.iter().map(|&id| lookup.place_slug(id)).collect());
        let kind = serde_json::to_value(content.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        [
            ("slug", Some(content.slug.clone())),
            ("externalId", content.external_id.clone()),
            ("kind", kind),
            ("language", Some(content.language.clone())),
            ("releaseDate", Some(content.release_date.to_string())),
            ("headline", Some(content.headline.clone())),
            ("subheadline", content.subheadline.clone()),
            ("summary", content.summary.clone()),
            ("bodyMarkdown", content.body_markdown.clone()),
            ("datelinePlaces", places(&content.dateline)),
            ("datelineText", content.dateline_text.clone()),
            ("topics", list(content.topics.iter().map(|&id| lookup.topic_slug(id)).collect())),
            ("places", places(&content.about)),
            ("editorialNote", content.editorial_note.clone()),
        ]
    };
    let mut changes = Vec::new();
    for ((field, before), (_, after)) in fields(before).into_iter().zip(fields(after)) {
        if before != after {
            changes.push(FieldChange { field, before, after });
        }
    }
    changes
}

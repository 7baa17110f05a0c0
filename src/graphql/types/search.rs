//! The GraphQL types `ReleaseMatch`, `SearchHighlight` and `SearchSuggestion`: how well and where a release matches a
//! search, and suggestions while somebody types.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};

use super::{place::Place, release::Release, revision::markdown, topic::Topic};
use crate::{
    catalog::{self, Handle, ReleaseSet, Suggestion},
    graphql::{
        base::{enums::SearchField, error::ApiError, projection::release_projection},
        engine::{
            context::ContextExt,
            serial_list::{SerialList, SerialObject},
        },
        inputs::search::parse_prefix,
    },
    newsroom::release::revision::RevisionRow,
};

/// Maximum length of a highlighted part of a body, in characters.
const MAX_EXCERPT: usize = 240;

/// Maximum length of other highlighted texts, in characters. Longer ones are cut like a body.
const MAX_TEXT: usize = 1000;

/// How well a release matches a search, and where.
pub struct ReleaseMatch {
    found: catalog::ReleaseMatch,
    set: ReleaseSet,
    item: Handle,
    text: Arc<RevisionRow>,
}

impl ReleaseMatch {
    /// Creates the match of a release in a set. Returns `None` if the set was not searched.
    pub fn new(set: &ReleaseSet, item: &Handle, text: &Arc<RevisionRow>) -> Option<Self> {
        let found = set.match_of(item)?;
        Some(Self { found, set: set.clone(), item: item.clone(), text: text.clone() })
    }
}

/// How well a release matches a search, and where.
#[Object(serial)]
impl ReleaseMatch {
    /// A number that is higher for a better match of the same search. First it counts how many words match, then how
    /// well: as written, as another inflected form, as the beginning of a longer word, or with a typing error. Its
    /// fraction is the BM25 score, with a factor for recency. Scores of different searches are not comparable.
    async fn score(&self) -> f64 {
        self.found.score
    }

    /// The fields that contain a word of the search.
    async fn fields(&self) -> Vec<SearchField> {
        self.found.fields.iter().map(|&field| field.into()).collect()
    }

    /// The texts of the release that contain a word of the search, with the places of the words. Names of topics and
    /// places are not included.
    async fn highlights(&self, ctx: &Context<'_>) -> Result<Option<SerialList<SearchHighlight>>, ApiError> {
        let mut highlights = Vec::new();
        for &field in &self.found.fields {
            ctx.execution().yield_if_due().await;
            let (text, max) = match field {
                catalog::SearchField::Headline => (Some(self.text.headline.clone()), MAX_TEXT),
                catalog::SearchField::Subheadline => (self.text.subheadline.clone(), MAX_TEXT),
                catalog::SearchField::Summary => (self.text.summary.clone(), MAX_TEXT),
                catalog::SearchField::Dateline => (self.text.dateline_text.clone(), MAX_TEXT),
                catalog::SearchField::Body => (self.body(ctx).await?, MAX_EXCERPT),
                catalog::SearchField::Topics | catalog::SearchField::Places => continue,
            };
            let found = text.and_then(|text| self.set.highlight(&text, self.item.language(), max));
            if let Some(found) = found {
                ctx.budget().charge_bytes(found.text.len());
                highlights.push(SearchHighlight::new(field, found));
            }
        }
        Ok(Some(highlights.into_iter().collect()))
    }
}

impl ReleaseMatch {
    /// Returns the body as plain text.
    async fn body(&self, ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
        ctx.execution().before_reading(0, self.text.unfetched_body.unwrap_or_default()).await;
        let Some(markdown) = markdown(ctx, &self.text).await? else { return Ok(None) };
        let text = ctx.newsroom().renditions.text(self.text.id, &markdown, ctx.cpu_timer()).await;
        Ok(Some(text.as_ref().to_owned()))
    }
}

/// A text of a release, or a part of it, with the places where a search matches.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct SearchHighlight {
    /// The field that the text belongs to.
    field: SearchField,
    /// The text without markup. A long text is cut to the part with most matches.
    text: String,
    /// The places in `text` where the search matches, in order, without overlaps.
    ranges: SerialList<TextRange>,
    /// Whether the field has more text before this part.
    starts_inside: bool,
    /// Whether the field has more text after this part.
    ends_inside: bool,
}

/// A part of a text. Offsets count UTF-16 code units, as string indexes do in JavaScript, Java and C#.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct TextRange {
    /// Offset of the first code unit.
    start: usize,
    /// Offset after the last code unit.
    end: usize,
}

impl SearchHighlight {
    fn new(field: catalog::SearchField, found: catalog::Highlight) -> Self {
        Self {
            field: field.into(),
            text: found.text,
            ranges: found.ranges.into_iter().map(|range| TextRange { start: range.start, end: range.end }).collect(),
            starts_inside: found.starts_inside,
            ends_inside: found.ends_inside,
        }
    }
}

/// A suggestion while somebody types a search: a topic, a place or a release. The other two fields are null.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct SearchSuggestion {
    /// The name of the topic or place in the newsroom's default language, or the headline of the release.
    text: String,
    /// The topic.
    topic: Option<SerialObject<Topic>>,
    /// The place.
    place: Option<SerialObject<Place>>,
    /// The release.
    release: Option<SerialObject<Release>>,
}

impl SearchSuggestion {
    /// Loads the suggestions that continue a text.
    pub async fn load(ctx: &Context<'_>, prefix: &str, size: usize) -> Result<SerialList<Self>, ApiError> {
        let request = parse_prefix(ctx, prefix).map_err(|error| error.at("prefix"))?;
        let set = ctx.request().visible();
        ctx.execution().before_reading(size, 0).await;
        let found = ctx.newsroom().suggestions(&set, prefix, request, size, ctx.cpu_timer()).await?;
        let items: Vec<Handle> = found
            .iter()
            .filter_map(|suggestion| match suggestion {
                Suggestion::Release(item) => Some(item.clone()),
                Suggestion::Topic(_) | Suggestion::Place(_) => None,
            })
            .collect();
        let lookahead = ctx.look_ahead().field("release");
        let projection = release_projection(|name| name == "headline" || lookahead.field(name).exists());
        let mut releases = ctx.newsroom().fetch(&set, &items, projection).await?.into_iter();
        let nothing = || Self { text: String::new(), topic: None, place: None, release: None };
        let suggestion = |suggestion| match suggestion {
            Suggestion::Topic(number) => Some(Self {
                text: set.snapshot().topics().get(number).name.clone(),
                topic: Some(SerialObject(Topic::new(set.snapshot().clone(), number))),
                ..nothing()
            }),
            Suggestion::Place(number) => Some(Self {
                text: set.snapshot().places().get(number).name.clone(),
                place: Some(SerialObject(Place::new(set.snapshot().clone(), number))),
                ..nothing()
            }),
            Suggestion::Release(_) => releases.next().map(|loaded| Self {
                text: loaded.revision.headline.clone(),
                release: Some(SerialObject(Release::new(ctx.request(), &set, loaded))),
                ..nothing()
            }),
        };
        Ok(found.into_iter().filter_map(suggestion).collect())
    }
}

//! The input object for a full-text search, and its application to a set of releases.

use async_graphql::{Context, InputObject};
use chrono::{NaiveTime, TimeDelta};

use crate::{
    catalog::{self, OrderBy, ReleaseSet, SearchRequest},
    graphql::{
        base::{
            enums::{SearchField, SearchMode},
            error::ApiError,
        },
        engine::context::ContextExt,
        inputs::filter::{ReleaseOrder, resolve_order},
    },
};

/// A full-text search. Words in quotation marks must follow each other exactly, a word or phrase after a minus must
/// not occur, and the last word also finds longer words. Everything else is text, so query syntax of other search
/// engines has no effect. Case, accents and punctuation do not matter.
#[derive(Clone, Debug, InputObject)]
pub struct ReleaseSearch {
    /// The words to search for, at most 1,000 characters and 64 words. A text without letters and digits finds
    /// nothing. Inflected forms match in the language of the release. If hardly anything is found, words with one or
    /// two wrong letters match, too.
    text: String,
    /// The fields to search. Default: all.
    r#in: Option<Vec<SearchField>>,
    /// Whether a release must contain all words.
    #[graphql(default_with = "SearchMode::Auto")]
    mode: SearchMode,
    /// Whether a newer release comes before an equally good older one. With true, the score of a release halves in ten
    /// years.
    #[graphql(default = true)]
    recency: bool,
}

/// Parses a text that somebody types as a search in headlines.
pub fn parse_prefix(ctx: &Context<'_>, text: &str) -> Result<SearchRequest, ApiError> {
    let language = &ctx.newsroom().settings.language;
    SearchRequest::new(text, &[catalog::SearchField::Headline], catalog::SearchMode::All, true, language)
        .map_err(|error| ApiError::bad_input(error.to_string()))
}

impl ReleaseSearch {
    /// Applies the argument `search`, if it is present, to a set. Returns the set, and what distinguishes its cursors
    /// from those of other searches.
    pub async fn apply(
        ctx: &Context<'_>,
        search: Option<Self>,
        set: ReleaseSet,
    ) -> Result<(ReleaseSet, Option<String>), ApiError> {
        let Some(search) = search else { return Ok((set, None)) };
        ctx.execution().yield_if_due().await;
        let fields: Vec<catalog::SearchField> = match search.r#in {
            Some(fields) => fields.into_iter().map(Into::into).collect(),
            None => catalog::SearchField::ALL.to_vec(),
        };
        let language = &ctx.newsroom().settings.language;
        let request = SearchRequest::new(&search.text, &fields, search.mode.into(), search.recency, language)
            .map_err(|error| ApiError::bad_input(format!("{error}: shorten `text`")).at("text").at("search"))?;
        let scope = request.scope();
        let now = ctx.request().now;
        if request.has_recency() {
            // Scores depend on the day.
            let midnight = (now + TimeDelta::days(1)).date_naive().and_time(NaiveTime::MIN).and_utc();
            ctx.request().limit_validity(midnight);
        }
        let set = ctx.newsroom().search(&set, request, ctx.cpu_timer()).await.map_err(ApiError::from)?;
        if !set.is_search_complete() {
            // The index changes without a change of the data version, so the response must not be cached.
            ctx.request().limit_validity(now);
        }
        Ok((set, Some(scope)))
    }

    /// Converts the argument `orderBy` to catalog sort keys. The default is the best match first with a search, and
    /// the latest release date first without one.
    pub fn order(is_search: bool, keys: Option<Vec<ReleaseOrder>>) -> Result<Vec<OrderBy>, ApiError> {
        if is_search && keys.as_ref().is_none_or(Vec::is_empty) {
            return Ok(catalog::BEST_FIRST.to_vec());
        }
        let order = resolve_order(keys)?;
        if !is_search && order.iter().any(|key| key.by == catalog::SortKey::Relevance) {
            return Err(ApiError::bad_input("`orderBy` RELEVANCE requires `search`").at("orderBy"));
        }
        Ok(order)
    }
}

//! Mutation payloads (the changed object or `userErrors`), and the inputs of release mutations.
//!
//! The changed object is read from the snapshot that contains the change. If reading it fails after the commit, the
//! error is `OUTCOME_UNKNOWN`, because an ordinary error would imply that nothing was changed.

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, SimpleObject};
use entity::{Noun, api_token};
use uuid::Uuid;

use super::{access::Token, place::Place, release::Release, topic::Topic};
use crate::{
    catalog::Handle,
    graphql::{
        base::{
            enums::{ReleaseKind, WithdrawalKind},
            error::ApiError,
            global_id,
            projection::projection_of_payload,
            scalars::{Date, LanguageTag, Slug, Url},
            user_error::{UserError, into_user_errors, into_user_errors_of_batch_item},
        },
        engine::context::ContextExt,
        inputs::{
            lookup::{PlaceRef, TopicRef},
            patch::{patch, patch_references, patch_with},
        },
    },
    newsroom::{
        self,
        access::{preview_links::PreviewLink, public_id::IdCodec},
        release::{bulk, content, withdraw},
        taxonomy::concept::ConceptResult,
    },
};

/// The result of a mutation field. The field is nullable because the mutation can fail, so a payload is always `Some`.
type PayloadResult<T> = Result<Option<T>, ApiError>;

/// The result of a mutation that changes a release.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct ReleasePayload {
    /// The release after the mutation. null if there are `userErrors`.
    release: Option<Release>,
    /// Errors that an editor can correct. Empty if the mutation succeeded.
    user_errors: Vec<UserError>,
}

/// The result of a mutation that changes a topic.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct TopicPayload {
    /// The topic after the mutation. null if there are `userErrors`.
    topic: Option<Topic>,
    /// Errors that an editor can correct. Empty if the mutation succeeded.
    user_errors: Vec<UserError>,
}

/// The result of a mutation that changes a place.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct PlacePayload {
    /// The place after the mutation. null if there are `userErrors`.
    place: Option<Place>,
    /// Errors that an editor can correct. Empty if the mutation succeeded.
    user_errors: Vec<UserError>,
}

/// The result of creating an access token.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct TokenPayload {
    /// The new token. null if there are `userErrors`.
    token: Option<Token>,
    /// The secret of the token. Clients send it as `Authorization: Bearer …`. Only this response contains it. null if
    /// there are `userErrors`.
    secret: Option<String>,
    /// Errors that an editor can correct. Empty if the mutation succeeded.
    user_errors: Vec<UserError>,
}

/// The result of creating a preview link.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct PreviewLinkPayload {
    /// The URL of the preview, made from the setting `preview_url`. null if this setting is empty or there are
    /// `userErrors`.
    url: Option<Url>,
    /// The token of the link, which is the argument of the query `preview`. Only this response contains it. null if
    /// there are `userErrors`.
    token: Option<String>,
    /// The id of the link, for `previewLinkRevoke`. null if there are `userErrors`.
    id: Option<ID>,
    /// Errors that an editor can correct. Empty if the mutation succeeded.
    user_errors: Vec<UserError>,
}

/// The result of a mutation that deletes or revokes an object.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct DeletePayload {
    /// The id of the deleted or revoked object. null if there are `userErrors`.
    deleted_id: Option<ID>,
    /// Errors that an editor can correct. Empty if the mutation succeeded.
    user_errors: Vec<UserError>,
}

impl ReleasePayload {
    /// Converts the result of a command that changed a release. Reads the release from the snapshot that contains the
    /// change.
    pub async fn from_result(ctx: &Context<'_>, result: Result<Handle, newsroom::Error>) -> PayloadResult<Self> {
        Self::read_back(ctx, into_user_errors(result)?).await.map(Some)
    }

    async fn read_back(
        ctx: &Context<'_>,
        (item, user_errors): (Option<Handle>, Vec<UserError>),
    ) -> Result<Self, ApiError> {
        let Some(item) = item else { return Ok(Self { release: None, user_errors }) };
        let request = ctx.request();
        let set = item.snapshot().visible_to(&request.viewer, request.now);
        let loaded = ctx.newsroom().fetch(&set, std::slice::from_ref(&item), projection_of_payload(ctx)).await;
        // The change is committed, so a failure to read it back must not be reported as if nothing had changed.
        let loaded = loaded.map_err(|error| match error {
            newsroom::Error::Db(_) => ApiError::outcome_unknown(),
            other => other.into(),
        })?;
        Ok(Self { release: loaded.into_iter().next().map(|loaded| Release::new(request, &set, loaded)), user_errors })
    }

    /// Converts the results of commands on several releases, in the given order.
    pub async fn from_results(
        ctx: &Context<'_>,
        results: Vec<Result<Handle, newsroom::Error>>,
    ) -> PayloadResult<Vec<Self>> {
        let is_done_or_unknown = |result: &Result<Handle, newsroom::Error>| {
            matches!(result, Ok(_) | Err(newsroom::Error::Db(newsroom::DatabaseError::OutcomeUnknown(_))))
        };
        let any = results.iter().any(is_done_or_unknown);
        let mut payloads = Vec::with_capacity(results.len());
        for result in results {
            let outcome = if any { into_user_errors_of_batch_item(result) } else { into_user_errors(result) };
            payloads.push(Self::read_back(ctx, outcome?).await?);
        }
        Ok(Some(payloads))
    }
}

impl TopicPayload {
    /// Converts the result of a command.
    pub fn from_result(result: ConceptResult) -> PayloadResult<Self> {
        let (value, user_errors) = into_user_errors(result)?;
        Ok(Some(Self { topic: value.map(|(snapshot, number)| Topic::new(snapshot, number)), user_errors }))
    }
}

impl PlacePayload {
    /// Converts the result of a command.
    pub fn from_result(result: ConceptResult) -> PayloadResult<Self> {
        let (value, user_errors) = into_user_errors(result)?;
        Ok(Some(Self { place: value.map(|(snapshot, number)| Place::new(snapshot, number)), user_errors }))
    }
}

impl TokenPayload {
    /// Converts the result of a command.
    pub fn from_result(
        ctx: &Context<'_>,
        result: Result<(api_token::Model, String), newsroom::Error>,
    ) -> PayloadResult<Self> {
        let (value, user_errors) = into_user_errors(result)?;
        ctx.request().mark_secret();
        let (token, secret) = value.map(|(row, secret)| (Token::new(ctx.ids(), row), secret)).unzip();
        Ok(Some(Self { token, secret, user_errors }))
    }
}

impl PreviewLinkPayload {
    /// Converts the result of a command.
    pub fn from_result(ctx: &Context<'_>, result: Result<PreviewLink, newsroom::Error>) -> PayloadResult<Self> {
        let (link, user_errors) = into_user_errors(result)?;
        ctx.request().mark_secret();
        Ok(Some(Self {
            url: link.as_ref().and_then(|link| link.url.clone()).map(Url),
            id: link.as_ref().map(|link| global_id::encode(ctx.ids(), Noun::PreviewLink, link.id)),
            token: link.map(|link| link.token),
            user_errors,
        }))
    }
}

impl DeletePayload {
    /// Converts the result of a command.
    pub fn from_result(ctx: &Context<'_>, noun: Noun, result: Result<Uuid, newsroom::Error>) -> PayloadResult<Self> {
        let (value, user_errors) = into_user_errors(result)?;
        Ok(Some(Self { deleted_id: value.map(|key| global_id::encode(ctx.ids(), noun, key)), user_errors }))
    }
}

/// The fields of a release. An absent field keeps the stored value, and null clears an optional field. Any other
/// value replaces the stored value; a list replaces the whole stored list.
#[derive(InputObject)]
pub struct ReleaseInput {
    /// The last segment of the public URL. Default for a new release: made from the headline. A public release keeps
    /// its present slug until the new revision is published. All former public slugs still lead to the release.
    slug: MaybeUndefined<Slug>,
    /// The kind of release. Default for a new release: PRESS_RELEASE.
    kind: MaybeUndefined<ReleaseKind>,
    /// The headline: one line, at most 500 characters. Required for a new release.
    headline: MaybeUndefined<String>,
    /// A second headline: one line, at most 1,000 characters.
    subheadline: MaybeUndefined<String>,
    /// A short summary for lists, as plain text, at most 5,000 characters.
    summary: MaybeUndefined<String>,
    /// The full text in Markdown, at most 1,000,000 characters. It is stored as given, including leading and trailing
    /// white space, but line ends become `\n` and Unicode is normalised to NFC. A text without visible characters
    /// clears the field.
    body_markdown: MaybeUndefined<String>,
    /// The language of the text. Default for a new release: the newsroom's language.
    language: MaybeUndefined<LanguageTag>,
    /// The calendar date printed on the release. Default for a new release: today in the newsroom's time zone.
    release_date: MaybeUndefined<Date>,
    /// The places where the release was filed, at most 100.
    dateline_places: MaybeUndefined<Vec<PlaceRef>>,
    /// The place part of the dateline as printed, at most 300 characters. Default: the names of `datelinePlaces` in
    /// capitals.
    dateline_text: MaybeUndefined<String>,
    /// The topics of the release, at most 100.
    topics: MaybeUndefined<Vec<TopicRef>>,
    /// The places that the release is about, at most 100.
    places: MaybeUndefined<Vec<PlaceRef>>,
    /// The id of the release in another system, at most 200 characters. No other release may have the same id.
    external_id: MaybeUndefined<String>,
    /// An internal note that is never published, at most 5,000 characters.
    editorial_note: MaybeUndefined<String>,
}

impl ReleaseInput {
    /// Converts this input to an input of the newsroom.
    pub fn resolve(self, ids: &IdCodec) -> Result<content::ReleaseInput, ApiError> {
        Ok(content::ReleaseInput {
            slug: patch_with(self.slug, |slug| slug.0),
            kind: patch_with(self.kind, Into::into),
            headline: patch(self.headline),
            subheadline: patch(self.subheadline),
            summary: patch(self.summary),
            body_markdown: patch(self.body_markdown),
            language: patch_with(self.language, |tag| tag.0),
            release_date: patch_with(self.release_date, |date| date.0),
            dateline_places: patch_references(self.dateline_places, |place: PlaceRef| place.resolve(ids))
                .map_err(|error| error.at("datelinePlaces"))?,
            dateline_text: patch(self.dateline_text),
            topics: patch_references(self.topics, |topic: TopicRef| topic.resolve(ids))
                .map_err(|error| error.at("topics"))?,
            places: patch_references(self.places, |place: PlaceRef| place.resolve(ids))
                .map_err(|error| error.at("places"))?,
            external_id: patch(self.external_id),
            editorial_note: patch(self.editorial_note),
        })
    }
}

/// A release that `releasesTransition` should change.
#[derive(InputObject)]
pub struct TransitionItem {
    /// The id of the release.
    pub id: ID,
    /// The `revision` of the release that you read. If it is no longer current, this release is not changed and its
    /// error code is STALE_REVISION.
    pub expected_revision: i32,
}

/// An action that `releasesTransition` performs on each release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BulkAction {
    /// Submit the drafts for review.
    Submit,
    /// Approve the releases, which must be in review.
    Approve,
    /// Publish the working revisions of the releases.
    Publish,
    /// Withdraw the published releases, as the argument `withdrawal` specifies.
    Withdraw,
}

impl BulkAction {
    /// Returns the action with its details. Fails if a withdrawal is given for an action other than WITHDRAW.
    pub fn resolve(self, withdrawal: Option<WithdrawalInput>) -> Result<bulk::BulkAction, ApiError> {
        if self != Self::Withdraw && withdrawal.is_some() {
            let message = "`withdrawal` is for the action WITHDRAW only: omit it";
            return Err(ApiError::bad_input(message).at("withdrawal"));
        }
        Ok(match self {
            Self::Submit => bulk::BulkAction::Submit,
            Self::Approve => bulk::BulkAction::Approve,
            Self::Publish => bulk::BulkAction::Publish,
            Self::Withdraw => bulk::BulkAction::Withdraw(withdrawal.map(Into::into)),
        })
    }
}

/// How to withdraw a release.
#[derive(Clone, Debug, InputObject)]
pub struct WithdrawalInput {
    /// What the former URL of the release returns.
    kind: WithdrawalKind,
    /// The notice for readers, at most 5,000 characters. Required for WITH_NOTICE.
    notice: Option<String>,
    /// The URL to which the former URL redirects. Required for REDIRECT; not allowed for other kinds.
    redirect_to: Option<Url>,
}

impl From<WithdrawalInput> for withdraw::Withdrawal {
    fn from(input: WithdrawalInput) -> Self {
        Self { kind: input.kind.into(), notice: input.notice, redirect_to: input.redirect_to.map(|url| url.0) }
    }
}

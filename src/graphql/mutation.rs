//! Everything that can be done: the table of contents of writing. One mutation for each editorial act, noun first.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::{
    context::ContextExt,
    enums::WithdrawalKind,
    error::ApiError,
    id,
    payload::{DeletePayload, PlacePayload, ReleaseInput, ReleasePayload, TokenPayload, TopicPayload},
    place::PlaceInput,
    scalars::Url,
    token::TokenInput,
    topic::TopicInput,
};
use crate::newsroom::withdrawal::Withdrawal;

/// Writing. An act happens whole or not at all; what an editor can mend is in `userErrors`, and a query sent afterwards sees it.
pub struct Mutation;

/// Writing. An act happens whole or not at all; what an editor can mend is in `userErrors`, and a query sent afterwards sees it.
#[Object]
impl Mutation {
    /// Begins a release: a draft with its first version. AUTHOR.
    async fn release_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it says.")] input: ReleaseInput,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (asked, input) = (ctx.asked(), input.resolve().map_err(at_input)?);
        ReleasePayload::settled(ctx, ctx.room().release_create(&asked.viewer, input, asked.now).await).await.map(Some)
    }

    /// Writes a new version of what a release says. A live version stays as it is until the new one is published.
    /// AUTHOR for their own releases, EDITOR for any.
    async fn release_revise(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "What changes.")] input: ReleaseInput,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (asked, id, input) = (ctx.asked(), release_id(&id)?, input.resolve().map_err(at_input)?);
        ReleasePayload::settled(
            ctx,
            ctx.room().release_revise(&asked.viewer, id, expected_revision, input, asked.now).await,
        )
        .await
        .map(Some)
    }

    /// Makes the version being worked on public, at once; of a withdrawn release also the last public version, again. EDITOR.
    async fn release_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (asked, id) = (ctx.asked(), release_id(&id)?);
        ReleasePayload::settled(
            ctx,
            ctx.room().release_publish(&asked.viewer, id, expected_revision, None, asked.now).await,
        )
        .await
        .map(Some)
    }

    /// Takes a release back from the public. EDITOR.
    async fn release_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "How its former address is to answer.")] kind: WithdrawalKind,
        #[graphql(desc = "What its former address says, at most 5,000 characters. Required by WITH_NOTICE.")]
        notice: Option<String>,
        #[graphql(desc = "Where its former address leads. Required by REDIRECT.")] redirect_to: Option<Url>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (asked, id) = (ctx.asked(), release_id(&id)?);
        let withdrawal = Withdrawal { kind: kind.into(), notice, redirect_to: redirect_to.map(|url| url.0) };
        ReleasePayload::settled(
            ctx,
            ctx.room().release_withdraw(&asked.viewer, id, expected_revision, withdrawal, asked.now).await,
        )
        .await
        .map(Some)
    }

    /// Makes a topic. ADMIN.
    async fn topic_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is.")] input: TopicInput,
    ) -> Result<Option<TopicPayload>, ApiError> {
        let (asked, input) = (ctx.asked(), input.resolve().map_err(at_input)?);
        TopicPayload::settled(ctx.room().topic_create(&asked.viewer, input, asked.now).await).map(Some)
    }

    /// Changes a topic. ADMIN.
    async fn topic_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which topic.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "What changes.")] input: TopicInput,
    ) -> Result<Option<TopicPayload>, ApiError> {
        let (asked, id) = (ctx.asked(), id::expect(Noun::Topic, &id).map_err(at_id)?);
        let input = input.resolve().map_err(at_input)?;
        TopicPayload::settled(ctx.room().topic_update(&asked.viewer, id, expected_revision, input, asked.now).await)
            .map(Some)
    }

    /// Makes a place. ADMIN.
    async fn place_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is.")] input: PlaceInput,
    ) -> Result<Option<PlacePayload>, ApiError> {
        let (asked, input) = (ctx.asked(), input.resolve().map_err(at_input)?);
        PlacePayload::settled(ctx.room().place_create(&asked.viewer, input, asked.now).await).map(Some)
    }

    /// Changes a place. ADMIN.
    async fn place_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which place.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "What changes.")] input: PlaceInput,
    ) -> Result<Option<PlacePayload>, ApiError> {
        let (asked, id) = (ctx.asked(), id::expect(Noun::Place, &id).map_err(at_id)?);
        let input = input.resolve().map_err(at_input)?;
        PlacePayload::settled(ctx.room().place_update(&asked.viewer, id, expected_revision, input, asked.now).await)
            .map(Some)
    }

    /// Makes an access token. Its secret is in this answer and nowhere else. ADMIN.
    async fn token_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom and what.")] input: TokenInput,
    ) -> Result<Option<TokenPayload>, ApiError> {
        let asked = ctx.asked();
        TokenPayload::settled(ctx.room().token_create(&asked.viewer, input.into(), asked.now).await).map(Some)
    }

    /// Takes an access token back, at once and for good. ADMIN.
    async fn token_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] id: ID,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (asked, id) = (ctx.asked(), id::expect(Noun::Token, &id).map_err(at_id)?);
        DeletePayload::settled(Noun::Token, ctx.room().token_revoke(&asked.viewer, id, asked.now).await).map(Some)
    }
}

fn release_id(id: &ID) -> Result<uuid::Uuid, ApiError> {
    id::expect(Noun::Release, id).map_err(at_id)
}

fn at_id(error: ApiError) -> ApiError {
    error.at("id")
}

fn at_input(error: ApiError) -> ApiError {
    error.at("input")
}

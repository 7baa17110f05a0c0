//! Letting people in: tokens and preview links.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::at_id;
use crate::graphql::{
    context::ContextExt,
    error::ApiError,
    id,
    payload::{DeletePayload, PreviewLinkPayload, TokenPayload},
    scalars::DateTime,
    token::TokenInput,
};

/// Letting people in.
#[derive(Default)]
pub struct AccessMutation;

/// Letting people in.
#[Object]
impl AccessMutation {
    /// Makes a link that shows the newest version of one release to whoever holds it, without an account. Each use is logged.
    /// AUTHOR for their own releases, EDITOR for any.
    async fn preview_link_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] release_id: ID,
        #[graphql(desc = "From this instant on it shows nothing.")] expires_at: DateTime,
    ) -> Result<Option<PreviewLinkPayload>, ApiError> {
        let asked = ctx.asked();
        let release = id::expect(ctx.ids(), Noun::Release, &release_id).map_err(|error| error.at("releaseId"))?;
        let done = ctx.room().preview_create(&asked.viewer, release, expires_at.0, asked.now).await;
        PreviewLinkPayload::settled(ctx, done).map(Some)
    }

    /// Takes a preview link back, at once and for good. AUTHOR for their own releases, EDITOR for any.
    async fn preview_link_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which link.")] id: ID,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (asked, id) = (ctx.asked(), id::expect(ctx.ids(), Noun::PreviewLink, &id).map_err(at_id)?);
        let done = ctx.room().preview_revoke(&asked.viewer, id, asked.now).await;
        DeletePayload::settled(ctx, Noun::PreviewLink, done).map(Some)
    }

    /// Makes an access token. Its secret is in this answer and nowhere else. ADMIN.
    async fn token_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom and what.")] input: TokenInput,
    ) -> Result<Option<TokenPayload>, ApiError> {
        let asked = ctx.asked();
        TokenPayload::settled(ctx, ctx.room().token_create(&asked.viewer, input.into(), asked.now).await).map(Some)
    }

    /// Takes an access token back, at once and for good. ADMIN.
    async fn token_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] id: ID,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (asked, id) = (ctx.asked(), id::expect(ctx.ids(), Noun::Token, &id).map_err(at_id)?);
        DeletePayload::settled(ctx, Noun::Token, ctx.room().token_revoke(&asked.viewer, id, asked.now).await).map(Some)
    }
}

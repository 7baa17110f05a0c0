//! Mutations for access: create and revoke preview links and access tokens.
//!
//! `newsroom::access` implements these commands.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::arguments::at_id;
use crate::graphql::{
    base::{error::ApiError, global_id, scalars::DateTime},
    engine::context::ContextExt,
    types::{
        access::TokenInput,
        payload::{DeletePayload, PreviewLinkPayload, TokenPayload},
    },
};

/// Mutations of preview links and access tokens.
#[derive(Default)]
pub struct AccessMutation;

/// Mutations of preview links and access tokens.
#[Object]
impl AccessMutation {
    /// Creates a preview link. Anyone with the link can read the newest revision of one release without an account.
    /// Each use is logged. Requires the role AUTHOR for your own releases, EDITOR for all others.
    async fn preview_link_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] release_id: ID,
        #[graphql(desc = "The instant at which the link expires. It must be in the future.")] expires_at: DateTime,
    ) -> Result<Option<PreviewLinkPayload>, ApiError> {
        let request = ctx.request();
        let release =
            global_id::decode_as(ctx.ids(), Noun::Release, &release_id).map_err(|error| error.at("releaseId"))?;
        let result = ctx.newsroom().preview_create(&request.viewer, release, expires_at.0, request.now).await;
        PreviewLinkPayload::from_result(ctx, result)
    }

    /// Permanently revokes a preview link. Requires the role AUTHOR for your own releases, EDITOR for all others.
    async fn preview_link_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the preview link.")] id: ID,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), global_id::decode_as(ctx.ids(), Noun::PreviewLink, &id).map_err(at_id)?);
        let result = ctx.newsroom().preview_revoke(&request.viewer, id, request.now).await;
        DeletePayload::from_result(ctx, Noun::PreviewLink, result)
    }

    /// Creates an access token. Only this response contains its secret. Requires the role ADMIN.
    async fn token_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subject, name, role and expiry time of the token.")] input: TokenInput,
    ) -> Result<Option<TokenPayload>, ApiError> {
        let request = ctx.request();
        TokenPayload::from_result(ctx, ctx.newsroom().token_create(&request.viewer, input.into(), request.now).await)
    }

    /// Permanently revokes an access token. Requires the role ADMIN.
    async fn token_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the access token.")] id: ID,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), global_id::decode_as(ctx.ids(), Noun::Token, &id).map_err(at_id)?);
        DeletePayload::from_result(
            ctx,
            Noun::Token,
            ctx.newsroom().token_revoke(&request.viewer, id, request.now).await,
        )
    }
}

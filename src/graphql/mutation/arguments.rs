//! Code that many mutations share: decoding of release ids, and the error paths `id` and `input`.

use async_graphql::{Context, ID};
use entity::Noun;

use crate::graphql::{
    base::{error::ApiError, global_id},
    engine::context::ContextExt,
};

/// Decodes the argument `id` to the database key of a release.
pub(super) fn release_id(ctx: &Context<'_>, id: &ID) -> Result<uuid::Uuid, ApiError> {
    global_id::decode_as(ctx.ids(), Noun::Release, id).map_err(at_id)
}

/// Puts the argument `id` at the start of an error path.
pub(super) fn at_id(error: ApiError) -> ApiError {
    error.at("id")
}

/// Puts the argument `input` at the start of an error path.
pub(super) fn at_input(error: ApiError) -> ApiError {
    error.at("input")
}

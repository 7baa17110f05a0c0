//! Arguments that many mutations have: the id of a release, and errors at `id` and `input`.

use async_graphql::{Context, ID};
use entity::Noun;

use crate::graphql::{
    base::{error::ApiError, global_id},
    engine::context::ContextExt,
};

/// The key of the release in the argument `id`.
pub(super) fn release_id(ctx: &Context<'_>, id: &ID) -> Result<uuid::Uuid, ApiError> {
    global_id::decode_as(ctx.ids(), Noun::Release, id).map_err(at_id)
}

/// The same error, at the argument `id`.
pub(super) fn at_id(error: ApiError) -> ApiError {
    error.at("id")
}

/// The same error, at the argument `input`.
pub(super) fn at_input(error: ApiError) -> ApiError {
    error.at("input")
}

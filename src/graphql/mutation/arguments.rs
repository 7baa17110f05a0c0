//! Arguments that many mutations share: the id of a release, and the error paths `id` and `input`.

use async_graphql::{Context, ID};
use entity::Noun;

use crate::graphql::{
    base::{error::ApiError, global_id},
    engine::context::ContextExt,
};

/// Decodes the argument `id` to the key of a release.
pub(super) fn release_id(ctx: &Context<'_>, id: &ID) -> Result<uuid::Uuid, ApiError> {
    global_id::decode_as(ctx.ids(), Noun::Release, id).map_err(at_id)
}

/// Adds the argument `id` to the path of an error.
pub(super) fn at_id(error: ApiError) -> ApiError {
    error.at("id")
}

/// Adds the argument `input` to the path of an error.
pub(super) fn at_input(error: ApiError) -> ApiError {
    error.at("input")
}

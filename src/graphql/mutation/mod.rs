//! The root type `Mutation`: one mutation for each editorial action, merged from three objects.
//!
//! - `release`: create, revise, submit, publish, schedule, embargo, correct, withdraw, purge and bulk transitions
//! - `thesaurus`: create, update, merge and retire topics and places
//! - `access`: preview links and access tokens

mod access;
mod release;
mod thesaurus;

use async_graphql::{Context, ID, MergedObject};
use entity::Noun;

use super::base::{context::ContextExt, error::ApiError, global_id};

/// Writing. An act happens whole or not at all; what an editor can mend is in `userErrors`, and a query sent afterwards sees it.
/// A request sent again under the same `Idempotency-Key` header gets the first answer, and nothing is done twice.
#[derive(Default, MergedObject)]
pub struct Mutation(release::ReleaseMutation, thesaurus::ThesaurusMutation, access::AccessMutation);

fn release_id(ctx: &Context<'_>, id: &ID) -> Result<uuid::Uuid, ApiError> {
    global_id::decode_as(ctx.ids(), Noun::Release, id).map_err(at_id)
}

fn at_id(error: ApiError) -> ApiError {
    error.at("id")
}

fn at_input(error: ApiError) -> ApiError {
    error.at("input")
}

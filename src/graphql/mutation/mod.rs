//! The root type `Mutation`: one mutation for each editorial action, merged from three objects.
//!
//! - `release`: create, revise, submit, publish, schedule, embargo, correct, withdraw, purge and bulk transitions
//! - `taxonomy`: create, update, merge and retire topics and places
//! - `access`: preview links and access tokens
//! - `arguments`: release ids, and the error paths `id` and `input`

mod access;
mod arguments;
mod release;
mod taxonomy;

use async_graphql::MergedObject;

/// All changes. A mutation succeeds completely or changes nothing. What an editor can correct is returned in
/// `userErrors`. A query sent after the response sees the change. If a request is repeated with the same
/// `Idempotency-Key` header, the first response is returned and nothing is executed twice.
#[derive(Default, MergedObject)]
pub struct Mutation(release::ReleaseMutation, taxonomy::TaxonomyMutation, access::AccessMutation);

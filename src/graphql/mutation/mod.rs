//! The root type `Mutation`: one mutation for each editorial action, merged from three objects.
//!
//! - `release`: create, revise, submit, publish, schedule, embargo, correct, withdraw, purge and bulk transitions
//! - `taxonomy`: create, update, merge and retire topics and places
//! - `access`: preview links and access tokens
//! - `arguments`: release ids, and errors at `id` and `input`

mod access;
mod arguments;
mod release;
mod taxonomy;

use async_graphql::MergedObject;

/// Writing. An act happens whole or not at all; what an editor can mend is in `userErrors`, and a query sent afterwards sees it.
/// A request sent again under the same `Idempotency-Key` header gets the first answer, and nothing is done twice.
#[derive(Default, MergedObject)]
pub struct Mutation(release::ReleaseMutation, taxonomy::TaxonomyMutation, access::AccessMutation);

//! The root type `Mutation`: one mutation for each editorial action, merged from three objects.
//!
//! - `release`: create, revise, submit, publish, schedule, embargo, correct, withdraw, purge and bulk transitions
//! - `taxonomy`: create, update, merge and retire topics and places
//! - `access`: preview links and access tokens
//! - `arguments`: decoding of release ids, and the error paths `id` and `input`

mod access;
mod arguments;
mod release;
mod taxonomy;

use async_graphql::MergedObject;

/// Write operations. A mutation either succeeds completely or changes nothing; for `releasesTransition`, this holds for
/// each release separately. Errors that an editor can correct are returned in `userErrors`. A query that is sent after
/// the response sees the change. If a client repeats a request with the same `Idempotency-Key` header, the server
/// returns the first response without executing the request again.
#[derive(Default, MergedObject)]
pub struct Mutation(release::ReleaseMutation, taxonomy::TaxonomyMutation, access::AccessMutation);

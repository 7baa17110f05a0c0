//! The GraphQL API: one room per object, each a thin dress over what the newsroom and the catalog know.
//!
//! A resolver makes one call to the floor below and knows no SQL. What a query may cost is set here, in one place; what it may
//! look like before anything runs is `gate`'s.

mod connection;
pub mod context;
pub mod cost;
mod enums;
mod error;
mod filter;
pub mod gate;
mod id;
mod mutation;
mod node;
mod patch;
mod payload;
mod place;
mod query;
mod refs;
mod release;
mod revision;
mod scalars;
mod stats;
mod token;
mod topic;
mod viewer;

use async_graphql::EmptySubscription;

pub use context::Asked;
use mutation::Mutation;
use query::Query;

use crate::newsroom::Newsroom;

/// Dateline's schema.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// The schema over a newsroom.
pub fn schema(room: Newsroom) -> Schema {
    async_graphql::Schema::build(Query, Mutation, EmptySubscription)
        .limit_complexity(cost::MAX_COST)
        .limit_depth(cost::MAX_DEPTH)
        .data(room)
        .finish()
}

/// The schema in the schema definition language, as committed in `schema.graphql`.
pub fn sdl() -> String {
    async_graphql::Schema::build(Query, Mutation, EmptySubscription).finish().sdl()
}

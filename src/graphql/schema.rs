//! The GraphQL schema: its root types, the interfaces that no field returns, and its text (SDL).

use async_graphql::{SDLExportOptions, SchemaBuilder};

use super::{
    mutation::Mutation,
    query::Query,
    subscription::Subscription,
    types::{
        aggregates::facet::{Facet, FacetBucket},
        release_set::ReleaseSet,
    },
};

/// The GraphQL schema of Dateline, with its root types.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Returns the schema builder. Registers the interfaces that no field returns, because async-graphql does not find
/// them otherwise.
pub(super) fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query, Mutation::default(), Subscription)
        .register_output_type::<ReleaseSet>()
        .register_output_type::<Facet>()
        .register_output_type::<FacetBucket>()
}

/// Returns the schema in the schema definition language (SDL), as committed in `schema.graphql`.
pub fn sdl() -> String {
    builder().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

//! The GraphQL schema: its root types and the interfaces that no field leads to, and its text (SDL).

use async_graphql::{SDLExportOptions, SchemaBuilder};

use super::{
    mutation::Mutation,
    query::Query,
    subscription::Subscription,
    types::{
        facet::{Facet, FacetBucket},
        release_set::ReleaseSet,
    },
};

/// Dateline's schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema, with the interfaces that no field leads to.
pub(super) fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query, Mutation::default(), Subscription)
        .register_output_type::<ReleaseSet>()
        .register_output_type::<Facet>()
        .register_output_type::<FacetBucket>()
}

/// The schema in the schema definition language, as committed in `schema.graphql`.
pub fn sdl() -> String {
    builder().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

//! The GraphQL API: one room per object, each a thin dress over what the newsroom and the catalog know.
//!
//! A resolver makes one call to the floor below and knows no SQL. What a query may cost is set here, in one place; how it is
//! parsed, validated and coerced before anything executes is `operation`'s.

pub mod base;
pub mod cost;
mod engine;
mod inputs;
mod mutation;
pub mod operation;
mod query;
mod subscription;
mod types;

use async_graphql::SchemaBuilder;

pub use base::context::RequestContext;
pub use cost::extent::Extent;
pub use engine::executor::{
    Executor, MAX_CACHED_DOCUMENT_BYTES, OpenSubscription, OperationInput, PreparedOperation, TOKEN_REQUIRED,
};
pub use engine::scheduler::{Execution, Overloaded, Permits};
use mutation::Mutation;
pub use operation::{Document, RequestError, RequestErrors};

use query::Query;
use subscription::Subscription;

/// Dateline's schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema, with the interfaces that no field leads to.
fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query, Mutation::default(), Subscription)
        .register_output_type::<types::release_set::ReleaseSet>()
        .register_output_type::<types::facet::Facet>()
        .register_output_type::<types::facet::FacetBucket>()
}

/// The schema in the schema definition language, as committed in `schema.graphql`.
pub fn sdl() -> String {
    builder().finish().sdl()
}

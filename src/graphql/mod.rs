//! The GraphQL API: one room per object, each a thin dress over what the newsroom and the catalog know.
//!
//! A resolver makes one call to the floor below and knows no SQL. What a query may cost is set here, in one place; how it is
//! parsed, validated and coerced before anything executes is `operation`'s.

mod api;
mod argument;
mod budget;
mod connection;
pub mod context;
pub mod cost;
mod direct;
mod enums;
mod error;
mod execution;
mod extent;
mod facet;
mod facet_input;
mod filter;
mod history;
mod id;
mod introspection;
mod loaders;
mod mutation;
mod node;
pub mod operation;
mod order;
mod patch;
mod payload;
mod place;
mod price;
mod query;
mod refs;
mod release;
mod revision;
mod scalars;
mod stats;
mod subscription;
mod timeline;
mod token;
mod topic;
mod trend;
mod variable_limits;
mod viewer;

use async_graphql::SchemaBuilder;

pub use api::{
    Executor, MAX_CACHED_DOCUMENT_BYTES, OpenSubscription, OperationInput, PreparedOperation, TOKEN_REQUIRED,
};
pub use context::RequestContext;
pub use execution::{Execution, Overloaded, Permits};
pub use extent::Extent;
use mutation::Mutation;
pub use operation::{Document, RequestError, RequestErrors};

use query::Query;
use subscription::Subscription;

/// Dateline's schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema, with the interfaces that no field leads to.
fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query, Mutation::default(), Subscription)
        .register_output_type::<stats::ReleaseSet>()
        .register_output_type::<facet::Facet>()
        .register_output_type::<facet::FacetBucket>()
}

/// The schema in the schema definition language, as committed in `schema.graphql`.
pub fn sdl() -> String {
    builder().finish().sdl()
}

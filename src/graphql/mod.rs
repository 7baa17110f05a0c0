//! The GraphQL API: schema, resolvers, query cost and execution on top of `async-graphql`.
//!
//! A request passes `operation` (parse, validate, coerce, plan), `cost` (query cost limit) and `engine` (execution);
//! its fields are resolved by `query`, `mutation`, `subscription` and the object types in `types`. A resolver makes one
//! call to `newsroom` or `catalog`; it contains no SQL and no business rule.
//!
//! - `base`: scalars, enums, global ids, errors, request context, data loaders
//! - `inputs`: input objects (filters, facets, references, patches) and their conversion
//! - `types`: object types, interfaces and payloads of the schema
//! - `query`, `mutation`, `subscription`: the root types
//! - `operation`: parsing, validation, variable coercion and planning according to the GraphQL specification
//! - `cost`: the cost of a query, computed before execution
//! - `engine`: executor, scheduler, response limits and corrections of `async-graphql`

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

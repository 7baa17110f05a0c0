//! The GraphQL API: schema, resolvers, query cost and execution on top of `async-graphql`.
//!
//! `executor` passes a request through `operation` (parse, validate, coerce, plan), `cost` (query cost limit) and
//! `engine` (execution). The resolvers are in `query`, `mutation`, `subscription` and `types`. A resolver makes one
//! call to `newsroom` or `catalog`; it contains no SQL and no business rule.
//!
//! - `executor`: parse, prepare and execute, with caches
//! - `filter_parameter`: reads a release filter that is not part of an operation
//! - `schema`: the schema of the root types, and its text
//! - `base`: scalars, enums, global ids, errors, data loaders
//! - `inputs`: input objects (filters, facets, references, patches) and their conversion
//! - `types`: object types, interfaces and payloads of the schema
//! - `query`, `mutation`, `subscription`: the root types
//! - `operation`: parsing, validation, variable coercion and planning according to the GraphQL specification
//! - `cost`: the cost of a query, computed before execution
//! - `engine`: request context, scheduler, response limits, and replacements for parts of `async-graphql`

mod base;
pub mod cost;
mod engine;
mod executor;
mod filter_parameter;
mod inputs;
mod mutation;
pub mod operation;
mod query;
mod schema;
mod subscription;
mod types;

pub use cost::extent::Extent;
pub use engine::{
    context::RequestContext,
    scheduler::{Execution, Overloaded, Permits},
};
pub use executor::{
    Executor, MAX_CACHED_DOCUMENT_BYTES, OpenSubscription, OperationInput, PreparedOperation, TOKEN_REQUIRED,
};
pub use operation::{Document, RequestError, RequestErrors};
pub use schema::sdl;

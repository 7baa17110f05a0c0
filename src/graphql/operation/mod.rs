//! GraphQL front end: parsing, validation, variable coercion and planning, before anything executes.
//!
//! When `async-graphql` validates documents and coerces variables, it deviates from the GraphQL specification
//! (September 2025). Therefore this folder does both, and `async-graphql` receives only plans of valid operations.
//!
//! The executor caches parsed documents and plans. A cached document does not depend on variables. A cached plan
//! depends only on which variables have values, and on the values of the variables in `@skip` and `@include`
//! conditions. The files, in the order in which a request passes through them:
//!
//! - `scan`: limits on the document text (bytes, tokens, nesting), checked without recursion; blanks out descriptions
//! - `document`: a parsed and valid document; calls `apollo-compiler` and the checks in the other files
//! - `tokens`: detects tokens that the parser dropped without an error
//! - `expanded_size`: limits on the size of a document with all fragments expanded
//! - `values`, `subscription_root`, `conflict`: validation rules that `apollo-compiler` lacks
//! - `conditions`: finds the variables in `@skip` and `@include` conditions
//! - `variables`, `input_types`: coercion of variable values and literals
//! - `plan`: one operation with fragments merged and conditions applied, as `async-graphql` executes it
//! - `schema`: the parsed schema with lookups for validation
//! - `error`, `messages`, `position`: request errors, their messages, and their lines and columns in the document

mod conditions;
mod conflict;
mod document;
mod error;
mod expanded_size;
mod input_types;
mod messages;
mod plan;
mod position;
mod scan;
mod schema;
mod subscription_root;
mod tokens;
mod values;
mod variables;

pub use document::Document;
pub(super) use error::check_limit;
pub use error::{RequestError, RequestErrors};
pub(super) use messages::Disclosure;
pub(super) use plan::Plan;
pub(super) use schema::OperationSchema;

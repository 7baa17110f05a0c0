//! GraphQL front end: parsing, validation, variable coercion and planning, before anything executes.
//!
//! `async-graphql` deviates from the specification (September 2025) in validation and coercion, so it receives only
//! plans of valid operations. The executor caches documents and plans. A document does not depend on variables. A
//! plan depends only on which variables have values, and on the values of `@skip` and `@include` conditions. The
//! steps, in order:
//!
//! - `scan`: limits on the text (bytes, tokens, nesting), without recursion; blanks out descriptions
//! - `document`: the parsed and valid document; runs `apollo-compiler` and the checks below
//! - `tokens`: finds tokens that the parser dropped without an error
//! - `expanded_size`: limits on the document with all fragments expanded
//! - `values`, `subscription_root`, `conflict`: validation rules that `apollo-compiler` lacks
//! - `conditions`: variables of `@skip` and `@include`
//! - `variables`, `input_types`: coercion of variable values and literals
//! - `plan`: one operation with fragments merged and conditions applied, as `async-graphql` executes it
//! - `schema`: the parsed schema with lookups for validation
//! - `error`, `messages`, `position`: request errors, their messages, and their lines and columns

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

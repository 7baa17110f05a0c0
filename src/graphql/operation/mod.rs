//! The front end of GraphQL: every operation is parsed, validated and coerced here before anything executes, as the GraphQL
//! specification (September 2025) has it.
//!
//! async-graphql departs from the specification where it validates and coerces, so it is given only what is known to be
//! valid. In order:
//!
//! 1. `scan`: limits on the text, in one pass without recursion; descriptions are blanked.
//! 2. `document`: the text is parsed by `apollo-compiler`; `tokens` sees that nothing was dropped, `size` limits what fragments
//!    expand to; then it is validated.
//! 3. `values`, `root` and `conflict`: what `apollo-compiler` does not check, or not as the specification has it: literals, where
//!    variables may stand, the roots of subscriptions, lists in the arguments of fields that are merged.
//! 4. `variables`: the values of variables are coerced to their types.
//! 5. `plan`: one operation with its variables becomes the document that async-graphql executes: no fragments to spread, no
//!    `@skip` and `@include`, each response key once and in the query's order, arguments without a value left out.
//!
//! Documents and plans do not depend on the values of variables, so that both are cached (`graphql::api`).

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

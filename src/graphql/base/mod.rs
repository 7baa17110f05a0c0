//! Building blocks of the GraphQL schema that do not depend on any object type.
//!
//! - `scalars`, `enums`: custom scalars and enums
//! - `actor`: the person or system that changed or read something
//! - `global_id`: Relay object ids
//! - `error`, `user_error`: top-level errors and `userErrors` of mutations
//! - `excerpt`: excerpts of texts, for messages
//! - `loaders`: batched loading of rows
//! - `projection`: the columns that a selection needs

pub(crate) mod actor;
pub(crate) mod enums;
pub(crate) mod error;
pub(crate) mod excerpt;
pub(crate) mod global_id;
pub(crate) mod loaders;
pub(crate) mod projection;
pub(crate) mod scalars;
pub(crate) mod user_error;

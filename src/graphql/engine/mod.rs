//! Execution of planned operations: request context, scheduling, response limits, and corrections for
//! `async-graphql`. Nothing here depends on the object types of the schema.
//!
//! - `context`: request context and response metadata
//! - `scheduler`: time slices and permits for short and long operations
//! - `arguments`: field arguments from literals and variables
//! - `response_budget`: limits on the size of a response
//! - `variable_limits`: limits on variables
//! - `field_order`: sorting of response keys
//! - `serial_list`: lists and objects whose fields are resolved one after the other
//! - `subscription_phase`: whether a subscription is opened or executes one event

pub mod arguments;
pub mod context;
pub mod field_order;
pub mod response_budget;
pub mod scheduler;
pub mod serial_list;
pub mod subscription_phase;
pub mod variable_limits;

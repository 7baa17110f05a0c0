//! Execution of planned operations, with corrections for `async-graphql`. Does not depend on the object types of the
//! schema.
//!
//! - `context`: request context and response metadata
//! - `scheduler`: time slices and permits, short and long operations
//! - `arguments`: field arguments from literals and variables
//! - `response_budget`: limit on the response size
//! - `variable_limits`: limits on variables
//! - `field_order`: order of response keys
//! - `serial_list`: lists and objects that are resolved serially
//! - `subscription_phase`: opening of a subscription, or execution of one event

pub mod arguments;
pub mod context;
pub mod field_order;
pub mod response_budget;
pub mod scheduler;
pub mod serial_list;
pub mod subscription_phase;
pub mod variable_limits;

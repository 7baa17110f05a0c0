//! Execution of planned operations, and corrections of `async-graphql`. Independent of the object types.
//!
//! - `context`: request context and response metadata
//! - `scheduler`: short and long operations, permits
//! - `arguments`: field arguments from literals and variables
//! - `response_budget`: limit on the response size
//! - `variable_limits`: limits on variables
//! - `field_order`: order of response keys
//! - `serial_list`: lists that are resolved serially
//! - `subscription_phase`: opening or event of a subscription

pub mod arguments;
pub mod context;
pub mod field_order;
pub mod response_budget;
pub mod scheduler;
pub mod serial_list;
pub mod subscription_phase;
pub mod variable_limits;

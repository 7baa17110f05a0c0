pub mod arguments;
pub mod executor;
pub mod field_order;
pub mod response_budget;
pub mod scheduler;
pub mod serial_list;
pub mod variable_limits;

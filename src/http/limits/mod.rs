//! Protection against overload: limits per client IP, per token and in total.
//!
//! - `client_ip`: client IP address, also behind trusted proxies (`X-Forwarded-For`)
//! - `rate_limit`: requests per minute, lockout after failed authentication, limits on concurrent operations and
//!   streams
//! - `connection_limit`: limit on open connections
//! - `body_memory`: limit on the memory of request and response bodies
//! - `per_ip`: counter of connections or streams per client IP

pub mod body_memory;
pub mod client_ip;
pub mod connection_limit;
pub mod per_ip;
pub mod rate_limit;

//! Protection against overload: limits per client IP, per token and in total.
//!
//! - `client_ip`: client IP address behind trusted proxies (`X-Forwarded-For`)
//! - `rate_limit`: requests per minute, lockout after failed authentication, concurrent operations and streams
//! - `connection_limit`: open connections
//! - `body_memory`: memory of request and response bodies
//! - `per_ip`: counter per IP address

pub mod body_memory;
pub mod client_ip;
pub mod connection_limit;
pub mod per_ip;
pub mod rate_limit;

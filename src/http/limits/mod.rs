pub mod body_memory;
pub mod connection_limit;
pub mod per_ip;
pub mod rate_limit;

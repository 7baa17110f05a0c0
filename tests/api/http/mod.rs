pub mod client_ip;
pub mod connections;
pub mod database_reconnect;
pub mod drain;
pub mod requests;
pub mod sse;
pub mod tls;
pub mod websocket;

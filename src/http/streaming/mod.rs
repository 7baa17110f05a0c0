pub mod operation;
pub mod session;
pub mod sse;
pub mod websocket;

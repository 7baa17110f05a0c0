pub(crate) mod connection;
pub(crate) mod drain;
pub(crate) mod idle_timeout;
pub(crate) mod lingering_close;
pub mod server;
pub mod tls;
pub(crate) mod write_timeout;

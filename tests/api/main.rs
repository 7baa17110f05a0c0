//! The newsroom through its real router, on both databases.

mod desk;
mod hidden;
mod http;
mod import;
mod postgres;
mod reading;
mod statements;
mod writing;

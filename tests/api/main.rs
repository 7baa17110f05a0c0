//! The newsroom through its real router, on both databases.

mod command;
mod crawl;
mod desk;
mod hidden;
mod http;
mod import;
mod postgres;
mod reading;
mod statements;
mod writing;

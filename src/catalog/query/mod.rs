pub mod aggregates;
pub mod cache;
pub mod change_event;
pub mod filter;
pub mod handle;
pub mod page;
pub mod related;
pub mod release_set;

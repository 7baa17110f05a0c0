pub mod context;
pub(crate) mod enums;
pub(crate) mod error;
pub(crate) mod global_id;
pub(crate) mod loaders;
pub(crate) mod scalars;

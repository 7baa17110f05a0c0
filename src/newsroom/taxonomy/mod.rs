pub(crate) mod merge;
pub mod place;
pub(crate) mod slugs;
pub mod topic;

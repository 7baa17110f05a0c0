pub mod facet;
pub mod filter;
pub mod lookup;
pub mod patch;

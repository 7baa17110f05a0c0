pub mod merged_concept;
pub(crate) mod name_role;
pub mod place;
pub mod place_name;
pub mod topic;
pub mod topic_broader;
pub mod topic_name;

pub mod correction;
pub mod preview_link;
pub mod release;
pub mod revision;
pub mod revision_place;
pub mod revision_topic;

//! Tables of releases.
//!
//! - `release`: identity, workflow state, schedule and embargo
//! - `revision`: content of a revision
//! - `revision_topic`, `revision_place`: topics and places of a revision
//! - `correction`: public corrections
//! - `preview_link`: preview links

pub mod correction;
pub mod preview_link;
pub mod release;
pub mod revision;
pub mod revision_place;
pub mod revision_topic;

//! Commands on releases, and their content: from draft to publication, correction, withdrawal and erasure.
//!
//! Each command starts with `Newsroom::begin_transition` and ends with a commit (`transition`). Which command is
//! allowed in which state is in `workflow`.
//!
//! - `transition`: one transition of a release: load, check, change, record, commit
//! - `draft`: create, revise, restore and delete a release
//! - `publish`: submit, return, approve, publish and correct
//! - `schedule`: scheduled publication at a local time; recording of due transitions
//! - `embargo`: set, move and lift an embargo
//! - `withdraw`: withdraw and retract; tombstone notices; redirect loops
//! - `purge`: permanent erasure
//! - `bulk`: one action on many releases
//! - `content`: the fields of a revision as one value
//! - `revision`: rows of revisions, fetched by column mask
//! - `diff`: comparison of two revisions
//! - `dateline`: the dateline as text
//! - `rendition`: cache of rendered bodies

pub mod bulk;
pub mod content;
pub mod dateline;
pub mod diff;
pub mod draft;
pub(crate) mod embargo;
pub mod publish;
pub(crate) mod purge;
pub mod rendition;
pub mod revision;
pub mod schedule;
pub(crate) mod transition;
pub mod withdraw;

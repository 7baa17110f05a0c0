//! Commands on releases, from draft to publication, correction, withdrawal and erasure, and the content of releases.
//!
//! Each command on an existing release starts with `Newsroom::begin_transition` and ends with a commit
//! (`transition`). The table in `workflow` defines which command is allowed in which state.
//!
//! - `transition`: the steps of a transition: load, check, change, record, commit
//! - `draft`: create, revise, restore and delete a release
//! - `publish`: submit, return, approve, publish and correct
//! - `schedule`: scheduled publication at a local time; records due transitions in the journal
//! - `embargo`: set, move and lift an embargo
//! - `withdraw`: withdraw and retract; notices of tombstones; detection of redirect loops
//! - `purge`: permanent erasure
//! - `bulk`: one action on many releases
//! - `content`: the fields of a revision as one value
//! - `revision`: fetches rows of revisions, limited to the columns that a query needs
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

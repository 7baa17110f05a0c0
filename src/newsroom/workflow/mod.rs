//! Workflow of releases: the state machine and the permissions of roles, as one table. Pure: no database, no clock.
//!
//! `release::transition` carries out a transition in the database.
//!
//! - `action`: actions on releases, and other resources that a role may manage
//! - `table`: the transition table, and its Markdown form
//! - `permissions`: the transition function, checks of role and ownership, four eyes
//! - `tests`: compares the table with a second table that lists the actions by state

mod action;
mod permissions;
mod table;
#[cfg(test)]
mod tests;

pub use action::{ReleaseAction, Resource};
pub use permissions::{
    TransitionInput, WorkflowError, WorkflowPolicy, check_manage, check_ownership, check_role, next_state, state_label,
};
pub use table::markdown_table;

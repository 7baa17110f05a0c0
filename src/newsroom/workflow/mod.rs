//! Workflow of releases: one table that defines the state machine and the permissions of each role. The code accesses
//! neither the database nor the clock.
//!
//! `release::transition` applies a transition to the database.
//!
//! - `action`: actions on releases, and other resources that a role may manage
//! - `table`: the transition table, and its conversion to Markdown
//! - `permissions`: the transition function; checks of role, ownership and the four-eyes principle
//! - `tests`: compares the transition table with a second table that lists the allowed actions of each state

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

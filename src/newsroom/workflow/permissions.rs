//! Permission checks by role and ownership, and the transition function, which returns the state of a release after
//! an action.

use entity::{api_token::Role, release::ReleaseState};

use super::{
    action::{ReleaseAction, Resource},
    table::{min_role_in, rule},
};
use crate::auth::viewer::Viewer;

/// Why an action is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkflowError {
    /// The viewer may not carry out the action. Another viewer may be allowed to. The text is the reason.
    Forbidden(String),
    /// No role may carry out the action in the present state of the release. The text is the reason.
    IllegalTransition(String),
}

/// The facts about a release that a transition depends on.
#[derive(Clone, Copy, Debug)]
pub struct TransitionInput<'a> {
    /// The present state of the release.
    pub state: ReleaseState,
    /// The subject that created the release.
    pub author: &'a str,
    /// The writer of the revision that the action would publish, if nobody has approved that revision. `None` if
    /// there is no such revision.
    pub unapproved_author: Option<&'a str>,
}

/// Workflow rules that each newsroom can configure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkflowPolicy {
    /// Whether the four-eyes principle applies: nobody may approve a revision that they wrote. Publishing or
    /// scheduling an unapproved revision counts as approving it. A correction is therefore forbidden, because one
    /// person would write and approve it in one step.
    pub four_eyes: bool,
}

/// Checks that the viewer's role may carry out an action on at least some releases. Callers check this before they
/// load a release, so that a viewer without permission does not learn whether the release exists.
pub fn check_role(action: ReleaseAction, viewer: &Viewer) -> Result<(), WorkflowError> {
    let rule = rule(action);
    if viewer.role >= rule.min_role_own {
        Ok(())
    } else {
        Err(forbidden(action.description(), rule.min_role_own, viewer))
    }
}

/// Checks that the viewer's role may carry out an action on a release that `author` created. Ignores the state of the
/// release.
pub fn check_ownership(action: ReleaseAction, author: &str, viewer: &Viewer) -> Result<(), WorkflowError> {
    let rule = rule(action);
    check_role(action, viewer)?;
    if viewer.role < rule.min_role_any && viewer.subject != author {
        return Err(WorkflowError::Forbidden(format!(
            "this release belongs to {author}: {} may {} only if they created them; ask {} to do it",
            role_plural(viewer.role),
            action.description(),
            role_with_article(rule.min_role_any)
        )));
    }
    Ok(())
}

/// Returns the state of a release after an action. Fails if the viewer may not carry out the action, or if the action
/// is not allowed in the present state.
pub fn next_state(
    action: ReleaseAction,
    input: TransitionInput<'_>,
    viewer: &Viewer,
    policy: WorkflowPolicy,
) -> Result<ReleaseState, WorkflowError> {
    let rule = rule(action);
    check_ownership(action, input.author, viewer)?;
    let Some(&(_, to)) = rule.transitions.iter().find(|(from, _)| *from == input.state) else {
        let states: Vec<&str> = rule.transitions.iter().map(|&(state, _)| state_label(state)).collect();
        let advice = if input.state == ReleaseState::Scheduled { "; unschedule it first" } else { "" };
        return Err(WorkflowError::IllegalTransition(format!(
            "the release is {}: you can {} that are {}{advice}",
            state_label(input.state),
            action.description(),
            states.join(" or ")
        )));
    };
    if let Some(min_role) = min_role_in(action, input.state) {
        let label = state_label(input.state);
        if viewer.role < min_role {
            return Err(WorkflowError::Forbidden(format!(
                "the release is {label}: only {} may {} that are {label}; ask one to do it, or to unschedule the release",
                role_with_article(min_role),
                action.description()
            )));
        }
        if policy.four_eyes {
            return Err(WorkflowError::Forbidden(format!(
                "the release is {label}, and this newsroom requires approval by a second person (workflow.four_eyes): \
                 unschedule it, revise it, and have somebody else schedule it again"
            )));
        }
    }
    if policy.four_eyes && action.approves() && input.unapproved_author == Some(viewer.subject.as_str()) {
        let advice = if action == ReleaseAction::Correct {
            "revise it, and have somebody else publish that revision with a correctionNote"
        } else {
            "ask somebody else to do it"
        };
        return Err(WorkflowError::Forbidden(format!(
            "you wrote this revision, and this newsroom requires approval by a second person (workflow.four_eyes): {advice}"
        )));
    }
    Ok(to)
}

/// Checks that the viewer may manage a resource. Only administrators may.
pub fn check_manage(resource: Resource, viewer: &Viewer) -> Result<(), WorkflowError> {
    let description = match resource {
        Resource::Topics => "manage topics",
        Resource::Places => "manage places",
        Resource::Tokens => "manage tokens",
        Resource::Journal => "read the journal",
        Resource::Repair => "repair the database",
    };
    if viewer.role >= Role::Admin { Ok(()) } else { Err(forbidden(description, Role::Admin, viewer)) }
}

fn forbidden(description: &str, required: Role, viewer: &Viewer) -> WorkflowError {
    let advice = if viewer.role == Role::Public {
        "send a token with that role: Authorization: Bearer …"
    } else {
        "use a token of that role"
    };
    WorkflowError::Forbidden(format!(
        "{} may not {description}; this requires {}: {advice}",
        role_plural(viewer.role),
        role_with_article(required)
    ))
}

/// Returns the name of a role in the plural, for messages.
const fn role_plural(role: Role) -> &'static str {
    match role {
        Role::Public => "the public",
        Role::Press => "the press",
        Role::Author => "authors",
        Role::Editor => "editors",
        Role::Admin => "administrators",
    }
}

const fn role_with_article(role: Role) -> &'static str {
    match role {
        Role::Public => "anybody",
        Role::Press => "a PRESS token",
        Role::Author => "an AUTHOR",
        Role::Editor => "an EDITOR",
        Role::Admin => "an ADMIN",
    }
}

/// Returns the name of a release state, for messages.
pub const fn state_label(state: ReleaseState) -> &'static str {
    match state {
        ReleaseState::Draft => "a draft",
        ReleaseState::InReview => "in review",
        ReleaseState::Approved => "approved",
        ReleaseState::Scheduled => "scheduled",
        ReleaseState::Published => "published",
        ReleaseState::Withdrawn => "withdrawn",
        ReleaseState::Retracted => "retracted",
    }
}

//! Workflow of releases: the state machine and the permissions of roles, as one table. Pure: no database, no clock.
//!
//! `RULES` says for each `ReleaseAction` which state leads to which state, which role may do it to any release, and
//! which role to its own. `next_state` is the transition function; `check_role`, `check_ownership` and `check_manage`
//! are the permission checks; `WorkflowPolicy` holds optional rules (four eyes). The table in the documentation is
//! printed by `markdown_table`.
//!
//! A transition is carried out in the database by `release::transition`.
//!
//! - `tests`: the table, checked against a second table that lists the actions by state

use entity::{api_token::Role, release::ReleaseState};

use crate::auth::viewer::Viewer;

/// An editorial act on a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseAction {
    /// Begin a release.
    Create,
    /// Write a new version of what it says.
    Revise,
    /// Hand it to a reviewer.
    Submit,
    /// Hand it back to its writer, with a note.
    Return,
    /// Find it fit to be published.
    Approve,
    /// Have it published at an instant to come.
    Schedule,
    /// Take the schedule off.
    Unschedule,
    /// Make the version being worked on public.
    Publish,
    /// Set, move or lift its embargo.
    Embargo,
    /// Put right what is public, at once and with a public note.
    Correct,
    /// Take it back from the public.
    Withdraw,
    /// Declare it wrong, for good.
    Retract,
    /// Write an old version anew.
    Restore,
    /// Throw away what never was public.
    Delete,
    /// Show it to somebody without an account, by a link.
    Preview,
    /// Remove all that it says and said, for good.
    Purge,
}

/// What is kept in the house besides releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The topics.
    Topics,
    /// The places.
    Places,
    /// The access tokens.
    Tokens,
    /// The journal, and the log of reads that must be known of.
    Journal,
    /// Stored values that need repair.
    Repair,
}

/// Why an act is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkflowError {
    /// Not by this viewer, whatever the state.
    Forbidden(String),
    /// Not in this state, whoever the viewer.
    IllegalTransition(String),
}

/// What an act is about.
#[derive(Clone, Copy, Debug)]
pub struct TransitionInput<'a> {
    /// Where the release is in its life.
    pub state: ReleaseState,
    /// Who created it.
    pub author: &'a str,
    /// Who wrote the version that would go public and that nobody has approved so far; none where there is no such version.
    pub unapproved_author: Option<&'a str>,
}

/// Rules that a newsroom may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkflowPolicy {
    /// Whoever wrote a version may not be the one who approves it. Publishing or scheduling what nobody approved is approving it,
    /// and a correction is writing and approving at once.
    pub four_eyes: bool,
}

/// One line of the table.
struct Rule {
    action: ReleaseAction,
    /// From which state to which it leads; nothing for an act that begins a release.
    transitions: &'static [(ReleaseState, ReleaseState)],
    /// Who may do it to anybody's release.
    min_role_any: Role,
    /// Who may do it to their own.
    min_role_own: Role,
}

use ReleaseState::{Approved, Draft, InReview, Published, Retracted, Scheduled, Withdrawn};

/// Writing: what was approved is to be looked at again.
const EDITING: &[(ReleaseState, ReleaseState)] =
    &[(Draft, Draft), (InReview, InReview), (Approved, InReview), (Published, Published), (Withdrawn, Withdrawn)];

/// The table. A role may do all that the roles before it may.
const RULES: &[Rule] = &[
    Rule { action: ReleaseAction::Create, transitions: &[], min_role_any: Role::Author, min_role_own: Role::Author },
    Rule {
        action: ReleaseAction::Revise,
        transitions: EDITING,
        min_role_any: Role::Editor,
        min_role_own: Role::Author,
    },
    Rule {
        action: ReleaseAction::Submit,
        transitions: &[(Draft, InReview)],
        min_role_any: Role::Editor,
        min_role_own: Role::Author,
    },
    Rule {
        action: ReleaseAction::Return,
        transitions: &[(InReview, Draft), (Approved, Draft)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Approve,
        transitions: &[(InReview, Approved)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Schedule,
        transitions: &[(Draft, Scheduled), (InReview, Scheduled), (Approved, Scheduled)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    // Whoever scheduled it found it fit.
    Rule {
        action: ReleaseAction::Unschedule,
        transitions: &[(Scheduled, Approved)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Publish,
        transitions: &[
            (Draft, Published),
            (InReview, Published),
            (Approved, Published),
            (Scheduled, Published),
            (Published, Published),
            (Withdrawn, Published),
        ],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Embargo,
        transitions: &[
            (Draft, Draft),
            (InReview, InReview),
            (Approved, Approved),
            (Scheduled, Scheduled),
            (Published, Published),
        ],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Correct,
        transitions: &[(Published, Published)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Withdraw,
        transitions: &[(Published, Withdrawn)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Retract,
        transitions: &[(Published, Retracted), (Withdrawn, Retracted)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    Rule {
        action: ReleaseAction::Restore,
        transitions: EDITING,
        min_role_any: Role::Editor,
        min_role_own: Role::Author,
    },
    Rule {
        action: ReleaseAction::Delete,
        transitions: &[(Draft, Draft)],
        min_role_any: Role::Editor,
        min_role_own: Role::Author,
    },
    Rule {
        action: ReleaseAction::Preview,
        transitions: &[
            (Draft, Draft),
            (InReview, InReview),
            (Approved, Approved),
            (Scheduled, Scheduled),
            (Published, Published),
            (Withdrawn, Withdrawn),
        ],
        min_role_any: Role::Editor,
        min_role_own: Role::Author,
    },
    Rule {
        action: ReleaseAction::Purge,
        transitions: &[
            (Draft, Draft),
            (InReview, InReview),
            (Approved, Approved),
            (Scheduled, Scheduled),
            (Published, Published),
            (Withdrawn, Withdrawn),
            (Retracted, Retracted),
        ],
        min_role_any: Role::Admin,
        min_role_own: Role::Admin,
    },
];

impl ReleaseAction {
    /// Every act.
    pub const ALL: [Self; 16] = [
        Self::Create,
        Self::Revise,
        Self::Submit,
        Self::Return,
        Self::Approve,
        Self::Schedule,
        Self::Unschedule,
        Self::Publish,
        Self::Embargo,
        Self::Correct,
        Self::Withdraw,
        Self::Retract,
        Self::Restore,
        Self::Delete,
        Self::Preview,
        Self::Purge,
    ];

    /// As the journal has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "release.create",
            Self::Revise => "release.revise",
            Self::Submit => "release.submit",
            Self::Return => "release.return",
            Self::Approve => "release.approve",
            Self::Schedule => "release.schedule",
            Self::Unschedule => "release.unschedule",
            Self::Publish => "release.publish",
            Self::Embargo => "release.embargo",
            Self::Correct => "release.correct",
            Self::Withdraw => "release.withdraw",
            Self::Retract => "release.retract",
            Self::Restore => "release.restore",
            Self::Delete => "release.delete",
            Self::Preview => "release.preview",
            Self::Purge => "release.purge",
        }
    }

    /// The act as what one may do: `publish releases`.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Create => "create releases",
            Self::Revise => "revise releases",
            Self::Submit => "submit releases",
            Self::Return => "return releases",
            Self::Approve => "approve releases",
            Self::Schedule => "schedule releases",
            Self::Unschedule => "unschedule releases",
            Self::Publish => "publish releases",
            Self::Embargo => "embargo releases",
            Self::Correct => "correct releases",
            Self::Withdraw => "withdraw releases",
            Self::Retract => "retract releases",
            Self::Restore => "restore versions of releases",
            Self::Delete => "delete releases",
            Self::Preview => "make preview links of releases",
            Self::Purge => "purge releases",
        }
    }

    /// Whether it lets a version through that nobody has approved.
    const fn approves(self) -> bool {
        matches!(self, Self::Approve | Self::Schedule | Self::Publish | Self::Correct)
    }
}

/// Whether a viewer may do an act to any release at all: asked first, so that who may not learns nothing of what exists.
pub fn check_role(action: ReleaseAction, viewer: &Viewer) -> Result<(), WorkflowError> {
    let rule = rule(action);
    if viewer.role >= rule.min_role_own {
        Ok(())
    } else {
        Err(forbidden(action.description(), rule.min_role_own, viewer))
    }
}

/// Whether a viewer may do an act to an author's release, whatever its state.
pub fn check_ownership(action: ReleaseAction, author: &str, viewer: &Viewer) -> Result<(), WorkflowError> {
    let rule = rule(action);
    check_role(action, viewer)?;
    if viewer.role < rule.min_role_any && viewer.subject != author {
        return Err(WorkflowError::Forbidden(format!(
            "this release is {author}'s: {} may {} of their own only; ask {} to do it",
            role_plural(viewer.role),
            action.description(),
            role_with_article(rule.min_role_any)
        )));
    }
    Ok(())
}

/// The state of a release after an act.
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
        let advice = if input.state == Scheduled { "; unschedule it first" } else { "" };
        return Err(WorkflowError::IllegalTransition(format!(
            "the release is {}: you can {} that are {}{advice}",
            state_label(input.state),
            action.description(),
            states.join(" or ")
        )));
    };
    if policy.four_eyes && action.approves() && input.unapproved_author == Some(viewer.subject.as_str()) {
        let advice = if action == ReleaseAction::Correct {
            "revise it, and have somebody else publish that version with a correctionNote"
        } else {
            "ask somebody else to do it"
        };
        return Err(WorkflowError::Forbidden(format!(
            "you wrote this version, and this newsroom wants a second pair of eyes (workflow.four_eyes): {advice}"
        )));
    }
    Ok(to)
}

/// The table for people: in which state which act leads where, and who may do it.
pub fn markdown_table() -> String {
    let state_name = |state: ReleaseState| match state {
        InReview => "IN_REVIEW".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    };
    let states = ReleaseState::ALL.map(state_name);
    let mut text = format!("| act | {} | any release | their own |\n", states.join(" | "));
    text += &format!("|---|{}---|---|\n", "---|".repeat(states.len()));
    for rule in RULES {
        let to = |state: ReleaseState| {
            let transition = rule.transitions.iter().find(|(from, _)| *from == state);
            match transition {
                None => String::new(),
                Some(_) if matches!(rule.action, ReleaseAction::Delete | ReleaseAction::Purge) => "gone".to_owned(),
                Some(&(_, to)) if to == state => "·".to_owned(),
                Some(&(_, to)) => state_name(to),
            }
        };
        let transitions = ReleaseState::ALL.map(to);
        let role = |role: Role| format!("{role:?}").to_uppercase();
        let action = rule.action.name().trim_start_matches("release.");
        text += &format!(
            "| {action} | {} | {} | {} |\n",
            transitions.join(" | "),
            role(rule.min_role_any),
            role(rule.min_role_own)
        );
    }
    text
}

/// Whether a viewer may keep topics, places, tokens.
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

fn rule(action: ReleaseAction) -> &'static Rule {
    RULES.iter().find(|rule| rule.action == action).expect("every act has a line in the table; a test walks them all")
}

fn forbidden(description: &str, required: Role, viewer: &Viewer) -> WorkflowError {
    let advice = if viewer.role == Role::Public {
        "send a token that may: Authorization: Bearer …"
    } else {
        "use a token of that role"
    };
    WorkflowError::Forbidden(format!(
        "{} may not {description}; it takes {}: {advice}",
        role_plural(viewer.role),
        role_with_article(required)
    ))
}

/// A role as its viewers are called.
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

/// A state in prose.
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

#[cfg(test)]
mod tests;

//! The transition table of the workflow. For each action, it defines the states before and after the action and the
//! roles that may carry it out. `docs/workflow.md` contains the table as Markdown.

use entity::{
    api_token::Role,
    release::ReleaseState::{self, Approved, Draft, InReview, Published, Retracted, Scheduled, Withdrawn},
};

use super::action::ReleaseAction;

/// A row of the transition table: the rule for one action.
pub(super) struct Rule {
    pub(super) action: ReleaseAction,
    /// Pairs of the state before and the state after the action. Empty for the action that creates a release.
    pub(super) transitions: &'static [(ReleaseState, ReleaseState)],
    /// Lowest role that may carry out the action on any release.
    pub(super) min_role_any: Role,
    /// Lowest role that may carry out the action on releases that the viewer created.
    pub(super) min_role_own: Role,
}

/// Transitions of the actions that write a revision. An approved release returns to review, because the new revision
/// is not approved. A scheduled release keeps its schedule.
const EDITING: &[(ReleaseState, ReleaseState)] = &[
    (Draft, Draft),
    (InReview, InReview),
    (Approved, InReview),
    (Scheduled, Scheduled),
    (Published, Published),
    (Withdrawn, Withdrawn),
];

/// The transition table. Roles are ordered: each role may do everything that a lower role may do.
pub(super) const RULES: &[Rule] = &[
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
        transitions: &[(Draft, Scheduled), (InReview, Scheduled), (Approved, Scheduled), (Scheduled, Scheduled)],
        min_role_any: Role::Editor,
        min_role_own: Role::Editor,
    },
    // Removing the schedule leaves the release approved, because scheduling a release counts as approving it.
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

/// Returns the rule for an action.
pub(super) fn rule(action: ReleaseAction) -> &'static Rule {
    RULES
        .iter()
        .find(|rule| rule.action == action)
        .expect("every action has a rule in the table; a test walks them all")
}

/// Returns the lowest role that may carry out an action in a state, if that state requires a higher role than the
/// other states. The only such case is writing a revision of a scheduled release. That revision will be published
/// without another approval, so its writer needs a role that may schedule releases.
pub(super) fn min_role_in(action: ReleaseAction, state: ReleaseState) -> Option<Role> {
    let writes_scheduled = matches!(action, ReleaseAction::Revise | ReleaseAction::Restore) && state == Scheduled;
    writes_scheduled.then(|| rule(ReleaseAction::Schedule).min_role_any)
}

/// Returns the transition table as Markdown: for each action, the resulting state by present state, and the lowest
/// roles that may carry it out.
pub fn markdown_table() -> String {
    let state_name = |state: ReleaseState| match state {
        InReview => "IN_REVIEW".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    };
    let states = ReleaseState::ALL.map(state_name);
    let role = |role: Role| format!("{role:?}").to_uppercase();
    let mut text = format!("| action | {} | any release | their own |\n", states.join(" | "));
    text += &format!("|---|{}---|---|\n", "---|".repeat(states.len()));
    for rule in RULES {
        let to = |state: ReleaseState| {
            let transition = rule.transitions.iter().find(|(from, _)| *from == state);
            match transition {
                None => String::new(),
                Some(_) if matches!(rule.action, ReleaseAction::Delete | ReleaseAction::Purge) => "gone".to_owned(),
                Some(&(_, to)) if to == state => match min_role_in(rule.action, state) {
                    Some(min_role) => format!("· {}", role(min_role)),
                    None => "·".to_owned(),
                },
                Some(&(_, to)) => state_name(to),
            }
        };
        let transitions = ReleaseState::ALL.map(to);
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

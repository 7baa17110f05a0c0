//! Tests of the workflow table. They try every action in every state with every role, and compare the results with a
//! second table, which is sorted by state. They also test the four-eyes policy.

use entity::{
    api_token::Role,
    release::ReleaseState::{self, Approved, Draft, InReview, Published, Retracted, Scheduled, Withdrawn},
};

use super::{table::RULES, *};
use crate::auth::viewer::Viewer;

const ROLES: [Role; 5] = [Role::Public, Role::Press, Role::Author, Role::Editor, Role::Admin];

fn input(state: ReleaseState) -> TransitionInput<'static> {
    TransitionInput { state, author: "Ana", unapproved_author: None }
}

/// Returns the actions that are allowed in a state, each with the state after the action.
fn allowed_transitions(state: ReleaseState) -> &'static [(ReleaseAction, ReleaseState)] {
    match state {
        Draft => &[
            (ReleaseAction::Revise, Draft),
            (ReleaseAction::Restore, Draft),
            (ReleaseAction::Submit, InReview),
            (ReleaseAction::Schedule, Scheduled),
            (ReleaseAction::Publish, Published),
            (ReleaseAction::Embargo, Draft),
            (ReleaseAction::Delete, Draft),
            (ReleaseAction::Preview, Draft),
            (ReleaseAction::Purge, Draft),
        ],
        InReview => &[
            (ReleaseAction::Revise, InReview),
            (ReleaseAction::Restore, InReview),
            (ReleaseAction::Return, Draft),
            (ReleaseAction::Approve, Approved),
            (ReleaseAction::Schedule, Scheduled),
            (ReleaseAction::Publish, Published),
            (ReleaseAction::Embargo, InReview),
            (ReleaseAction::Preview, InReview),
            (ReleaseAction::Purge, InReview),
        ],
        Approved => &[
            (ReleaseAction::Revise, InReview),
            (ReleaseAction::Restore, InReview),
            (ReleaseAction::Return, Draft),
            (ReleaseAction::Schedule, Scheduled),
            (ReleaseAction::Publish, Published),
            (ReleaseAction::Embargo, Approved),
            (ReleaseAction::Preview, Approved),
            (ReleaseAction::Purge, Approved),
        ],
        Scheduled => &[
            (ReleaseAction::Revise, Scheduled),
            (ReleaseAction::Restore, Scheduled),
            (ReleaseAction::Schedule, Scheduled),
            (ReleaseAction::Unschedule, Approved),
            (ReleaseAction::Publish, Published),
            (ReleaseAction::Embargo, Scheduled),
            (ReleaseAction::Preview, Scheduled),
            (ReleaseAction::Purge, Scheduled),
        ],
        Published => &[
            (ReleaseAction::Revise, Published),
            (ReleaseAction::Restore, Published),
            (ReleaseAction::Publish, Published),
            (ReleaseAction::Embargo, Published),
            (ReleaseAction::Correct, Published),
            (ReleaseAction::Withdraw, Withdrawn),
            (ReleaseAction::Retract, Retracted),
            (ReleaseAction::Preview, Published),
            (ReleaseAction::Purge, Published),
        ],
        Withdrawn => &[
            (ReleaseAction::Revise, Withdrawn),
            (ReleaseAction::Restore, Withdrawn),
            (ReleaseAction::Publish, Published),
            (ReleaseAction::Retract, Retracted),
            (ReleaseAction::Preview, Withdrawn),
            (ReleaseAction::Purge, Withdrawn),
        ],
        Retracted => &[(ReleaseAction::Purge, Retracted)],
    }
}

#[test]
fn every_state_action_and_role_has_the_expected_result() {
    const AUTHOR_ACTIONS: [ReleaseAction; 5] = [
        ReleaseAction::Revise,
        ReleaseAction::Restore,
        ReleaseAction::Submit,
        ReleaseAction::Delete,
        ReleaseAction::Preview,
    ];
    for action in ReleaseAction::ALL.into_iter().filter(|action| *action != ReleaseAction::Create) {
        for state in ReleaseState::ALL {
            for role in ROLES {
                for own in [true, false] {
                    let viewer = Viewer::new(role, if own { "Ana" } else { "Ben" });
                    let writes = matches!(action, ReleaseAction::Revise | ReleaseAction::Restore);
                    let is_permitted = match action {
                        ReleaseAction::Purge => role == Role::Admin,
                        _ if writes && state == Scheduled => role >= Role::Editor,
                        _ => role >= Role::Editor || (AUTHOR_ACTIONS.contains(&action) && role == Role::Author && own),
                    };
                    let actual = match next_state(action, input(state), &viewer, WorkflowPolicy::default()) {
                        Ok(state) => Ok(state),
                        Err(WorkflowError::Forbidden(_)) => Err("forbidden"),
                        Err(WorkflowError::IllegalTransition(_)) => Err("illegal"),
                    };
                    let after =
                        allowed_transitions(state).iter().find(|(other, _)| *other == action).map(|(_, to)| *to);
                    let expected = if is_permitted { after.ok_or("illegal") } else { Err("forbidden") };
                    assert_eq!(actual, expected, "{action:?} in {state:?} as {role:?} (own: {own})");
                }
            }
        }
    }
}

#[test]
fn four_eyes_forbids_approving_ones_own_version() {
    let four_eyes = WorkflowPolicy { four_eyes: true };
    let eda = Viewer::new(Role::Admin, "Eda");
    for action in ReleaseAction::ALL.into_iter().filter(|action| *action != ReleaseAction::Create) {
        for (state, author) in ReleaseState::ALL
            .into_iter()
            .flat_map(|state| [Some("Eda"), Some("Ana"), None].map(|author| (state, author)))
        {
            let input = TransitionInput { unapproved_author: author, ..input(state) };
            let (default_policy, with_four_eyes) = (
                next_state(action, input, &eda, WorkflowPolicy::default()),
                next_state(action, input, &eda, four_eyes),
            );
            let approving = matches!(
                action,
                ReleaseAction::Approve | ReleaseAction::Schedule | ReleaseAction::Publish | ReleaseAction::Correct
            );
            // A new revision of a scheduled release would be published without approval, so nobody may write one.
            let skips_approval = state == Scheduled && matches!(action, ReleaseAction::Revise | ReleaseAction::Restore);
            if default_policy.is_ok() && ((approving && author == Some("Eda")) || skips_approval) {
                assert!(matches!(with_four_eyes, Err(WorkflowError::Forbidden(_))), "{action:?} in {state:?}");
            } else {
                assert_eq!(default_policy, with_four_eyes, "{action:?} in {state:?}");
            }
        }
    }
}

#[test]
fn every_action_has_exactly_one_rule() {
    for action in ReleaseAction::ALL {
        assert_eq!(RULES.iter().filter(|rule| rule.action == action).count(), 1, "{action:?}");
    }
}

#[test]
fn authors_may_create_releases_and_the_press_may_not() {
    assert!(check_role(ReleaseAction::Create, &Viewer::new(Role::Author, "Ana")).is_ok());
    assert!(matches!(
        check_role(ReleaseAction::Create, &Viewer::new(Role::Press, "Paper")),
        Err(WorkflowError::Forbidden(_))
    ));
}

#[test]
fn only_administrators_may_manage_resources() {
    for resource in [Resource::Topics, Resource::Places, Resource::Tokens, Resource::Journal, Resource::Repair] {
        for role in ROLES {
            assert_eq!(check_manage(resource, &Viewer::new(role, "x")).is_ok(), role == Role::Admin);
        }
    }
}

//! The table, held against the same table written the other way round.

use super::*;

const ROLES: [Role; 5] = [Role::Public, Role::Press, Role::Author, Role::Editor, Role::Admin];

fn case(state: ReleaseState) -> Case<'static> {
    Case { state, author: "Ana", unseen: None }
}

/// The table once more, the other way round: what may be done in each state.
fn legal(state: ReleaseState) -> &'static [(Act, ReleaseState)] {
    match state {
        Draft => &[
            (Act::Revise, Draft),
            (Act::Restore, Draft),
            (Act::Submit, InReview),
            (Act::Schedule, Scheduled),
            (Act::Publish, Published),
            (Act::Embargo, Draft),
            (Act::Delete, Draft),
            (Act::Preview, Draft),
            (Act::Purge, Draft),
        ],
        InReview => &[
            (Act::Revise, InReview),
            (Act::Restore, InReview),
            (Act::Return, Draft),
            (Act::Approve, Approved),
            (Act::Schedule, Scheduled),
            (Act::Publish, Published),
            (Act::Embargo, InReview),
            (Act::Preview, InReview),
            (Act::Purge, InReview),
        ],
        Approved => &[
            (Act::Revise, InReview),
            (Act::Restore, InReview),
            (Act::Return, Draft),
            (Act::Schedule, Scheduled),
            (Act::Publish, Published),
            (Act::Embargo, Approved),
            (Act::Preview, Approved),
            (Act::Purge, Approved),
        ],
        Scheduled => &[
            (Act::Unschedule, Approved),
            (Act::Publish, Published),
            (Act::Embargo, Scheduled),
            (Act::Preview, Scheduled),
            (Act::Purge, Scheduled),
        ],
        Published => &[
            (Act::Revise, Published),
            (Act::Restore, Published),
            (Act::Publish, Published),
            (Act::Embargo, Published),
            (Act::Correct, Published),
            (Act::Withdraw, Withdrawn),
            (Act::Retract, Retracted),
            (Act::Preview, Published),
            (Act::Purge, Published),
        ],
        Withdrawn => &[
            (Act::Revise, Withdrawn),
            (Act::Restore, Withdrawn),
            (Act::Publish, Published),
            (Act::Retract, Retracted),
            (Act::Preview, Withdrawn),
            (Act::Purge, Withdrawn),
        ],
        Retracted => &[(Act::Purge, Retracted)],
    }
}

#[test]
fn every_pair_of_state_and_act_has_an_answer_for_every_role() {
    const AUTHORS: [Act; 5] = [Act::Revise, Act::Restore, Act::Submit, Act::Delete, Act::Preview];
    for act in Act::ALL.into_iter().filter(|act| *act != Act::Create) {
        for state in ReleaseState::ALL {
            for role in ROLES {
                for own in [true, false] {
                    let viewer = Viewer::new(role, if own { "Ana" } else { "Ben" });
                    let may = match act {
                        Act::Purge => role == Role::Admin,
                        _ => role >= Role::Editor || (AUTHORS.contains(&act) && role == Role::Author && own),
                    };
                    let told = match next(act, case(state), &viewer, House::default()) {
                        Ok(state) => Ok(state),
                        Err(Refusal::Forbidden(_)) => Err("forbidden"),
                        Err(Refusal::Illegal(_)) => Err("illegal"),
                    };
                    let after = legal(state).iter().find(|(other, _)| *other == act).map(|(_, to)| *to);
                    let wanted = if may { after.ok_or("illegal") } else { Err("forbidden") };
                    assert_eq!(told, wanted, "{act:?} in {state:?} as {role:?} (own: {own})");
                }
            }
        }
    }
}

#[test]
fn with_four_eyes_nobody_approves_what_they_wrote() {
    let four_eyes = House { four_eyes: true };
    let eda = Viewer::new(Role::Admin, "Eda");
    for act in Act::ALL.into_iter().filter(|act| *act != Act::Create) {
        for (state, writer) in ReleaseState::ALL
            .into_iter()
            .flat_map(|state| [Some("Eda"), Some("Ana"), None].map(|writer| (state, writer)))
        {
            let case = Case { unseen: writer, ..case(state) };
            let (open, strict) = (next(act, case, &eda, House::default()), next(act, case, &eda, four_eyes));
            let approving = matches!(act, Act::Approve | Act::Schedule | Act::Publish | Act::Correct);
            if open.is_ok() && approving && writer == Some("Eda") {
                assert!(matches!(strict, Err(Refusal::Forbidden(_))), "{act:?} in {state:?}");
            } else {
                assert_eq!(open, strict, "{act:?} in {state:?}");
            }
        }
    }
}

#[test]
fn every_act_has_one_line_in_the_table() {
    for act in Act::ALL {
        assert_eq!(RULES.iter().filter(|rule| rule.act == act).count(), 1, "{act:?}");
    }
}

#[test]
fn authors_begin_releases_and_the_press_does_not() {
    assert!(allowed(Act::Create, &Viewer::new(Role::Author, "Ana")).is_ok());
    assert!(matches!(allowed(Act::Create, &Viewer::new(Role::Press, "Paper")), Err(Refusal::Forbidden(_))));
}

#[test]
fn only_administrators_manage_the_house() {
    for matter in [Matter::Topics, Matter::Places, Matter::Tokens, Matter::Journal, Matter::Repair] {
        for role in ROLES {
            assert_eq!(may_manage(matter, &Viewer::new(role, "x")).is_ok(), role == Role::Admin);
        }
    }
}

//! What may happen to a release, and who may do what: one table, pure. No database, no clock, no network.

use entity::{api_token::Role, release::ReleaseState};

use crate::viewer::Viewer;

/// An editorial act on a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Begin a release.
    Create,
    /// Write a new version of what it says.
    Revise,
    /// Make the version being worked on public.
    Publish,
    /// Take it back from the public.
    Withdraw,
}

/// What is kept in the house besides releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matter {
    /// The topics.
    Topics,
    /// The places.
    Places,
    /// The access tokens.
    Tokens,
}

/// Why an act is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not by this viewer, whatever the state.
    Forbidden(String),
    /// Not in this state, whoever the viewer.
    Illegal(String),
}

/// One line of the table.
struct Rule {
    act: Act,
    /// States it may be done in; none for an act that begins a release.
    from: &'static [ReleaseState],
    /// The state afterwards; none: it stays.
    to: Option<ReleaseState>,
    /// Who may do it to anybody's release.
    any: Role,
    /// Who may do it to their own.
    own: Role,
}

use ReleaseState::{Approved, Draft, InReview, Published, Withdrawn};

/// The table. A role may do all that the roles before it may.
const RULES: &[Rule] = &[
    Rule { act: Act::Create, from: &[], to: Some(Draft), any: Role::Author, own: Role::Author },
    Rule {
        act: Act::Revise,
        from: &[Draft, InReview, Approved, Published, Withdrawn],
        to: None,
        any: Role::Editor,
        own: Role::Author,
    },
    Rule {
        act: Act::Publish,
        from: &[Draft, InReview, Approved, Published, Withdrawn],
        to: Some(Published),
        any: Role::Editor,
        own: Role::Editor,
    },
    Rule { act: Act::Withdraw, from: &[Published], to: Some(Withdrawn), any: Role::Editor, own: Role::Editor },
];

impl Act {
    /// Every act.
    pub const ALL: [Self; 4] = [Self::Create, Self::Revise, Self::Publish, Self::Withdraw];

    /// As the journal has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "release.create",
            Self::Revise => "release.revise",
            Self::Publish => "release.publish",
            Self::Withdraw => "release.withdraw",
        }
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Create => "create releases",
            Self::Revise => "revise releases",
            Self::Publish => "publish releases",
            Self::Withdraw => "withdraw releases",
        }
    }
}

/// Whether a viewer may do an act to any release at all: asked first, so that who may not learns nothing of what exists.
pub fn allowed(act: Act, viewer: &Viewer) -> Result<(), Refusal> {
    let rule = rule(act);
    if viewer.role >= rule.own { Ok(()) } else { Err(forbidden(act.verb(), rule.own, viewer)) }
}

/// The state of a release after an act.
pub fn next(state: ReleaseState, act: Act, author: &str, viewer: &Viewer) -> Result<ReleaseState, Refusal> {
    let rule = rule(act);
    allowed(act, viewer)?;
    if viewer.role < rule.any && viewer.subject != author {
        return Err(Refusal::Forbidden(format!(
            "this release is {author}'s: {} may {} of their own only; ask {} to do it",
            name(viewer.role),
            act.verb(),
            with_article(rule.any)
        )));
    }
    if !rule.from.contains(&state) {
        let states: Vec<&str> = rule.from.iter().map(|&state| word(state)).collect();
        return Err(Refusal::Illegal(format!(
            "the release is {}: you can {} that are {}",
            word(state),
            act.verb(),
            states.join(" or ")
        )));
    }
    Ok(rule.to.unwrap_or(state))
}

/// Whether a viewer may keep topics, places, tokens.
pub fn may_manage(matter: Matter, viewer: &Viewer) -> Result<(), Refusal> {
    let verb = match matter {
        Matter::Topics => "manage topics",
        Matter::Places => "manage places",
        Matter::Tokens => "manage tokens",
    };
    if viewer.role >= Role::Admin { Ok(()) } else { Err(forbidden(verb, Role::Admin, viewer)) }
}

fn rule(act: Act) -> &'static Rule {
    RULES.iter().find(|rule| rule.act == act).expect("every act has a line in the table; a test walks them all")
}

fn forbidden(verb: &str, least: Role, viewer: &Viewer) -> Refusal {
    let advice = if viewer.role == Role::Public {
        "send a token that may: Authorization: Bearer …"
    } else {
        "use a token of that role"
    };
    Refusal::Forbidden(format!("{} may not {verb}; it takes {}: {advice}", name(viewer.role), with_article(least)))
}

/// A role as its viewers are called.
const fn name(role: Role) -> &'static str {
    match role {
        Role::Public => "the public",
        Role::Press => "the press",
        Role::Author => "authors",
        Role::Editor => "editors",
        Role::Admin => "administrators",
    }
}

const fn with_article(role: Role) -> &'static str {
    match role {
        Role::Public => "anybody",
        Role::Press => "a PRESS token",
        Role::Author => "an AUTHOR",
        Role::Editor => "an EDITOR",
        Role::Admin => "an ADMIN",
    }
}

/// A state in prose.
pub const fn word(state: ReleaseState) -> &'static str {
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
mod tests {
    use super::*;

    const ROLES: [Role; 5] = [Role::Public, Role::Press, Role::Author, Role::Editor, Role::Admin];

    #[test]
    fn every_pair_of_state_and_act_has_an_answer_for_every_role() {
        for act in [Act::Revise, Act::Publish, Act::Withdraw] {
            for state in ReleaseState::ALL {
                for role in ROLES {
                    for own in [true, false] {
                        let viewer = Viewer::new(role, if own { "Ana" } else { "Ben" });
                        let may = role >= Role::Editor || (act == Act::Revise && role == Role::Author && own);
                        let legal = match act {
                            Act::Withdraw => state == ReleaseState::Published,
                            _ => !matches!(state, ReleaseState::Scheduled | ReleaseState::Retracted),
                        };
                        let after = match act {
                            Act::Publish => ReleaseState::Published,
                            Act::Withdraw => ReleaseState::Withdrawn,
                            _ => state,
                        };
                        let told = match next(state, act, "Ana", &viewer) {
                            Ok(state) => Ok(state),
                            Err(Refusal::Forbidden(_)) => Err("forbidden"),
                            Err(Refusal::Illegal(_)) => Err("illegal"),
                        };
                        let wanted = match (may, legal) {
                            (false, _) => Err("forbidden"),
                            (true, false) => Err("illegal"),
                            (true, true) => Ok(after),
                        };
                        assert_eq!(told, wanted, "{act:?} in {state:?} as {role:?} (own: {own})");
                    }
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
        for matter in [Matter::Topics, Matter::Places, Matter::Tokens] {
            for role in ROLES {
                assert_eq!(may_manage(matter, &Viewer::new(role, "x")).is_ok(), role == Role::Admin);
            }
        }
    }
}

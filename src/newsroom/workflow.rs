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
pub enum Matter {
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
pub enum Refusal {
    /// Not by this viewer, whatever the state.
    Forbidden(String),
    /// Not in this state, whoever the viewer.
    Illegal(String),
}

/// What an act is about.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Where the release is in its life.
    pub state: ReleaseState,
    /// Who created it.
    pub author: &'a str,
    /// Who wrote the version that would go public and that nobody has approved so far; none where there is no such version.
    pub unseen: Option<&'a str>,
}

/// Rules that a newsroom may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct House {
    /// Whoever wrote a version may not be the one who approves it. Publishing or scheduling what nobody approved is approving it,
    /// and a correction is writing and approving at once.
    pub four_eyes: bool,
}

/// One line of the table.
struct Rule {
    act: Act,
    /// From which state to which it leads; nothing for an act that begins a release.
    steps: &'static [(ReleaseState, ReleaseState)],
    /// Who may do it to anybody's release.
    any: Role,
    /// Who may do it to their own.
    own: Role,
}

use ReleaseState::{Approved, Draft, InReview, Published, Retracted, Scheduled, Withdrawn};

/// Writing: what was approved is to be looked at again.
const WRITING: &[(ReleaseState, ReleaseState)] =
    &[(Draft, Draft), (InReview, InReview), (Approved, InReview), (Published, Published), (Withdrawn, Withdrawn)];

/// The table. A role may do all that the roles before it may.
const RULES: &[Rule] = &[
    Rule { act: Act::Create, steps: &[], any: Role::Author, own: Role::Author },
    Rule { act: Act::Revise, steps: WRITING, any: Role::Editor, own: Role::Author },
    Rule { act: Act::Submit, steps: &[(Draft, InReview)], any: Role::Editor, own: Role::Author },
    Rule { act: Act::Return, steps: &[(InReview, Draft), (Approved, Draft)], any: Role::Editor, own: Role::Editor },
    Rule { act: Act::Approve, steps: &[(InReview, Approved)], any: Role::Editor, own: Role::Editor },
    Rule {
        act: Act::Schedule,
        steps: &[(Draft, Scheduled), (InReview, Scheduled), (Approved, Scheduled)],
        any: Role::Editor,
        own: Role::Editor,
    },
    // Whoever scheduled it found it fit.
    Rule { act: Act::Unschedule, steps: &[(Scheduled, Approved)], any: Role::Editor, own: Role::Editor },
    Rule {
        act: Act::Publish,
        steps: &[
            (Draft, Published),
            (InReview, Published),
            (Approved, Published),
            (Scheduled, Published),
            (Published, Published),
            (Withdrawn, Published),
        ],
        any: Role::Editor,
        own: Role::Editor,
    },
    Rule {
        act: Act::Embargo,
        steps: &[
            (Draft, Draft),
            (InReview, InReview),
            (Approved, Approved),
            (Scheduled, Scheduled),
            (Published, Published),
        ],
        any: Role::Editor,
        own: Role::Editor,
    },
    Rule { act: Act::Correct, steps: &[(Published, Published)], any: Role::Editor, own: Role::Editor },
    Rule { act: Act::Withdraw, steps: &[(Published, Withdrawn)], any: Role::Editor, own: Role::Editor },
    Rule {
        act: Act::Retract,
        steps: &[(Published, Retracted), (Withdrawn, Retracted)],
        any: Role::Editor,
        own: Role::Editor,
    },
    Rule { act: Act::Restore, steps: WRITING, any: Role::Editor, own: Role::Author },
    Rule { act: Act::Delete, steps: &[(Draft, Draft)], any: Role::Editor, own: Role::Author },
    Rule {
        act: Act::Preview,
        steps: &[
            (Draft, Draft),
            (InReview, InReview),
            (Approved, Approved),
            (Scheduled, Scheduled),
            (Published, Published),
            (Withdrawn, Withdrawn),
        ],
        any: Role::Editor,
        own: Role::Author,
    },
    Rule {
        act: Act::Purge,
        steps: &[
            (Draft, Draft),
            (InReview, InReview),
            (Approved, Approved),
            (Scheduled, Scheduled),
            (Published, Published),
            (Withdrawn, Withdrawn),
            (Retracted, Retracted),
        ],
        any: Role::Admin,
        own: Role::Admin,
    },
];

impl Act {
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
    pub const fn verb(self) -> &'static str {
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
pub fn allowed(act: Act, viewer: &Viewer) -> Result<(), Refusal> {
    let rule = rule(act);
    if viewer.role >= rule.own { Ok(()) } else { Err(forbidden(act.verb(), rule.own, viewer)) }
}

/// Whether a viewer may do an act to an author's release, whatever its state.
pub fn may_on(act: Act, author: &str, viewer: &Viewer) -> Result<(), Refusal> {
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
    Ok(())
}

/// The state of a release after an act.
pub fn next(act: Act, case: Case<'_>, viewer: &Viewer, house: House) -> Result<ReleaseState, Refusal> {
    let rule = rule(act);
    may_on(act, case.author, viewer)?;
    let Some(&(_, to)) = rule.steps.iter().find(|(from, _)| *from == case.state) else {
        let states: Vec<&str> = rule.steps.iter().map(|&(state, _)| word(state)).collect();
        let advice = if case.state == Scheduled { "; unschedule it first" } else { "" };
        return Err(Refusal::Illegal(format!(
            "the release is {}: you can {} that are {}{advice}",
            word(case.state),
            act.verb(),
            states.join(" or ")
        )));
    };
    if house.four_eyes && act.approves() && case.unseen == Some(viewer.subject.as_str()) {
        let advice = if act == Act::Correct {
            "revise it, and have somebody else publish that version with a correctionNote"
        } else {
            "ask somebody else to do it"
        };
        return Err(Refusal::Forbidden(format!(
            "you wrote this version, and this newsroom wants a second pair of eyes (workflow.four_eyes): {advice}"
        )));
    }
    Ok(to)
}

/// The table for people: in which state which act leads where, and who may do it.
pub fn table() -> String {
    let written = |state: ReleaseState| match state {
        InReview => "IN_REVIEW".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    };
    let states = ReleaseState::ALL.map(written);
    let mut text = format!("| act | {} | any release | their own |\n", states.join(" | "));
    text += &format!("|---|{}---|---|\n", "---|".repeat(states.len()));
    for rule in RULES {
        let to = |state: ReleaseState| {
            let step = rule.steps.iter().find(|(from, _)| *from == state);
            match step {
                None => String::new(),
                Some(_) if matches!(rule.act, Act::Delete | Act::Purge) => "gone".to_owned(),
                Some(&(_, to)) if to == state => "·".to_owned(),
                Some(&(_, to)) => written(to),
            }
        };
        let steps = ReleaseState::ALL.map(to);
        let role = |role: Role| format!("{role:?}").to_uppercase();
        let act = rule.act.name().trim_start_matches("release.");
        text += &format!("| {act} | {} | {} | {} |\n", steps.join(" | "), role(rule.any), role(rule.own));
    }
    text
}

/// Whether a viewer may keep topics, places, tokens.
pub fn may_manage(matter: Matter, viewer: &Viewer) -> Result<(), Refusal> {
    let verb = match matter {
        Matter::Topics => "manage topics",
        Matter::Places => "manage places",
        Matter::Tokens => "manage tokens",
        Matter::Journal => "read the journal",
        Matter::Repair => "repair the database",
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
mod tests;

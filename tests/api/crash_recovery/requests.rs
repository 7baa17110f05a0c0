//! An editor's requests: which acts the workflow allows on a release as it is, and what it is afterwards.

use super::{
    editor::{Act, Effect, Known},
    releases::{Link, Release},
};
use crate::harness::random_acts::Dice;

/// Releases of one bulk request at most.
const BULK: usize = 4;

/// One act, on the newest release or on any.
pub(super) fn next(known: &[Known<Release>], dice: &mut Dice, name: &str) -> Act<Release> {
    let on = match dice.roll(8) {
        0 => None,
        1..=3 => known.len().checked_sub(1),
        _ => (!known.is_empty()).then(|| dice.roll(known.len())),
    };
    let kind = on.and_then(|on| dice.one(&allowed(&known[on].is)));
    match (on, kind) {
        (Some(on), Some("bulk")) => bulk(known, on, dice, name),
        (Some(on), Some(kind)) => {
            let (field, after) = done(&known[on], kind, dice, name);
            Act { kind, query: format!("mutation {{ {field} }}"), steps: vec![vec![Effect { on: Some(on), after }]] }
        }
        _ => {
            let is =
                Release { state: "DRAFT", versions: vec![name.to_owned()], working: Some(0), ..Release::default() };
            let query = format!("mutation {{ releaseCreate(input: {{headline: {name:?}}}) {{ {RELEASE} }} }}");
            Act {
                kind: "create",
                query,
                steps: vec![vec![Effect { on: None, after: Known::made("release.create", is) }]],
            }
        }
    }
}

/// What an act on a release answers.
pub(super) const RELEASE: &str = "release { id state revision } userErrors { code message }";

/// What may be done to a release, as docs/workflow.md has it.
fn allowed(is: &Release) -> Vec<&'static str> {
    let mut kinds = match is.state {
        "DRAFT" => vec!["revise", "submit", "submit", "schedule", "embargo", "delete", "preview", "bulk"],
        "IN_REVIEW" => vec!["revise", "return", "approve", "approve", "schedule", "embargo", "preview", "bulk"],
        "APPROVED" => vec!["revise", "return", "schedule", "embargo", "preview", "bulk"],
        "SCHEDULED" => vec!["unschedule", "unschedule", "embargo", "preview"],
        "PUBLISHED" => vec!["revise", "correct", "correct", "withdraw", "retract", "preview", "bulk"],
        "WITHDRAWN" => vec!["revise", "retract", "preview"],
        "RETRACTED" => vec!["purge"],
        _ => vec![],
    };
    let ended = matches!(is.state, "RETRACTED" | "");
    if is.is_publishable() {
        kinds.push("publish");
    }
    if is.embargo.is_some() && !ended && is.state != "WITHDRAWN" {
        kinds.extend(["lift", "embargo"]);
    }
    if !ended && is.state != "SCHEDULED" && is.versions.iter().any(|headline| headline != is.newest()) {
        kinds.extend(["restore", "restore"]);
    }
    if is.links.iter().any(|link| !link.revoked) {
        kinds.push("revoke");
    }
    kinds
}

/// Does one act to several releases in the same state.
fn bulk(known: &[Known<Release>], on: usize, dice: &mut Dice, name: &str) -> Act<Release> {
    let (kind, act) = match known[on].is.state {
        "DRAFT" if dice.roll(2) == 0 => ("submit", "SUBMIT"),
        "IN_REVIEW" if dice.roll(2) == 0 => ("approve", "APPROVE"),
        "PUBLISHED" => ("vanish", "WITHDRAW"),
        _ => ("publish", "PUBLISH"),
    };
    let fit = |&other: &usize| {
        let is = &known[other].is;
        if kind == "publish" { is.is_publishable() } else { is.state == known[on].is.state }
    };
    let others = (0..known.len()).rev().filter(|&other| other != on).filter(fit);
    let (mut items, mut steps) = (String::new(), Vec::new());
    for on in std::iter::once(on).chain(others).take(BULK) {
        let (_, after) = done(&known[on], kind, dice, name);
        items += &format!("{{id: {:?}, expectedRevision: {}}}, ", known[on].id, known[on].is.versions.len());
        steps.push(vec![Effect { on: Some(on), after }]);
    }
    let how = if act == "WITHDRAW" { ", withdrawal: VANISH" } else { "" };
    let query = format!("mutation {{ releasesTransition(items: [{items}], act: {act}{how}) {{ {RELEASE} }} }}");
    Act { kind: "releasesTransition", query, steps }
}

/// An act as a field of a mutation, and what the release is when it has happened.
fn done(known: &Known<Release>, kind: &'static str, dice: &mut Dice, name: &str) -> (String, Known<Release>) {
    let mut after = known.clone();
    let is = &mut after.is;
    let at = format!("id: {:?}, expectedRevision: {}", known.id, is.versions.len());
    let (act, field) = match kind {
        "revise" => {
            rewrite(is, name.to_owned());
            ("release.revise", format!("releaseRevise({at}, input: {{headline: {name:?}}})"))
        }
        "restore" => {
            let others: Vec<usize> =
                (0..is.versions.len()).filter(|&number| is.versions[number] != is.newest()).collect();
            let number = dice.one(&others).unwrap();
            let headline = is.versions[number].clone();
            rewrite(is, headline);
            ("release.restore", format!("releaseRestore({at}, revision: {})", number + 1))
        }
        "submit" => {
            is.state = "IN_REVIEW";
            ("release.submit", format!("releaseSubmit({at})"))
        }
        "return" => {
            is.state = "DRAFT";
            ("release.return", format!("releaseReturn({at}, note: {name:?})"))
        }
        "approve" => {
            is.state = "APPROVED";
            ("release.approve", format!("releaseApprove({at})"))
        }
        "schedule" => {
            is.state = "SCHEDULED";
            let local = format!("2999-01-{:02}T09:00:00", 1 + dice.roll(28));
            let field = format!("releaseSchedule({at}, localTime: {local:?}, timeZone: \"Asia/Phnom_Penh\")");
            is.schedule = Some(local);
            ("release.schedule", field)
        }
        "unschedule" => {
            (is.state, is.schedule) = ("APPROVED", None);
            ("release.unschedule", format!("releaseUnschedule({at})"))
        }
        "publish" => {
            (is.state, is.live, is.working) = ("PUBLISHED", is.working.or(is.live), None);
            (is.schedule, is.withdrawal) = (None, None);
            ("release.publish", format!("releasePublish({at})"))
        }
        "embargo" => {
            // Later than any schedule.
            let until = format!("3500-01-{:02}T00:00:00Z", 1 + dice.roll(28));
            let field = format!("releaseEmbargo({at}, until: {until:?})");
            is.embargo = Some(until);
            ("release.embargo", field)
        }
        "lift" => {
            is.embargo = None;
            ("release.embargo", format!("releaseEmbargo({at})"))
        }
        "correct" => {
            is.live = Some(is.write(name.to_owned()));
            is.outdated = is.working.is_some();
            is.corrections.push(format!("{name} is right"));
            let note = is.corrections.last();
            (
                "release.correct",
                format!("releaseCorrect({at}, input: {{headline: {name:?}}}, correctionNote: {:?})", note.unwrap()),
            )
        }
        "withdraw" => {
            (is.state, is.withdrawal) = ("WITHDRAWN", Some("WITH_NOTICE"));
            ("release.withdraw", format!("releaseWithdraw({at}, kind: WITH_NOTICE, notice: {name:?})"))
        }
        // Only in bulk.
        "vanish" => {
            (is.state, is.withdrawal) = ("WITHDRAWN", Some("VANISH"));
            ("release.withdraw", String::new())
        }
        "retract" => {
            (is.state, is.withdrawal) = ("RETRACTED", Some("WITH_NOTICE"));
            ("release.retract", format!("releaseRetract({at}, notice: {name:?})"))
        }
        _ => return beside(known, kind, name),
    };
    after.acts.push(act);
    (format!("{field} {{ {RELEASE} }}"), after)
}

/// The same of acts whose answer shows no release.
fn beside(known: &Known<Release>, kind: &'static str, name: &str) -> (String, Known<Release>) {
    let mut after = known.clone();
    let is = &mut after.is;
    let at = format!("id: {:?}, expectedRevision: {}", known.id, is.versions.len());
    let mut answer = "deletedId";
    let (act, field) = match kind {
        "purge" => {
            *is = Release { purged: true, ..Release::default() };
            ("release.purge", format!("releasePurge({at}, reason: {name:?})"))
        }
        "delete" => {
            *is = Release::default();
            ("release.delete", format!("releaseDelete({at})"))
        }
        "preview" => {
            is.links.push(Link { fresh: true, ..Link::default() });
            answer = "id token";
            let arguments = format!("releaseId: {:?}, expiresAt: \"2999-01-01T00:00:00Z\"", known.id);
            ("release.preview", format!("previewLinkCreate({arguments})"))
        }
        "revoke" => {
            let link = is.links.iter_mut().find(|link| !link.revoked).unwrap();
            (link.revoked, link.fresh) = (true, true);
            ("release.preview_revoke", format!("previewLinkRevoke(id: {:?})", link.id))
        }
        _ => unreachable!("{kind} is no act"),
    };
    after.acts.push(act);
    (format!("{field} {{ {answer} userErrors {{ code message }} }}"), after)
}

/// A new version in place of the one being worked on, which whoever approved it has not seen.
fn rewrite(is: &mut Release, headline: String) {
    is.working = Some(is.write(headline));
    is.outdated = false;
    if is.state == "APPROVED" {
        is.state = "IN_REVIEW";
    }
}

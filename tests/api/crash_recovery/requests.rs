//! Random release mutations of the crash recovery test: which actions are allowed in a state, and the release that
//! each action should produce.

use super::{
    editor::{Request, StateChange, Tracked},
    releases::{Link, Release},
};
use crate::harness::random_acts::SeededRng;

/// Maximum number of releases in one bulk request (`releasesTransition`).
const BULK: usize = 4;

/// Returns a random request that creates a release, changes the newest release, or changes any release of the editor.
pub(super) fn next_request(tracked: &[Tracked<Release>], rng: &mut SeededRng, name: &str) -> Request<Release> {
    let index = match rng.below(8) {
        0 => None,
        1..=3 => tracked.len().checked_sub(1),
        _ => (!tracked.is_empty()).then(|| rng.below(tracked.len())),
    };
    let kind = index.and_then(|index| rng.choose(&allowed(&tracked[index].model)));
    match (index, kind) {
        (Some(index), Some("bulk")) => bulk(tracked, index, rng, name),
        (Some(index), Some(kind)) => {
            let (field, after) = apply(&tracked[index], kind, rng, name);
            Request {
                kind,
                query: format!("mutation {{ {field} }}"),
                steps: vec![vec![StateChange { index: Some(index), after }]],
            }
        }
        _ => {
            let release =
                Release { state: "DRAFT", versions: vec![name.to_owned()], working: Some(0), ..Release::default() };
            let query = format!("mutation {{ releaseCreate(input: {{headline: {name:?}}}) {{ {RELEASE} }} }}");
            Request {
                kind: "create",
                query,
                steps: vec![vec![StateChange { index: None, after: Tracked::created("release.create", release) }]],
            }
        }
    }
}

/// The response fields that the test selects from a mutation that returns a release.
pub(super) const RELEASE: &str = "release { id state revision } userErrors { code message }";

/// Returns the kinds of requests that docs/workflow.md allows on a release in its present state. A kind that occurs
/// twice is chosen twice as often.
fn allowed(release: &Release) -> Vec<&'static str> {
    let mut kinds = match release.state {
        "DRAFT" => vec!["revise", "submit", "submit", "schedule", "embargo", "delete", "preview", "bulk"],
        "IN_REVIEW" => vec!["revise", "return", "approve", "approve", "schedule", "embargo", "preview", "bulk"],
        "APPROVED" => vec!["revise", "return", "schedule", "embargo", "preview", "bulk"],
        "SCHEDULED" => vec!["unschedule", "unschedule", "embargo", "preview"],
        "PUBLISHED" => vec!["revise", "correct", "correct", "withdraw", "retract", "preview", "bulk"],
        "WITHDRAWN" => vec!["revise", "retract", "preview"],
        "RETRACTED" => vec!["purge"],
        _ => vec![],
    };
    let ended = matches!(release.state, "RETRACTED" | "");
    if release.is_publishable() {
        kinds.push("publish");
    }
    if release.embargo.is_some() && !ended && release.state != "WITHDRAWN" {
        kinds.extend(["lift", "embargo"]);
    }
    if !ended && release.state != "SCHEDULED" && release.versions.iter().any(|headline| headline != release.newest()) {
        kinds.extend(["restore", "restore"]);
    }
    if release.links.iter().any(|link| !link.revoked) {
        kinds.push("revoke");
    }
    kinds
}

/// Returns a bulk request that performs one action on up to [`BULK`] releases in the same state.
fn bulk(tracked: &[Tracked<Release>], index: usize, rng: &mut SeededRng, name: &str) -> Request<Release> {
    let (kind, action) = match tracked[index].model.state {
        "DRAFT" if rng.below(2) == 0 => ("submit", "SUBMIT"),
        "IN_REVIEW" if rng.below(2) == 0 => ("approve", "APPROVE"),
        "PUBLISHED" => ("vanish", "WITHDRAW"),
        _ => ("publish", "PUBLISH"),
    };
    let is_eligible = |&other: &usize| {
        let release = &tracked[other].model;
        if kind == "publish" { release.is_publishable() } else { release.state == tracked[index].model.state }
    };
    let others = (0..tracked.len()).rev().filter(|&other| other != index).filter(is_eligible);
    let (mut items, mut steps) = (String::new(), Vec::new());
    for index in std::iter::once(index).chain(others).take(BULK) {
        let (_, after) = apply(&tracked[index], kind, rng, name);
        items +=
            &format!("{{id: {:?}, expectedRevision: {}}}, ", tracked[index].id, tracked[index].model.versions.len());
        steps.push(vec![StateChange { index: Some(index), after }]);
    }
    let withdrawal_argument = if action == "WITHDRAW" { ", withdrawal: {kind: VANISH}" } else { "" };
    let query = format!(
        "mutation {{ releasesTransition(items: [{items}], action: {action}{withdrawal_argument}) {{ {RELEASE} }} }}"
    );
    Request { kind: "releasesTransition", query, steps }
}

/// Returns the mutation field for an action, and the expected release after it.
fn apply(
    tracked: &Tracked<Release>,
    kind: &'static str,
    rng: &mut SeededRng,
    name: &str,
) -> (String, Tracked<Release>) {
    let mut after = tracked.clone();
    let release = &mut after.model;
    let target_arguments = format!("id: {:?}, expectedRevision: {}", tracked.id, release.versions.len());
    let (action, field) = match kind {
        "revise" => {
            rewrite(release, name.to_owned());
            ("release.revise", format!("releaseRevise({target_arguments}, input: {{headline: {name:?}}})"))
        }
        "restore" => {
            let others: Vec<usize> =
                (0..release.versions.len()).filter(|&number| release.versions[number] != release.newest()).collect();
            let number = rng.choose(&others).unwrap();
            let headline = release.versions[number].clone();
            rewrite(release, headline);
            ("release.restore", format!("releaseRestore({target_arguments}, revision: {})", number + 1))
        }
        "submit" => {
            release.state = "IN_REVIEW";
            ("release.submit", format!("releaseSubmit({target_arguments})"))
        }
        "return" => {
            release.state = "DRAFT";
            ("release.return", format!("releaseReturn({target_arguments}, note: {name:?})"))
        }
        "approve" => {
            release.state = "APPROVED";
            ("release.approve", format!("releaseApprove({target_arguments})"))
        }
        "schedule" => {
            release.state = "SCHEDULED";
            let local = format!("2999-01-{:02}T09:00:00", 1 + rng.below(28));
            let field =
                format!("releaseSchedule({target_arguments}, localTime: {local:?}, timeZone: \"Asia/Phnom_Penh\")");
            release.schedule = Some(local);
            ("release.schedule", field)
        }
        "unschedule" => {
            (release.state, release.schedule) = ("APPROVED", None);
            ("release.unschedule", format!("releaseUnschedule({target_arguments})"))
        }
        "publish" => {
            (release.state, release.live, release.working) = ("PUBLISHED", release.working.or(release.live), None);
            (release.schedule, release.withdrawal) = (None, None);
            ("release.publish", format!("releasePublish({target_arguments})"))
        }
        "embargo" => {
            // The embargo ends later than any scheduled publication in this test, as the server requires.
            let until = format!("3500-01-{:02}T00:00:00Z", 1 + rng.below(28));
            let field = format!("releaseEmbargo({target_arguments}, until: {until:?})");
            release.embargo = Some(until);
            ("release.embargo", field)
        }
        "lift" => {
            release.embargo = None;
            ("release.embargo", format!("releaseEmbargo({target_arguments})"))
        }
        "correct" => {
            release.live = Some(release.add_version(name.to_owned()));
            release.outdated = release.working.is_some();
            release.corrections.push(format!("{name} is right"));
            let note = release.corrections.last();
            (
                "release.correct",
                format!(
                    "releaseCorrect({target_arguments}, input: {{headline: {name:?}}}, correctionNote: {:?})",
                    note.unwrap()
                ),
            )
        }
        "withdraw" => {
            (release.state, release.withdrawal) = ("WITHDRAWN", Some("WITH_NOTICE"));
            (
                "release.withdraw",
                format!("releaseWithdraw({target_arguments}, withdrawal: {{kind: WITH_NOTICE, notice: {name:?}}})"),
            )
        }
        // Only bulk requests use this kind.
        "vanish" => {
            (release.state, release.withdrawal) = ("WITHDRAWN", Some("VANISH"));
            ("release.withdraw", String::new())
        }
        "retract" => {
            (release.state, release.withdrawal) = ("RETRACTED", Some("WITH_NOTICE"));
            ("release.retract", format!("releaseRetract({target_arguments}, notice: {name:?})"))
        }
        _ => return apply_without_release(tracked, kind, name),
    };
    after.actions.push(action);
    (format!("{field} {{ {RELEASE} }}"), after)
}

/// Like [`apply`], for the actions whose response contains no release.
fn apply_without_release(tracked: &Tracked<Release>, kind: &'static str, name: &str) -> (String, Tracked<Release>) {
    let mut after = tracked.clone();
    let release = &mut after.model;
    let target_arguments = format!("id: {:?}, expectedRevision: {}", tracked.id, release.versions.len());
    let mut response = "deletedId";
    let (action, field) = match kind {
        "purge" => {
            *release = Release { purged: true, ..Release::default() };
            ("release.purge", format!("releasePurge({target_arguments}, reason: {name:?})"))
        }
        "delete" => {
            *release = Release::default();
            ("release.delete", format!("releaseDelete({target_arguments})"))
        }
        "preview" => {
            release.links.push(Link { changed_since_restart: true, ..Link::default() });
            response = "id token";
            let arguments = format!("releaseId: {:?}, expiresAt: \"2999-01-01T00:00:00Z\"", tracked.id);
            ("release.preview", format!("previewLinkCreate({arguments})"))
        }
        "revoke" => {
            let link = release.links.iter_mut().find(|link| !link.revoked).unwrap();
            (link.revoked, link.changed_since_restart) = (true, true);
            ("release.preview_revoke", format!("previewLinkRevoke(id: {:?})", link.id))
        }
        _ => unreachable!("{kind} is not a known action"),
    };
    after.actions.push(action);
    (format!("{field} {{ {response} userErrors {{ code message }} }}"), after)
}

/// Adds a new working revision to the expected release. An approved release returns to review, because nobody has
/// approved the new revision.
fn rewrite(release: &mut Release, headline: String) {
    release.working = Some(release.add_version(headline));
    release.outdated = false;
    if release.state == "APPROVED" {
        release.state = "IN_REVIEW";
    }
}

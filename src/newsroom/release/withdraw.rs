//! Withdrawal (unpublishing) and retraction of releases. The former URL then shows a notice, answers that the release
//! is gone, redirects to another URL, or behaves as if the release had never existed.
//!
//! A withdrawn release leaves a tombstone at its slug, unless the kind of withdrawal is VANISH. `withdrawal_notice`
//! fetches the notice and the redirect of a tombstone. A redirect that leads back to the same release (redirect loop)
//! is refused. Redirects from former slugs of a live release are in the catalog.

use chrono::{DateTime, Utc};
use entity::{
    Noun,
    release::{self, WithdrawalKind},
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::transition::TransitionResult;
use crate::{
    auth::viewer::Viewer,
    catalog::Tombstone,
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        slug_registry,
        unit_of_work::UnitOfWork,
        validation::{MAX_NOTE, Patch, Validator, optional_note, required_note},
        workflow::ReleaseAction,
    },
};

/// What a website should show at the former URL of a withdrawn or retracted release.
#[derive(Clone, Debug)]
pub struct WithdrawalNotice {
    /// The tombstone of the release in the catalog.
    pub tombstone: Tombstone,
    /// When the release was withdrawn or retracted.
    pub at: DateTime<Utc>,
    /// The notice to show.
    pub notice: Option<String>,
    /// The URL to redirect to.
    pub redirect_to: Option<String>,
}

/// How to withdraw a release.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// The kind of withdrawal.
    pub kind: WithdrawalKind,
    /// Notice that the former URL of the release shows. Required for WITH_NOTICE.
    pub notice: Option<String>,
    /// URL that the former URL of the release redirects to. Required for REDIRECT.
    pub redirect_to: Option<String>,
}

impl Newsroom {
    /// Returns the notice and redirect of a tombstone, or `None` if the release is no longer withdrawn.
    pub async fn withdrawal_notice(&self, tombstone: Tombstone) -> Result<Option<WithdrawalNotice>, Error> {
        let row = release::Entity::find_by_id(tombstone.id).one(self.db.reader()).await?;
        Ok(row.and_then(|row| {
            // A release without this instant was published again after the catalog snapshot was made.
            let at = row.withdrawn_at?;
            let (notice, redirect) = (row.withdrawal_notice, row.withdrawal_redirect);
            Some(WithdrawalNotice {
                at,
                notice: notice.filter(|_| tombstone.kind == WithdrawalKind::WithNotice),
                redirect_to: redirect.filter(|_| tombstone.kind == WithdrawalKind::Redirect),
                tombstone,
            })
        }))
    }

    /// Withdraws a published release. The journal entry contains the note, or the notice if there is no note.
    pub async fn release_withdraw(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        withdrawal: Withdrawal,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let mut transition = self.begin_transition(ReleaseAction::Withdraw, viewer, id, expected, now).await?;
        let note = optional_note(note)?;
        let mut validator = Validator::new(&["withdrawal"]);
        let withdrawal = withdrawal.validated(&mut validator);
        if let Some(target) = &withdrawal.redirect_to
            && self.redirects_back(&transition.unit_of_work, id, target).await?
        {
            let message = "redirectTo leads back to this release (redirect loop): choose another URL";
            validator.add_error("redirectTo", ErrorCode::Cycle, message);
        }
        validator.finish()?;
        let at = transition.unit_of_work.at();
        transition.change.modified_at = Set(at);
        transition.change.withdrawal_kind = Set(Some(withdrawal.kind));
        transition.change.withdrawn_at = Set(Some(at));
        transition.change.withdrawal_notice = Set(withdrawal.notice.clone());
        transition.change.withdrawal_redirect = Set(withdrawal.redirect_to);
        transition.commit(note.or(withdrawal.notice)).await
    }

    /// Retracts a release because its content is wrong. A retracted release cannot be published again.
    pub async fn release_retract(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        notice: String,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let mut transition = self.begin_transition(ReleaseAction::Retract, viewer, id, expected, now).await?;
        let notice = required_note("notice", notice, "give the reason for readers of its URL")?;
        let at = transition.unit_of_work.at();
        transition.change.modified_at = Set(at);
        transition.change.withdrawal_kind = Set(Some(WithdrawalKind::WithNotice));
        transition.change.withdrawn_at = Set(Some(at));
        transition.change.withdrawal_notice = Set(Some(notice.clone()));
        transition.change.withdrawal_redirect = Set(None);
        transition.commit(Some(notice)).await
    }

    /// Whether a URL belongs to the release `id`, or leads to it through the redirects of other withdrawn releases.
    async fn redirects_back(&self, unit_of_work: &UnitOfWork, id: Uuid, target: &str) -> Result<bool, Error> {
        let mut target = target.to_owned();
        // Follow at most 100 redirects. Each release redirects to one URL at most, so a longer chain is treated as a
        // loop that does not include this release.
        for _ in 0..100 {
            let Some(release) = self.release_by_url(unit_of_work, &target).await? else { return Ok(false) };
            if release == id {
                return Ok(true);
            }
            let row = release::Entity::find_by_id(release).one(unit_of_work.tx()).await?;
            match row.and_then(|row| row.withdrawal_redirect) {
                Some(next) => target = next,
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Returns the id of the release that has or had a public URL.
    async fn release_by_url(&self, unit_of_work: &UnitOfWork, url: &str) -> Result<Option<Uuid>, Error> {
        let Some(template) = self.settings.url_template.as_deref() else { return Ok(None) };
        let normalized = |url: &str| url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned();
        let url = normalized(url);
        let match_placeholder = |placeholder: &str| {
            let (before, after) = template.split_once(placeholder)?;
            let name = url.strip_prefix(before)?.strip_suffix(normalized(after).as_str())?;
            Some(name.to_owned()).filter(|name| !name.contains('/'))
        };
        if let Some(key) = match_placeholder("{id}") {
            return Ok(self.ids.decode_as(Noun::Release, &key));
        }
        match match_placeholder("{slug}") {
            Some(slug) => Ok(slug_registry::owner(unit_of_work.tx(), Noun::Release, &slug).await?),
            None => Ok(None),
        }
    }
}

impl Withdrawal {
    /// Checks that the kind of withdrawal, the notice and the redirect are consistent. `validator` collects the
    /// errors.
    pub(in crate::newsroom) fn validated(self, validator: &mut Validator) -> Self {
        let (mut notice, mut redirect_to) = (None, None);
        validator.optional_text("notice", Patch::from_option(self.notice), &mut notice, MAX_NOTE);
        validator.url("redirectTo", Patch::from_option(self.redirect_to), &mut redirect_to);
        let (with_notice, redirect) = (self.kind == WithdrawalKind::WithNotice, self.kind == WithdrawalKind::Redirect);
        if with_notice && notice.is_none() {
            validator.add_error(
                "notice",
                ErrorCode::Required,
                "WITH_NOTICE requires a notice: give one, or withdraw as GONE",
            );
        }
        if redirect && redirect_to.is_none() {
            validator.add_error(
                "redirectTo",
                ErrorCode::Required,
                "REDIRECT requires a URL: give one, or withdraw as GONE",
            );
        }
        if !redirect && redirect_to.is_some() {
            validator.add_error(
                "redirectTo",
                ErrorCode::Invalid,
                "only REDIRECT takes a URL: omit it, or withdraw as REDIRECT",
            );
        }
        Self { kind: self.kind, notice, redirect_to }
    }
}

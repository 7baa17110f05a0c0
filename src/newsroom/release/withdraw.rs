//! Withdrawal (unpublishing) and retraction: with a notice, as gone, with a redirect to another URL, or without a
//! trace.
//!
//! A withdrawn release leaves a tombstone at its slug, except with VANISH; `withdrawal_notice` fetches its text and
//! redirect. A redirect that leads back to the release itself is refused (redirect loop). Redirects of former slugs
//! of a live release are in the catalog.

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

/// What the former URL of a release answers.
#[derive(Clone, Debug)]
pub struct WithdrawalNotice {
    /// The tombstone in the catalog.
    pub tombstone: Tombstone,
    /// When it was withdrawn or retracted.
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
    /// What its former URL says. Required for WITH_NOTICE.
    pub notice: Option<String>,
    /// Where its former URL redirects to. Required for REDIRECT.
    pub redirect_to: Option<String>,
}

impl Newsroom {
    /// The notice of a tombstone. `None` if the release is public again.
    pub async fn withdrawal_notice(&self, tombstone: Tombstone) -> Result<Option<WithdrawalNotice>, Error> {
        let row = release::Entity::find_by_id(tombstone.id).one(self.db.reader()).await?;
        Ok(row.and_then(|row| {
            // The release was published again after the snapshot.
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

    /// Withdraws a public release. The journal entry has the note, or else the notice.
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

    /// Retracts a release as wrong. It cannot be published again.
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

    /// Whether a URL belongs to a release, or redirects to it through other releases.
    async fn redirects_back(&self, unit_of_work: &UnitOfWork, id: Uuid, target: &str) -> Result<bool, Error> {
        let mut target = target.to_owned();
        // Each release redirects to one URL. A longer chain is a loop without this release.
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

    /// The release with a present or former public URL.
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
    /// Checks that kind, notice and target fit together.
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

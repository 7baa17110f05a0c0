//! How a release ceases to be public: withdrawn in one of four ways, or retracted for good; and what its former address answers.

use chrono::{DateTime, Utc};
use entity::{Noun, release, release::WithdrawalKind};
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::{
    Code, Error, Newsroom,
    act::Done,
    address,
    form::{Form, Patch},
    publication::{MAX_NOTE, required_note},
    workflow::Act,
    write::Write,
};
use crate::{catalog::Tombstone, viewer::Viewer};

/// What a former public address answers.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Whose it was and how it went.
    pub stone: Tombstone,
    /// When.
    pub at: DateTime<Utc>,
    /// What is said of it.
    pub notice: Option<String>,
    /// Where to go instead.
    pub redirect_to: Option<String>,
}

/// How to take a release back.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// In which way.
    pub kind: WithdrawalKind,
    /// What its former address says; required by WITH_NOTICE.
    pub notice: Option<String>,
    /// Where its former address leads; required by REDIRECT.
    pub redirect_to: Option<String>,
}

impl Newsroom {
    /// The notice that goes with a tombstone.
    pub async fn notice(&self, stone: Tombstone) -> Result<Option<Notice>, Error> {
        let row = release::Entity::find_by_id(stone.id).one(self.db.reader()).await?;
        Ok(row.and_then(|row| {
            // Made public again since the snapshot: nothing to say of it.
            let at = row.withdrawn_at?;
            let (notice, redirect) = (row.withdrawal_notice, row.withdrawal_redirect);
            Some(Notice {
                at,
                notice: notice.filter(|_| stone.kind == WithdrawalKind::WithNotice),
                redirect_to: redirect.filter(|_| stone.kind == WithdrawalKind::Redirect),
                stone,
            })
        }))
    }

    /// Takes a release back from the public.
    pub async fn release_withdraw(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        withdrawal: Withdrawal,
        now: DateTime<Utc>,
    ) -> Done {
        let mut acting = self.act(Act::Withdraw, viewer, id, expected, now).await?;
        let mut form = Form::default();
        let withdrawal = withdrawal.checked(&mut form);
        if let Some(target) = &withdrawal.redirect_to
            && self.leads_back(&acting.write, id, target).await?
        {
            let message = "redirectTo leads back to this release, so nobody would ever arrive: name another address";
            form.refuse("redirectTo", Code::Cycle, message);
        }
        form.finish()?;
        let at = acting.write.at();
        acting.change.modified_at = Set(at);
        acting.change.withdrawal_kind = Set(Some(withdrawal.kind));
        acting.change.withdrawn_at = Set(Some(at));
        acting.change.withdrawal_notice = Set(withdrawal.notice.clone());
        acting.change.withdrawal_redirect = Set(withdrawal.redirect_to);
        acting.finish(withdrawal.notice).await
    }

    /// Declares a release wrong: its address shows a notice, and it never comes back.
    pub async fn release_retract(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        notice: String,
        now: DateTime<Utc>,
    ) -> Done {
        let mut acting = self.act(Act::Retract, viewer, id, expected, now).await?;
        let notice = required_note("notice", notice, "say why, to those who come to its address")?;
        let at = acting.write.at();
        acting.change.modified_at = Set(at);
        acting.change.withdrawal_kind = Set(Some(WithdrawalKind::WithNotice));
        acting.change.withdrawn_at = Set(Some(at));
        acting.change.withdrawal_notice = Set(Some(notice.clone()));
        acting.change.withdrawal_redirect = Set(None);
        acting.finish(Some(notice)).await
    }

    /// Whether an address is of a release, or leads to one by redirects of others.
    async fn leads_back(&self, write: &Write, id: Uuid, target: &str) -> Result<bool, Error> {
        let mut target = target.to_owned();
        // Each release redirects to one address; a chain that is longer goes round without us.
        for _ in 0..100 {
            let Some(at) = self.release_at(write, &target).await? else { return Ok(false) };
            if at == id {
                return Ok(true);
            }
            let row = release::Entity::find_by_id(at).one(write.tx()).await?;
            match row.and_then(|row| row.withdrawal_redirect) {
                Some(next) => target = next,
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The release that has or had a public address, as the newsroom's addresses are made.
    async fn release_at(&self, write: &Write, url: &str) -> Result<Option<Uuid>, Error> {
        let Some(template) = self.customs.url_template.as_deref() else { return Ok(None) };
        let bare = |url: &str| url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned();
        let url = bare(url);
        let named = |placeholder: &str| {
            let (before, after) = template.split_once(placeholder)?;
            let name = url.strip_prefix(before)?.strip_suffix(bare(after).as_str())?;
            Some(name.to_owned()).filter(|name| !name.contains('/'))
        };
        if let Some(key) = named("{id}") {
            return Ok(self.ids.decode_as(Noun::Release, &key));
        }
        match named("{slug}") {
            Some(slug) => Ok(address::holder(write.tx(), Noun::Release, &slug).await?),
            None => Ok(None),
        }
    }
}

impl Withdrawal {
    /// Checks that kind, notice and target belong together.
    pub(super) fn checked(self, form: &mut Form) -> Self {
        let (mut notice, mut redirect_to) = (None, None);
        form.optional_text("notice", Patch::from_option(self.notice), &mut notice, MAX_NOTE);
        form.url("redirectTo", Patch::from_option(self.redirect_to), &mut redirect_to);
        let (with_notice, redirect) = (self.kind == WithdrawalKind::WithNotice, self.kind == WithdrawalKind::Redirect);
        if with_notice && notice.is_none() {
            form.refuse("notice", Code::Required, "WITH_NOTICE shows a notice: give one, or withdraw as GONE");
        }
        if redirect && redirect_to.is_none() {
            form.refuse(
                "redirectTo",
                Code::Required,
                "REDIRECT leads to another address: give one, or withdraw as GONE",
            );
        }
        if !redirect && redirect_to.is_some() {
            form.refuse(
                "redirectTo",
                Code::Invalid,
                "only REDIRECT leads to another address: leave it out, or withdraw as REDIRECT",
            );
        }
        Self { kind: self.kind, notice, redirect_to }
    }
}

//! Releases: pages of them, one of them, and the editorial acts.
//!
//! Each act reads: may this viewer, load, is it the version they saw, does the table allow it, change, record, commit. An act
//! either happens whole, with its entry in the journal, or not at all.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    Noun, release,
    release::{ReleaseState, WithdrawalKind},
    revision, revision_place, revision_topic,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::{
    Code, CurrentRevision, Error, Newsroom, address,
    content::{Content, ReleaseInput, RevisionRows},
    form::{Form, Patch},
    revision::content,
    slug, workflow,
    workflow::Act,
    write::Write,
};
use crate::{
    catalog::{Handle, ReleaseKey, Tombstone},
    journal::Image,
    viewer::Viewer,
};

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

/// What the desk gets back of an act: the release as it is now.
type Done = Result<Handle, Error>;

impl Newsroom {
    /// The release that another system knows by an id, as a key; whether the viewer may see it is for their set to say.
    pub async fn release_by_external_id(&self, external_id: &str) -> Result<Option<ReleaseKey>, Error> {
        // No release has it, and PostgreSQL cannot even be asked.
        if external_id.contains('\0') {
            return Ok(None);
        }
        let found =
            release::Entity::find().filter(release::Column::ExternalId.eq(external_id)).one(self.db.reader()).await?;
        Ok(found.map(|row| ReleaseKey::Id(row.id)))
    }

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

    /// Today's date where the newsroom is.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.customs.time_zone).date_naive()
    }

    /// Begins a release: a draft with its first revision.
    pub async fn release_create(&self, viewer: &Viewer, input: ReleaseInput, now: DateTime<Utc>) -> Done {
        workflow::allowed(Act::Create, viewer)?;
        let write = self.begin(viewer, now).await?;
        let mut form = Form::new(&["input"]);
        let mut content = Content::blank(&self.customs.language, self.today(now));
        let id = Uuid::now_v7();
        let input = with_slug(&write, input, id, true).await?;
        let snapshot = self.catalog.snapshot();
        content.fill(input, snapshot.topics(), snapshot.places(), &mut form);
        self.check_unique(&write, id, &content, &mut form).await?;
        form.finish()?;
        let rows = content.clone().rows(id, 1, None, write.by(), write.at());
        let row = release::ActiveModel {
            id: Set(id),
            slug: Set(content.slug.clone()),
            external_id: Set(content.external_id),
            state: Set(ReleaseState::Draft),
            live_revision_id: Set(None),
            working_revision_id: Set(Some(rows.version.revision_id)),
            revision: Set(1),
            author: Set(write.by().to_owned()),
            created_at: Set(write.at()),
            modified_at: Set(write.at()),
            first_published_at: Set(None),
            published_at: Set(None),
            withdrawal_kind: Set(None),
            withdrawn_at: Set(None),
            withdrawal_notice: Set(None),
            withdrawal_redirect: Set(None),
            as_imported: Set(false),
        };
        release::Entity::insert(row).exec_without_returning(write.tx()).await?;
        insert_revision(&write, rows).await?;
        address::hold(write.tx(), Noun::Release, &content.slug, id, None).await?;
        finish(write, Act::Create, id, None, None, viewer).await
    }

    /// Writes a new version. A live one stays as it is until the new one is published.
    pub async fn release_revise(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: ReleaseInput,
        now: DateTime<Utc>,
    ) -> Done {
        workflow::allowed(Act::Revise, viewer)?;
        let write = self.begin(viewer, now).await?;
        let (row, before) = load(&write, id).await?;
        let state = workflow::next(row.state, Act::Revise, &row.author, viewer)?;
        let (newest, mut content) = newest(&write, &row).await?;
        check_expected(&row, &newest, expected)?;
        let old = content.clone();
        let mut form = Form::new(&["input"]);
        let input = with_slug(&write, input, id, false).await?;
        let snapshot = self.catalog.snapshot();
        content.fill(input, snapshot.topics(), snapshot.places(), &mut form);
        self.check_unique(&write, id, &content, &mut form).await?;
        form.finish()?;
        if content == old {
            // Nothing said anew: no version, no entry; what is there is the answer.
            write.undo().await?;
            return self.handle(viewer, id, now);
        }
        let rows = content.clone().rows(id, row.revision + 1, Some(newest.number), write.by(), write.at());
        let live = row.live_revision_id.is_some();
        let wanted = if live { row.slug.clone() } else { content.slug.clone() };
        let mut change = row.into_active_model();
        change.state = Set(state);
        change.working_revision_id = Set(Some(rows.version.revision_id));
        change.revision = Set(rows.version.number);
        change.as_imported = Set(false);
        // What a live release is known by stays with its live version.
        if !live {
            change.external_id = Set(content.external_id.clone());
            change.slug = Set(content.slug.clone());
            change.modified_at = Set(write.at());
        }
        change.update(write.tx()).await?;
        insert_revision(&write, rows).await?;
        address::hold(write.tx(), Noun::Release, &content.slug, id, None).await?;
        address::let_go(write.tx(), Noun::Release, id, &[&wanted, &content.slug]).await?;
        finish(write, Act::Revise, id, None, before, viewer).await
    }

    /// Makes the version being worked on public; of a withdrawn release also the last public one, again.
    pub async fn release_publish(&self, viewer: &Viewer, id: Uuid, expected: i32, now: DateTime<Utc>) -> Done {
        workflow::allowed(Act::Publish, viewer)?;
        let write = self.begin(viewer, now).await?;
        let (row, before) = load(&write, id).await?;
        let state = workflow::next(row.state, Act::Publish, &row.author, viewer)?;
        let (newest, _) = newest(&write, &row).await?;
        check_expected(&row, &newest, expected)?;
        if let Some(taken) = self.external_id_holder(&write, id, newest.external_id.as_ref()).await? {
            return Err(Error::field(&["id"], Code::Taken, taken));
        }
        let public = row.state == ReleaseState::Published;
        if public && row.working_revision_id.is_none() {
            return Err(Error::Illegal(
                "the release is published as it is: there is no newer version to publish; revise it first".to_owned(),
            ));
        }
        let (first, last) =
            (row.first_published_at.unwrap_or(write.at()), row.published_at.filter(|_| public).unwrap_or(write.at()));
        let mut change = row.into_active_model();
        change.state = Set(state);
        change.live_revision_id = Set(Some(newest.id));
        change.working_revision_id = Set(None);
        change.slug = Set(newest.slug.clone());
        change.external_id = Set(newest.external_id.clone());
        change.modified_at = Set(write.at());
        change.first_published_at = Set(Some(first));
        change.published_at = Set(Some(last));
        change.withdrawal_kind = Set(None);
        change.withdrawn_at = Set(None);
        change.withdrawal_notice = Set(None);
        change.withdrawal_redirect = Set(None);
        change.as_imported = Set(false);
        change.update(write.tx()).await?;
        address::hold(write.tx(), Noun::Release, &newest.slug, id, Some(write.at())).await?;
        finish(write, Act::Publish, id, None, before, viewer).await
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
        workflow::allowed(Act::Withdraw, viewer)?;
        let write = self.begin(viewer, now).await?;
        let (row, before) = load(&write, id).await?;
        let state = workflow::next(row.state, Act::Withdraw, &row.author, viewer)?;
        let (newest, _) = newest(&write, &row).await?;
        check_expected(&row, &newest, expected)?;
        let mut form = Form::default();
        let withdrawal = withdrawal.checked(&mut form);
        form.finish()?;
        let mut change = row.into_active_model();
        change.state = Set(state);
        change.modified_at = Set(write.at());
        change.withdrawal_kind = Set(Some(withdrawal.kind));
        change.withdrawn_at = Set(Some(write.at()));
        change.withdrawal_notice = Set(withdrawal.notice.clone());
        change.withdrawal_redirect = Set(withdrawal.redirect_to);
        change.as_imported = Set(false);
        change.update(write.tx()).await?;
        finish(write, Act::Withdraw, id, withdrawal.notice, before, viewer).await
    }

    /// What others hold already.
    async fn check_unique(&self, write: &Write, id: Uuid, content: &Content, form: &mut Form) -> Result<(), Error> {
        if address::holder(write.tx(), Noun::Release, &content.slug).await?.is_some_and(|holder| holder != id) {
            form.refuse(
                "slug",
                Code::Taken,
                format!("the slug \"{}\" belongs to another release, or did: choose another", content.slug),
            );
        }
        if let Some(taken) = self.external_id_holder(write, id, content.external_id.as_ref()).await? {
            form.refuse("externalId", Code::Taken, taken);
        }
        Ok(())
    }

    /// Why a release cannot have an externalId, if another has it.
    async fn external_id_holder(
        &self,
        write: &Write,
        id: Uuid,
        wish: Option<&String>,
    ) -> Result<Option<String>, Error> {
        let Some(wish) = wish else { return Ok(None) };
        let holder = release::Entity::find().filter(release::Column::ExternalId.eq(wish)).one(write.tx()).await?;
        let taken = || {
            format!("the externalId \"{wish}\" belongs to another release: revise that one, or give this one another")
        };
        Ok(holder.filter(|holder| holder.id != id).map(|_| taken()))
    }

    fn handle(&self, viewer: &Viewer, id: Uuid, now: DateTime<Utc>) -> Done {
        let set = self.catalog.snapshot().visible_to(viewer, now);
        set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or(Error::NotFound("release"))
    }
}

impl Withdrawal {
    /// Checks that kind, notice and target belong together.
    pub(super) fn checked(self, form: &mut Form) -> Self {
        let (mut notice, mut redirect_to) = (None, None);
        form.optional_text("notice", Patch::from_option(self.notice), &mut notice, 5000);
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

/// A new release without a slug gets a free one made from its headline.
async fn with_slug(write: &Write, mut input: ReleaseInput, id: Uuid, new: bool) -> Result<ReleaseInput, Error> {
    if new && !matches!(input.slug, Patch::Set(_)) {
        let headline = match &input.headline {
            // A headline that is far too long is refused elsewhere; do not chew on it here.
            Patch::Set(headline) => headline.chars().take(500).collect::<String>(),
            _ => String::new(),
        };
        input.slug = Patch::Set(address::free(write.tx(), Noun::Release, &slug::from_headline(&headline), id).await?);
    }
    Ok(input)
}

/// A release's row and the catalog's image of it.
async fn load(write: &Write, id: Uuid) -> Result<(release::Model, Option<Image>), Error> {
    let row = release::Entity::find_by_id(id).one(write.tx()).await?.ok_or(Error::NotFound("release"))?;
    Ok((row, write.image(Noun::Release, id).await?))
}

/// The newest version: the one being worked on, else the live one.
async fn newest(write: &Write, row: &release::Model) -> Result<(revision::Model, Content), Error> {
    let key = row.working_revision_id.or(row.live_revision_id).ok_or(Error::NotFound("revision"))?;
    content(write.tx(), key).await
}

fn check_expected(row: &release::Model, newest: &revision::Model, expected: i32) -> Result<(), Error> {
    if row.revision == expected {
        return Ok(());
    }
    Err(Error::Stale(CurrentRevision { revision: row.revision, by: newest.created_by.clone(), at: newest.created_at }))
}

async fn insert_revision(write: &Write, rows: RevisionRows) -> Result<(), Error> {
    revision::Entity::insert(rows.revision).exec_without_returning(write.tx()).await?;
    if !rows.topics.is_empty() {
        revision_topic::Entity::insert_many(rows.topics).exec_without_returning(write.tx()).await?;
    }
    if !rows.places.is_empty() {
        revision_place::Entity::insert_many(rows.places).exec_without_returning(write.tx()).await?;
    }
    Ok(())
}

/// Records an act, commits it, and answers the release as the actor sees it then.
async fn finish(
    mut write: Write,
    act: Act,
    id: Uuid,
    note: Option<String>,
    before: Option<Image>,
    viewer: &Viewer,
) -> Done {
    let after = write.image(Noun::Release, id).await?;
    write.record(act.name(), Noun::Release, id, note, before.as_ref(), after.as_ref())?;
    let now = write.at();
    let set = write.commit().await?.visible_to(viewer, now);
    set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or(Error::NotFound("release"))
}

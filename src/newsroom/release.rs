//! Releases: writing what they say. How they become public is in `publication`, `schedule` and `embargo`, how they cease to be
//! in `withdrawal`.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{Noun, release, release::ReleaseState, revision, revision_place, revision_topic};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    Code, Error, Newsroom,
    act::{Acting, Done, committed},
    address,
    content::{Content, ReleaseInput, RevisionRows},
    form::{Form, Patch},
    revision::content,
    slug,
    workflow::{self, Act},
    write::Write,
};
use crate::{catalog::ReleaseKey, viewer::Viewer};

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

    /// Today's date where the newsroom is.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.customs.time_zone).date_naive()
    }

    /// Begins a release: a draft with its first revision.
    pub async fn release_create(&self, viewer: &Viewer, input: ReleaseInput, now: DateTime<Utc>) -> Done {
        workflow::allowed(Act::Create, viewer)?;
        let mut write = self.begin(viewer, now).await?;
        let mut form = Form::new(&["input"]);
        let mut content = Content::blank(&self.customs.language, self.today(now));
        let id = Uuid::now_v7();
        let input = with_slug(&write, input, id).await?;
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
            working_revision_id: Set(Some(rows.version.revision_id)),
            revision: Set(1),
            author: Set(write.by().to_owned()),
            created_at: Set(write.at()),
            modified_at: Set(write.at()),
            working_outdated: Set(false),
            as_imported: Set(false),
            ..Default::default()
        };
        release::Entity::insert(row).exec_without_returning(write.tx()).await?;
        insert_revision(&write, rows).await?;
        address::hold(write.tx(), Noun::Release, &content.slug, id, None).await?;
        let after = write.image(Noun::Release, id).await?;
        write.record(Act::Create.name(), Noun::Release, id, None, None, after.as_ref())?;
        committed(write, id, viewer).await
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
        let acting = self.act(Act::Revise, viewer, id, expected, now).await?;
        let (newest, old) = acting.newest().await?;
        let mut content = old.clone();
        let mut form = Form::new(&["input"]);
        let snapshot = self.catalog.snapshot();
        content.fill(input, snapshot.topics(), snapshot.places(), &mut form);
        self.check_unique(&acting.write, id, &content, &mut form).await?;
        form.finish()?;
        // Nothing said anew: no version, no entry. Unless a correction was to be carried over, and there is nothing to carry.
        if content == old && !acting.row.working_outdated {
            return acting.leave(self).await;
        }
        self.write_working(acting, content, newest.number, None).await
    }

    /// Writes a version that says what an older one said. Address and externalId stay what they are.
    pub async fn release_restore(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        number: i32,
        now: DateTime<Utc>,
    ) -> Done {
        let acting = self.act(Act::Restore, viewer, id, expected, now).await?;
        let old = revision::Entity::find()
            .filter(revision::Column::ReleaseId.eq(id))
            .filter(revision::Column::Number.eq(number))
            .one(acting.write.tx())
            .await?;
        let old = old.ok_or_else(|| {
            let message = format!("this release has no revision {number}: `revisions` lists those it has");
            Error::field(&["revision"], Code::NotFound, message)
        })?;
        let (newest, present) = acting.newest().await?;
        let (_, restored) = content(acting.write.tx(), old.id).await?;
        let content = Content { slug: present.slug.clone(), external_id: present.external_id.clone(), ..restored };
        if content == present && !acting.row.working_outdated {
            return acting.leave(self).await;
        }
        self.write_working(acting, content, newest.number, Some(format!("restored from revision {number}"))).await
    }

    /// Throws away a draft that never was public.
    pub async fn release_delete(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        now: DateTime<Utc>,
    ) -> Result<Uuid, Error> {
        let acting = self.act(Act::Delete, viewer, id, expected, now).await?;
        address::let_go(acting.write.tx(), Noun::Release, id, &[]).await?;
        release::Entity::delete_by_id(id).exec(acting.write.tx()).await?;
        acting.gone(None).await
    }

    /// Inserts a version beside the live one, or in place of the one being worked on.
    async fn write_working(&self, acting: Acting, content: Content, based_on: i32, note: Option<String>) -> Done {
        let mut acting = acting;
        let (write, row, change) = (&acting.write, &acting.row, &mut acting.change);
        let mut rows = content.clone().rows(row.id, row.revision + 1, Some(based_on), write.by(), write.at());
        rows.revision.note = Set(note.clone());
        change.working_revision_id = Set(Some(rows.version.revision_id));
        change.revision = Set(rows.version.number);
        change.working_outdated = Set(false);
        // What a live release is known by stays with its live version.
        let live = row.live_revision_id.is_some();
        let wanted = if live { row.slug.clone() } else { content.slug.clone() };
        if !live {
            change.external_id = Set(content.external_id.clone());
            change.slug = Set(content.slug.clone());
        }
        insert_revision(write, rows).await?;
        address::hold(write.tx(), Noun::Release, &content.slug, row.id, None).await?;
        address::let_go(write.tx(), Noun::Release, row.id, &[&wanted, &content.slug]).await?;
        acting.finish(note).await
    }

    /// What others hold already.
    pub(super) async fn check_unique(
        &self,
        write: &Write,
        id: Uuid,
        content: &Content,
        form: &mut Form,
    ) -> Result<(), Error> {
        if address::holder(write.tx(), Noun::Release, &content.slug).await?.is_some_and(|holder| holder != id) {
            form.refuse(
                "slug",
                Code::Taken,
                format!("the slug \"{}\" belongs to another release, or did: choose another", content.slug),
            );
        }
        if let Some(taken) = external_id_holder(write, id, content.external_id.as_ref()).await? {
            form.refuse("externalId", Code::Taken, taken);
        }
        Ok(())
    }
}

/// Why a release cannot have an externalId, if another has it.
pub(super) async fn external_id_holder(
    write: &Write,
    id: Uuid,
    wish: Option<&String>,
) -> Result<Option<String>, Error> {
    let Some(wish) = wish else { return Ok(None) };
    let holder = release::Entity::find().filter(release::Column::ExternalId.eq(wish)).one(write.tx()).await?;
    let taken =
        || format!("the externalId \"{wish}\" belongs to another release: revise that one, or give this one another");
    Ok(holder.filter(|holder| holder.id != id).map(|_| taken()))
}

/// A new release without a slug gets a free one made from its headline.
async fn with_slug(write: &Write, mut input: ReleaseInput, id: Uuid) -> Result<ReleaseInput, Error> {
    if !matches!(input.slug, Patch::Set(_)) {
        let headline = match &input.headline {
            // A headline that is far too long is refused elsewhere; do not chew on it here.
            Patch::Set(headline) => headline.chars().take(500).collect::<String>(),
            _ => String::new(),
        };
        input.slug = Patch::Set(address::free(write.tx(), Noun::Release, &slug::from_headline(&headline), id).await?);
    }
    Ok(input)
}

pub(super) async fn insert_revision(write: &Write, rows: RevisionRows) -> Result<(), Error> {
    revision::Entity::insert(rows.revision).exec_without_returning(write.tx()).await?;
    if !rows.topics.is_empty() {
        revision_topic::Entity::insert_many(rows.topics).exec_without_returning(write.tx()).await?;
    }
    if !rows.places.is_empty() {
        revision_place::Entity::insert_many(rows.places).exec_without_returning(write.tx()).await?;
    }
    Ok(())
}

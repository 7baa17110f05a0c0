//! Commands that write release content: create a draft, revise a release, restore an earlier revision, delete a
//! draft. Also looks up a release by its external id.
//!
//! Each change to the content inserts a new revision. If the release is published, the previous revision stays live
//! until the new revision is published (`publish`). This module also checks that slug and external id are unique, and
//! generates the slug of a new release from its headline.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    Noun,
    release::{self, ReleaseState},
    revision, revision_place, revision_topic,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{
    content::{Content, ReleaseInput, RevisionRows},
    revision::load_content,
    transition::{ReleaseTransition, TransitionResult, commit_and_find},
};
use crate::{
    auth::viewer::Viewer,
    catalog::ReleaseKey,
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        slug_registry,
        text::slug,
        unit_of_work::UnitOfWork,
        validation::{Patch, Validator},
        workflow::{self, ReleaseAction},
    },
};

impl Newsroom {
    /// Returns the key of the release with an external id. Does not check visibility: the caller must look up the key
    /// in a release set of the viewer.
    pub async fn release_by_external_id(&self, external_id: &str) -> Result<Option<ReleaseKey>, Error> {
        // No row contains the character NUL, and PostgreSQL rejects it in a parameter.
        if external_id.contains('\0') {
            return Ok(None);
        }
        let stored =
            release::Entity::find().filter(release::Column::ExternalId.eq(external_id)).one(self.db.reader()).await?;
        Ok(stored.map(|row| ReleaseKey::Id(row.id)))
    }

    /// Returns today's date in the newsroom's time zone.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.settings.time_zone).date_naive()
    }

    /// Creates a release in the state Draft, with its first revision.
    pub async fn release_create(&self, viewer: &Viewer, input: ReleaseInput, now: DateTime<Utc>) -> TransitionResult {
        workflow::check_role(ReleaseAction::Create, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let mut validator = Validator::new(&["input"]);
        let mut content = Content::blank(&self.settings.language, self.today(now));
        let id = Uuid::now_v7();
        let input = with_generated_slug(&unit_of_work, input, id).await?;
        let snapshot = self.catalog.snapshot();
        content.apply_input(input, snapshot.topics(), snapshot.places(), &mut validator);
        self.check_unique(&unit_of_work, id, &content, &mut validator).await?;
        validator.finish()?;
        let rows = content.clone().into_rows(id, 1, None, unit_of_work.by(), unit_of_work.at());
        let row = release::ActiveModel {
            id: Set(id),
            slug: Set(content.slug.clone()),
            external_id: Set(content.external_id),
            state: Set(ReleaseState::Draft),
            working_revision_id: Set(Some(rows.version.revision_id)),
            revision: Set(1),
            author: Set(unit_of_work.by().to_owned()),
            created_at: Set(unit_of_work.at()),
            modified_at: Set(unit_of_work.at()),
            working_outdated: Set(false),
            as_imported: Set(false),
            ..Default::default()
        };
        release::Entity::insert(row).exec_without_returning(unit_of_work.tx()).await?;
        insert_revision(&unit_of_work, rows).await?;
        slug_registry::reserve(unit_of_work.tx(), Noun::Release, &content.slug, id, None).await?;
        let after = unit_of_work.image(Noun::Release, id).await?;
        unit_of_work.record(ReleaseAction::Create.name(), Noun::Release, id, None, None, after.as_ref())?;
        commit_and_find(unit_of_work, id, viewer).await
    }

    /// Writes a new working revision. If the release has a live revision, that revision stays public until the new
    /// revision is published.
    pub async fn release_revise(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: ReleaseInput,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let transition = self.begin_transition(ReleaseAction::Revise, viewer, id, expected, now).await?;
        let (newest_number, previous) = transition.newest_revision().await?;
        let mut content = previous.clone();
        let mut validator = Validator::new(&["input"]);
        let snapshot = self.catalog.snapshot();
        content.apply_input(input, snapshot.topics(), snapshot.places(), &mut validator);
        self.check_unique(&transition.unit_of_work, id, &content, &mut validator).await?;
        validator.finish()?;
        // If the content is unchanged, write no revision and no journal entry. The exception is a working revision
        // that is outdated, because the live revision was corrected in the meantime. Saving an outdated working
        // revision unchanged confirms that the correction requires no change in it.
        if content == previous && !transition.row.working_outdated {
            return transition.commit_unchanged(self).await;
        }
        self.save_working_revision(transition, content, newest_number, None).await
    }

    /// Writes a new working revision with the content of an earlier revision. Slug and external id do not change.
    pub async fn release_restore(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        number: i32,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let transition = self.begin_transition(ReleaseAction::Restore, viewer, id, expected, now).await?;
        let source: Option<Uuid> = revision::Entity::find()
            .filter(revision::Column::ReleaseId.eq(id))
            .filter(revision::Column::Number.eq(number))
            .select_only()
            .column(revision::Column::Id)
            .into_tuple()
            .one(transition.unit_of_work.tx())
            .await?;
        let source = source.ok_or_else(|| {
            let message = format!("this release has no revision {number}: `revisions` lists the existing ones");
            Error::field(&["revision"], ErrorCode::NotFound, message)
        })?;
        let (newest_number, present) = transition.newest_revision().await?;
        let (_, restored) = load_content(transition.unit_of_work.tx(), source).await?;
        let content = Content { slug: present.slug.clone(), external_id: present.external_id.clone(), ..restored };
        if content == present && !transition.row.working_outdated {
            return transition.commit_unchanged(self).await;
        }
        self.save_working_revision(transition, content, newest_number, Some(format!("restored from revision {number}")))
            .await
    }

    /// Deletes a draft that was never public.
    pub async fn release_delete(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        now: DateTime<Utc>,
    ) -> Result<Uuid, Error> {
        let transition = self.begin_transition(ReleaseAction::Delete, viewer, id, expected, now).await?;
        slug_registry::delete_unused(transition.unit_of_work.tx(), Noun::Release, id, &[]).await?;
        release::Entity::delete_by_id(id).exec(transition.unit_of_work.tx()).await?;
        transition.commit_deleted(None).await
    }

    /// Inserts a new revision and makes it the working revision, replacing the previous working revision if there is
    /// one. The live revision does not change.
    async fn save_working_revision(
        &self,
        transition: ReleaseTransition,
        content: Content,
        based_on: i32,
        note: Option<String>,
    ) -> TransitionResult {
        let mut transition = transition;
        let (unit_of_work, row, change) = (&transition.unit_of_work, &transition.row, &mut transition.change);
        let mut rows =
            content.clone().into_rows(row.id, row.revision + 1, Some(based_on), unit_of_work.by(), unit_of_work.at());
        rows.revision.note = Set(note.clone());
        change.working_revision_id = Set(Some(rows.version.revision_id));
        change.revision = Set(rows.version.number);
        change.working_outdated = Set(false);
        // If the release has a live revision, its row keeps the slug and external id of that revision until
        // publication.
        let has_live = row.live_revision_id.is_some();
        let slug_in_use = if has_live { row.slug.clone() } else { content.slug.clone() };
        if !has_live {
            change.external_id = Set(content.external_id.clone());
            change.slug = Set(content.slug.clone());
        }
        insert_revision(unit_of_work, rows).await?;
        slug_registry::reserve(unit_of_work.tx(), Noun::Release, &content.slug, row.id, None).await?;
        slug_registry::delete_unused(unit_of_work.tx(), Noun::Release, row.id, &[&slug_in_use, &content.slug]).await?;
        transition.commit(note).await
    }

    /// Adds an error to `validator` if another release has the slug or the external id of `content`.
    pub(in crate::newsroom) async fn check_unique(
        &self,
        unit_of_work: &UnitOfWork,
        id: Uuid,
        content: &Content,
        validator: &mut Validator,
    ) -> Result<(), Error> {
        if slug_registry::owner(unit_of_work.tx(), Noun::Release, &content.slug).await?.is_some_and(|owner| owner != id)
        {
            validator.add_error(
                "slug",
                ErrorCode::Taken,
                format!("the slug \"{}\" belongs or belonged to another release: choose another", content.slug),
            );
        }
        if let Some(conflict) = external_id_conflict(unit_of_work, id, content.external_id.as_ref()).await? {
            validator.add_error("externalId", ErrorCode::Taken, conflict);
        }
        Ok(())
    }
}

/// Returns an error message if another release already has the external id, and `None` otherwise.
pub(in crate::newsroom) async fn external_id_conflict(
    unit_of_work: &UnitOfWork,
    id: Uuid,
    external_id: Option<&String>,
) -> Result<Option<String>, Error> {
    let Some(external_id) = external_id else { return Ok(None) };
    let owner =
        release::Entity::find().filter(release::Column::ExternalId.eq(external_id)).one(unit_of_work.tx()).await?;
    let conflict = || {
        format!(
            "the externalId \"{external_id}\" belongs to another release: revise that release, or choose another externalId"
        )
    };
    Ok(owner.filter(|owner| owner.id != id).map(|_| conflict()))
}

/// If the input of a new release has no slug, sets an available slug that is generated from the headline.
async fn with_generated_slug(
    unit_of_work: &UnitOfWork,
    mut input: ReleaseInput,
    id: Uuid,
) -> Result<ReleaseInput, Error> {
    if !matches!(input.slug, Patch::Set(_)) {
        let headline = match &input.headline {
            // A headline that is too long is rejected later. Here, only its first 500 characters are used, to limit
            // the work.
            Patch::Set(headline) => headline.chars().take(500).collect::<String>(),
            _ => String::new(),
        };
        input.slug = Patch::Set(
            slug_registry::find_available(unit_of_work.tx(), Noun::Release, &slug::from_headline(&headline), id)
                .await?,
        );
    }
    Ok(input)
}

pub(in crate::newsroom) async fn insert_revision(unit_of_work: &UnitOfWork, rows: RevisionRows) -> Result<(), Error> {
    revision::Entity::insert(rows.revision).exec_without_returning(unit_of_work.tx()).await?;
    if !rows.topics.is_empty() {
        revision_topic::Entity::insert_many(rows.topics).exec_without_returning(unit_of_work.tx()).await?;
    }
    if !rows.places.is_empty() {
        revision_place::Entity::insert_many(rows.places).exec_without_returning(unit_of_work.tx()).await?;
    }
    Ok(())
}

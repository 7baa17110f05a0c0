//! Workflow transitions of a release: load the release, check the rules, change the row, record the change, commit.
//!
//! `Newsroom::begin_transition` checks the role, takes the write lock, and records due transitions (schedule,
//! embargo). It then looks up the action in the workflow table, and compares the expected revision (optimistic
//! concurrency control). The caller changes `ReleaseTransition::change` and calls `commit`, `commit_deleted` or
//! `commit_unchanged`. The rules of the workflow are in `workflow`.

use chrono::{DateTime, Utc};
use entity::{
    Noun,
    release::{self, ReleaseState},
    revision,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel, QuerySelect};
use uuid::Uuid;

use super::{content::Content, revision::load_content};
use crate::{
    auth::viewer::Viewer,
    catalog::{Handle, ReleaseKey},
    journal::Image,
    newsroom::{
        error::Error,
        service::Newsroom,
        unit_of_work::{UnitOfWork, removed_since_commit},
        workflow::{self, ReleaseAction, TransitionInput},
    },
};

/// The result of a transition: the release as it is after the transition.
pub(in crate::newsroom) type TransitionResult = Result<Handle, Error>;

/// A transition in progress.
#[derive(Debug)]
pub(in crate::newsroom) struct ReleaseTransition {
    pub(in crate::newsroom) unit_of_work: UnitOfWork,
    /// The row of the release before the transition.
    pub(in crate::newsroom) row: release::Model,
    /// The changes to the release row. `begin_transition` has already set the new state.
    pub(in crate::newsroom) change: release::ActiveModel,
    action: ReleaseAction,
    before: Option<Image>,
    viewer: Viewer,
}

impl Newsroom {
    /// Starts a transition of a release. Fails if the newest revision number is not `expected`, the revision that the
    /// client read.
    pub(in crate::newsroom) async fn begin_transition(
        &self,
        action: ReleaseAction,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        now: DateTime<Utc>,
    ) -> Result<ReleaseTransition, Error> {
        // Check the role before loading the release, so that a caller without permission does not learn whether the
        // release exists.
        workflow::check_role(action, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let row = release::Entity::find_by_id(id).one(unit_of_work.tx()).await?.ok_or(Error::NotFound("release"))?;
        let row = unit_of_work.record_due_transitions(row).await?;
        let policy = self.settings.workflow_policy;
        // Only the four-eyes policy needs the writer of the unapproved revision.
        let unapproved_author =
            if policy.four_eyes { unapproved_author(&unit_of_work, &row, action, viewer).await? } else { None };
        let input =
            TransitionInput { state: row.state, author: &row.author, unapproved_author: unapproved_author.as_deref() };
        let state = workflow::next_state(action, input, viewer, policy)?;
        if row.revision != expected {
            return Err(Error::StaleRevision(unit_of_work.last_change(id, row.revision).await?));
        }
        let before = unit_of_work.image(Noun::Release, id).await?;
        let mut change = row.clone().into_active_model();
        change.state = Set(state);
        change.as_imported = Set(false);
        // If the release has no live revision, the desk sees its working revision, and each transition counts as a
        // modification of the release.
        if row.live_revision_id.is_none() {
            change.modified_at = Set(unit_of_work.at());
        }
        Ok(ReleaseTransition { unit_of_work, row, change, action, before, viewer: viewer.clone() })
    }

    /// Returns a release of the current snapshot as the viewer sees it.
    pub(in crate::newsroom) fn handle(&self, viewer: &Viewer, id: Uuid, now: DateTime<Utc>) -> TransitionResult {
        let set = self.catalog.snapshot_at(now).visible_to(viewer, now);
        set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or(Error::NotFound("release"))
    }
}

impl ReleaseTransition {
    /// Loads number and content of the newest revision: the working revision, or the live revision if there is no
    /// working revision.
    pub(in crate::newsroom) async fn newest_revision(&self) -> Result<(i32, Content), Error> {
        load_content(self.unit_of_work.tx(), self.newest_key()?).await
    }

    /// Loads the row of the newest revision, without topics and places.
    pub(in crate::newsroom) async fn newest_row(&self) -> Result<revision::Model, Error> {
        let row = revision::Entity::find_by_id(self.newest_key()?).one(self.unit_of_work.tx()).await?;
        row.ok_or(Error::NotFound("revision"))
    }

    fn newest_key(&self) -> Result<Uuid, Error> {
        self.row.working_revision_id.or(self.row.live_revision_id).ok_or(Error::NotFound("revision"))
    }

    /// Loads number and content of the live revision.
    pub(in crate::newsroom) async fn live_revision(&self) -> Result<(i32, Content), Error> {
        load_content(self.unit_of_work.tx(), self.row.live_revision_id.ok_or(Error::NotFound("revision"))?).await
    }

    /// Whether the release has an embargo that has not ended.
    pub(in crate::newsroom) fn is_embargoed(&self) -> bool {
        self.row.embargo_until.is_some_and(|until| until > self.unit_of_work.at())
    }

    /// Writes the changed row, records the action in the journal, and commits. Returns the release as the actor sees
    /// it.
    pub(in crate::newsroom) async fn commit(self, note: Option<String>) -> TransitionResult {
        let Self { mut unit_of_work, row, change, action, before, viewer } = self;
        change.update(unit_of_work.tx()).await?;
        let after = unit_of_work.image(Noun::Release, row.id).await?;
        unit_of_work.record(action.name(), Noun::Release, row.id, note, before.as_ref(), after.as_ref())?;
        commit_and_find(unit_of_work, row.id, &viewer).await
    }

    /// Writes the journal entry of the deletion, and commits the transaction. The entry normally contains a copy of
    /// the deleted release. After a purge, which removes all content permanently, it contains only the audiences that
    /// could see the release.
    pub(in crate::newsroom) async fn commit_deleted(self, note: Option<String>) -> Result<Uuid, Error> {
        let embargoed = self.is_embargoed();
        let Self { mut unit_of_work, row, action, before, .. } = self;
        let press = row.state == ReleaseState::Published;
        let purged = Some(Image::Purged { public: press && !embargoed, press });
        let before = if action == ReleaseAction::Purge { purged } else { before };
        unit_of_work.record(action.name(), Noun::Release, row.id, note, before.as_ref(), None)?;
        unit_of_work.commit().await?;
        Ok(row.id)
    }

    /// Commits without applying `change`. Due transitions that `begin_transition` recorded are committed.
    pub(in crate::newsroom) async fn commit_unchanged(self, newsroom: &Newsroom) -> TransitionResult {
        let (id, now) = (self.row.id, self.unit_of_work.at());
        self.unit_of_work.commit().await?;
        newsroom.handle(&self.viewer, id, now)
    }
}

/// Makes a published release public from the instant `at` on, and removes its embargo. `first` is the instant at
/// which the release was first public, if it ever was.
pub(super) fn make_public(change: &mut release::ActiveModel, first: Option<DateTime<Utc>>, at: DateTime<Utc>) {
    change.first_published_at = Set(first.or(Some(at)));
    change.embargo_until = Set(None);
    change.embargo_note = Set(None);
}

/// Commits the unit of work. Returns the release `id` as the viewer sees it after the commit.
pub(in crate::newsroom) async fn commit_and_find(
    unit_of_work: UnitOfWork,
    id: Uuid,
    viewer: &Viewer,
) -> TransitionResult {
    let now = unit_of_work.at();
    let set = unit_of_work.commit().await?.visible_to(viewer, now);
    set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or_else(removed_since_commit)
}

/// Returns the writer of the revision that `action` would publish without approval. Returns `None` if there is no
/// such revision.
async fn unapproved_author(
    unit_of_work: &UnitOfWork,
    row: &release::Model,
    action: ReleaseAction,
    viewer: &Viewer,
) -> Result<Option<String>, Error> {
    if action == ReleaseAction::Correct {
        return Ok(Some(viewer.subject.clone()));
    }
    let approved = matches!(row.state, ReleaseState::Approved | ReleaseState::Scheduled);
    let Some(key) = row.working_revision_id.filter(|_| !approved) else { return Ok(None) };
    let author = revision::Entity::find_by_id(key).select_only().column(revision::Column::CreatedBy);
    Ok(author.into_tuple().one(unit_of_work.tx()).await?)
}

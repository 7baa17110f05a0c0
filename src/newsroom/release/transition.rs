//! Carries out one workflow transition of a release: load, check, change, record, commit.
//!
//! `Newsroom::begin_transition` checks the role, locks, records transitions that are due (schedule, embargo), asks the
//! workflow table, and compares the expected revision (optimistic concurrency control). The caller then changes
//! `ReleaseTransition::change` and calls `commit`, `commit_deleted` or `commit_unchanged`. The rules are in `workflow`,
//! not here.

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

/// The result of a transition: the release after it.
pub(in crate::newsroom) type TransitionResult = Result<Handle, Error>;

/// A transition in progress.
#[derive(Debug)]
pub(in crate::newsroom) struct ReleaseTransition {
    pub(in crate::newsroom) unit_of_work: UnitOfWork,
    /// The row of the release before the transition.
    pub(in crate::newsroom) row: release::Model,
    /// The changes of the row. The state is set already.
    pub(in crate::newsroom) change: release::ActiveModel,
    action: ReleaseAction,
    before: Option<Image>,
    viewer: Viewer,
}

impl Newsroom {
    /// Starts a transition of a release. `expected` is the revision that the caller read.
    pub(in crate::newsroom) async fn begin_transition(
        &self,
        action: ReleaseAction,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        now: DateTime<Utc>,
    ) -> Result<ReleaseTransition, Error> {
        // Checked first, so that a caller without permission learns nothing about what exists.
        workflow::check_role(action, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let row = release::Entity::find_by_id(id).one(unit_of_work.tx()).await?.ok_or(Error::NotFound("release"))?;
        let row = unit_of_work.record_due_transitions(row).await?;
        let policy = self.settings.workflow_policy;
        // Only the four-eyes policy needs it.
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
        // A release that is not live yet was modified now, because its working revision is what the desk sees.
        if row.live_revision_id.is_none() {
            change.modified_at = Set(unit_of_work.at());
        }
        Ok(ReleaseTransition { unit_of_work, row, change, action, before, viewer: viewer.clone() })
    }

    /// A release of the current snapshot, as a viewer sees it.
    pub(in crate::newsroom) fn handle(&self, viewer: &Viewer, id: Uuid, now: DateTime<Utc>) -> TransitionResult {
        let set = self.catalog.snapshot_at(now).visible_to(viewer, now);
        set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or(Error::NotFound("release"))
    }
}

impl ReleaseTransition {
    /// Number and content of the newest revision: the working one, or else the live one.
    pub(in crate::newsroom) async fn newest_revision(&self) -> Result<(i32, Content), Error> {
        load_content(self.unit_of_work.tx(), self.newest_key()?).await
    }

    /// The row of the newest revision, without topics and places.
    pub(in crate::newsroom) async fn newest_row(&self) -> Result<revision::Model, Error> {
        let row = revision::Entity::find_by_id(self.newest_key()?).one(self.unit_of_work.tx()).await?;
        row.ok_or(Error::NotFound("revision"))
    }

    fn newest_key(&self) -> Result<Uuid, Error> {
        self.row.working_revision_id.or(self.row.live_revision_id).ok_or(Error::NotFound("revision"))
    }

    /// Number and content of the live revision.
    pub(in crate::newsroom) async fn live_revision(&self) -> Result<(i32, Content), Error> {
        load_content(self.unit_of_work.tx(), self.row.live_revision_id.ok_or(Error::NotFound("revision"))?).await
    }

    /// Whether its embargo would hide the release if it were published now.
    pub(in crate::newsroom) fn is_embargoed(&self) -> bool {
        self.row.embargo_until.is_some_and(|until| until > self.unit_of_work.at())
    }

    /// Writes the change, records the action, commits, and returns the release as the actor sees it.
    pub(in crate::newsroom) async fn commit(self, note: Option<String>) -> TransitionResult {
        let Self { mut unit_of_work, row, change, action, before, viewer } = self;
        change.update(unit_of_work.tx()).await?;
        let after = unit_of_work.image(Noun::Release, row.id).await?;
        unit_of_work.record(action.name(), Noun::Release, row.id, note, before.as_ref(), after.as_ref())?;
        commit_and_find(unit_of_work, row.id, &viewer).await
    }

    /// Records that the release was deleted, and commits. For a purge, the image keeps only which audiences saw the
    /// release.
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

    /// Commits nothing but transitions that were due.
    pub(in crate::newsroom) async fn commit_unchanged(self, newsroom: &Newsroom) -> TransitionResult {
        let (id, now) = (self.row.id, self.unit_of_work.at());
        self.unit_of_work.commit().await?;
        newsroom.handle(&self.viewer, id, now)
    }
}

/// Makes a published release public from an instant on, without an embargo. `first` is when it was first public.
pub(super) fn make_public(change: &mut release::ActiveModel, first: Option<DateTime<Utc>>, at: DateTime<Utc>) {
    change.first_published_at = Set(first.or(Some(at)));
    change.embargo_until = Set(None);
    change.embargo_note = Set(None);
}

/// Commits, and returns a release as the viewer sees it.
pub(in crate::newsroom) async fn commit_and_find(
    unit_of_work: UnitOfWork,
    id: Uuid,
    viewer: &Viewer,
) -> TransitionResult {
    let now = unit_of_work.at();
    let set = unit_of_work.commit().await?.visible_to(viewer, now);
    set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or_else(removed_since_commit)
}

/// The writer of the revision that an action would publish without approval, if there is one.
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

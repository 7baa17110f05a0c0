//! One act on one release, from its beginning to its end: may this viewer, is it there, has it come due meanwhile, does the
//! table allow it, is it the version they saw; then what changes, the entry in the journal, the commit.
//!
//! Each act of the desk begins with [`Newsroom::act`] and ends with [`Acting::finish`]; what lies between is its own.

use chrono::{DateTime, Utc};
use entity::{Noun, release, release::ReleaseState, revision};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use super::{
    Error, Newsroom,
    content::Content,
    revision::content,
    workflow::{self, Act, Case},
    write::{Write, gone_since},
};
use crate::{
    catalog::{Handle, ReleaseKey},
    journal::Image,
    viewer::Viewer,
};

/// What the desk gets back of an act: the release as it is now.
pub(super) type Done = Result<Handle, Error>;

/// An act under way.
#[derive(Debug)]
pub(super) struct Acting {
    pub(super) write: Write,
    /// The release as it is.
    pub(super) row: release::Model,
    /// What changes of it; the state is set already.
    pub(super) change: release::ActiveModel,
    act: Act,
    before: Option<Image>,
    viewer: Viewer,
}

impl Newsroom {
    /// Begins an act on a release that a viewer saw at a revision.
    pub(super) async fn act(
        &self,
        act: Act,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        now: DateTime<Utc>,
    ) -> Result<Acting, Error> {
        // First, so that who may not learns nothing of what exists.
        workflow::allowed(act, viewer)?;
        let mut write = self.begin(viewer, now).await?;
        let row = release::Entity::find_by_id(id).one(write.tx()).await?.ok_or(Error::NotFound("release"))?;
        let row = write.record_due(row).await?;
        let unseen = unseen(&write, &row, act, viewer).await?;
        let case = Case { state: row.state, author: &row.author, unseen: unseen.as_deref() };
        let state = workflow::next(act, case, viewer, self.customs.house)?;
        if row.revision != expected {
            return Err(Error::Stale(write.last_change(id, row.revision).await?));
        }
        let before = write.image(Noun::Release, id).await?;
        let mut change = row.clone().into_active_model();
        change.state = Set(state);
        change.as_imported = Set(false);
        // Work that nobody else sees yet is the only thing there is to see of it.
        if row.live_revision_id.is_none() {
            change.modified_at = Set(write.at());
        }
        Ok(Acting { write, row, change, act, before, viewer: viewer.clone() })
    }

    /// A release of the present snapshot, as a viewer sees it.
    pub(super) fn handle(&self, viewer: &Viewer, id: Uuid, now: DateTime<Utc>) -> Done {
        let set = self.catalog.snapshot_at(now).visible_to(viewer, now);
        set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or(Error::NotFound("release"))
    }
}

impl Acting {
    /// The newest version: the one being worked on, else the live one.
    pub(super) async fn newest(&self) -> Result<(revision::Model, Content), Error> {
        let key = self.row.working_revision_id.or(self.row.live_revision_id).ok_or(Error::NotFound("revision"))?;
        content(self.write.tx(), key).await
    }

    /// The live version.
    pub(super) async fn live(&self) -> Result<(revision::Model, Content), Error> {
        content(self.write.tx(), self.row.live_revision_id.ok_or(Error::NotFound("revision"))?).await
    }

    /// Whether an embargo would hold it back from this instant on, were it published.
    pub(super) fn embargoed(&self) -> bool {
        self.row.embargo_until.is_some_and(|until| until > self.write.at())
    }

    /// Writes the change, records the act, commits, and answers the release as the actor sees it then.
    pub(super) async fn finish(self, note: Option<String>) -> Done {
        let Self { mut write, row, change, act, before, viewer } = self;
        change.update(write.tx()).await?;
        let after = write.image(Noun::Release, row.id).await?;
        write.record(act.name(), Noun::Release, row.id, note, before.as_ref(), after.as_ref())?;
        committed(write, row.id, &viewer).await
    }

    /// Records that the release is no more, and commits. Of what was purged only who saw it stays.
    pub(super) async fn gone(self, note: Option<String>) -> Result<Uuid, Error> {
        let embargoed = self.embargoed();
        let Self { mut write, row, act, before, .. } = self;
        let press = row.state == ReleaseState::Published;
        let purged = Some(Image::Purged { public: press && !embargoed, press });
        let before = if act == Act::Purge { purged } else { before };
        write.record(act.name(), Noun::Release, row.id, note, before.as_ref(), None)?;
        write.commit().await?;
        Ok(row.id)
    }

    /// Leaves everything as it was, except what had come due by itself.
    pub(super) async fn leave(self, room: &Newsroom) -> Done {
        let (id, now) = (self.row.id, self.write.at());
        self.write.commit().await?;
        room.handle(&self.viewer, id, now)
    }
}

/// Commits, and answers a release as the actor sees it then.
pub(super) async fn committed(write: Write, id: Uuid, viewer: &Viewer) -> Done {
    let now = write.at();
    let set = write.commit().await?.visible_to(viewer, now);
    set.find(&ReleaseKey::Id(id)).map(|(item, _)| item).ok_or_else(gone_since)
}

/// Who wrote what an act would let through without anybody's approval.
async fn unseen(write: &Write, row: &release::Model, act: Act, viewer: &Viewer) -> Result<Option<String>, Error> {
    if act == Act::Correct {
        return Ok(Some(viewer.subject.clone()));
    }
    let approved = matches!(row.state, ReleaseState::Approved | ReleaseState::Scheduled);
    let Some(key) = row.working_revision_id.filter(|_| !approved) else { return Ok(None) };
    Ok(revision::Entity::find_by_id(key).one(write.tx()).await?.map(|working| working.created_by))
}

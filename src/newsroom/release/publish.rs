//! Review and publication: submit, return to the author, approve, publish, and publish a correction.
//!
//! `go_live` makes a revision the live revision, registers its slug, and sets the times of publication. An embargo
//! hides a published release from the public (`embargo`). Publication at a later time is in `schedule`.

use chrono::{DateTime, Utc};
use entity::{Noun, correction, release::ReleaseState};
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::{
    content::ReleaseInput,
    draft::{external_id_conflict, insert_revision},
    transition::{ReleaseTransition, TransitionResult, make_public},
};
use crate::{
    auth::viewer::Viewer,
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        slug_registry,
        validation::{Validator, optional_note, required_note},
        workflow::ReleaseAction,
    },
};

impl Newsroom {
    /// Submits a draft for review.
    pub async fn release_submit(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let transition = self.begin_transition(ReleaseAction::Submit, viewer, id, expected, now).await?;
        transition.commit(optional_note(note)?).await
    }

    /// Returns a release that is in review or approved to its author, with a note.
    pub async fn release_return(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        note: String,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let transition = self.begin_transition(ReleaseAction::Return, viewer, id, expected, now).await?;
        let note = required_note("note", note, "say what the author should do")?;
        transition.commit(Some(note)).await
    }

    /// Approves a release.
    pub async fn release_approve(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let transition = self.begin_transition(ReleaseAction::Approve, viewer, id, expected, now).await?;
        transition.commit(optional_note(note)?).await
    }

    /// Publishes the working revision. If a withdrawn release has no working revision, publishes its live revision
    /// again. A correction note is public and says what was wrong in the previously published content.
    pub async fn release_publish(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        correction_note: Option<String>,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let mut transition = self.begin_transition(ReleaseAction::Publish, viewer, id, expected, now).await?;
        let newest = transition.newest_row().await?;
        let row = &transition.row;
        if let Some(conflict) = external_id_conflict(&transition.unit_of_work, id, newest.external_id.as_ref()).await? {
            return Err(Error::field(&["id"], ErrorCode::Taken, conflict));
        }
        let is_public = row.state == ReleaseState::Published;
        if is_public && row.working_revision_id.is_none() {
            return Err(Error::IllegalTransition(
                "the release is published and has no working revision: revise it first".to_owned(),
            ));
        }
        if row.working_outdated {
            return Err(Error::IllegalTransition(
                "the live revision was corrected after work on this revision began, and publishing would undo the \
                 correction: revise this revision to include it, then publish"
                    .to_owned(),
            ));
        }
        let correction_note = correction_note
            .map(|note| required_note("correctionNote", note, "say what was wrong, or omit the note"))
            .transpose()?;
        if let Some(note) = &correction_note {
            if row.live_revision_id.is_none() || row.working_revision_id.is_none() {
                let message = "a correction needs a new revision: revise the release first, or omit the note";
                return Err(Error::field(&["correctionNote"], ErrorCode::Invalid, message));
            }
            insert_correction(&transition, newest.number, note).await?;
        }
        transition.go_live(newest.id, &newest.slug, newest.external_id, is_public).await?;
        transition.commit(correction_note).await
    }

    /// Publishes a correction of the live revision immediately. A working revision is kept, but marked as outdated
    /// because it does not include the correction.
    pub async fn release_correct(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: ReleaseInput,
        correction_note: String,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let mut transition = self.begin_transition(ReleaseAction::Correct, viewer, id, expected, now).await?;
        let (live_number, current) = transition.live_revision().await?;
        let mut content = current.clone();
        let mut validator = Validator::new(&["input"]);
        let snapshot = self.catalog.snapshot();
        content.apply_input(input, snapshot.topics(), snapshot.places(), &mut validator);
        self.check_unique(&transition.unit_of_work, id, &content, &mut validator).await?;
        validator.finish()?;
        let note = required_note("correctionNote", correction_note, "say what was wrong")?;
        if content == current {
            let message = "the live revision has these values already: change at least one field";
            return Err(Error::field(&["input"], ErrorCode::Required, message));
        }
        let (unit_of_work, row) = (&transition.unit_of_work, &transition.row);
        let mut rows =
            content.clone().into_rows(id, row.revision + 1, Some(live_number), unit_of_work.by(), unit_of_work.at());
        rows.revision.note = Set(Some(note.clone()));
        let (key, number) = (rows.version.revision_id, rows.version.number);
        insert_revision(unit_of_work, rows).await?;
        insert_correction(&transition, number, &note).await?;
        let working = transition.row.working_revision_id;
        transition.go_live(key, &content.slug, content.external_id, true).await?;
        transition.change.revision = Set(number);
        transition.change.working_revision_id = Set(working);
        transition.change.working_outdated = Set(working.is_some());
        transition.commit(Some(note)).await
    }
}

impl ReleaseTransition {
    /// Makes a revision the live revision and registers its slug. If `already_public` is set, the release is already
    /// published and keeps its time of publication.
    async fn go_live(
        &mut self,
        key: Uuid,
        slug: &str,
        external_id: Option<String>,
        already_public: bool,
    ) -> Result<(), Error> {
        let (embargoed, at) = (self.is_embargoed(), self.unit_of_work.at());
        let (row, change) = (&self.row, &mut self.change);
        change.live_revision_id = Set(Some(key));
        change.working_revision_id = Set(None);
        change.working_outdated = Set(false);
        change.slug = Set(slug.to_owned());
        change.external_id = Set(external_id);
        change.modified_at = Set(at);
        change.published_at = Set(row.published_at.filter(|_| already_public).or(Some(at)));
        change.withdrawal_kind = Set(None);
        change.withdrawn_at = Set(None);
        change.withdrawal_notice = Set(None);
        change.withdrawal_redirect = Set(None);
        if !embargoed {
            make_public(change, row.first_published_at, at);
        }
        if row.schedule_recorded_at.is_none() {
            // The release is published before its scheduled time, so the schedule is removed.
            change.schedule_local = Set(None);
            change.schedule_zone = Set(None);
            change.schedule_at = Set(None);
        }
        slug_registry::reserve(self.unit_of_work.tx(), Noun::Release, slug, row.id, Some(at)).await?;
        Ok(())
    }
}

async fn insert_correction(transition: &ReleaseTransition, revision: i32, note: &str) -> Result<(), Error> {
    let row = correction::ActiveModel {
        release_id: Set(transition.row.id),
        revision: Set(revision),
        at: Set(transition.unit_of_work.at()),
        note: Set(note.to_owned()),
    };
    correction::Entity::insert(row).exec_without_returning(transition.unit_of_work.tx()).await?;
    Ok(())
}

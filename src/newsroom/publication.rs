//! How a release gets from its writer to the public: submitted, returned, approved, published; and put right afterwards.

use chrono::{DateTime, Utc};
use entity::{Noun, correction, release::ReleaseState};
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::{
    Code, Error, Newsroom,
    act::{Acting, Done},
    address,
    content::ReleaseInput,
    form::{Form, Patch},
    release::{external_id_holder, insert_revision},
    workflow::Act,
};
use crate::viewer::Viewer;

/// Longest note of an act.
pub(super) const MAX_NOTE: usize = 5000;

impl Newsroom {
    /// Hands a draft to a reviewer.
    pub async fn release_submit(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Done {
        let acting = self.act(Act::Submit, viewer, id, expected, now).await?;
        acting.finish(checked_note(note)?).await
    }

    /// Hands a release back to its writer, with what is to be done.
    pub async fn release_return(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        note: String,
        now: DateTime<Utc>,
    ) -> Done {
        let acting = self.act(Act::Return, viewer, id, expected, now).await?;
        let note = required_note("note", note, "say what is to be done")?;
        acting.finish(Some(note)).await
    }

    /// Finds a release fit to be published.
    pub async fn release_approve(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Done {
        let acting = self.act(Act::Approve, viewer, id, expected, now).await?;
        acting.finish(checked_note(note)?).await
    }

    /// Makes the version being worked on public; of a withdrawn release also the last public one, again. With a correction note
    /// readers are told that what had been public was wrong.
    pub async fn release_publish(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        correction_note: Option<String>,
        now: DateTime<Utc>,
    ) -> Done {
        let mut acting = self.act(Act::Publish, viewer, id, expected, now).await?;
        let (newest, _) = acting.newest().await?;
        let row = &acting.row;
        if let Some(taken) = external_id_holder(&acting.write, id, newest.external_id.as_ref()).await? {
            return Err(Error::field(&["id"], Code::Taken, taken));
        }
        let public = row.state == ReleaseState::Published;
        if public && row.working_revision_id.is_none() {
            return Err(Error::Illegal(
                "the release is published as it is: there is no newer version to publish; revise it first".to_owned(),
            ));
        }
        if row.working_outdated {
            return Err(Error::Illegal(
                "the live version was corrected since this one was begun, and publishing would undo that: revise it, so \
                 that it holds the correction too, then publish"
                    .to_owned(),
            ));
        }
        let correction_note = correction_note
            .map(|note| required_note("correctionNote", note, "say what was wrong, or leave it out"))
            .transpose()?;
        if let Some(note) = &correction_note {
            if row.live_revision_id.is_none() || row.working_revision_id.is_none() {
                let message =
                    "a correction is a newer version of what was public: revise it first, or leave the note out";
                return Err(Error::field(&["correctionNote"], Code::Invalid, message));
            }
            insert_correction(&acting, newest.number, note).await?;
        }
        acting.go_live(newest.id, &newest.slug, newest.external_id, public).await?;
        acting.finish(correction_note).await
    }

    /// Puts right what is public, at once. A version being worked on stays, marked as begun before that.
    pub async fn release_correct(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: ReleaseInput,
        correction_note: String,
        now: DateTime<Utc>,
    ) -> Done {
        let mut acting = self.act(Act::Correct, viewer, id, expected, now).await?;
        let (live, old) = acting.live().await?;
        let mut content = old.clone();
        let mut form = Form::new(&["input"]);
        let snapshot = self.catalog.snapshot();
        content.fill(input, snapshot.topics(), snapshot.places(), &mut form);
        self.check_unique(&acting.write, id, &content, &mut form).await?;
        form.finish()?;
        let note = required_note("correctionNote", correction_note, "say what was wrong")?;
        if content == old {
            let message = "this is what the live version says already: give what is to be different";
            return Err(Error::field(&["input"], Code::Required, message));
        }
        let (write, row) = (&acting.write, &acting.row);
        let mut rows = content.clone().rows(id, row.revision + 1, Some(live.number), write.by(), write.at());
        rows.revision.note = Set(Some(note.clone()));
        let (key, number) = (rows.version.revision_id, rows.version.number);
        insert_revision(write, rows).await?;
        insert_correction(&acting, number, &note).await?;
        let working = acting.row.working_revision_id;
        acting.go_live(key, &content.slug, content.external_id, true).await?;
        acting.change.revision = Set(number);
        acting.change.working_revision_id = Set(working);
        acting.change.working_outdated = Set(working.is_some());
        acting.finish(Some(note)).await
    }
}

impl Acting {
    /// Makes a version the live one, with its address; `stays` where the release is public already.
    async fn go_live(&mut self, key: Uuid, slug: &str, external_id: Option<String>, stays: bool) -> Result<(), Error> {
        let (embargoed, at) = (self.embargoed(), self.write.at());
        let (row, change) = (&self.row, &mut self.change);
        change.live_revision_id = Set(Some(key));
        change.working_revision_id = Set(None);
        change.working_outdated = Set(false);
        change.slug = Set(slug.to_owned());
        change.external_id = Set(external_id);
        change.modified_at = Set(at);
        change.published_at = Set(row.published_at.filter(|_| stays).or(Some(at)));
        change.withdrawal_kind = Set(None);
        change.withdrawn_at = Set(None);
        change.withdrawal_notice = Set(None);
        change.withdrawal_redirect = Set(None);
        if !embargoed {
            change.first_published_at = Set(row.first_published_at.or(Some(at)));
            change.embargo_until = Set(None);
            change.embargo_note = Set(None);
        }
        if row.schedule_recorded_at.is_none() {
            // Sooner than planned.
            change.schedule_local = Set(None);
            change.schedule_zone = Set(None);
            change.schedule_at = Set(None);
        }
        address::hold(self.write.tx(), Noun::Release, slug, row.id, Some(at)).await?;
        Ok(())
    }
}

async fn insert_correction(acting: &Acting, revision: i32, note: &str) -> Result<(), Error> {
    let row = correction::ActiveModel {
        release_id: Set(acting.row.id),
        revision: Set(revision),
        at: Set(acting.write.at()),
        note: Set(note.to_owned()),
    };
    correction::Entity::insert(row).exec_without_returning(acting.write.tx()).await?;
    Ok(())
}

/// A note that may be left out.
pub(super) fn checked_note(note: Option<String>) -> Result<Option<String>, Error> {
    let (mut form, mut text) = (Form::default(), None);
    form.optional_text("note", Patch::from_option(note), &mut text, MAX_NOTE);
    form.finish()?;
    Ok(text)
}

/// A note that must be there.
pub(super) fn required_note(field: &str, note: String, advice: &str) -> Result<String, Error> {
    let (mut form, mut text) = (Form::default(), None);
    form.optional_text(field, Patch::Set(note), &mut text, MAX_NOTE);
    form.finish()?;
    text.ok_or_else(|| Error::field(&[field], Code::Required, format!("{field} is empty: {advice}")))
}

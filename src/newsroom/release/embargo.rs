//! Embargoes: sets, moves and lifts the embargo of a release. Until the embargo ends, only the press and the desk can
//! see the published release.
//!
//! No background job is needed to end an embargo. The catalog checks the end of each embargo whenever it is read
//! (`catalog::snapshot::scheduled`), and `schedule` records the end in the journal afterwards. A release can have
//! both an embargo and a scheduled publication; the embargo must then end after the publication.

use chrono::{DateTime, SubsecRound, Utc};
use entity::release::ReleaseState;
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::transition::TransitionResult;
use crate::{
    auth::viewer::Viewer,
    date_range,
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        text::local_time::format_instant,
        validation::optional_note,
        workflow::ReleaseAction,
    },
};

impl Newsroom {
    /// Sets or moves the embargo of a release. If `until` is `None`, lifts the embargo.
    pub async fn release_embargo(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        until: Option<DateTime<Utc>>,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let mut transition = self.begin_transition(ReleaseAction::Embargo, viewer, id, expected, now).await?;
        let (at, row) = (transition.unit_of_work.at(), &transition.row);
        let (is_published, has_embargo) = (row.state == ReleaseState::Published, transition.is_embargoed());
        if is_published && !has_embargo {
            return Err(Error::IllegalTransition(
                "the release is already public, so it cannot be embargoed: withdraw it if it must not be \
                 read"
                    .to_owned(),
            ));
        }
        if until.is_none() && row.embargo_until.is_none() {
            return Err(Error::IllegalTransition(
                "the release has no embargo to lift: give `until` to set one".to_owned(),
            ));
        }
        let note = optional_note(note)?;
        let until = until.map(|until| until.trunc_subsecs(6));
        if let Some(error) = until.and_then(|until| date_range::check_instant(until).err()) {
            return Err(Error::field(&["until"], ErrorCode::Invalid, format!("until: {error}")));
        }
        let visible_from = row.schedule_at.filter(|_| row.state == ReleaseState::Scheduled).unwrap_or(at);
        if let Some(until) = until.filter(|until| *until <= visible_from) {
            let message = format!(
                "the embargo would end at {}, before it starts at {}: choose a later instant, or omit `until` to lift the embargo",
                format_instant(until),
                format_instant(visible_from)
            );
            return Err(Error::field(&["until"], ErrorCode::Invalid, message));
        }
        let first = row.first_published_at;
        transition.change.embargo_until = Set(until);
        transition.change.embargo_note = Set(note.clone().filter(|_| until.is_some()));
        if is_published {
            transition.change.modified_at = Set(at);
            if until.is_none() {
                // Lifting the embargo makes the release public now.
                transition.change.published_at = Set(Some(at));
                transition.change.first_published_at = Set(first.or(Some(at)));
            }
        }
        let summary = until.map_or_else(|| "lifted".to_owned(), |until| format!("until {}", format_instant(until)));
        transition.commit(Some(note.map_or(summary.clone(), |note| format!("{summary}: {note}")))).await
    }
}

//! Embargoes: what is published is shown to the press and the desk alone until an instant. Independent of the schedule, and it
//! ends by itself at that instant, for whoever reads then (`catalog::coming`).

use chrono::{DateTime, SubsecRound, Utc};
use entity::release::ReleaseState;
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::{Code, Error, Newsroom, act::Done, publication::checked_note, schedule::shown, workflow::Act};
use crate::{range, viewer::Viewer};

impl Newsroom {
    /// Sets or moves the embargo of a release; without an instant, lifts it.
    pub async fn release_embargo(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        until: Option<DateTime<Utc>>,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Done {
        let mut acting = self.act(Act::Embargo, viewer, id, expected, now).await?;
        let (at, row) = (acting.write.at(), &acting.row);
        let (published, running) = (row.state == ReleaseState::Published, acting.embargoed());
        if published && !running {
            return Err(Error::Illegal(
                "the release is public already, and an embargo cannot hold back what everybody may know: withdraw it, if \
                 it must not be read"
                    .to_owned(),
            ));
        }
        if until.is_none() && row.embargo_until.is_none() {
            return Err(Error::Illegal("the release has no embargo to lift: give `until` to set one".to_owned()));
        }
        let note = checked_note(note)?;
        let until = until.map(|until| until.trunc_subsecs(6));
        if let Some(error) = until.and_then(|until| range::check_instant(until).err()) {
            return Err(Error::field(&["until"], Code::Invalid, format!("until: {error}")));
        }
        let begins = row.schedule_at.filter(|_| row.state == ReleaseState::Scheduled).unwrap_or(at);
        if let Some(until) = until.filter(|until| *until <= begins) {
            let told = format!(
                "the embargo would end at {}, before it begins ({}): give a later instant, or leave `until` out to lift it",
                shown(until),
                shown(begins)
            );
            return Err(Error::field(&["until"], Code::Invalid, told));
        }
        let first = row.first_published_at;
        acting.change.embargo_until = Set(until);
        acting.change.embargo_note = Set(note.clone().filter(|_| until.is_some()));
        if published {
            acting.change.modified_at = Set(at);
            if until.is_none() {
                // From now on everybody sees it.
                acting.change.published_at = Set(Some(at));
                acting.change.first_published_at = Set(first.or(Some(at)));
            }
        }
        let what = until.map_or_else(|| "lifted".to_owned(), |until| format!("until {}", shown(until)));
        acting.finish(Some(note.map_or(what.clone(), |note| format!("{what}: {note}")))).await
    }
}

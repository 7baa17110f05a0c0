//! Scheduled publication at a local time in a time zone. Also records due transitions (publications and ends of
//! embargoes) in the journal.
//!
//! Readers see a scheduled release from exactly its scheduled instant on, because the catalog applies due transitions
//! whenever it is read (`catalog::snapshot::scheduled`). `record_due_releases` records due transitions in the journal
//! afterwards. `resolve_schedules` recomputes the instants of pending schedules after the time zone rules have
//! changed. Everything that could prevent a publication is checked when the release is scheduled.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use entity::{
    Noun,
    api_token::Role,
    release::{self, ReleaseState},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::transition::{TransitionResult, make_public};
use crate::{
    auth::viewer::Viewer,
    date_range,
    journal::{Image, SYSTEM_ACTOR},
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        slug_registry,
        text::local_time::{self, format_instant},
        unit_of_work::UnitOfWork,
        validation::Validator,
        workflow::ReleaseAction,
    },
};

/// Journal action that records the end of an embargo.
pub(in crate::newsroom) const EMBARGO_END_ACTION: &str = "release.embargo_end";

/// Maximum delay between a scheduled instant and the journal entry that records the publication. After a longer
/// delay, the schedule counts as missed, because subscribers were notified late.
pub const LATE_AFTER: TimeDelta = TimeDelta::seconds(30);

/// Maximum number of releases that one transaction records.
const BATCH_SIZE: usize = 100;

/// The state of a scheduled publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleState {
    /// The scheduled instant is in the future.
    Waiting,
    /// The release became public at the scheduled instant. The journal recorded the publication within
    /// [`LATE_AFTER`], or can still do so.
    Done,
    /// The release became public at the scheduled instant, but the journal did not record the publication within
    /// [`LATE_AFTER`].
    Missed,
}

/// Returns the state of a publication that is scheduled for the instant `at`. `recorded_at` is when the journal
/// recorded the publication, if it has.
pub fn schedule_state(at: DateTime<Utc>, recorded_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> ScheduleState {
    if recorded_at.is_none() && now < at {
        ScheduleState::Waiting
    } else if recorded_at.unwrap_or(now) - at > LATE_AFTER {
        ScheduleState::Missed
    } else {
        ScheduleState::Done
    }
}

impl Newsroom {
    /// Schedules the publication of a release at a local time, or moves the existing schedule.
    pub async fn release_schedule(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        local_time: &str,
        time_zone: &str,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let mut transition = self.begin_transition(ReleaseAction::Schedule, viewer, id, expected, now).await?;
        let mut validator = Validator::default();
        let local = local_time::parse(local_time)
            .map_err(|message| validator.add_error("localTime", ErrorCode::Invalid, message))
            .ok();
        let zone: Option<Tz> = time_zone.parse().ok();
        if zone.is_none() {
            let excerpt: String = time_zone.chars().filter(|c| !c.is_control()).take(60).collect();
            let message = format!("\"{excerpt}\" is not a time zone: give an IANA name, for example Asia/Phnom_Penh");
            validator.add_error("timeZone", ErrorCode::Invalid, message);
        }
        let (Some(local), Some(zone)) = (local, zone) else { return Err(validation_error(validator)) };
        let at = local_time::resolve(local, zone);
        if let Err(error) = date_range::check_instant(at) {
            validator.add_error(
                "localTime",
                ErrorCode::Invalid,
                format!("{} in {zone}: {error}", local_time::to_text(local)),
            );
            return Err(validation_error(validator));
        }
        if at <= transition.unit_of_work.at() {
            let message = format!(
                "that is {}, which is in the past: choose a later time, or publish the release now",
                format_instant(at)
            );
            validator.add_error("localTime", ErrorCode::Invalid, message);
        }
        if let Some(until) = transition.row.embargo_until.filter(|until| transition.is_embargoed() && *until <= at) {
            let message = format!(
                "the embargo ends at {}, before the publication at {}: schedule it earlier, or move or lift the embargo",
                format_instant(until),
                format_instant(at)
            );
            validator.add_error("localTime", ErrorCode::Invalid, message);
        }
        let (_, content) = transition.newest_revision().await?;
        self.check_unique(&transition.unit_of_work, id, &content, &mut validator).await?;
        validator.finish()?;
        transition.change.schedule_local = Set(Some(local_time::to_text(local)));
        transition.change.schedule_zone = Set(Some(zone.name().to_owned()));
        transition.change.schedule_at = Set(Some(at));
        transition.change.schedule_recorded_at = Set(None);
        let mut note = format!("{} {}: {}", local_time::to_text(local), zone.name(), format_instant(at));
        if let Some(former) = transition.row.schedule_at.filter(|_| transition.row.state == ReleaseState::Scheduled) {
            note += &format!(" instead of {}", format_instant(former));
        }
        transition.commit(Some(note)).await
    }

    /// Removes the schedule of a release.
    pub async fn release_unschedule(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        now: DateTime<Utc>,
    ) -> TransitionResult {
        let mut transition = self.begin_transition(ReleaseAction::Unschedule, viewer, id, expected, now).await?;
        transition.change.schedule_local = Set(None);
        transition.change.schedule_zone = Set(None);
        transition.change.schedule_at = Set(None);
        transition.commit(None).await
    }

    /// Records all due transitions in the journal, in the order of their instants. Does not change which releases
    /// viewers can see, because the catalog has already applied these transitions. Returns the number of releases
    /// with due transitions. Runs no SQL statement if nothing is due.
    pub async fn record_due_releases(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let due = self.catalog.snapshot().unrecorded(now);
        for batch in due.chunks(BATCH_SIZE) {
            let mut unit_of_work = self.begin(&Viewer::new(Role::Admin, SYSTEM_ACTOR), now).await?;
            for &id in batch {
                if let Some(row) = release::Entity::find_by_id(id).one(unit_of_work.tx()).await? {
                    unit_of_work.record_due_transitions(row).await?;
                }
            }
            unit_of_work.commit().await?;
        }
        Ok(due.len())
    }

    /// Recomputes the instants of pending schedules from their local times, with the current time zone rules. Returns
    /// the number of schedules whose instant changed. The rules are compiled into the program, so calling this at
    /// startup is enough.
    pub async fn resolve_schedules(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let pending = release::Entity::find()
            .filter(release::Column::State.eq(ReleaseState::Scheduled))
            .filter(release::Column::ScheduleAt.gt(now))
            .filter(release::Column::ScheduleRecordedAt.is_null())
            .order_by_asc(release::Column::ScheduleAt);
        let resolved = |row: &release::Model| {
            let local = local_time::parse(row.schedule_local.as_deref()?).ok()?;
            let zone: Tz = row.schedule_zone.as_deref()?.parse().ok()?;
            Some(date_range::clamp_instant(local_time::resolve(local, zone))).filter(|at| Some(*at) != row.schedule_at)
        };
        if !pending.clone().all(self.db.reader()).await?.iter().any(|row| resolved(row).is_some()) {
            return Ok(0);
        }
        let mut unit_of_work = self.begin(&Viewer::new(Role::Admin, SYSTEM_ACTOR), now).await?;
        let mut moved = 0;
        for row in pending.all(unit_of_work.tx()).await? {
            let (Some(at), Some(was)) = (resolved(&row), row.schedule_at) else { continue };
            let before = unit_of_work.image(Noun::Release, row.id).await?;
            let (id, slug) = (row.id, row.slug.clone());
            let mut change = row.into_active_model();
            change.schedule_at = Set(Some(at));
            change.update(unit_of_work.tx()).await?;
            let after = unit_of_work.image(Noun::Release, id).await?;
            let note = format!(
                "the rules of its time zone changed: {} instead of {}",
                format_instant(at),
                format_instant(was)
            );
            tracing::warn!(slug, note, "a schedule was moved");
            unit_of_work.record(
                "release.reschedule",
                Noun::Release,
                id,
                Some(note),
                before.as_ref(),
                after.as_ref(),
            )?;
            moved += 1;
        }
        unit_of_work.commit().await?;
        Ok(moved)
    }
}

impl UnitOfWork {
    /// Records the due transitions of a release. Returns the release row after these transitions.
    pub(in crate::newsroom) async fn record_due_transitions(
        &mut self,
        row: release::Model,
    ) -> Result<release::Model, Error> {
        let row = self.record_publication(row).await?;
        self.record_embargo_end(row).await
    }

    async fn record_publication(&mut self, row: release::Model) -> Result<release::Model, Error> {
        let now = self.at();
        let Some(at) = row.schedule_at.filter(|at| row.state == ReleaseState::Scheduled && *at <= now) else {
            return Ok(row);
        };
        let before = self.image(Noun::Release, row.id).await?;
        let embargoed = row.embargo_until.is_some_and(|until| until > at);
        let note = format!(
            "as scheduled for {} {}",
            row.schedule_local.as_deref().unwrap_or_default(),
            row.schedule_zone.as_deref().unwrap_or_default()
        );
        if schedule_state(at, Some(now), now) == ScheduleState::Missed {
            let late = (now - at).num_seconds();
            tracing::warn!(
                slug = row.slug,
                late,
                "MISSED: a scheduled release was public on time, and is recorded late (seconds)"
            );
        }
        let (key, live) = (row.id, row.working_revision_id.or(row.live_revision_id));
        let (slug, first, modified) = (row.slug.clone(), row.first_published_at, row.modified_at);
        let mut change = row.into_active_model();
        change.state = Set(ReleaseState::Published);
        change.live_revision_id = Set(live);
        change.working_revision_id = Set(None);
        change.published_at = Set(Some(at));
        change.modified_at = Set(modified.max(at));
        change.schedule_recorded_at = Set(Some(now));
        change.as_imported = Set(false);
        if !embargoed {
            make_public(&mut change, first, at);
        }
        slug_registry::reserve(self.tx(), Noun::Release, &slug, key, Some(at)).await?;
        self.apply_and_record(change, ReleaseAction::Publish.name(), key, note, before).await
    }

    async fn record_embargo_end(&mut self, row: release::Model) -> Result<release::Model, Error> {
        let now = self.at();
        let Some(until) = row.embargo_until.filter(|at| row.state == ReleaseState::Published && *at <= now) else {
            return Ok(row);
        };
        let before = self.image(Noun::Release, row.id).await?;
        let (key, first, modified) = (row.id, row.first_published_at, row.modified_at);
        let mut change = row.into_active_model();
        change.published_at = Set(Some(until));
        change.modified_at = Set(modified.max(until));
        make_public(&mut change, first, until);
        self.apply_and_record(change, EMBARGO_END_ACTION, key, format!("ended at {}", format_instant(until)), before)
            .await
    }

    async fn apply_and_record(
        &mut self,
        change: release::ActiveModel,
        action: &str,
        id: Uuid,
        note: String,
        before: Option<Image>,
    ) -> Result<release::Model, Error> {
        let row = change.update(self.tx()).await?;
        let after = self.image(Noun::Release, id).await?;
        self.record_by(SYSTEM_ACTOR, action, Noun::Release, id, Some(note), before.as_ref(), after.as_ref())?;
        Ok(row)
    }
}

/// Returns the errors that a validator has collected. The validator must have at least one error.
fn validation_error(validator: Validator) -> Error {
    validator.finish().err().unwrap_or(Error::NotFound("schedule"))
}

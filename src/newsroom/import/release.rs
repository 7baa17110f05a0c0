//! Import of releases, one batch at a time: validates the records, matches them with stored releases, and inserts or
//! updates releases.
//!
//! Validation also resolves the slugs of topics and places to ids. `matching` decides whether a record is an update,
//! a conflict or unchanged. `insert_batch` inserts new releases. The journal records each change as `release.import`.

use std::collections::HashSet;

use chrono::{NaiveTime, SubsecRound};
use entity::{
    Noun,
    release::{ReleaseState, WithdrawalKind},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use uuid::Uuid;

use super::{
    importer::{Importer, RecordResult, refusal_message},
    insert_batch::{IMPORT_ACTION, InsertBatch, insert_revisions, set_withdrawal},
    matching::{Decision, ExistingRelease, ValidRecord, candidate_slugs, decide},
    origin::Origin,
    record::{ImportedRelease, ImportedWithdrawal},
};
use crate::{
    date_range,
    newsroom::{
        error::Error,
        release::{content::Content, withdraw::Withdrawal},
        slug_registry,
        text::slug as slug_format,
        validation::{Patch, Validator},
        workflow,
    },
};

impl Importer<'_> {
    /// Imports one batch of at most [`BATCH`](super::importer::BATCH) release records, each with its line number.
    /// Returns the results in the order of the records.
    pub async fn import_releases(&mut self, records: Vec<(u64, ImportedRelease)>) -> Result<Vec<RecordResult>, Error> {
        let mut results = Vec::with_capacity(records.len());
        let mut chunk: Vec<ValidRecord> = Vec::new();
        let mut keys: HashSet<String> = HashSet::new();
        let mut pending: Vec<Result<(), RecordResult>> = Vec::new();
        for (line, record) in records {
            match self.validate(record, self.origins.at(line))? {
                Err(why) => pending.push(Err(RecordResult::Refused(why))),
                Ok(valid_record) => {
                    // If this record may match the same release as an earlier record of the batch, write the earlier
                    // records first.
                    let record_keys = valid_record.match_keys();
                    if record_keys.iter().any(|key| keys.contains(key)) {
                        self.write_chunk(&mut chunk, &mut pending, &mut results).await?;
                        keys.clear();
                    }
                    keys.extend(record_keys);
                    chunk.push(valid_record);
                    pending.push(Ok(()));
                }
            }
        }
        self.write_chunk(&mut chunk, &mut pending, &mut results).await?;
        self.end_batch().await?;
        for result in &results {
            self.track_result(result);
        }
        Ok(results)
    }

    /// Writes a chunk of records, and appends their results to `results`, together with the refusals in `pending`, in
    /// the original order. No two records of a chunk may share a match key.
    async fn write_chunk(
        &mut self,
        chunk: &mut Vec<ValidRecord>,
        pending: &mut Vec<Result<(), RecordResult>>,
        results: &mut Vec<RecordResult>,
    ) -> Result<(), Error> {
        let mut written = self.write_releases(std::mem::take(chunk)).await?.into_iter();
        for slot in std::mem::take(pending) {
            results.push(match slot {
                Err(result) => result,
                Ok(()) => written.next().unwrap_or(RecordResult::Unchanged),
            });
        }
        Ok(())
    }

    /// Validates a record. The inner `Err` is the reason why the record is refused; the outer `Err` ends the import.
    fn validate(&mut self, record: ImportedRelease, origin: Origin) -> Result<Result<ValidRecord, String>, Error> {
        let mut input = record.input;
        let slug_given = matches!(input.slug, Patch::Set(_));
        let headline = match &input.headline {
            Patch::Set(headline) => headline.chars().take(500).collect::<String>(),
            _ => String::new(),
        };
        if !slug_given {
            input.slug = Patch::Set(slug_format::from_headline(&headline));
        }
        let concepts = (|| {
            Ok([self.topics.ids(&record.topics)?, self.places.ids(&record.dateline)?, self.places.ids(&record.about)?])
        })();
        let concepts = match concepts {
            Ok(ids) => ids,
            Err(why) => return Ok(Err(why)),
        };
        let mut content = Content::blank(&self.newsroom.settings.language, self.newsroom.today(self.now));
        let mut validator = Validator::for_import();
        content.apply_import(input, concepts, &mut validator);
        validator.instant("publishedAt", record.published_at);
        validator.instant("withdrawal.at", record.withdrawal.as_ref().and_then(|withdrawal| withdrawal.at));
        let withdrawal = match (record.state, record.withdrawal) {
            (ReleaseState::Withdrawn, Some(given)) => Some(given.validated(&mut validator)),
            (ReleaseState::Withdrawn, None) => Some(ImportedWithdrawal {
                details: Withdrawal { kind: WithdrawalKind::Vanish, notice: None, redirect_to: None },
                at: None,
            }),
            (_, Some(_)) => {
                return Ok(Err(
                    "withdrawal requires the state WITHDRAWN: change the state or remove withdrawal".to_owned()
                ));
            }
            (_, None) => None,
        };
        if let Err(error) = validator.finish() {
            return Ok(Err(refusal_message(error)?));
        }
        if !matches!(record.state, ReleaseState::Draft | ReleaseState::Published | ReleaseState::Withdrawn) {
            return Ok(Err(format!(
                "a release that is {} cannot be imported: use the state DRAFT, PUBLISHED or WITHDRAWN",
                workflow::state_label(record.state)
            )));
        }
        let published_at = match (record.state, record.published_at) {
            (ReleaseState::Draft, Some(_)) => {
                return Ok(Err("publishedAt is not allowed in the state DRAFT: remove it".to_owned()));
            }
            (ReleaseState::Draft, None) => None,
            (_, Some(at)) if at > self.now => {
                return Ok(Err(format!(
                    "publishedAt is in the future ({}): use the state DRAFT, and publish the release later",
                    at.to_rfc3339()
                )));
            }
            (_, Some(at)) => Some(at.trunc_subsecs(6)),
            (_, None) => {
                let midnight = content.release_date.and_time(NaiveTime::MIN);
                let local = midnight
                    .and_local_timezone(self.newsroom.settings.time_zone)
                    .earliest()
                    .map_or_else(|| midnight.and_utc(), |at| at.to_utc());
                // In a time zone east of Greenwich, the date 0001-01-01 begins before the first valid instant, so the
                // instant is clamped.
                Some(date_range::clamp_instant(local).min(self.now.trunc_subsecs(6)))
            }
        };
        let published_at_given = record.published_at.is_some();
        Ok(Ok(ValidRecord {
            origin,
            candidate_slugs: candidate_slugs(&content, slug_given),
            content,
            slug_given,
            state: record.state,
            published_at,
            published_at_given,
            withdrawal,
        }))
    }

    async fn write_releases(&mut self, mut records: Vec<ValidRecord>) -> Result<Vec<RecordResult>, Error> {
        let matches = self.match_releases(&mut records).await?;
        let ids: Vec<Uuid> = matches.iter().flatten().flatten().copied().collect();
        let mut existing = self.existing_releases(&ids).await?;
        let now = self.unit_of_work().await?.at();
        let mut insert_batch = InsertBatch::default();
        let mut results = Vec::with_capacity(records.len());
        let mut deferred = Vec::new();
        for (index, (record, matched)) in records.into_iter().zip(matches).enumerate() {
            results.push(match matched {
                Err(why) => RecordResult::Refused(why),
                Ok(None) => {
                    let origin = record.origin;
                    let id = insert_batch.add(record, &self.viewer.subject, now);
                    self.origins.releases.insert(id, origin);
                    RecordResult::Created
                }
                Ok(Some(id)) => match existing.remove(&id) {
                    Some(old) => self.apply_record(id, record, old).await?,
                    // An earlier record of the batch matched the same release by another key. Defer this record, and
                    // compare it with the release after the earlier record has been written.
                    None => {
                        deferred.push((index, id, record));
                        RecordResult::Unchanged
                    }
                },
            });
        }
        insert_batch.insert(self.unit_of_work().await?).await?;
        for (index, id, record) in deferred {
            results[index] = match self.existing_releases(&[id]).await?.remove(&id) {
                Some(old) => self.apply_record(id, record, old).await?,
                None => RecordResult::Refused("the release was deleted during the import: import it again".to_owned()),
            };
        }
        Ok(results)
    }

    /// Compares a record with the stored release that it matches, and writes the differences. A record in conflict
    /// does not count as the first record of its release, so that the next record of the release reports the same
    /// conflict.
    async fn apply_record(
        &mut self,
        id: Uuid,
        record: ValidRecord,
        old: ExistingRelease,
    ) -> Result<RecordResult, Error> {
        if let Some(first) = self.origins.releases.get(&id).copied() {
            return Ok(self.check_repeated(record, old, first));
        }
        let origin = record.origin;
        let result = match decide(record, old, self.options.overwrite) {
            Decision::Leave(result) => result,
            Decision::Update(record, old) => {
                self.update(*record, *old).await?;
                RecordResult::Updated
            }
        };
        if !matches!(result, RecordResult::Conflict(_)) {
            self.origins.releases.insert(id, origin);
        }
        Ok(result)
    }

    /// Returns the result of a record whose release has an earlier record in this import: a duplicate if the contents
    /// are equal, and a conflict otherwise.
    fn check_repeated(&self, record: ValidRecord, old: ExistingRelease, first: Origin) -> RecordResult {
        let slug = old.row.slug.clone();
        match decide(record, old, true) {
            Decision::Leave(RecordResult::Unchanged) => RecordResult::Duplicate,
            _ => self.duplicate_conflict("release", &slug, first),
        }
    }

    /// Overwrites a stored release with a record.
    async fn update(&mut self, record: ValidRecord, old: ExistingRelease) -> Result<(), Error> {
        let by = self.viewer.subject.clone();
        let unit_of_work = self.unit_of_work().await?;
        let now = unit_of_work.at();
        let (id, row) = (old.row.id, old.row);
        let before = unit_of_work.image(Noun::Release, id).await?;
        let public = record.state != ReleaseState::Draft;
        let mut change = row.clone().into_active_model();
        if record.content != old.content {
            let slug = record.content.slug.clone();
            let rows = record.content.clone().into_rows(id, row.revision + 1, Some(old.number), &by, now);
            change.revision = Set(rows.version.number);
            change.slug = Set(slug.clone());
            change.external_id = Set(record.content.external_id.clone());
            let key = rows.version.revision_id;
            (change.live_revision_id, change.working_revision_id) =
                if public { (Set(Some(key)), Set(None)) } else { (Set(None), Set(Some(key))) };
            insert_revisions(unit_of_work, vec![rows]).await?;
            slug_registry::reserve(unit_of_work.tx(), Noun::Release, &slug, id, public.then_some(now)).await?;
        } else if public {
            change.live_revision_id = Set(row.working_revision_id.or(row.live_revision_id));
            change.working_revision_id = Set(None);
            slug_registry::reserve(unit_of_work.tx(), Noun::Release, &row.slug, id, Some(now)).await?;
        }
        slug_registry::delete_unused(unit_of_work.tx(), Noun::Release, id, &[&record.content.slug]).await?;
        change.state = Set(record.state);
        change.modified_at = Set(now);
        if record.published_at_given || row.published_at.is_none() {
            change.published_at = Set(record.published_at);
            change.first_published_at = Set(record.published_at);
        }
        let withdrawn_at =
            record.withdrawal.as_ref().map(|withdrawal| withdrawal.at.or(row.withdrawn_at).unwrap_or(now));
        set_withdrawal(&mut change, record.withdrawal, withdrawn_at);
        // The record determines the state of the release, so a schedule or embargo that the desk set no longer
        // applies.
        change.schedule_local = Set(None);
        change.schedule_zone = Set(None);
        change.schedule_at = Set(None);
        change.schedule_recorded_at = Set(None);
        change.embargo_until = Set(None);
        change.embargo_note = Set(None);
        change.working_outdated = Set(false);
        change.as_imported = Set(true);
        change.update(unit_of_work.tx()).await?;
        let after = unit_of_work.image(Noun::Release, id).await?;
        unit_of_work.record(IMPORT_ACTION, Noun::Release, id, None, before.as_ref(), after.as_ref())
    }
}

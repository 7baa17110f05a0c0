//! Importing releases: matched, compared and written a batch at a time.

use std::collections::HashSet;

use chrono::{DateTime, NaiveTime, SubsecRound, Utc};
use entity::{
    Noun,
    release::{ReleaseState, WithdrawalKind},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use uuid::Uuid;

use super::{
    Importer, Outcome,
    fresh::{Fresh, insert_revisions, set_withdrawal},
    matching::{Judgement, Sound, There, judged},
    origin::Origin,
    refusal,
};
use crate::{
    catalog::ConceptRef,
    newsroom::{
        Error, Patch, address,
        content::{Content, ReleaseInput},
        form::Validator,
        slug as form_of_slug,
        withdrawal::Withdrawal,
        workflow,
    },
    range,
};

/// A release as it comes.
#[derive(Clone, Debug)]
pub struct ImportedRelease {
    /// What it says; every field set or cleared, references aside.
    pub input: ReleaseInput,
    /// Slugs of its topics.
    pub topics: Vec<String>,
    /// Slugs of the places it was filed from.
    pub dateline: Vec<String>,
    /// Slugs of the places it is about.
    pub about: Vec<String>,
    /// Where it is in its life.
    pub state: ReleaseState,
    /// When it was made public; the beginning of its release date where that is not known.
    pub published_at: Option<DateTime<Utc>>,
    /// How it was withdrawn, if it is.
    pub withdrawal: Option<ImportedWithdrawal>,
}

/// A withdrawal as it comes.
#[derive(Clone, Debug)]
pub struct ImportedWithdrawal {
    /// In which way, with notice and target.
    pub how: Withdrawal,
    /// When, where that is known.
    pub at: Option<DateTime<Utc>>,
}

impl Importer<'_> {
    /// Takes in releases, each with its line, at most a [`BATCH`](super::BATCH). Outcomes come in the order of the records.
    pub async fn releases(&mut self, records: Vec<(u64, ImportedRelease)>) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = Vec::with_capacity(records.len());
        let mut stretch: Vec<Sound> = Vec::new();
        let mut keys: HashSet<String> = HashSet::new();
        let mut pending: Vec<Result<(), Outcome>> = Vec::new();
        for (line, record) in records {
            match self.checked(record, self.origins.at(line))? {
                Err(why) => pending.push(Err(Outcome::Refused(why))),
                Ok(sound) => {
                    // A record that may meet an earlier one of the batch waits until that one is there.
                    let own = sound.keys();
                    if own.iter().any(|key| keys.contains(key)) {
                        self.stretch(&mut stretch, &mut pending, &mut outcomes).await?;
                        keys.clear();
                    }
                    keys.extend(own);
                    stretch.push(sound);
                    pending.push(Ok(()));
                }
            }
        }
        self.stretch(&mut stretch, &mut pending, &mut outcomes).await?;
        self.end_batch().await?;
        for outcome in &outcomes {
            self.note(outcome);
        }
        Ok(outcomes)
    }

    /// Writes a run of records none of which meets another.
    async fn stretch(
        &mut self,
        stretch: &mut Vec<Sound>,
        pending: &mut Vec<Result<(), Outcome>>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Error> {
        let mut written = self.write_releases(std::mem::take(stretch)).await?.into_iter();
        for slot in std::mem::take(pending) {
            outcomes.push(match slot {
                Err(outcome) => outcome,
                Ok(()) => written.next().unwrap_or(Outcome::Unchanged),
            });
        }
        Ok(())
    }

    /// Fills in a record; why it cannot be taken, otherwise.
    fn checked(&mut self, record: ImportedRelease, origin: Origin) -> Result<Result<Sound, String>, Error> {
        let mut input = record.input;
        let slug_given = matches!(input.slug, Patch::Set(_));
        let headline = match &input.headline {
            Patch::Set(headline) => headline.chars().take(500).collect::<String>(),
            _ => String::new(),
        };
        if !slug_given {
            input.slug = Patch::Set(form_of_slug::from_headline(&headline));
        }
        let concepts = (|| {
            Ok((
                self.topics.ids(&record.topics, "topic")?,
                self.places.ids(&record.dateline, "place")?,
                self.places.ids(&record.about, "place")?,
            ))
        })();
        let (topics, dateline, about): (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) = match concepts {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        let refs = |ids: Vec<Uuid>| Patch::Set(ids.into_iter().map(ConceptRef::Id).collect());
        (input.topics, input.dateline_places, input.places) = (refs(topics), refs(dateline), refs(about));
        let mut content = Content::blank(&self.newsroom.settings.language, self.newsroom.today(self.now));
        let mut form = Validator::for_import();
        content.apply_input(input, &self.topics.vocabulary, &self.places.vocabulary, &mut form);
        form.instant("publishedAt", record.published_at);
        form.instant("withdrawal.at", record.withdrawal.as_ref().and_then(|withdrawal| withdrawal.at));
        let withdrawal = match (record.state, record.withdrawal) {
            (ReleaseState::Withdrawn, Some(given)) => Some(ImportedWithdrawal {
                how: given.how.validated(&mut form),
                at: given.at.map(|at| at.trunc_subsecs(6)),
            }),
            (ReleaseState::Withdrawn, None) => Some(ImportedWithdrawal {
                how: Withdrawal { kind: WithdrawalKind::Vanish, notice: None, redirect_to: None },
                at: None,
            }),
            (_, Some(_)) => {
                return Ok(Err("withdrawal belongs to the state WITHDRAWN only: correct one of the two".to_owned()));
            }
            (_, None) => None,
        };
        if let Err(error) = form.finish() {
            return Ok(Err(refusal(error)?));
        }
        if !matches!(record.state, ReleaseState::Draft | ReleaseState::Published | ReleaseState::Withdrawn) {
            return Ok(Err(format!(
                "a release that is {} cannot be imported: write DRAFT, PUBLISHED or WITHDRAWN",
                workflow::state_label(record.state)
            )));
        }
        let published_at = match (record.state, record.published_at) {
            (ReleaseState::Draft, Some(_)) => {
                return Ok(Err("publishedAt belongs to what was published: leave it out of a DRAFT".to_owned()));
            }
            (ReleaseState::Draft, None) => None,
            (_, Some(at)) if at > self.now => {
                return Ok(Err(format!(
                    "publishedAt is in the future ({}): write DRAFT, and publish it when its time has come",
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
                // The first day begins before the range does where the zone is east of Greenwich.
                Some(range::clamp_instant(local).min(self.now.trunc_subsecs(6)))
            }
        };
        let publication_given = record.published_at.is_some();
        Ok(Ok(Sound { origin, content, slug_given, state: record.state, published_at, publication_given, withdrawal }))
    }

    async fn write_releases(&mut self, mut records: Vec<Sound>) -> Result<Vec<Outcome>, Error> {
        let matches = self.matches(&mut records).await?;
        let ids: Vec<Uuid> = matches.iter().flatten().flatten().copied().collect();
        let mut there = self.there(&ids).await?;
        let now = self.now.trunc_subsecs(6);
        let mut fresh = Fresh::default();
        let mut outcomes = Vec::with_capacity(records.len());
        let mut later = Vec::new();
        for (number, (record, found)) in records.into_iter().zip(matches).enumerate() {
            outcomes.push(match found {
                Err(why) => Outcome::Refused(why),
                Ok(None) => {
                    let origin = record.origin;
                    let id = fresh.add(record, &self.viewer.subject, now);
                    self.origins.releases.insert(id, origin);
                    Outcome::Created
                }
                Ok(Some(id)) => match there.remove(&id) {
                    Some(old) => self.meet(id, record, old).await?,
                    // An earlier record of the batch is one of the same release, by another key: this one is compared with
                    // what that one leaves.
                    None => {
                        later.push((number, id, record));
                        Outcome::Unchanged
                    }
                },
            });
        }
        fresh.insert(self.write().await?).await?;
        for (number, id, record) in later {
            outcomes[number] = match self.there(&[id]).await?.remove(&id) {
                Some(old) => self.meet(id, record, old).await?,
                None => Outcome::Refused("the release vanished while it was imported: try again".to_owned()),
            };
        }
        Ok(outcomes)
    }

    /// Compares a record with its release and writes the differences. It counts as the first of the release only if it is taken:
    /// where it is a conflict, the next record of the release is told of the same conflict.
    async fn meet(&mut self, id: Uuid, record: Sound, old: There) -> Result<Outcome, Error> {
        if let Some(first) = self.origins.releases.get(&id).copied() {
            return Ok(self.again(record, old, first));
        }
        let origin = record.origin;
        let outcome = match judged(record, old, self.options.overwrite) {
            Judgement::Is(outcome) => outcome,
            Judgement::Update(record, old) => {
                self.update(*record, *old).await?;
                Outcome::Updated
            }
        };
        if !matches!(outcome, Outcome::Conflict(_)) {
            self.origins.releases.insert(id, origin);
        }
        Ok(outcome)
    }

    /// What a record is of whose release an earlier one of the import spoke.
    fn again(&self, record: Sound, old: There, first: Origin) -> Outcome {
        let slug = old.row.slug.clone();
        match judged(record, old, true) {
            Judgement::Is(Outcome::Unchanged) => Outcome::Duplicate,
            _ => self.contradicted("release", &slug, first),
        }
    }

    /// Takes over what a record says of a release that is there.
    async fn update(&mut self, record: Sound, old: There) -> Result<(), Error> {
        let now = self.now.trunc_subsecs(6);
        let by = self.viewer.subject.clone();
        let write = self.write().await?;
        let (id, row) = (old.row.id, old.row);
        let before = write.image(Noun::Release, id).await?;
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
            insert_revisions(write, vec![rows]).await?;
            address::reserve(write.tx(), Noun::Release, &slug, id, public.then_some(now)).await?;
        } else if public {
            change.live_revision_id = Set(row.working_revision_id.or(row.live_revision_id));
            change.working_revision_id = Set(None);
            address::reserve(write.tx(), Noun::Release, &row.slug, id, Some(now)).await?;
        }
        address::delete_unused(write.tx(), Noun::Release, id, &[&record.content.slug]).await?;
        change.state = Set(record.state);
        change.modified_at = Set(now);
        if record.publication_given || row.published_at.is_none() {
            change.published_at = Set(record.published_at);
            change.first_published_at = Set(record.published_at);
        }
        let withdrawn_at =
            record.withdrawal.as_ref().map(|withdrawal| withdrawal.at.or(row.withdrawn_at).unwrap_or(now));
        set_withdrawal(&mut change, record.withdrawal, withdrawn_at);
        // The file says where it is in its life: what the desk had planned for it here holds no more.
        change.schedule_local = Set(None);
        change.schedule_zone = Set(None);
        change.schedule_at = Set(None);
        change.schedule_recorded_at = Set(None);
        change.embargo_until = Set(None);
        change.embargo_note = Set(None);
        change.working_outdated = Set(false);
        change.as_imported = Set(true);
        change.update(write.tx()).await?;
        let after = write.image(Noun::Release, id).await?;
        write.record("release.import", Noun::Release, id, None, before.as_ref(), after.as_ref())
    }
}

//! Importing releases: matched, compared and written a batch at a time.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveTime, SubsecRound, Utc};
use entity::{
    Noun, release,
    release::{ReleaseState, WithdrawalKind},
    revision, revision_place, revision_topic, slug,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{Importer, Outcome, refusal};
use crate::{
    catalog::{ConceptRef, assigned_places, assigned_topics},
    journal::{Image, ReleaseImage},
    newsroom::{
        Error, Patch, address,
        content::{Content, ReleaseInput, RevisionRows},
        form::Form,
        release::Withdrawal,
        slug as form_of_slug, workflow,
    },
};

/// How many numbered variants of a slug are looked at for a record that gives none.
const VARIANTS: u32 = 20;

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

/// A record that can be taken.
struct Sound {
    content: Content,
    /// False where the record gave no slug: it is known by kind, headline and date then.
    slug_given: bool,
    state: ReleaseState,
    published_at: Option<DateTime<Utc>>,
    publication_given: bool,
    withdrawal: Option<ImportedWithdrawal>,
}

/// A release that is there.
struct There {
    row: release::Model,
    content: Content,
    number: i32,
}

/// Rows of new releases, gathered for one insertion.
#[derive(Default)]
struct Fresh {
    releases: Vec<release::ActiveModel>,
    revisions: Vec<RevisionRows>,
    slugs: Vec<slug::ActiveModel>,
    images: Vec<ReleaseImage>,
}

impl Importer<'_> {
    /// Takes in releases, at most a [`BATCH`](super::BATCH). Outcomes come in the order of the records.
    pub async fn releases(&mut self, records: Vec<ImportedRelease>) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = Vec::with_capacity(records.len());
        let mut stretch: Vec<Sound> = Vec::new();
        let mut keys: HashSet<String> = HashSet::new();
        let mut pending: Vec<Result<(), Outcome>> = Vec::new();
        for record in records {
            match self.checked(record)? {
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
    async fn stretch(&mut self, stretch: &mut Vec<Sound>, pending: &mut Vec<Result<(), Outcome>>, outcomes: &mut Vec<Outcome>) -> Result<(), Error> {
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
    fn checked(&mut self, record: ImportedRelease) -> Result<Result<Sound, String>, Error> {
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
            Ok((self.topics.ids(&record.topics, "topic")?, self.places.ids(&record.dateline, "place")?, self.places.ids(&record.about, "place")?))
        })();
        let (topics, dateline, about): (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) = match concepts {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        let refs = |ids: Vec<Uuid>| Patch::Set(ids.into_iter().map(ConceptRef::Id).collect());
        (input.topics, input.dateline_places, input.places) = (refs(topics), refs(dateline), refs(about));
        let mut content = Content::blank(&self.room.customs.language, self.room.today(self.now));
        let mut form = Form::default();
        content.fill(input, &self.topics.vocabulary, &self.places.vocabulary, &mut form);
        let withdrawal = match (record.state, record.withdrawal) {
            (ReleaseState::Withdrawn, Some(given)) => Some(ImportedWithdrawal { how: given.how.checked(&mut form), at: given.at.map(|at| at.trunc_subsecs(6)) }),
            (ReleaseState::Withdrawn, None) => {
                Some(ImportedWithdrawal { how: Withdrawal { kind: WithdrawalKind::Vanish, notice: None, redirect_to: None }, at: None })
            }
            (_, Some(_)) => return Ok(Err("withdrawal belongs to the state WITHDRAWN only: correct one of the two".to_owned())),
            (_, None) => None,
        };
        if let Err(error) = form.finish() {
            return Ok(Err(refusal(error)?));
        }
        if !matches!(record.state, ReleaseState::Draft | ReleaseState::Published | ReleaseState::Withdrawn) {
            return Ok(Err(format!("a release that is {} cannot be imported: write DRAFT, PUBLISHED or WITHDRAWN", workflow::word(record.state))));
        }
        let published_at = match (record.state, record.published_at) {
            (ReleaseState::Draft, Some(_)) => return Ok(Err("publishedAt belongs to what was published: leave it out of a DRAFT".to_owned())),
            (ReleaseState::Draft, None) => None,
            (_, Some(at)) if at > self.now => {
                return Ok(Err(format!("publishedAt is in the future ({}): write DRAFT, and publish it when its time has come", at.to_rfc3339())));
            }
            (_, Some(at)) => Some(at.trunc_subsecs(6)),
            (_, None) => {
                let midnight = content.release_date.and_time(NaiveTime::MIN);
                let local = midnight.and_local_timezone(self.room.customs.time_zone).earliest().map_or_else(|| midnight.and_utc(), |at| at.to_utc());
                Some(local.min(self.now.trunc_subsecs(6)))
            }
        };
        let publication_given = record.published_at.is_some();
        Ok(Ok(Sound { content, slug_given, state: record.state, published_at, publication_given, withdrawal }))
    }

    async fn write_releases(&mut self, mut records: Vec<Sound>) -> Result<Vec<Outcome>, Error> {
        let matches = self.matches(&mut records).await?;
        let ids: Vec<Uuid> = matches.iter().flatten().flatten().copied().collect();
        let mut there = self.there(&ids).await?;
        let (overwrite, now) = (self.options.overwrite, self.now.trunc_subsecs(6));
        let mut fresh = Fresh::default();
        let mut outcomes = Vec::with_capacity(records.len());
        for (record, found) in records.into_iter().zip(matches) {
            outcomes.push(match found {
                Err(why) => Outcome::Refused(why),
                Ok(None) => {
                    fresh.add(record, &self.viewer.subject, now);
                    Outcome::Created
                }
                Ok(Some(id)) => match there.remove(&id) {
                    Some(old) => match judged(record, old, overwrite) {
                        Judgement::Is(outcome) => outcome,
                        Judgement::Update(record, old) => {
                            self.update(*record, *old).await?;
                            Outcome::Updated
                        }
                    },
                    None => Outcome::Refused("the release vanished while it was imported: try again".to_owned()),
                },
            });
        }
        fresh.insert(self.write().await?).await?;
        Ok(outcomes)
    }

    /// Which release each record is; none for a new one, why not where two releases claim it. Records without a slug get one.
    async fn matches(&mut self, records: &mut [Sound]) -> Result<Vec<Result<Option<Uuid>, String>>, Error> {
        let external: Vec<String> = records.iter().filter_map(|record| record.content.external_id.clone()).collect();
        let slugs: Vec<String> = records.iter().flat_map(Sound::slugs).collect();
        let tx = self.write().await?.tx();
        let by_external: HashMap<String, Uuid> = if external.is_empty() {
            HashMap::new()
        } else {
            let rows: Vec<(Uuid, String)> = release::Entity::find()
                .select_only()
                .columns([release::Column::Id, release::Column::ExternalId])
                .filter(release::Column::ExternalId.is_in(external))
                .into_tuple()
                .all(tx)
                .await?;
            rows.into_iter().map(|(id, external)| (external, id)).collect()
        };
        let mut by_slug: HashMap<String, Uuid> = HashMap::new();
        for some in slugs.chunks(10_000) {
            let rows = slug::Entity::find().filter(slug::Column::Noun.eq(Noun::Release)).filter(slug::Column::Slug.is_in(some.to_vec())).all(tx).await?;
            by_slug.extend(rows.into_iter().map(|row| (row.slug, row.owner_id)));
        }
        // What releases said whenever they had the headline of a record without a slug.
        let owners: Vec<Uuid> =
            records.iter().filter(|record| !record.slug_given).flat_map(Sound::slugs).filter_map(|slug| by_slug.get(&slug).copied()).collect();
        let said = if owners.is_empty() {
            Vec::new()
        } else {
            revision::Entity::find()
                .select_only()
                .columns([revision::Column::ReleaseId, revision::Column::Kind, revision::Column::Headline, revision::Column::ReleaseDate])
                .filter(revision::Column::ReleaseId.is_in(owners))
                .into_tuple::<(Uuid, release::ReleaseKind, String, chrono::NaiveDate)>()
                .all(tx)
                .await?
        };
        let matched = |record: &mut Sound| {
            let content = &mut record.content;
            let external = content.external_id.as_ref().and_then(|external| by_external.get(external).copied());
            if !record.slug_given {
                let same = |kind: &release::ReleaseKind, headline: &str, date: &chrono::NaiveDate| *kind == content.kind && headline == content.headline && *date == content.release_date;
                let known = said.iter().find(|(_, kind, headline, date)| same(kind, headline, date)).map(|&(id, ..)| id);
                let base = content.slug.clone();
                let mut free = std::iter::once(base.clone()).chain((2..=VARIANTS).map(|number| form_of_slug::numbered(&base, number))).filter(|slug| !by_slug.contains_key(slug));
                content.slug = free.next().unwrap_or_else(|| format!("{}-{}", base.chars().take(150).collect::<String>(), Uuid::now_v7().simple()));
                return Ok(external.or(known));
            }
            match (external, by_slug.get(&content.slug).copied()) {
                (Some(one), Some(other)) if one != other => Err(format!(
                    "externalId \"{}\" and slug \"{}\" belong to two different releases: correct one of the two",
                    content.external_id.as_deref().unwrap_or_default(),
                    content.slug
                )),
                (one, other) => Ok(one.or(other)),
            }
        };
        Ok(records.iter_mut().map(matched).collect())
    }

    /// Releases that are there, with what their newest versions say.
    async fn there(&mut self, ids: &[Uuid]) -> Result<HashMap<Uuid, There>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let tx = self.write().await?.tx();
        let rows = release::Entity::find().filter(release::Column::Id.is_in(ids.to_vec())).all(tx).await?;
        let keys: Vec<Uuid> = rows.iter().filter_map(|row| row.working_revision_id.or(row.live_revision_id)).collect();
        let mut topics = assigned_topics(tx, &keys).await?;
        let mut places = assigned_places(tx, &keys).await?;
        let revisions = revision::Entity::find().filter(revision::Column::Id.is_in(keys)).all(tx).await?;
        let mut revisions: HashMap<Uuid, revision::Model> = revisions.into_iter().map(|row| (row.release_id, row)).collect();
        let there = |row: release::Model| {
            let revision = revisions.remove(&row.id)?;
            let (topics, places) = (topics.remove(&revision.id).unwrap_or_default(), places.remove(&revision.id).unwrap_or_default());
            Some((row.id, There { number: revision.number, content: Content::of(revision, topics, places), row }))
        };
        Ok(rows.into_iter().filter_map(there).collect())
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
            let rows = record.content.clone().rows(id, row.revision + 1, Some(old.number), &by, now);
            change.revision = Set(rows.version.number);
            change.slug = Set(slug.clone());
            change.external_id = Set(record.content.external_id.clone());
            let key = rows.version.revision_id;
            (change.live_revision_id, change.working_revision_id) = if public { (Set(Some(key)), Set(None)) } else { (Set(None), Set(Some(key))) };
            insert_revisions(write, vec![rows]).await?;
            address::hold(write.tx(), Noun::Release, &slug, id, public.then_some(now)).await?;
        } else if public {
            change.live_revision_id = Set(row.working_revision_id.or(row.live_revision_id));
            change.working_revision_id = Set(None);
            address::hold(write.tx(), Noun::Release, &row.slug, id, Some(now)).await?;
        }
        address::let_go(write.tx(), Noun::Release, id, &[&record.content.slug]).await?;
        change.state = Set(record.state);
        change.modified_at = Set(now);
        if record.publication_given || row.published_at.is_none() {
            change.published_at = Set(record.published_at);
            change.first_published_at = Set(record.published_at);
        }
        let withdrawn_at = record.withdrawal.as_ref().map(|withdrawal| withdrawal.at.or(row.withdrawn_at).unwrap_or(now));
        set_withdrawal(&mut change, record.withdrawal, withdrawn_at);
        change.as_imported = Set(true);
        change.update(write.tx()).await?;
        let after = write.image(Noun::Release, id).await?;
        write.record("release.import", Noun::Release, id, None, before.as_ref(), after.as_ref())
    }
}

/// What to do with a record of a release that is there.
enum Judgement {
    Is(Outcome),
    Update(Box<Sound>, Box<There>),
}

fn judged(mut record: Sound, old: There, overwrite: bool) -> Judgement {
    if !record.slug_given {
        record.content.slug.clone_from(&old.content.slug);
    }
    let row = &old.row;
    let same_life = row.state == record.state
        && (!record.publication_given || row.published_at == record.published_at)
        && record.withdrawal.as_ref().is_none_or(|given| {
            Some(given.how.kind) == row.withdrawal_kind
                && given.how.notice == row.withdrawal_notice
                && given.how.redirect_to == row.withdrawal_redirect
                && given.at.is_none_or(|at| Some(at) == row.withdrawn_at)
        });
    // A version being worked on beside a live one is not what a file of public releases speaks of.
    let working_beside_live = row.live_revision_id.is_some() && row.working_revision_id.is_some();
    if same_life && record.content == old.content && !working_beside_live {
        return Judgement::Is(Outcome::Unchanged);
    }
    let conflict = |why: &str| Judgement::Is(Outcome::Conflict(format!("\"{}\" {why}", row.slug)));
    if row.state == ReleaseState::Withdrawn && record.state != ReleaseState::Withdrawn {
        return conflict("was withdrawn here; an import never revives what was withdrawn");
    }
    if row.state == ReleaseState::Retracted {
        return conflict("was retracted here; an import never revives what was retracted");
    }
    if row.state == ReleaseState::Published && record.state == ReleaseState::Draft {
        return conflict("is public here and a draft in the file; an import never takes back what is public: withdraw it here");
    }
    if !row.as_imported && !overwrite {
        return conflict("was changed here since the last import; left as it is (--overwrite takes the file's)");
    }
    Judgement::Update(Box::new(record), Box::new(old))
}

impl Sound {
    /// Slugs that it may be known by.
    fn slugs(&self) -> Vec<String> {
        let base = &self.content.slug;
        let most = if self.slug_given { 1 } else { VARIANTS };
        std::iter::once(base.clone()).chain((2..=most).map(|number| form_of_slug::numbered(base, number))).collect()
    }

    /// What two records of a batch may meet in.
    fn keys(&self) -> Vec<String> {
        let external = self.content.external_id.iter().map(|external| format!("e {external}"));
        external.chain(std::iter::once(format!("s {}", self.content.slug))).collect()
    }
}

impl Fresh {
    fn add(&mut self, record: Sound, by: &str, now: DateTime<Utc>) {
        let id = Uuid::now_v7();
        let public = record.state != ReleaseState::Draft;
        let content = record.content;
        let (slug, external_id) = (content.slug.clone(), content.external_id.clone());
        let rows = content.rows(id, 1, None, by, now);
        let key = rows.version.revision_id;
        let withdrawn_at = record.withdrawal.as_ref().map(|withdrawal| withdrawal.at.unwrap_or(now));
        let modified_at = withdrawn_at.or(record.published_at).unwrap_or(now);
        self.images.push(ReleaseImage {
            id,
            slug: slug.clone(),
            former_slugs: Vec::new(),
            state: record.state,
            revision: 1,
            author: by.to_owned(),
            modified_at,
            first_published_at: record.published_at,
            published_at: record.published_at,
            withdrawal_kind: record.withdrawal.as_ref().map(|withdrawal| withdrawal.how.kind),
            shown: rows.version.clone(),
            working: None,
        });
        self.slugs.push(slug::ActiveModel { noun: Set(Noun::Release), slug: Set(slug.clone()), owner_id: Set(id), public_at: Set(public.then_some(now)) });
        let mut row = release::ActiveModel {
            id: Set(id),
            slug: Set(slug),
            external_id: Set(external_id),
            state: Set(record.state),
            live_revision_id: Set(public.then_some(key)),
            working_revision_id: Set((!public).then_some(key)),
            revision: Set(1),
            author: Set(by.to_owned()),
            created_at: Set(now),
            modified_at: Set(modified_at),
            first_published_at: Set(record.published_at),
            published_at: Set(record.published_at),
            as_imported: Set(true),
            ..Default::default()
        };
        set_withdrawal(&mut row, record.withdrawal, withdrawn_at);
        self.releases.push(row);
        self.revisions.push(rows);
    }

    async fn insert(self, write: &mut crate::newsroom::write::Write) -> Result<(), Error> {
        if self.releases.is_empty() {
            return Ok(());
        }
        release::Entity::insert_many(self.releases).exec_without_returning(write.tx()).await?;
        insert_revisions(write, self.revisions).await?;
        slug::Entity::insert_many(self.slugs).exec_without_returning(write.tx()).await?;
        for image in self.images {
            let id = image.id;
            write.record("release.import", Noun::Release, id, None, None, Some(&Image::Release(Box::new(image))))?;
        }
        Ok(())
    }
}

fn set_withdrawal(row: &mut release::ActiveModel, withdrawal: Option<ImportedWithdrawal>, at: Option<DateTime<Utc>>) {
    let how = withdrawal.map(|withdrawal| withdrawal.how);
    row.withdrawal_kind = Set(how.as_ref().map(|how| how.kind));
    row.withdrawn_at = Set(at);
    let (notice, redirect) = how.map_or((None, None), |how| (how.notice, how.redirect_to));
    row.withdrawal_notice = Set(notice);
    row.withdrawal_redirect = Set(redirect);
}

/// Inserts revisions with their assignments; rows of one table in as few statements as their number of values allows.
async fn insert_revisions(write: &crate::newsroom::write::Write, rows: Vec<RevisionRows>) -> Result<(), Error> {
    let (mut revisions, mut topics, mut places) = (Vec::with_capacity(rows.len()), Vec::new(), Vec::new());
    for row in rows {
        revisions.push(row.revision);
        topics.extend(row.topics);
        places.extend(row.places);
    }
    revision::Entity::insert_many(revisions).exec_without_returning(write.tx()).await?;
    for some in topics.chunks(5000) {
        revision_topic::Entity::insert_many(some.to_vec()).exec_without_returning(write.tx()).await?;
    }
    for some in places.chunks(5000) {
        revision_place::Entity::insert_many(some.to_vec()).exec_without_returning(write.tx()).await?;
    }
    Ok(())
}

//! Random mutations of releases, topics, and places. The clock advances after each mutation. The seed is fixed, so
//! every run performs the same mutations. Tests use them to compare a catalog that was updated entry by entry with a
//! reloaded catalog.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use dateline::{
    app::App,
    auth::viewer::Viewer,
    catalog::ConceptRef,
    jobs,
    journal::{PlaceImage, TopicImage},
    newsroom::{
        Error, Patch,
        release::{content::ReleaseInput, withdraw::Withdrawal},
        taxonomy::{place::PlaceInput, topic::TopicInput},
    },
};
use entity::{
    api_token::Role,
    place::PlaceKind,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
};
use sea_orm::EntityTrait;
use uuid::Uuid;

/// A generator of pseudo-random numbers (xorshift64*). The same seed gives the same numbers.
#[derive(Debug)]
pub(crate) struct SeededRng(pub(crate) u64);

impl SeededRng {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    pub(crate) fn choose<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() { None } else { Some(items[self.below(items.len())]) }
    }
}

/// Performs random mutations on a newsroom, and keeps the keys of the releases, topics and places that it created.
pub(crate) struct RandomActivity {
    app: Arc<App>,
    rng: SeededRng,
    /// The time of the next mutation.
    pub(crate) now: DateTime<Utc>,
    /// Number of mutations that succeeded.
    pub(crate) succeeded: usize,
    /// Number of mutations that were rejected.
    pub(crate) rejected: usize,
    releases: Vec<Uuid>,
    topics: Vec<Uuid>,
    places: Vec<Uuid>,
    next_number: usize,
}

impl RandomActivity {
    /// Starts the activity. The newsroom must be empty.
    pub(crate) fn new(app: &Arc<App>) -> Self {
        Self {
            app: app.clone(),
            rng: SeededRng(0x00da_7e11),
            now: app.clock.now(),
            succeeded: 0,
            rejected: 0,
            releases: Vec::new(),
            topics: Vec::new(),
            places: Vec::new(),
            next_number: 0,
        }
    }

    /// Performs one random mutation, then advances the clock by up to four minutes.
    pub(crate) async fn step(&mut self) {
        let result = if self.rng.below(20) == 0 { self.mutate_concept().await } else { self.mutate_release().await };
        match result {
            Ok(()) => self.succeeded += 1,
            Err(Error::Db(error)) => panic!("{error}"),
            Err(_) => self.rejected += 1,
        }
        // After some mutations, the server's jobs record the scheduled transitions that are due; after others, a
        // reader counts the public releases.
        self.now += TimeDelta::seconds(self.rng.below(240) as i64);
        self.app.clock.set(self.now);
        match self.rng.below(12) {
            0 => jobs::tick(&self.app, self.now).await.unwrap(),
            1..=3 => drop(self.app.request_context(Viewer::public()).visible().count()),
            _ => {}
        }
    }

    fn input(&mut self, new: bool) -> ReleaseInput {
        let mut concepts = |items: &[Uuid]| {
            let references: Vec<ConceptRef> =
                (0..self.rng.below(4)).filter_map(|_| self.rng.choose(items)).map(ConceptRef::Id).collect();
            if self.rng.below(3) == 0 { Patch::Keep } else { Patch::Set(references) }
        };
        let (topics, places) = (self.topics.clone(), self.places.clone());
        let (topics, places, dateline_places) = (concepts(&topics), concepts(&places), concepts(&places));
        self.next_number += 1;
        let slug = match self.rng.below(4) {
            0 => Patch::Set(format!("address-{}", self.rng.below(400))),
            _ => Patch::Keep,
        };
        let day = self.now.date_naive() - TimeDelta::days(self.rng.below(60) as i64);
        ReleaseInput {
            slug,
            headline: if new || self.rng.below(2) == 0 {
                Patch::Set(format!("Headline {}", self.next_number))
            } else {
                Patch::Keep
            },
            kind: self.rng.choose(&ReleaseKind::ALL).map_or(Patch::Keep, Patch::Set),
            language: Patch::Set((*self.rng.choose(&["en", "fr", "km"]).unwrap_or("en")).to_owned()),
            release_date: Patch::Set(day),
            topics,
            places,
            dateline_places,
            ..ReleaseInput::default()
        }
    }

    /// Performs one random mutation on a release.
    async fn mutate_release(&mut self) -> Result<(), Error> {
        let newsroom = self.app.newsroom.clone();
        let now = self.now;
        let viewer = Viewer::new(Role::Admin, ["Ana", "Eda", "Kim"][self.rng.below(3)]);
        if self.releases.len() < 120 && self.rng.below(6) == 0 {
            let input = self.input(true);
            self.releases.push(newsroom.release_create(&viewer, input, now).await?.id());
            return Ok(());
        }
        let Some(id) = self.rng.choose(&self.releases) else { return Ok(()) };
        let release = entity::release::Entity::find_by_id(id).one(newsroom.db.reader()).await?;
        let Some(release) = release else { return Ok(()) };
        // One request in fifty has a stale revision.
        let revision = release.revision - i32::from(self.rng.below(50) == 0);
        if release.state == ReleaseState::Retracted {
            // The workflow allows no other action on a retracted release. It is removed to make space for new
            // releases.
            return self.remove(id, revision, self.rng.0.is_multiple_of(5)).await;
        }
        let future_time = |rng: &mut SeededRng| now + TimeDelta::minutes(1 + rng.below(400) as i64);
        match self.rng.below(17) {
            0..=2 => {
                let input = self.input(false);
                newsroom.release_revise(&viewer, id, revision, input, now).await.map(drop)
            }
            3 => newsroom.release_submit(&viewer, id, revision, None, now).await.map(drop),
            4 => newsroom.release_return(&viewer, id, revision, "again".to_owned(), now).await.map(drop),
            5 => newsroom.release_approve(&viewer, id, revision, None, now).await.map(drop),
            6 | 7 => {
                let local = future_time(&mut self.rng).format("%Y-%m-%dT%H:%M").to_string();
                newsroom.release_schedule(&viewer, id, revision, &local, "UTC", now).await.map(drop)
            }
            8 => newsroom.release_unschedule(&viewer, id, revision, now).await.map(drop),
            9 | 10 => {
                let note = (self.rng.below(4) == 0).then(|| "it was wrong".to_owned());
                newsroom.release_publish(&viewer, id, revision, note, now).await.map(drop)
            }
            11 | 12 => {
                let until = (self.rng.below(5) > 0).then(|| future_time(&mut self.rng));
                newsroom.release_embargo(&viewer, id, revision, until, None, now).await.map(drop)
            }
            13 => {
                let input = self.input(false);
                newsroom.release_correct(&viewer, id, revision, input, "it was wrong".to_owned(), now).await.map(drop)
            }
            14 => {
                let kind = [WithdrawalKind::Gone, WithdrawalKind::Vanish][self.rng.below(2)];
                let withdrawal = Withdrawal { kind, notice: None, redirect_to: None };
                newsroom.release_withdraw(&viewer, id, revision, withdrawal, None, now).await.map(drop)
            }
            15 => {
                let restored_revision = 1 + self.rng.below(usize::try_from(revision.max(1)).unwrap_or(1)) as i32;
                newsroom.release_restore(&viewer, id, revision, restored_revision, now).await.map(drop)
            }
            _ => match self.rng.below(10) {
                0 | 1 => newsroom.release_retract(&viewer, id, revision, "untrue".to_owned(), now).await.map(drop),
                2 => self.remove(id, revision, true).await,
                _ => self.remove(id, revision, false).await,
            },
        }
    }

    /// Purges or deletes a release. The newsroom rejects this in states that do not allow it.
    async fn remove(&mut self, id: Uuid, revision: i32, purge: bool) -> Result<(), Error> {
        let (newsroom, viewer) = (&self.app.newsroom, Viewer::new(Role::Admin, "Kim"));
        if purge {
            newsroom.release_purge(&viewer, id, revision, "order".to_owned(), self.now).await?;
        } else {
            newsroom.release_delete(&viewer, id, revision, self.now).await?;
        }
        self.releases.retain(|other| *other != id);
        Ok(())
    }

    /// Performs one random mutation on a topic or place.
    async fn mutate_concept(&mut self) -> Result<(), Error> {
        let newsroom = self.app.newsroom.clone();
        let (now, viewer) = (self.now, Viewer::new(Role::Admin, "Kim"));
        self.next_number += 1;
        let name = format!("Concept {}", self.next_number);
        let snapshot = newsroom.catalog.snapshot();
        let topics: Vec<Uuid> = snapshot.topics().numbers().map(|number| snapshot.topics().get(number).id).collect();
        let places: Vec<Uuid> = snapshot.places().numbers().map(|number| snapshot.places().get(number).id).collect();
        match self.rng.below(9) {
            0 | 1 => {
                let broader = self.rng.choose(&topics).map(|id| vec![ConceptRef::Id(id)]).unwrap_or_default();
                let input =
                    TopicInput { name: Patch::Set(name), broader: Patch::Set(broader), ..TopicInput::default() };
                let (snapshot, number) = newsroom.concept_create::<TopicImage>(&viewer, input, now).await?;
                self.topics.push(snapshot.topics().get(number).id);
                Ok(())
            }
            2 => {
                let within = self.rng.choose(&places).map_or(Patch::Keep, |id| Patch::Set(ConceptRef::Id(id)));
                let input = PlaceInput {
                    name: Patch::Set(name),
                    kind: Patch::Set(PlaceKind::City),
                    within,
                    ..PlaceInput::default()
                };
                let (snapshot, number) = newsroom.concept_create::<PlaceImage>(&viewer, input, now).await?;
                self.places.push(snapshot.places().get(number).id);
                Ok(())
            }
            3 | 4 => {
                let Some(id) = self.rng.choose(&topics) else { return Ok(()) };
                let revision = snapshot.topics().by_id(id).map_or(1, |number| snapshot.topics().get(number).revision);
                let broader =
                    (0..self.rng.below(3)).filter_map(|_| self.rng.choose(&topics)).map(ConceptRef::Id).collect();
                let input = TopicInput {
                    slug: Patch::Set(format!("topic-{}", self.rng.below(60))),
                    broader: Patch::Set(broader),
                    ..TopicInput::default()
                };
                newsroom.concept_update::<TopicImage>(&viewer, id, revision, input, now).await.map(drop)
            }
            5 | 6 if topics.len() > 8 => {
                let (Some(from), Some(into)) = (self.rng.choose(&topics), self.rng.choose(&topics)) else {
                    return Ok(());
                };
                newsroom.concept_merge::<TopicImage>(&viewer, from, into, now).await.map(drop)
            }
            7 if places.len() > 8 => {
                let (Some(from), Some(into)) = (self.rng.choose(&places), self.rng.choose(&places)) else {
                    return Ok(());
                };
                newsroom.concept_merge::<PlaceImage>(&viewer, from, into, now).await.map(drop)
            }
            8 => {
                let Some(id) = self.rng.choose(&topics) else { return Ok(()) };
                let revision = snapshot.topics().by_id(id).map_or(1, |number| snapshot.topics().get(number).revision);
                let replacement = self.rng.choose(&topics);
                newsroom.concept_retire::<TopicImage>(&viewer, id, revision, replacement, now).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

//! A newsroom to which anything happens: random acts on releases, topics and places, and time that passes between them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use dateline::{
    app::App,
    auth::viewer::Viewer,
    catalog::ConceptRef,
    jobs,
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

/// Numbers that look random and are the same every time (xorshift64*).
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.roll(of.len())]) }
    }
}

/// A newsroom, and what is known of it.
pub(crate) struct World {
    app: Arc<App>,
    dice: Dice,
    /// The instant of the next act.
    pub(crate) now: DateTime<Utc>,
    /// Acts that were done.
    pub(crate) done: usize,
    /// Acts that were refused.
    pub(crate) refused: usize,
    releases: Vec<Uuid>,
    topics: Vec<Uuid>,
    places: Vec<Uuid>,
    made: usize,
}

impl World {
    /// Begins with an empty newsroom.
    pub(crate) fn new(app: &Arc<App>) -> Self {
        Self {
            app: app.clone(),
            dice: Dice(0x00da_7e11),
            now: app.clock.now(),
            done: 0,
            refused: 0,
            releases: Vec::new(),
            topics: Vec::new(),
            places: Vec::new(),
            made: 0,
        }
    }

    /// One act, and some time.
    pub(crate) async fn go_on(&mut self) {
        let result = if self.dice.roll(20) == 0 { self.concept_act().await } else { self.release_act().await };
        match result {
            Ok(()) => self.done += 1,
            Err(Error::Db(error)) => panic!("{error}"),
            Err(_) => self.refused += 1,
        }
        // Time passes; sometimes a reader comes by, sometimes the server puts down what is due.
        self.now += TimeDelta::seconds(self.dice.roll(240) as i64);
        self.app.clock.set(self.now);
        match self.dice.roll(12) {
            0 => jobs::tick(&self.app, self.now).await.unwrap(),
            1..=3 => drop(self.app.request_context(Viewer::public()).visible().count()),
            _ => {}
        }
    }

    fn input(&mut self, new: bool) -> ReleaseInput {
        let mut concepts = |of: &[Uuid]| {
            let some: Vec<ConceptRef> =
                (0..self.dice.roll(4)).filter_map(|_| self.dice.one(of)).map(ConceptRef::Id).collect();
            if self.dice.roll(3) == 0 { Patch::Keep } else { Patch::Set(some) }
        };
        let (topics, places) = (self.topics.clone(), self.places.clone());
        let (topics, places, dateline_places) = (concepts(&topics), concepts(&places), concepts(&places));
        self.made += 1;
        let slug = match self.dice.roll(4) {
            0 => Patch::Set(format!("address-{}", self.dice.roll(400))),
            _ => Patch::Keep,
        };
        let day = self.now.date_naive() - TimeDelta::days(self.dice.roll(60) as i64);
        ReleaseInput {
            slug,
            headline: if new || self.dice.roll(2) == 0 {
                Patch::Set(format!("Headline {}", self.made))
            } else {
                Patch::Keep
            },
            kind: self.dice.one(&ReleaseKind::ALL).map_or(Patch::Keep, Patch::Set),
            language: Patch::Set((*self.dice.one(&["en", "fr", "km"]).unwrap_or("en")).to_owned()),
            release_date: Patch::Set(day),
            topics,
            places,
            dateline_places,
            ..ReleaseInput::default()
        }
    }

    /// One act on one release; whether it was done.
    async fn release_act(&mut self) -> Result<(), Error> {
        let newsroom = self.app.newsroom.clone();
        let now = self.now;
        let viewer = Viewer::new(Role::Admin, ["Ana", "Eda", "Kim"][self.dice.roll(3)]);
        if self.releases.len() < 120 && self.dice.roll(6) == 0 {
            let input = self.input(true);
            self.releases.push(newsroom.release_create(&viewer, input, now).await?.id());
            return Ok(());
        }
        let Some(id) = self.dice.one(&self.releases) else { return Ok(()) };
        let row = entity::release::Entity::find_by_id(id).one(newsroom.db.reader()).await?;
        let Some(row) = row else { return Ok(()) };
        // One in fifty comes too late.
        let revision = row.revision - i32::from(self.dice.roll(50) == 0);
        if row.state == ReleaseState::Retracted {
            // Nothing else can be done to it: make room.
            return self.remove(id, revision, self.dice.0.is_multiple_of(5)).await;
        }
        let ahead = |dice: &mut Dice| now + TimeDelta::minutes(1 + dice.roll(400) as i64);
        match self.dice.roll(17) {
            0..=2 => {
                let input = self.input(false);
                newsroom.release_revise(&viewer, id, revision, input, now).await.map(drop)
            }
            3 => newsroom.release_submit(&viewer, id, revision, None, now).await.map(drop),
            4 => newsroom.release_return(&viewer, id, revision, "again".to_owned(), now).await.map(drop),
            5 => newsroom.release_approve(&viewer, id, revision, None, now).await.map(drop),
            6 | 7 => {
                let local = ahead(&mut self.dice).format("%Y-%m-%dT%H:%M").to_string();
                newsroom.release_schedule(&viewer, id, revision, &local, "UTC", now).await.map(drop)
            }
            8 => newsroom.release_unschedule(&viewer, id, revision, now).await.map(drop),
            9 | 10 => {
                let note = (self.dice.roll(4) == 0).then(|| "it was wrong".to_owned());
                newsroom.release_publish(&viewer, id, revision, note, now).await.map(drop)
            }
            11 | 12 => {
                let until = (self.dice.roll(5) > 0).then(|| ahead(&mut self.dice));
                newsroom.release_embargo(&viewer, id, revision, until, None, now).await.map(drop)
            }
            13 => {
                let input = self.input(false);
                newsroom.release_correct(&viewer, id, revision, input, "it was wrong".to_owned(), now).await.map(drop)
            }
            14 => {
                let kind = [WithdrawalKind::Gone, WithdrawalKind::Vanish][self.dice.roll(2)];
                let how = Withdrawal { kind, notice: None, redirect_to: None };
                newsroom.release_withdraw(&viewer, id, revision, how, now).await.map(drop)
            }
            15 => {
                let to = 1 + self.dice.roll(usize::try_from(revision.max(1)).unwrap_or(1)) as i32;
                newsroom.release_restore(&viewer, id, revision, to, now).await.map(drop)
            }
            _ => match self.dice.roll(10) {
                0 | 1 => newsroom.release_retract(&viewer, id, revision, "untrue".to_owned(), now).await.map(drop),
                2 => self.remove(id, revision, true).await,
                _ => self.remove(id, revision, false).await,
            },
        }
    }

    /// Purges a release, or deletes it, where that may be.
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

    /// One act on a topic or place.
    async fn concept_act(&mut self) -> Result<(), Error> {
        let newsroom = self.app.newsroom.clone();
        let (now, viewer) = (self.now, Viewer::new(Role::Admin, "Kim"));
        self.made += 1;
        let name = format!("Concept {}", self.made);
        let snapshot = newsroom.catalog.snapshot();
        let topics: Vec<Uuid> = snapshot.topics().numbers().map(|number| snapshot.topics().get(number).id).collect();
        let places: Vec<Uuid> = snapshot.places().numbers().map(|number| snapshot.places().get(number).id).collect();
        match self.dice.roll(9) {
            0 | 1 => {
                let broader = self.dice.one(&topics).map(|id| vec![ConceptRef::Id(id)]).unwrap_or_default();
                let input =
                    TopicInput { name: Patch::Set(name), broader: Patch::Set(broader), ..TopicInput::default() };
                let (snapshot, number) = newsroom.topic_create(&viewer, input, now).await?;
                self.topics.push(snapshot.topics().get(number).id);
                Ok(())
            }
            2 => {
                let within = self.dice.one(&places).map_or(Patch::Keep, |id| Patch::Set(ConceptRef::Id(id)));
                let input = PlaceInput {
                    name: Patch::Set(name),
                    kind: Patch::Set(PlaceKind::City),
                    within,
                    ..PlaceInput::default()
                };
                let (snapshot, number) = newsroom.place_create(&viewer, input, now).await?;
                self.places.push(snapshot.places().get(number).id);
                Ok(())
            }
            3 | 4 => {
                let Some(id) = self.dice.one(&topics) else { return Ok(()) };
                let revision = snapshot.topics().by_id(id).map_or(1, |number| snapshot.topics().get(number).revision);
                let broader =
                    (0..self.dice.roll(3)).filter_map(|_| self.dice.one(&topics)).map(ConceptRef::Id).collect();
                let input = TopicInput {
                    slug: Patch::Set(format!("topic-{}", self.dice.roll(60))),
                    broader: Patch::Set(broader),
                    ..TopicInput::default()
                };
                newsroom.topic_update(&viewer, id, revision, input, now).await.map(drop)
            }
            5 | 6 if topics.len() > 8 => {
                let (Some(from), Some(into)) = (self.dice.one(&topics), self.dice.one(&topics)) else { return Ok(()) };
                newsroom.topic_merge(&viewer, from, into, now).await.map(drop)
            }
            7 if places.len() > 8 => {
                let (Some(from), Some(into)) = (self.dice.one(&places), self.dice.one(&places)) else { return Ok(()) };
                newsroom.place_merge(&viewer, from, into, now).await.map(drop)
            }
            8 => {
                let Some(id) = self.dice.one(&topics) else { return Ok(()) };
                let revision = snapshot.topics().by_id(id).map_or(1, |number| snapshot.topics().get(number).revision);
                let by = self.dice.one(&topics);
                newsroom.topic_retire(&viewer, id, revision, by, now).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

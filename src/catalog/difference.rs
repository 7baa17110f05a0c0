//! Two snapshots of one state of a newsroom, one loaded from rows and one that followed the journal: where they differ.
//!
//! They may number releases, topics and places otherwise, and a snapshot that followed knows values that nothing has any more.
//! Everything that an answer can be made of must be the same.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    Noun,
    release::{ReleaseKind, ReleaseState},
};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::{
    Snapshot,
    bits::{BitTable, Bits, Dimension},
    dated::month,
    order::Order,
    page::OrderKey,
    vocabulary::{Concept, Vocabulary},
};
use crate::journal::{Image, PlaceImage, TopicImage};

/// An image without what two images of the same thing may differ in: the order of former addresses, and what is lost of a
/// location when it is written as text (less than a tenth of a millimetre).
pub(crate) fn comparable(image: Image) -> Image {
    let mut image = image;
    match &mut image {
        Image::Release(image) => image.former_slugs.sort_unstable(),
        Image::Topic(image) => image.former_slugs.sort_unstable(),
        Image::Place(image) => {
            image.former_slugs.sort_unstable();
            image.location = image.location.map(|(north, east)| (rounded(north), rounded(east)));
        }
        Image::Purged { .. } => {}
    }
    image
}

fn rounded(degrees: f64) -> f64 {
    (degrees * 1e9).round() / 1e9
}

/// Who is told of a difference: of what, if it is of one thing, and in what.
type Tell<'a> = dyn FnMut(Noun, Option<Uuid>, &str) + 'a;

impl Snapshot {
    /// Compares this one, which was loaded, with one that followed the journal.
    pub(crate) fn compare_followed(&self, followed: &Self, mut tell: impl FnMut(Noun, Option<Uuid>, &str)) {
        let tell: &mut Tell<'_> = &mut tell;
        if self.sequence != followed.sequence {
            tell(Noun::Release, None, "how far the journal goes");
        }
        let topic = |image: &TopicImage| Image::Topic(Box::new(image.clone()));
        compare_concepts(Noun::Topic, &self.topics, &followed.topics, topic, tell);
        let place = |image: &PlaceImage| Image::Place(Box::new(image.clone()));
        compare_concepts(Noun::Place, &self.places, &followed.places, place, tell);
        // Ordinals of the one by those of the other.
        let mut same: BTreeMap<u32, u32> = BTreeMap::new();
        for row in &*followed.all {
            let id = *followed.ids.get(row);
            match self.row_by_id(id) {
                Some(own) => drop(same.insert(row, own)),
                None => tell(Noun::Release, Some(id), "whether it is there"),
            }
        }
        for row in &*self.all {
            let id = *self.ids.get(row);
            match followed.row_by_id(id) {
                Some(other) => self.compare_release(row, followed, other, tell),
                None => tell(Noun::Release, Some(id), "whether it is there"),
            }
        }
        self.compare_sets(followed, &same, tell);
        self.compare_addresses(followed, tell);
    }

    fn compare_release(&self, row: u32, followed: &Self, other: u32, tell: &mut Tell<'_>) {
        let told = |of: &Self, row: u32| {
            let (facts, instants) = (of.facts.get(row), of.instants.get(row));
            let ids = |numbers: &[u32], id: &dyn Fn(u32) -> Uuid| numbers.iter().map(|&number| id(number)).collect();
            let topics: Vec<Uuid> = ids(of.topics_of.get(row), &|number| of.topics.get(number).id);
            let places: [Vec<Uuid>; 2] =
                [&of.dateline_of, &of.about_of].map(|lists| ids(lists.get(row), &|number| of.places.get(number).id));
            let versions = (*of.shown.get(row), facts.number, facts.revision, of.working.get(&row).cloned());
            let instants = [instants.modified, instants.published, instants.first_published];
            let facts = (facts.kind, facts.state, facts.withdrawal, of.languages.name(facts.language).clone());
            let author = of.authors.name(of.facts.get(row).author).clone();
            let when = (*of.release_dates.get(row), instants, of.pending.get(&row).copied());
            (facts, author, when, versions, (topics, places), of.slugs.get(row).to_vec())
        };
        let (one, two) = (told(self, row), told(followed, other));
        let differs = [
            ("kind, state, withdrawal or language", one.0 != two.0),
            ("author", one.1 != two.1),
            ("dates, instants, schedule or embargo", one.2 != two.2),
            ("versions", one.3 != two.3),
            ("topics or places", one.4 != two.4),
            ("address", one.5 != two.5),
        ];
        for (what, _) in differs.into_iter().filter(|(_, differs)| *differs) {
            tell(Noun::Release, Some(*self.ids.get(row)), what);
        }
    }

    /// Every set, and every order, with the ordinals of the other one taken for those of this one.
    fn compare_sets(&self, followed: &Self, same: &BTreeMap<u32, u32>, tell: &mut Tell<'_>) {
        // What this one does not have is told already.
        let own = |bits: Option<&Bits>| -> RoaringBitmap {
            bits.into_iter().flat_map(|bits| bits.iter()).filter_map(|row| same.get(&row).copied()).collect()
        };
        let equal = |one: Option<&Bits>, two: Option<&Bits>| {
            own(two) == one.map_or_else(RoaringBitmap::new, |bits| (**bits).clone())
        };
        let mut sets = vec![
            ("the set of all", equal(Some(&self.all), Some(&followed.all))),
            ("the set of what is public", equal(Some(&self.open), Some(&followed.open))),
            ("the set of what has topics", equal(Some(&self.with_topics), Some(&followed.with_topics))),
            ("the set of what has a dateline", equal(Some(&self.with_dateline), Some(&followed.with_dateline))),
            ("the set of what has places", equal(Some(&self.with_about), Some(&followed.with_about))),
            ("the set of what is worked on", equal(Some(&self.with_working), Some(&followed.with_working))),
        ];
        let numbered = |one: &BitTable, two: &BitTable, values: &[u32]| {
            values.iter().all(|&value| equal(one.get(value), two.get(value)))
        };
        let states = ReleaseState::ALL.map(|state| state as u32);
        let kinds = ReleaseKind::ALL.map(|kind| kind as u32);
        let months: BTreeSet<u32> = [self, followed]
            .into_iter()
            .flat_map(|of| of.all.iter().map(|row| month(*of.release_dates.get(row))))
            .collect();
        let months: Vec<u32> = months.into_iter().collect();
        sets.push(("the sets of states", numbered(&self.by_state, &followed.by_state, &states)));
        sets.push(("the sets of kinds", numbered(&self.by_kind, &followed.by_kind, &kinds)));
        sets.push(("the sets of months", numbered(&self.by_month, &followed.by_month, &months)));
        let named = |one: &Dimension, two: &Dimension| {
            let names: BTreeSet<&str> =
                [one, two].into_iter().flat_map(|of| (0..of.len() as u32).map(|number| &**of.name(number))).collect();
            let set = |of: &Dimension, name: &str| of.number(name).and_then(|number| of.bits.get(number).cloned());
            names.into_iter().all(|name| equal(set(one, name).as_ref(), set(two, name).as_ref()))
        };
        sets.push(("the sets of languages", named(&self.languages, &followed.languages)));
        sets.push(("the sets of authors", named(&self.authors, &followed.authors)));
        for (what, _) in sets.into_iter().filter(|(_, equal)| !*equal) {
            tell(Noun::Release, None, what);
        }
        for number in self.topics.numbers() {
            let id = self.topics.get(number).id;
            let other = followed.topics.by_id(id).and_then(|other| followed.by_topic.get(other));
            if !equal(self.by_topic.get(number), other) {
                tell(Noun::Topic, Some(id), "the set of its releases");
            }
        }
        for number in self.places.numbers() {
            let id = self.places.get(number).id;
            let other = followed.places.by_id(id);
            let of = |table: &BitTable| other.and_then(|other| table.get(other).cloned());
            let dateline = equal(self.by_dateline.get(number), of(&followed.by_dateline).as_ref());
            if !dateline || !equal(self.by_about.get(number), of(&followed.by_about).as_ref()) {
                tell(Noun::Place, Some(id), "the set of its releases");
            }
        }
        for by in OrderKey::ALL {
            let other = followed.order(by).ascending_from(Order::start()).filter_map(|row| same.get(&row).copied());
            if !self.order(by).ascending_from(Order::start()).eq(other) {
                tell(Noun::Release, None, "an order of releases");
            }
        }
        let coming: BTreeSet<(i64, u32)> =
            followed.coming.iter().filter_map(|&(due, row)| Some((due, *same.get(&row)?))).collect();
        if coming != *self.coming {
            tell(Noun::Release, None, "what is to come");
        }
    }

    /// Whatever was an address of a release leads to the same one.
    fn compare_addresses(&self, followed: &Self, tell: &mut Tell<'_>) {
        let led = |of: &Self, slug: &str| of.row_by_slug(slug).map(|(row, former)| (*of.ids.get(row), former));
        let present = self.all.iter().filter_map(|row| std::str::from_utf8(self.slugs.get(row)).ok());
        let former: BTreeSet<&str> =
            self.former_slugs.keys().chain(followed.former_slugs.keys()).map(String::as_str).collect();
        for slug in present.chain(former) {
            let (one, two) = (led(self, slug), led(followed, slug));
            if one != two {
                let id = one.or(two).map(|(id, _)| id);
                tell(Noun::Release, id, "where an address leads that it has or had");
            }
        }
    }
}

fn compare_concepts<T: Concept>(
    noun: Noun,
    one: &Vocabulary<T>,
    two: &Vocabulary<T>,
    image: impl Fn(&T) -> Image,
    tell: &mut Tell<'_>,
) {
    for number in two.numbers() {
        let id = two.get(number).id();
        if one.by_id(id).is_none_or(|number| one.get(number).id() != id) {
            tell(noun, Some(id), "whether it is there");
        }
    }
    for number in one.numbers() {
        let id = one.get(number).id();
        let Some(other) = two.by_id(id).filter(|&other| two.get(other).id() == id) else {
            tell(noun, Some(id), "whether it is there");
            continue;
        };
        if comparable(image(one.get(number))) != comparable(image(two.get(other))) {
            tell(noun, Some(id), "what is said of it");
        }
        let ids = |of: &Vocabulary<T>, numbers: &[u32]| numbers.iter().map(|&number| of.get(number).id()).collect();
        let above: [Vec<Uuid>; 2] = [ids(one, one.broader(number)), ids(two, two.broader(other))];
        let below: [Vec<Uuid>; 2] = [ids(one, one.narrower(number)), ids(two, two.narrower(other))];
        if above[0] != above[1] || below[0] != below[1] {
            tell(noun, Some(id), "what is right above or below it");
        }
        let merged = one.get(number).merged().iter().all(|merged| two.by_id(merged.id) == Some(other));
        if !merged {
            tell(noun, Some(id), "where those lead that were merged into it");
        }
    }
    let ordered = |of: &Vocabulary<T>| of.by_label().iter().map(|&number| of.get(number).id()).collect::<Vec<_>>();
    if ordered(one) != ordered(two) {
        tell(noun, None, "the order by name");
    }
}

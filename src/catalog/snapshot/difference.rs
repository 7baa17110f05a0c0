//! Compares two snapshots that must hold the same data: one was loaded from the tables, the other was replayed from
//! the journal.
//!
//! `dateline check` verifies the journal with this comparison. Ordinals and concept numbers may differ between the
//! two snapshots, so everything is compared by id. `comparable` removes meaningless differences from an image (order
//! of former slugs, rounding).

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    Noun,
    release::{ReleaseKind, ReleaseState},
};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::Snapshot;
use crate::{
    catalog::{
        sort::OrderKey,
        store::{
            bitmap::{BitmapIndex, Dimension, SharedBitmap},
            sorted_index::SortedIndex,
            units::month,
            vocabulary::{Concept, Vocabulary},
        },
    },
    journal::{Image, PlaceImage, TopicImage},
};

/// Removes from an image what may differ between two images of the same object. That is the order of former slugs,
/// and the precision that a location loses when it is written as text (less than a tenth of a millimetre).
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

/// Callback that reports a difference: the noun (type of the object), the id if the difference concerns one object,
/// and a description of what differs.
type ReportFn<'a> = dyn FnMut(Noun, Option<Uuid>, &str) + 'a;

impl Snapshot {
    /// Compares this snapshot, which was loaded from the tables, with a snapshot that was replayed from the journal.
    pub(crate) fn compare_with_replayed(&self, replayed: &Self, mut report: impl FnMut(Noun, Option<Uuid>, &str)) {
        let report: &mut ReportFn<'_> = &mut report;
        if self.sequence != replayed.sequence {
            report(Noun::Release, None, "the last journal sequence");
        }
        let topic = |image: &TopicImage| Image::Topic(Box::new(image.clone()));
        compare_concepts(Noun::Topic, &self.topics, &replayed.topics, topic, report);
        let place = |image: &PlaceImage| Image::Place(Box::new(image.clone()));
        compare_concepts(Noun::Place, &self.places, &replayed.places, place, report);
        // Maps ordinals in `replayed` to the ordinals of the same releases in this snapshot.
        let mut own_ordinals: BTreeMap<u32, u32> = BTreeMap::new();
        for ordinal in &*replayed.all {
            let id = *replayed.ids.get(ordinal);
            match self.ordinal_by_id(id) {
                Some(own_ordinal) => drop(own_ordinals.insert(ordinal, own_ordinal)),
                None => report(Noun::Release, Some(id), "whether it exists"),
            }
        }
        for ordinal in &*self.all {
            let id = *self.ids.get(ordinal);
            match replayed.ordinal_by_id(id) {
                Some(other) => self.compare_release(ordinal, replayed, other, report),
                None => report(Noun::Release, Some(id), "whether it exists"),
            }
        }
        self.compare_sets(replayed, &own_ordinals, report);
        self.compare_slugs(replayed, report);
    }

    fn compare_release(&self, ordinal: u32, replayed: &Self, other: u32, report: &mut ReportFn<'_>) {
        let fields = |of: &Self, ordinal: u32| {
            let (facts, instants) = (of.facts.get(ordinal), of.instants.get(ordinal));
            let ids = |numbers: &[u32], id: &dyn Fn(u32) -> Uuid| numbers.iter().map(|&number| id(number)).collect();
            let topics: Vec<Uuid> = ids(of.topics_of.get(ordinal), &|number| of.topics.get(number).id);
            let places: [Vec<Uuid>; 2] = [&of.dateline_of, &of.about_of]
                .map(|lists| ids(lists.get(ordinal), &|number| of.places.get(number).id));
            let versions = (
                *of.revision_ids.get(ordinal),
                facts.shown_number,
                facts.newest_number,
                of.working.get(&ordinal).cloned(),
            );
            let instants = [instants.modified, instants.published, instants.first_published];
            let facts = (facts.kind, facts.state, facts.withdrawal, of.languages.name(facts.language).clone());
            let author = of.authors.name(of.facts.get(ordinal).author).clone();
            let when = (*of.release_dates.get(ordinal), instants, of.pending.get(&ordinal).copied());
            (facts, author, when, versions, (topics, places), of.slugs.get(ordinal).to_vec())
        };
        let (left, right) = (fields(self, ordinal), fields(replayed, other));
        let differs = [
            ("kind, state, withdrawal or language", left.0 != right.0),
            ("author", left.1 != right.1),
            ("dates, instants, schedule or embargo", left.2 != right.2),
            ("revisions", left.3 != right.3),
            ("topics or places", left.4 != right.4),
            ("slug", left.5 != right.5),
        ];
        for (aspect, _) in differs.into_iter().filter(|(_, differs)| *differs) {
            report(Noun::Release, Some(*self.ids.get(ordinal)), aspect);
        }
    }

    /// Compares all bitmaps and sorted indexes. `own_ordinals` maps ordinals in `replayed` to ordinals in this
    /// snapshot.
    fn compare_sets(&self, replayed: &Self, own_ordinals: &BTreeMap<u32, u32>, report: &mut ReportFn<'_>) {
        // Releases that this snapshot lacks are skipped, because they were already reported.
        let to_own_ordinals = |bitmap: Option<&SharedBitmap>| -> RoaringBitmap {
            bitmap
                .into_iter()
                .flat_map(|bitmap| bitmap.iter())
                .filter_map(|ordinal| own_ordinals.get(&ordinal).copied())
                .collect()
        };
        let equal = |left: Option<&SharedBitmap>, right: Option<&SharedBitmap>| {
            to_own_ordinals(right) == left.map_or_else(RoaringBitmap::new, |bitmap| (**bitmap).clone())
        };
        let mut sets = vec![
            ("the set of all releases", equal(Some(&self.all), Some(&replayed.all))),
            ("the set of public releases", equal(Some(&self.public), Some(&replayed.public))),
            ("the set of releases with topics", equal(Some(&self.with_topics), Some(&replayed.with_topics))),
            ("the set of releases with a dateline", equal(Some(&self.with_dateline), Some(&replayed.with_dateline))),
            ("the set of releases about places", equal(Some(&self.with_about), Some(&replayed.with_about))),
            (
                "the set of releases with a working revision",
                equal(Some(&self.with_working), Some(&replayed.with_working)),
            ),
        ];
        let equal_by_number = |left: &BitmapIndex, right: &BitmapIndex, values: &[u32]| {
            values.iter().all(|&value| equal(left.get(value), right.get(value)))
        };
        let states = ReleaseState::ALL.map(|state| state as u32);
        let kinds = ReleaseKind::ALL.map(|kind| kind as u32);
        let months: BTreeSet<u32> = [self, replayed]
            .into_iter()
            .flat_map(|of| of.all.iter().map(|ordinal| month(*of.release_dates.get(ordinal))))
            .collect();
        let months: Vec<u32> = months.into_iter().collect();
        sets.push(("the sets by state", equal_by_number(&self.by_state, &replayed.by_state, &states)));
        sets.push(("the sets by kind", equal_by_number(&self.by_kind, &replayed.by_kind, &kinds)));
        sets.push(("the sets by month", equal_by_number(&self.by_month, &replayed.by_month, &months)));
        let equal_by_name = |left: &Dimension, right: &Dimension| {
            let names: BTreeSet<&str> = [left, right]
                .into_iter()
                .flat_map(|of| (0..of.len() as u32).map(|number| &**of.name(number)))
                .collect();
            let set = |of: &Dimension, name: &str| of.number(name).and_then(|number| of.bitmaps.get(number).cloned());
            names.into_iter().all(|name| equal(set(left, name).as_ref(), set(right, name).as_ref()))
        };
        sets.push(("the sets by language", equal_by_name(&self.languages, &replayed.languages)));
        sets.push(("the sets by author", equal_by_name(&self.authors, &replayed.authors)));
        for (aspect, _) in sets.into_iter().filter(|(_, equal)| !*equal) {
            report(Noun::Release, None, aspect);
        }
        for number in self.topics.numbers() {
            let id = self.topics.get(number).id;
            let other = replayed.topics.by_id(id).and_then(|other| replayed.by_topic.get(other));
            if !equal(self.by_topic.get(number), other) {
                report(Noun::Topic, Some(id), "the set of its releases");
            }
        }
        for number in self.places.numbers() {
            let id = self.places.get(number).id;
            let other = replayed.places.by_id(id);
            let of = |table: &BitmapIndex| other.and_then(|other| table.get(other).cloned());
            let dateline = equal(self.by_dateline.get(number), of(&replayed.by_dateline).as_ref());
            if !dateline || !equal(self.by_about.get(number), of(&replayed.by_about).as_ref()) {
                report(Noun::Place, Some(id), "the set of its releases");
            }
        }
        for by in OrderKey::ALL {
            let other = replayed
                .sorted_index(by)
                .ascending_from(SortedIndex::start())
                .filter_map(|ordinal| own_ordinals.get(&ordinal).copied());
            if !self.sorted_index(by).ascending_from(SortedIndex::start()).eq(other) {
                report(Noun::Release, None, "the sort order of releases");
            }
        }
        let pending_instants: BTreeSet<(i64, u32)> = replayed
            .pending_instants
            .iter()
            .filter_map(|&(due, ordinal)| Some((due, *own_ordinals.get(&ordinal)?)))
            .collect();
        if pending_instants != *self.pending_instants {
            report(Noun::Release, None, "pending transitions");
        }
    }

    /// Compares which releases the current and former slugs lead to.
    fn compare_slugs(&self, replayed: &Self, report: &mut ReportFn<'_>) {
        let resolve =
            |of: &Self, slug: &str| of.ordinal_by_slug(slug).map(|(ordinal, former)| (*of.ids.get(ordinal), former));
        let present = self.all.iter().filter_map(|ordinal| std::str::from_utf8(self.slugs.get(ordinal)).ok());
        let former: BTreeSet<&str> =
            self.former_slugs.keys().chain(replayed.former_slugs.keys()).map(String::as_str).collect();
        for slug in present.chain(former) {
            let (left, right) = (resolve(self, slug), resolve(replayed, slug));
            if left != right {
                let id = left.or(right).map(|(id, _)| id);
                report(Noun::Release, id, "which release a slug or former slug leads to");
            }
        }
    }
}

fn compare_concepts<T: Concept>(
    noun: Noun,
    left: &Vocabulary<T>,
    right: &Vocabulary<T>,
    image: impl Fn(&T) -> Image,
    report: &mut ReportFn<'_>,
) {
    for number in right.numbers() {
        let id = right.get(number).id;
        if left.by_id(id).is_none_or(|number| left.get(number).id != id) {
            report(noun, Some(id), "whether it exists");
        }
    }
    for number in left.numbers() {
        let id = left.get(number).id;
        let Some(other) = right.by_id(id).filter(|&other| right.get(other).id == id) else {
            report(noun, Some(id), "whether it exists");
            continue;
        };
        if comparable(image(left.get(number))) != comparable(image(right.get(other))) {
            report(noun, Some(id), "its data");
        }
        let ids = |of: &Vocabulary<T>, numbers: &[u32]| numbers.iter().map(|&number| of.get(number).id).collect();
        let above: [Vec<Uuid>; 2] = [ids(left, left.broader(number)), ids(right, right.broader(other))];
        let below: [Vec<Uuid>; 2] = [ids(left, left.narrower(number)), ids(right, right.narrower(other))];
        if above[0] != above[1] || below[0] != below[1] {
            report(noun, Some(id), "its broader or narrower concepts");
        }
        let merged = left.get(number).merged.iter().all(|merged| right.by_id(merged.id) == Some(other));
        if !merged {
            report(noun, Some(id), "which concepts were merged into it");
        }
    }
    let ordered = |of: &Vocabulary<T>| of.by_label().iter().map(|&number| of.get(number).id).collect::<Vec<_>>();
    if ordered(left) != ordered(right) {
        report(noun, None, "the order by label");
    }
}

//! Tests of the canonical form of filters: the form is equal for every notation of a filter, and different for
//! filters that match different releases.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta};
use entity::{
    api_token::Role,
    release::{ReleaseKind, ReleaseState},
};
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::{
    arbitrary::{self, day, topic_id},
    changes, entry, loaded,
};
use crate::{
    auth::viewer::Viewer,
    catalog::{
        CanonicalFilter, Concept, ConceptRef, Near, PlaceRoleFilter, PlaceSetFilter, Range, ReleaseFilter, Snapshot,
        TopicSetFilter, View, Vocabulary,
    },
};

/// Generator of pseudo-random numbers from a seed (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Shuffles a list and duplicates some of its members, which does not change its meaning as a set.
    fn shuffle<T: Clone>(&mut self, list: &mut Vec<T>) {
        for _ in 0..self.below(3) {
            if !list.is_empty() {
                list.push(list[self.below(list.len())].clone());
            }
        }
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }

    /// Replaces a reference to a concept with a random other reference to the same concept.
    fn rename<T: Concept>(&mut self, reference: &mut ConceptRef, vocabulary: &Vocabulary<T>) {
        let Some(number) = vocabulary.find(reference) else { return };
        let concept = vocabulary.get(number);
        let mut names = vec![ConceptRef::Id(concept.id), ConceptRef::Slug(concept.slug.clone())];
        names.extend(concept.former_slugs.iter().cloned().map(ConceptRef::Slug));
        names.extend(concept.merged.iter().map(|merged| ConceptRef::Id(merged.id)));
        names.extend(concept.codes().into_iter().map(|code| match code {
            crate::catalog::ExternalCode::Uri(uri) => ConceptRef::Uri(uri),
            crate::catalog::ExternalCode::Iso3166(code) => ConceptRef::Iso3166(code.to_ascii_lowercase()),
            crate::catalog::ExternalCode::M49(code) => ConceptRef::M49(code),
            crate::catalog::ExternalCode::Geonames(id) => ConceptRef::Geonames(id),
        }));
        names.retain(|name| vocabulary.find(name) == Some(number));
        *reference = names[self.below(names.len())].clone();
    }

    fn rename_all<T: Concept>(&mut self, lists: [&mut Option<Vec<ConceptRef>>; 3], vocabulary: &Vocabulary<T>) {
        for list in lists.into_iter().flatten() {
            list.iter_mut().for_each(|reference| self.rename(reference, vocabulary));
            self.shuffle(list);
        }
    }

    /// Returns a filter that is equivalent to the given filter but written differently.
    fn rewrite(&mut self, filter: &ReleaseFilter, snapshot: &Snapshot) -> ReleaseFilter {
        let mut filter = filter.clone();
        for list in [&mut filter.and, &mut filter.or].into_iter().flatten() {
            *list = list.iter().map(|filter| self.rewrite(filter, snapshot)).collect();
            self.shuffle(list);
        }
        filter.not = filter.not.map(|filter| Box::new(self.rewrite(&filter, snapshot)));
        filter.ids.iter_mut().for_each(|ids| self.shuffle(ids));
        filter.kinds.iter_mut().for_each(|kinds| self.shuffle(kinds));
        filter.states.iter_mut().for_each(|states| self.shuffle(states));
        filter.authors.iter_mut().for_each(|authors| self.shuffle(authors));
        if let Some(tags) = &mut filter.languages {
            let lower = |tag: &mut String| *tag = if self.flip() { tag.to_uppercase() } else { tag.to_lowercase() };
            tags.iter_mut().for_each(lower);
            self.shuffle(tags);
        }
        if let Some(topics) = &mut filter.topics {
            self.rename_all([&mut topics.any, &mut topics.all, &mut topics.none], snapshot.topics());
        } else if self.flip() {
            filter.topics = Some(TopicSetFilter { include_narrower: self.flip(), ..no_topics() });
        }
        if let Some(places) = &mut filter.places {
            self.rename_all([&mut places.any, &mut places.all, &mut places.none], snapshot.places());
            for number in places.near.iter_mut().flat_map(|near| [&mut near.latitude, &mut near.longitude]) {
                *number = if *number == 0.0 { -*number } else { *number };
            }
        } else if self.flip() {
            filter.places = Some(PlaceSetFilter { include_within: self.flip(), ..no_places() });
        }
        if self.flip() {
            filter.release_date = filter.release_date.or_else(|| Some(Range::default()));
            filter.modified_at = filter.modified_at.or_else(|| Some(Range::default()));
        }
        match self.below(6) {
            0 => filter.and.get_or_insert_default().push(ReleaseFilter::default()),
            1 => filter = ReleaseFilter { and: Some(vec![filter]), ..ReleaseFilter::default() },
            2 => filter = ReleaseFilter { or: Some(vec![filter.clone(), filter]), ..ReleaseFilter::default() },
            3 => {
                let kinds = ReleaseFilter { kinds: filter.kinds.take(), ..ReleaseFilter::default() };
                filter.and.get_or_insert_default().push(kinds);
            }
            _ => {}
        }
        filter
    }
}

fn no_topics() -> TopicSetFilter {
    TopicSetFilter { any: None, all: None, none: None, missing: None, include_narrower: true }
}

fn no_places() -> PlaceSetFilter {
    let role = PlaceRoleFilter::Any;
    PlaceSetFilter { any: None, all: None, none: None, missing: None, role, include_within: true, near: None }
}

/// Returns the releases that match a filter for the desk and for the public, or `None` if the filter is invalid.
fn matching(snapshot: &Arc<View>, filter: &ReleaseFilter) -> Option<[RoaringBitmap; 2]> {
    let members_for = |role| {
        let visible = snapshot.visible_to(&Viewer::new(role, "ana"), DateTime::UNIX_EPOCH);
        visible.narrow(&Arc::new(filter.clone())).ok().map(|set| (*set.members).clone())
    };
    Some([members_for(Role::Admin)?, members_for(Role::Public)?])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_written_differently_has_the_same_canonical_form(before in arbitrary::newsroom(30), changes in changes::changes(25), filter in arbitrary::filter(), seed in 1..u64::MAX) {
        let mut after = before.clone();
        let images: Vec<_> = changes.into_iter().filter_map(|change| after.change(change)).collect();
        let snapshot = loaded(&after);
        let mut followed = Snapshot::clone(&loaded(&before));
        followed.apply(images.into_iter().zip(1..).map(|(image, sequence)| entry(sequence, image)));
        let rewritten = Random(seed).rewrite(&filter, &snapshot);
        let (one, other) = (filter.canonical(&snapshot), rewritten.canonical(&snapshot));
        prop_assert_eq!(&one, &other, "{:?} and {:?}", filter, rewritten);
        // The form must be the same in a process that followed the journal, where concept numbers and ordinals
        // differ.
        prop_assert_eq!(&one, &filter.canonical(&followed));
        prop_assert_eq!(&one, &rewritten.canonical(&followed));
        let (matching_one, matching_other) = (matching(&snapshot, &filter), matching(&snapshot, &rewritten));
        prop_assert!(one.is_some() || matching_one.is_none());
        // The rewritten filter can be invalid: nested too deep, or with too many `near` conditions.
        if matching_one.is_some() && matching_other.is_some() {
            prop_assert_eq!(matching_one, matching_other);
        }
    }

    #[test]
    fn filters_with_equal_canonical_forms_match_the_same_releases(newsroom in arbitrary::newsroom(40), filters in prop::collection::vec(arbitrary::leaf(), 12), deep in prop::collection::vec(arbitrary::filter(), 12)) {
        let snapshot = loaded(&newsroom);
        let mut all = deep;
        for (number, filter) in filters.iter().enumerate() {
            all.push(ReleaseFilter { not: Some(Box::new(filter.clone())), ..ReleaseFilter::default() });
            for other in &filters[number..] {
                let both = Some(vec![filter.clone(), other.clone()]);
                all.push(ReleaseFilter { and: both.clone(), ..ReleaseFilter::default() });
                all.push(ReleaseFilter { or: both, ..ReleaseFilter::default() });
            }
        }
        all.extend(filters);
        let mut by_form: BTreeMap<CanonicalFilter, (ReleaseFilter, [RoaringBitmap; 2])> = BTreeMap::new();
        for filter in all {
            if let (Some(form), Some(matching)) = (filter.canonical(&snapshot), matching(&snapshot, &filter)) {
                let (first, known) = by_form.entry(form).or_insert_with(|| (filter.clone(), matching.clone()));
                prop_assert_eq!(&*known, &matching, "{:?} and {:?}", first, filter);
            }
        }
    }
}

fn snapshot() -> Arc<View> {
    let mut newsroom = arbitrary::Newsroom {
        topics: (0..3).map(|number| arbitrary::topic(number, &[])).collect(),
        places: (0..3).map(|number| arbitrary::place(number, None)).collect(),
        ..arbitrary::Newsroom::default()
    };
    newsroom.places[0].iso3166_alpha2 = Some("KH".to_owned());
    newsroom.change(changes::Change::Merge(2, 0));
    loaded(&newsroom)
}

#[expect(clippy::unnecessary_wraps, reason = "the lists of a filter are optional")]
fn slugs(slugs: &[&str]) -> Option<Vec<ConceptRef>> {
    Some(slugs.iter().map(|slug| ConceptRef::Slug((*slug).to_owned())).collect())
}

fn topics(topics: TopicSetFilter) -> ReleaseFilter {
    ReleaseFilter { topics: Some(topics), ..ReleaseFilter::default() }
}

fn places(places: PlaceSetFilter) -> ReleaseFilter {
    ReleaseFilter { places: Some(places), ..ReleaseFilter::default() }
}

fn kinds(kinds: &[ReleaseKind]) -> ReleaseFilter {
    ReleaseFilter { kinds: Some(kinds.to_vec()), ..ReleaseFilter::default() }
}

pub(super) fn near(latitude: f64, longitude: f64, kilometres: f64) -> ReleaseFilter {
    places(PlaceSetFilter { near: Some(Near { latitude, longitude, kilometres }), ..no_places() })
}

#[test]
fn conditions_that_match_everything_are_omitted() {
    let snapshot = snapshot();
    let all = ReleaseFilter::default;
    let everything = [
        all(),
        topics(TopicSetFilter {
            include_narrower: false,
            all: Some(Vec::new()),
            none: Some(Vec::new()),
            ..no_topics()
        }),
        places(PlaceSetFilter { role: PlaceRoleFilter::About, ..no_places() }),
        ReleaseFilter { release_date: Some(Range::default()), modified_at: Some(Range::default()), ..all() },
        ReleaseFilter { and: Some(Vec::new()), ..all() },
        ReleaseFilter { and: Some(vec![all(), all()]), ..all() },
        ReleaseFilter { or: Some(vec![kinds(&[ReleaseKind::Speech]), all()]), ..all() },
    ];
    for filter in everything {
        assert!(filter.canonical(&snapshot).unwrap().matches_all(), "{filter:?}");
    }
    let not_everything = [
        ReleaseFilter { published_at: Some(Range::default()), ..all() },
        ReleaseFilter { or: Some(Vec::new()), ..all() },
        ReleaseFilter { not: Some(Box::default()), ..all() },
        topics(TopicSetFilter { any: Some(Vec::new()), ..no_topics() }),
        kinds(&[]),
        ReleaseFilter { ids: Some(Vec::new()), ..all() },
        ReleaseFilter { states: Some(Vec::new()), ..all() },
        ReleaseFilter { languages: Some(Vec::new()), ..all() },
        ReleaseFilter { authors: Some(Vec::new()), ..all() },
        ReleaseFilter { has_working: Some(false), ..all() },
        topics(TopicSetFilter { missing: Some(false), ..no_topics() }),
    ];
    for filter in not_everything {
        assert!(!filter.canonical(&snapshot).unwrap().matches_all(), "{filter:?}");
    }
}

#[test]
fn only_equal_filters_have_equal_canonical_forms() {
    use ReleaseKind::{Article, Speech};
    let snapshot = snapshot();
    let all = ReleaseFilter::default;
    let any = |any| topics(TopicSetFilter { any, ..no_topics() });
    let languages =
        |tags: &[&str]| ReleaseFilter { languages: Some(tags.iter().map(|&tag| tag.to_owned()).collect()), ..all() };
    let published = |nanoseconds| ReleaseFilter {
        published_at: Some(Range { from: Some(DateTime::from_timestamp_nanos(nanoseconds)), until: None }),
        ..all()
    };
    let equal = [
        (kinds(&[Speech, Article, Speech]), kinds(&[Article, Speech])),
        (kinds(&[]), ReleaseFilter { or: Some(Vec::new()), ..all() }),
        (any(slugs(&["topic-0", "topic-1"])), any(slugs(&["topic-1", "topic-0"]))),
        // Topic 2 was merged into topic 0, so their slugs name the same topic.
        (any(slugs(&["topic-0"])), any(slugs(&["topic-2"]))),
        (any(slugs(&["topic-0"])), any(Some(vec![ConceptRef::Id(topic_id(2))]))),
        (any(slugs(&["topic-0"])), any(Some(vec![ConceptRef::Uri("https://example.org/2".to_owned())]))),
        (any(slugs(&["topic-0"])), topics(TopicSetFilter { all: slugs(&["topic-0", "topic-2"]), ..no_topics() })),
        (
            places(PlaceSetFilter { any: slugs(&["place-0"]), ..no_places() }),
            places(PlaceSetFilter { any: Some(vec![ConceptRef::Iso3166("kh".to_owned())]), ..no_places() }),
        ),
        (languages(&["pt-BR", "EN"]), languages(&["en", "PT-br"])),
        (near(0.0, 1.0, 5.0), near(-0.0, 1.0, 5.0)),
        (published(1_000), published(1_999)),
        (
            ReleaseFilter { languages: languages(&["en"]).languages, ..kinds(&[Speech]) },
            ReleaseFilter { and: Some(vec![languages(&["en"]), kinds(&[Speech])]), ..all() },
        ),
        (
            ReleaseFilter { or: Some(vec![kinds(&[Speech]), languages(&["en"]), any(Some(Vec::new()))]), ..all() },
            ReleaseFilter {
                or: Some(vec![
                    ReleaseFilter { or: Some(vec![languages(&["en"]), kinds(&[Speech])]), ..all() },
                    kinds(&[Speech]),
                ]),
                ..all()
            },
        ),
    ];
    for (one, other) in equal {
        assert_eq!(one.canonical(&snapshot).unwrap(), other.canonical(&snapshot).unwrap(), "{one:?} and {other:?}");
    }
    let dated = |from, until| ReleaseFilter { release_date: Some(Range { from, until }), ..all() };
    let not = |filter| ReleaseFilter { not: Some(Box::new(filter)), ..all() };
    let in_place =
        |role, include_within| places(PlaceSetFilter { any: slugs(&["place-0"]), role, include_within, ..no_places() });
    let different = [
        all(),
        kinds(&[]),
        kinds(&[Speech]),
        not(kinds(&[Speech])),
        kinds(&[Speech, Article]),
        ReleaseFilter { states: Some(vec![ReleaseState::Draft]), ..all() },
        ReleaseFilter { authors: Some(vec!["en".to_owned()]), ..all() },
        ReleaseFilter { authors: Some(vec!["EN".to_owned()]), ..all() },
        languages(&["en"]),
        languages(&["en", "pt"]),
        any(slugs(&["topic-0"])),
        any(slugs(&["topic-1"])),
        any(slugs(&["topic-0", "topic-1"])),
        topics(TopicSetFilter { any: slugs(&["topic-0"]), include_narrower: false, ..no_topics() }),
        topics(TopicSetFilter { all: slugs(&["topic-0", "topic-1"]), ..no_topics() }),
        topics(TopicSetFilter { none: slugs(&["topic-0"]), ..no_topics() }),
        topics(TopicSetFilter { missing: Some(true), ..no_topics() }),
        topics(TopicSetFilter { missing: Some(false), ..no_topics() }),
        in_place(PlaceRoleFilter::Any, true),
        in_place(PlaceRoleFilter::Any, false),
        in_place(PlaceRoleFilter::About, true),
        near(0.0, 1.0, 5.0),
        near(0.0, 1.0, 5.5),
        near(1.0, 0.0, 5.0),
        dated(Some(day(1)), None),
        dated(None, Some(day(1))),
        dated(Some(day(1)), Some(day(1))),
        dated(Some(day(1) + TimeDelta::days(1)), None),
        ReleaseFilter { published_at: Some(Range::default()), ..all() },
        published(0),
        published(1_000),
        ReleaseFilter { modified_at: published(0).published_at, ..all() },
        ReleaseFilter { has_working: Some(true), ..all() },
        ReleaseFilter { has_working: Some(false), ..all() },
        ReleaseFilter { or: Some(vec![kinds(&[Speech]), languages(&["en"])]), ..all() },
        ReleaseFilter { and: Some(vec![kinds(&[Speech]), languages(&["en"])]), ..all() },
    ];
    for (number, one) in different.iter().enumerate() {
        for other in &different[..number] {
            assert_ne!(one.canonical(&snapshot), other.canonical(&snapshot), "{one:?} and {other:?}");
        }
    }
    assert_eq!(any(slugs(&["nowhere"])).canonical(&snapshot), None);
}

/// Cursors remain valid after a restart and on every server of a newsroom, so the serialised form must not change by
/// accident.
#[test]
fn the_serialized_canonical_form_is_stable() {
    let filter = ReleaseFilter {
        kinds: Some(vec![ReleaseKind::Speech, ReleaseKind::Article]),
        languages: Some(vec!["pt-BR".to_owned()]),
        topics: Some(TopicSetFilter { any: slugs(&["topic-1"]), ..no_topics() }),
        ..near(0.0, 1.0, 5.0)
    };
    let text = serde_json::to_string(&filter.canonical(&snapshot()).unwrap()).unwrap();
    assert_eq!(
        text,
        r#"[{"Kinds":["ARTICLE","SPEECH"]},{"Languages":["pt-br"]},{"HasConcept":["Topics",true,["00000000-0000-0001-0000-000000000001"]]},{"Near":["Any",[0,4607182418800017408,4617315517961601024]]}]"#
    );
}

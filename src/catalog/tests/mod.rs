//! Property tests of the catalog: for random newsrooms and random queries, every result must equal that of a naive
//! reference implementation (test oracle).
//!
//! The tests run on snapshots that were loaded at once, and on snapshots that applied the journal entry by entry.
//!
//! - `arbitrary`: random newsrooms, filters and orders
//! - `changes`: random changes, both as journal entries and as changed test data
//! - `naive`: the reference implementation, a loop over all releases
//! - `canonical`: tests of the canonical form of filters
//! - `sets`: tests of facets and related releases
//! - `series`: tests of timelines, comparisons and trends

mod arbitrary;
mod canonical;
mod changes;
mod naive;
mod series;
mod sets;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{Noun, api_token::Role};
use proptest::prelude::*;
use uuid::Uuid;

use super::{query::filter::limits::MAX_DEPTH, sync::builder::SnapshotBuilder, *};
use crate::{
    auth::viewer::Viewer,
    journal::{Entry, Image},
};
use arbitrary::Newsroom;
use naive::Naive;
use sets::Queries;

fn loaded(newsroom: &Newsroom) -> Arc<View> {
    let mut builder = SnapshotBuilder::default();
    builder.add_topics(newsroom.topics.clone());
    builder.add_places(newsroom.places.clone());
    newsroom.releases.iter().for_each(|release| builder.add_release(release));
    Arc::new(View::from(builder.finish(Uuid::nil(), 0)))
}

fn entry(sequence: i64, (noun, noun_id, after): (Noun, Uuid, Option<Image>)) -> Entry {
    let (at, by, action) = (DateTime::UNIX_EPOCH, String::new(), String::new());
    Entry { sequence, at, by, action, noun, noun_id, note: None, before: None, after }
}

fn ids(slice: &Slice) -> Vec<Uuid> {
    slice.items.iter().map(Handle::id).collect()
}

/// Runs all queries on a snapshot as of `now`, and compares the results with the reference implementation.
fn assert_agrees(
    snapshot: &Arc<View>,
    newsroom: &Newsroom,
    filter: &ReleaseFilter,
    order: &[OrderBy],
    size: usize,
    queries: &Queries,
    now: DateTime<Utc>,
) {
    let newsroom = &newsroom.as_of(now);
    let snapshot = &snapshot.at(now);
    for role in [Role::Public, Role::Press, Role::Author, Role::Admin] {
        let viewer = Viewer::new(role, "ana");
        let naive = Naive { newsroom, desk: viewer.is_desk(), press: role == Role::Press };
        let visible = snapshot.visible_to(&viewer, now);
        assert_eq!(visible.count() as usize, naive.visible().len());
        let (set, matching) = match (visible.narrow(&Arc::new(filter.clone())), naive.narrow(filter)) {
            (Ok(set), Some(matching)) => (set, matching),
            (Err(_), None) => continue,
            (set, matching) => {
                panic!(
                    "{filter:?}: {:?}, expected {:?}",
                    set.map(|set| set.count()),
                    matching.map(|matching| matching.len())
                )
            }
        };
        assert_eq!(set.count() as usize, matching.len(), "{role:?} {filter:?}");
        let dates = matching.iter().map(|release| release.shown.release_date);
        assert_eq!(set.date_span(), dates.clone().min().zip(dates.max()));
        assert_pages(&set, &Naive::sorted(&matching, order), order, size);
        sets::assert_agrees(&set, &naive, filter, &matching, queries);
        for release in &newsroom.releases {
            let by_id = set.find(&ReleaseKey::Id(release.id));
            let member = matching.iter().any(|matching| matching.id == release.id);
            assert_eq!(by_id.is_some(), member);
            let by_slug = set.find(&ReleaseKey::Slug(release.slug.clone()));
            assert_eq!(
                by_slug.as_ref().map(|(item, former)| (item.id(), *former)),
                member.then_some((release.id, false))
            );
            for slug in &release.former_slugs {
                let by_former = set.find(&ReleaseKey::Slug(slug.clone()));
                assert_eq!(by_former.map(|(item, former)| (item.id(), former)), member.then_some((release.id, true)));
            }
            let Some((item, _)) = by_id else { continue };
            assert_eq!(set.working(&item), release.working.as_ref().filter(|_| viewer.is_desk()));
            assert_eq!(
                (item.revision_id(), item.slug(), item.state()),
                (release.shown.revision_id, release.slug.as_str(), release.state)
            );
            assert_eq!((item.published_at(), item.modified_at()), (release.published_at, release.modified_at));
            assert_eq!(
                (item.first_published_at(), item.embargo()),
                (release.first_published_at, release.embargo_until)
            );
            assert_eq!(
                (item.language(), item.release_date()),
                (release.shown.language.as_str(), release.shown.release_date)
            );
            let topics: Vec<Uuid> = item.topics().iter().map(|&number| snapshot.topics().get(number).id).collect();
            assert_eq!(topics, release.shown.topics);
        }
    }
    for role in [Role::Public, Role::Press] {
        let set = snapshot.visible_to(&Viewer::new(role, "ana"), now);
        for release in &newsroom.releases {
            let tombstone =
                set.tombstone(&ReleaseKey::Slug(release.slug.clone())).map(|tombstone| (tombstone.id, tombstone.kind));
            let expected = naive::tombstone(release, role == Role::Public).map(|kind| (release.id, kind));
            assert_eq!(tombstone, expected, "{role:?}");
        }
    }
}

/// Reads all pages of a set in both directions, and also reads pages between two positions.
fn assert_pages(set: &ReleaseSet, expected: &[Uuid], order: &[OrderBy], size: usize) {
    for from_end in [false, true] {
        let (mut collected, mut position) = (Vec::new(), None);
        loop {
            let (after, before) = if from_end { (None, position.clone()) } else { (position.clone(), None) };
            let slice = set.slice(order, &PageWindow { size, from_end, after, before });
            let (behind, ahead) =
                if from_end { (slice.has_next, slice.has_previous) } else { (slice.has_previous, slice.has_next) };
            assert_eq!(behind, !collected.is_empty());
            let page = ids(&slice);
            assert_eq!(ahead, collected.len() + page.len() < expected.len());
            collected = if from_end { [page, collected].concat() } else { [collected, page].concat() };
            position = if from_end { slice.items.first() } else { slice.items.last() }
                .map(|item| set.sort_position(order, item));
            if !ahead {
                break;
            }
        }
        assert_eq!(collected, expected, "{order:?} from the end: {from_end}");
    }
    let position_of = |index: usize| {
        let (item, _) = set.find(&ReleaseKey::Id(expected[index])).expect("the release is in the set");
        set.sort_position(order, &item)
    };
    for (first, last) in [(0, expected.len().saturating_sub(1)), (expected.len() / 3, expected.len() / 2)] {
        if last >= expected.len() {
            continue;
        }
        let window = |from_end| PageWindow {
            size: expected.len() + 1,
            from_end,
            after: Some(position_of(first)),
            before: Some(position_of(last)),
        };
        let between: &[Uuid] = if first + 1 < last { &expected[first + 1..last] } else { &[] };
        for from_end in [false, true] {
            let slice = set.slice(order, &window(from_end));
            assert_eq!((ids(&slice).as_slice(), slice.has_previous, slice.has_next), (between, true, true));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_equals_the_naive_evaluation(newsroom in arbitrary::newsroom(40), filter in arbitrary::filter(), order in arbitrary::order(), size in 1..12_usize, queries in sets::queries(), now in arbitrary::instant()) {
        assert_agrees(&loaded(&newsroom), &newsroom, &filter, &order, size, &queries, now);
    }

    #[test]
    fn applying_the_journal_equals_loading(before in arbitrary::newsroom(25), changes in changes::changes(25), filter in arbitrary::filter(), order in arbitrary::order(), size in 1..12_usize, queries in sets::queries(), now in arbitrary::instant()) {
        let start = loaded(&before);
        let mut after = before.clone();
        let images: Vec<_> = changes.into_iter().filter_map(|change| after.change(change)).collect();
        let entries = || images.iter().zip(1..).map(|(image, sequence)| entry(sequence, image.clone()));
        let mut batch = Snapshot::clone(&start);
        batch.apply(entries());
        let mut single = Snapshot::clone(&start);
        for entry in entries() {
            let mut next = single.clone();
            next.apply([entry]);
            single = next;
        }
        // The snapshot is read at `now` after each entry. Later entries must not undo the transitions that a read
        // applied.
        let mut read = start.at(now);
        for entry in entries() {
            let mut next = Snapshot::clone(&read);
            next.apply([entry]);
            read = Arc::new(View::from(next)).at(now);
        }
        assert_agrees(&read, &after, &filter, &order, size, &queries, now);
        for followed in [batch, single] {
            prop_assert_eq!(followed.sequence(), images.len() as i64);
            assert_agrees(&Arc::new(View::from(followed)), &after, &filter, &order, size, &queries, now);
        }
        // The snapshot that was published before the changes must be unchanged.
        assert_agrees(&start, &before, &filter, &order, size, &queries, now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_a_large_newsroom_equal_the_naive_evaluation(newsroom in arbitrary::newsroom(6000), filter in arbitrary::filter(), order in arbitrary::order()) {
        let snapshot = loaded(&newsroom);
        let naive = Naive { newsroom: &newsroom, desk: true, press: true };
        let visible = snapshot.visible_to(&Viewer::new(Role::Editor, "eda"), DateTime::UNIX_EPOCH);
        for filter in [ReleaseFilter::default(), filter] {
            if let (Ok(set), Some(matching)) = (visible.narrow(&Arc::new(filter.clone())), naive.narrow(&filter)) {
                prop_assert_eq!(set.count() as usize, matching.len());
                assert_pages(&set, &Naive::sorted(&matching, &order), &order, 700);
            }
        }
    }
}

#[test]
fn a_filter_nested_too_deep_is_refused() {
    let newsroom = Newsroom::default();
    let mut filter = ReleaseFilter::default();
    for _ in 0..=MAX_DEPTH {
        filter = ReleaseFilter { not: Some(Box::new(filter)), ..ReleaseFilter::default() };
    }
    let set = loaded(&newsroom).visible_to(&Viewer::public(), DateTime::UNIX_EPOCH);
    assert!(set.narrow(&Arc::new(filter)).is_err_and(|error| error.message.contains("nested")));
}

#[test]
fn near_conditions_and_the_weight_in_a_subscription_are_limited() {
    let view = loaded(&Newsroom::default());
    let circle = canonical::near(0.0, 0.0, 1.0);
    let filter = |filters: usize, circles: usize| {
        let nested =
            (1..filters).map(|number| if number <= circles { circle.clone() } else { ReleaseFilter::default() });
        Arc::new(ReleaseFilter { or: Some(nested.collect()), ..ReleaseFilter::default() })
    };
    let refusal = |filters, circles| {
        view.check_filter(&Viewer::public(), &filter(filters, circles)).err().map(|error| error.message)
    };
    for within_limits in [(200, 0), (190, 1), (100, 10)] {
        assert_eq!(refusal(within_limits.0, within_limits.1), None);
    }
    for too_large in [(201, 0), (191, 1)] {
        assert!(refusal(too_large.0, too_large.1).is_some_and(|message| message.contains("size 201, at most 200")));
    }
    assert!(refusal(12, 11).is_some_and(|message| message.contains("more than 10 `near` conditions")));
    assert_eq!(
        [(20, 0), (21, 0), (10, 1), (11, 1)].map(|(n, near)| filter(n, near).is_heavy()),
        [false, true, false, true]
    );
}

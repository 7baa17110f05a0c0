//! Reference implementation (test oracle) of visibility, filters and sorting: a loop over all releases.

use std::collections::HashSet;

use entity::release::{ReleaseState, WithdrawalKind};
use uuid::Uuid;

use super::arbitrary::Newsroom;
use crate::{
    catalog::{Concept, ConceptRef, Direction, OrderBy, PlaceRoleFilter, ReleaseFilter, SortKey},
    journal::ReleaseImage,
};

pub(super) struct Naive<'a> {
    pub(super) newsroom: &'a Newsroom,
    pub(super) desk: bool,
    pub(super) press: bool,
}

pub(super) fn tombstone(release: &ReleaseImage, public: bool) -> Option<WithdrawalKind> {
    // A release that was withdrawn under its embargo was visible only to the press.
    let visible_since = if public { release.first_published_at } else { release.published_at };
    visible_since?;
    match release.state {
        ReleaseState::Withdrawn => release.withdrawal_kind.filter(|kind| *kind != WithdrawalKind::Vanish),
        ReleaseState::Retracted => Some(WithdrawalKind::WithNotice),
        _ => None,
    }
}

/// Returns the great-circle distance between two points in kilometres. The distance is computed from the angle
/// between the vectors from the Earth's centre to the points, not by the haversine formula of the catalog.
fn sphere_distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    let vector = |(north, east): (f64, f64)| {
        let (north, east) = (north.to_radians(), east.to_radians());
        [north.cos() * east.cos(), north.cos() * east.sin(), north.sin()]
    };
    let (a, b) = (vector(a), vector(b));
    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let length = cross.iter().map(|part| part * part).sum::<f64>().sqrt();
    length.atan2(dot) * 6371.0088
}

/// Returns a concept together with all its narrower concepts, direct or indirect.
pub(super) fn below<T: Concept>(concepts: &[T], top: Uuid) -> HashSet<Uuid> {
    let mut descendants = HashSet::from([top]);
    loop {
        let more: Vec<Uuid> = concepts
            .iter()
            .filter(|concept| {
                !descendants.contains(&concept.id) && concept.broader().iter().any(|up| descendants.contains(up))
            })
            .map(|concept| concept.id)
            .collect();
        if more.is_empty() {
            return descendants;
        }
        descendants.extend(more);
    }
}

pub(super) fn resolve_reference<T: Concept>(concepts: &[T], reference: &ConceptRef) -> Option<Uuid> {
    let is = |concept: &&T| match reference {
        ConceptRef::Id(id) => concept.id == *id || concept.merged.iter().any(|merged| merged.id == *id),
        ConceptRef::Slug(slug) => concept.slug == *slug || concept.former_slugs.contains(slug),
        ConceptRef::Uri(uri) => {
            concept.codes().contains(&super::ExternalCode::Uri(uri.clone()))
                || concept.merged.iter().any(|merged| merged.uri.as_ref() == Some(uri))
        }
        ConceptRef::M49(code) => concept.codes().contains(&super::ExternalCode::M49(code.clone())),
        _ => false,
    };
    concepts.iter().find(is).map(|concept| concept.id)
}

/// Returns whether the lists `any`, `all` and `none` of a filter match the concepts `has` of a release. Returns
/// `None` if a reference in a list is unknown.
fn lists_match<T: Concept>(
    concepts: &[T],
    lists: [&Option<Vec<ConceptRef>>; 3],
    has: &[Uuid],
    deep: bool,
) -> Option<bool> {
    let mut sets: Vec<Vec<HashSet<Uuid>>> = Vec::new();
    for list in lists {
        let resolve = |reference: &ConceptRef| {
            let id = resolve_reference(concepts, reference)?;
            Some(if deep { below(concepts, id) } else { HashSet::from([id]) })
        };
        sets.push(list.iter().flatten().map(resolve).collect::<Option<Vec<_>>>()?);
    }
    let meets = |set: &HashSet<Uuid>| has.iter().any(|id| set.contains(id));
    Some((lists[0].is_none() || sets[0].iter().any(meets)) && sets[1].iter().all(meets) && !sets[2].iter().any(meets))
}

impl<'a> Naive<'a> {
    pub(super) fn visible(&self) -> Vec<&'a ReleaseImage> {
        let is_visible = |release: &&ReleaseImage| {
            let published = release.state == ReleaseState::Published;
            self.desk || (published && (self.press || release.embargo_until.is_none()))
        };
        self.newsroom.releases.iter().filter(is_visible).collect()
    }

    /// Returns the visible releases that match a filter, or `None` if the filter is invalid.
    pub(super) fn narrow(&self, filter: &ReleaseFilter) -> Option<Vec<&'a ReleaseImage>> {
        // An invalid filter must be refused even if there are no releases to evaluate it on.
        self.check_filter(filter)?;
        let mut matching = Vec::new();
        for release in self.visible() {
            if self.matches(filter, release)? {
                matching.push(release);
            }
        }
        Some(matching)
    }

    fn check_filter(&self, filter: &ReleaseFilter) -> Option<()> {
        let release = self.newsroom.releases.first();
        let blank;
        let release = if let Some(release) = release {
            release
        } else {
            blank = ReleaseImage {
                id: Uuid::nil(),
                slug: String::new(),
                former_slugs: Vec::new(),
                state: ReleaseState::Draft,
                revision: 1,
                author: String::new(),
                modified_at: chrono::DateTime::UNIX_EPOCH,
                first_published_at: None,
                published_at: None,
                withdrawal_kind: None,
                schedule_at: None,
                embargo_until: None,
                shown: crate::journal::VersionImage {
                    revision_id: Uuid::nil(),
                    number: 1,
                    kind: entity::release::ReleaseKind::Article,
                    language: "en".to_owned(),
                    release_date: chrono::NaiveDate::default(),
                    topics: Vec::new(),
                    dateline: Vec::new(),
                    about: Vec::new(),
                },
                working: None,
            };
            &blank
        };
        self.matches(filter, release).map(|_| ())
    }

    /// Returns whether a filter matches a release, or `None` if the filter is invalid. Every part is evaluated, so an
    /// invalid part is always found.
    fn matches(&self, filter: &ReleaseFilter, release: &ReleaseImage) -> Option<bool> {
        fn within<T: PartialOrd + Copy>(range: Option<(Option<T>, Option<T>)>, value: Option<T>) -> Option<bool> {
            let Some((from, until)) = range else { return Some(true) };
            if from.zip(until).is_some_and(|(from, until)| from > until) {
                return None;
            }
            Some(
                value.is_some_and(|value| {
                    from.is_none_or(|from| value >= from) && until.is_none_or(|until| value <= until)
                }),
            )
        }
        let shown = &release.shown;
        let mut parts = vec![filter.kinds.as_ref().is_none_or(|kinds| kinds.contains(&shown.kind))];
        parts.push(filter.states.as_ref().is_none_or(|states| states.contains(&release.state)));
        parts.push(filter.ids.as_ref().is_none_or(|ids| ids.contains(&release.id)));
        parts.push(filter.authors.as_ref().is_none_or(|authors| self.desk && authors.contains(&release.author)));
        parts.push(filter.has_working.is_none_or(|expected| (self.desk && release.working.is_some()) == expected));
        let language = shown.language.to_lowercase();
        let form =
            |tag: &String| language == tag.to_lowercase() || language.starts_with(&format!("{}-", tag.to_lowercase()));
        parts.push(filter.languages.as_ref().is_none_or(|tags| tags.iter().any(form)));
        parts.push(within(
            filter.release_date.as_ref().map(|range| (range.from, range.until)),
            Some(shown.release_date),
        )?);
        parts.push(
            within(filter.published_at.as_ref().map(|range| (range.from, range.until)), release.published_at)
                .map(|matching| matching || filter.published_at.as_ref().is_none())?,
        );
        parts.push(within(
            filter.modified_at.as_ref().map(|range| (range.from, range.until)),
            Some(release.modified_at),
        )?);
        if let Some(topics) = &filter.topics {
            parts.push(lists_match(
                &self.newsroom.topics,
                [&topics.any, &topics.all, &topics.none],
                &shown.topics,
                topics.include_narrower,
            )?);
            parts.push(topics.missing.is_none_or(|missing| missing == shown.topics.is_empty()));
        }
        if let Some(places) = &filter.places {
            let has = match places.role {
                PlaceRoleFilter::Dateline => shown.dateline.clone(),
                PlaceRoleFilter::About => shown.about.clone(),
                PlaceRoleFilter::Any => [shown.dateline.clone(), shown.about.clone()].concat(),
            };
            parts.push(lists_match(
                &self.newsroom.places,
                [&places.any, &places.all, &places.none],
                &has,
                places.include_within,
            )?);
            parts.push(places.missing.is_none_or(|missing| missing == has.is_empty()));
            if let Some(near) = places.near {
                let is_valid = near.latitude.abs() <= 90.0 && near.longitude.abs() <= 180.0 && near.kilometres >= 0.0;
                if !is_valid {
                    return None;
                }
                let at = |id: &Uuid| self.newsroom.places.iter().find(|place| place.id == *id)?.location;
                parts.push(
                    has.iter()
                        .filter_map(at)
                        .any(|at| sphere_distance((near.latitude, near.longitude), at) <= near.kilometres),
                );
            }
        }
        for filter in filter.and.iter().flatten() {
            parts.push(self.matches(filter, release)?);
        }
        if let Some(filters) = &filter.or {
            let any: Option<Vec<bool>> = filters.iter().map(|filter| self.matches(filter, release)).collect();
            parts.push(any?.contains(&true));
        }
        if let Some(filter) = &filter.not {
            parts.push(!self.matches(filter, release)?);
        }
        Some(parts.into_iter().all(|part| part))
    }

    pub(super) fn sorted(matching: &[&ReleaseImage], order: &[OrderBy]) -> Vec<Uuid> {
        let mut matching = matching.to_vec();
        matching.sort_by(|a, b| {
            let in_direction = |ordering: std::cmp::Ordering, direction| {
                if direction == Direction::Asc { ordering } else { ordering.reverse() }
            };
            let mut ordering = std::cmp::Ordering::Equal;
            for key in order {
                let next = match key.by {
                    SortKey::ReleaseDate => a.shown.release_date.cmp(&b.shown.release_date),
                    // `None` sorts before `Some`.
                    SortKey::PublishedAt => a.published_at.cmp(&b.published_at),
                    SortKey::ModifiedAt => a.modified_at.cmp(&b.modified_at),
                    SortKey::Relevance => std::cmp::Ordering::Equal,
                };
                ordering = ordering.then(in_direction(next, key.direction));
            }
            ordering.then(in_direction(a.id.cmp(&b.id), order[0].direction))
        });
        matching.into_iter().map(|release| release.id).collect()
    }
}

//! Export of topics, places and releases. Reads everything in one read transaction, so the export is consistent.
//! Releases are read in pages.
//!
//! The exported content of a release is that of its live revision, or of its working revision if no revision is live.
//! A release in preparation, a scheduled release and an embargoed release are exported as drafts. A retracted release
//! is exported as withdrawn. Schedules and embargoes are omitted. The file format is defined in `interchange`.

use std::collections::{HashMap, VecDeque};

use entity::{
    release::{self, ReleaseState},
    revision,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{error::Error, release::content::Content, service::Newsroom};
use crate::{
    catalog::{assigned_places, assigned_topics, place_images, topic_images},
    db::Transaction,
    journal::{PlaceImage, TopicImage},
};

/// Number of releases that the export reads in one page.
const PAGE_SIZE: u64 = 500;

/// An export in progress, with its open read transaction.
#[derive(Debug)]
pub struct Exporter {
    tx: Transaction,
    topics: Vec<TopicImage>,
    places: Vec<PlaceImage>,
    topic_slugs: HashMap<Uuid, String>,
    place_slugs: HashMap<Uuid, String>,
    after: Uuid,
}

/// A release as it is exported.
#[derive(Clone, Debug)]
pub struct ExportedRelease {
    /// The release row, with its state changed for export. A release in preparation, a scheduled release and an
    /// embargoed release become drafts. A retracted release becomes withdrawn and keeps its notice.
    pub row: release::Model,
    /// The content of the release's live revision, or of its working revision if no revision is live.
    pub content: Content,
}

impl Exporter {
    /// Begins an export. Writes that are committed after this call are not included.
    pub async fn begin(newsroom: &Newsroom) -> Result<Self, Error> {
        let tx = newsroom.db.begin_read().await?;
        let topics = topic_images(&tx, None).await?;
        let places = place_images(&tx, None).await?;
        let topic_slugs = topics.iter().map(|topic| (topic.id, topic.slug.clone())).collect();
        let place_slugs = places.iter().map(|place| (place.id, place.slug.clone())).collect();
        Ok(Self { tx, topics, places, topic_slugs, place_slugs, after: Uuid::nil() })
    }

    /// Returns all topics. Broader topics come before narrower topics. Apart from that, older topics come first.
    pub fn topics(&self) -> Vec<&TopicImage> {
        parents_first(&self.topics, |topic| topic.id, |topic| topic.broader.clone())
    }

    /// Returns all places. A place comes before the places within it. Apart from that, older places come first.
    pub fn places(&self) -> Vec<&PlaceImage> {
        parents_first(&self.places, |place| place.id, |place| place.within.into_iter().collect())
    }

    /// Returns the slug of a topic, or `None` if there is no such topic.
    pub fn topic_slug(&self, id: Uuid) -> Option<String> {
        self.topic_slugs.get(&id).cloned()
    }

    /// Returns the slug of a place, or `None` if there is no such place.
    pub fn place_slug(&self, id: Uuid) -> Option<String> {
        self.place_slugs.get(&id).cloned()
    }

    /// Returns the next page of releases, oldest first. Returns `None` after the last page.
    pub async fn releases(&mut self) -> Result<Option<Vec<ExportedRelease>>, Error> {
        let rows = release::Entity::find()
            .filter(release::Column::Id.gt(self.after))
            .order_by_asc(release::Column::Id)
            .limit(PAGE_SIZE)
            .all(&self.tx)
            .await?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.after = last.id;
        let keys: Vec<Uuid> = rows.iter().filter_map(|row| row.live_revision_id.or(row.working_revision_id)).collect();
        let mut topics = assigned_topics(&self.tx, &keys).await?;
        let mut places = assigned_places(&self.tx, &keys).await?;
        let revisions = revision::Entity::find().filter(revision::Column::Id.is_in(keys)).all(&self.tx).await?;
        let mut revisions: HashMap<Uuid, revision::Model> =
            revisions.into_iter().map(|row| (row.release_id, row)).collect();
        let exported = |row: release::Model| {
            let revision = revisions.remove(&row.id)?;
            let (topics, places) =
                (topics.remove(&revision.id).unwrap_or_default(), places.remove(&revision.id).unwrap_or_default());
            Some(ExportedRelease { content: Content::from_row(revision, topics, places), row: exportable(row) })
        };
        Ok(Some(rows.into_iter().filter_map(exported).collect()))
    }
}

/// Replaces the state of a release row by a state that another newsroom can import: draft, published or withdrawn. A
/// scheduled or embargoed release becomes a draft, because schedules and embargoes are not exported.
fn exportable(row: release::Model) -> release::Model {
    let state = match row.state {
        ReleaseState::Published if row.embargo_until.is_some() => ReleaseState::Draft,
        ReleaseState::Published | ReleaseState::Withdrawn => row.state,
        ReleaseState::Retracted => ReleaseState::Withdrawn,
        ReleaseState::Draft | ReleaseState::InReview | ReleaseState::Approved | ReleaseState::Scheduled => {
            ReleaseState::Draft
        }
    };
    let published_at = row.published_at.filter(|_| state != ReleaseState::Draft);
    release::Model { state, published_at, ..row }
}

/// Sorts items so that each item comes after its parents. Apart from that, keeps the given order as far as possible.
fn parents_first<T>(items: &[T], id: impl Fn(&T) -> Uuid, parents: impl Fn(&T) -> Vec<Uuid>) -> Vec<&T> {
    let ids: std::collections::HashSet<Uuid> = items.iter().map(&id).collect();
    let mut done = std::collections::HashSet::new();
    let mut order = Vec::with_capacity(items.len());
    let mut queue: VecDeque<&T> = items.iter().collect();
    let mut stalled = 0;
    while let Some(item) = queue.pop_front() {
        // If none of the queued items can be placed, their parents form a cycle. Stored data should not contain a
        // cycle, but this loop must end even then.
        let is_ready =
            parents(item).iter().all(|parent| done.contains(parent) || !ids.contains(parent)) || stalled > queue.len();
        if is_ready {
            done.insert(id(item));
            order.push(item);
            stalled = 0;
        } else {
            queue.push_back(item);
            stalled += 1;
        }
    }
    order
}

//! The GraphQL types `Release` and `ReleaseLookup`.
//!
//! Fields that only the desk may see are null for all other viewers. `revision` defines the text fields that a
//! release shares with its revisions.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::{
    history::{JournalConnection, JournalEntry, RevisionConnection},
    lifecycle::{Correction, Embargo, Schedule, Tombstone, Withdrawal},
    place::Place,
    revision::{Body, Dateline, ReleaseRevision, Version},
    topic::Topic,
};
use crate::{
    catalog::{ReleaseKey, ReleaseSet},
    graphql::{
        base::{
            actor::Actor,
            enums::{PubStatus, ReleaseKind, ReleaseState},
            error::ApiError,
            global_id, loaders,
            projection::projection_of_field,
            scalars::{Date, DateTime, LanguageTag, LocalDateTime, Slug, TimeZone, Url},
        },
        engine::{
            context::{ContextExt, RequestContext},
            serial_list::{SerialList, SerialObject},
        },
        inputs::pagination::page_size,
    },
    newsroom::{
        reading::{
            list::FetchedRelease,
            pagination::{DEFAULT_SIZE, PageRequest},
        },
        release::{revision::ReleaseVersion, schedule::schedule_state},
    },
};

/// A release (press release, statement, article …) with the content of its live revision. A release without a live
/// revision is visible only to the desk (AUTHOR, EDITOR, ADMIN), with the content of its working revision.
pub struct Release {
    loaded: FetchedRelease,
    is_desk: bool,
    version: Version,
}

impl Release {
    /// Creates the object from a loaded release of a set.
    pub fn new(request: &RequestContext, set: &ReleaseSet, loaded: FetchedRelease) -> Self {
        let item = &loaded.item;
        request.record_release(item.id());
        let version = Version {
            snapshot: item.snapshot().clone(),
            text: loaded.revision.clone(),
            topics: item.topics().to_vec(),
            dateline: item.dateline().to_vec(),
            about: item.about().to_vec(),
            is_desk: set.is_desk(),
        };
        Self { is_desk: set.is_desk(), version, loaded }
    }

    /// Loads a release with the columns that the current field selects. Returns `None` if the viewer may not see it.
    pub async fn load(ctx: &Context<'_>, key: &ReleaseKey) -> Result<Option<SerialObject<Self>>, ApiError> {
        let set = ctx.request().visible();
        let Some((item, _)) = set.find(key) else { return Ok(None) };
        ctx.execution().before_reading(1, 0).await;
        let loaded = ctx.newsroom().fetch(&set, std::slice::from_ref(&item), projection_of_field(ctx)).await?;
        Ok(loaded.into_iter().next().map(|loaded| SerialObject(Self::new(ctx.request(), &set, loaded))))
    }
}

/// A release (press release, statement, article …) with the content of its live revision. A release without a live
/// revision is visible only to the desk (AUTHOR, EDITOR, ADMIN), with the content of its working revision.
#[Object(serial)]
impl Release {
    /// The global id. It never changes.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Release, self.loaded.item.id())
    }

    /// The last segment of the public URL of the release.
    async fn slug(&self) -> Slug {
        self.loaded.item.slug().into()
    }

    /// The id of the release in another system. null if it has none.
    async fn external_id(&self) -> Option<&str> {
        self.version.text.external_id.as_deref()
    }

    /// The kind of release.
    async fn kind(&self) -> ReleaseKind {
        self.loaded.item.kind().into()
    }

    /// The headline: one line.
    async fn headline(&self) -> &str {
        &self.version.text.headline
    }

    /// A second headline: one line. null if there is none.
    async fn subheadline(&self) -> Option<&str> {
        self.version.text.subheadline.as_deref()
    }

    /// A short summary for lists, as plain text. null if there is none.
    async fn summary(&self, ctx: &Context<'_>) -> Result<Option<&str>, ApiError> {
        ctx.reserve_text(self.version.text.summary.as_deref())
    }

    /// The full text. null if there is none.
    async fn body(&self, ctx: &Context<'_>) -> Result<Option<Body>, ApiError> {
        self.version.body(ctx).await
    }

    /// The language of the text.
    async fn language(&self) -> LanguageTag {
        LanguageTag(self.loaded.item.language().to_owned())
    }

    /// The calendar date printed on the release.
    async fn release_date(&self) -> Date {
        Date(self.loaded.item.release_date())
    }

    /// The dateline: where and when the release was filed, as printed. null if it names no place.
    async fn dateline(&self) -> Option<SerialObject<Dateline>> {
        self.version.dateline()
    }

    /// The topics of the release, in the order that the editor chose.
    async fn topics(&self) -> Option<SerialList<Topic>> {
        Some(self.version.topics())
    }

    /// The places that the release is about, in the order that the editor chose.
    async fn places(&self) -> Option<SerialList<Place>> {
        Some(self.version.places(&self.version.about))
    }

    /// The public URL of the release, made from the setting `release_url`. null if this setting is empty.
    async fn url(&self, ctx: &Context<'_>) -> Option<Url> {
        let template = ctx.newsroom().settings.url_template.as_deref()?;
        let id = global_id::encode(ctx.ids(), Noun::Release, self.loaded.item.id());
        Some(Url(template.replace("{slug}", self.loaded.item.slug()).replace("{id}", &id)))
    }

    /// The workflow state. Always PUBLISHED for viewers outside the desk (AUTHOR, EDITOR, ADMIN).
    async fn state(&self) -> ReleaseState {
        self.loaded.item.state().into()
    }

    /// Whether others may use the release (IPTC ninjs `pubStatus`). Derived from the workflow state and the embargo.
    async fn pub_status(&self) -> PubStatus {
        use entity::release::ReleaseState as State;
        match self.loaded.item.state() {
            State::Published if self.loaded.item.is_embargoed() => PubStatus::Withheld,
            State::Published => PubStatus::Usable,
            State::Draft | State::InReview | State::Approved | State::Scheduled => PubStatus::Withheld,
            State::Withdrawn | State::Retracted => PubStatus::Canceled,
        }
    }

    /// The embargo of the release. null if none is set or if it has ended.
    async fn embargo(&self, ctx: &Context<'_>) -> Option<Embargo> {
        let until = self.loaded.item.embargo().filter(|until| *until > ctx.request().now)?;
        let note = self.loaded.lifecycle.as_ref().and_then(|row| row.embargo_note.clone());
        Some(Embargo { until: DateTime(until), note })
    }

    /// The scheduled publication, pending or past. null if there is none. Desk only (AUTHOR, EDITOR, ADMIN): null for
    /// other viewers.
    async fn schedule(&self, ctx: &Context<'_>) -> Option<Schedule> {
        let row = self.loaded.lifecycle.as_ref().filter(|_| self.is_desk)?;
        let at = row.schedule_at?;
        Some(Schedule {
            local_time: LocalDateTime(row.schedule_local.clone()?),
            time_zone: TimeZone(row.schedule_zone.clone()?),
            at: DateTime(at),
            state: schedule_state(at, row.schedule_recorded_at, ctx.request().now).into(),
            recorded_at: row.schedule_recorded_at.map(DateTime),
        })
    }

    /// Public notes about corrections of the release, earliest first.
    async fn corrections(&self) -> Option<Vec<Correction>> {
        let correction = |row: &entity::correction::Model| Correction { at: DateTime(row.at), note: row.note.clone() };
        Some(self.loaded.corrections.iter().map(correction).collect())
    }

    /// When the release first became public. null if it was never public.
    async fn first_published_at(&self) -> Option<DateTime> {
        self.loaded.item.first_published_at().map(DateTime)
    }

    /// When the release was last made public. During an embargo, this is when it became visible to the press. null if
    /// it was never published.
    async fn published_at(&self) -> Option<DateTime> {
        self.loaded.item.published_at().map(DateTime)
    }

    /// When the content that you see last changed. Changes to a working revision do not count while another revision
    /// is live.
    async fn modified_at(&self) -> DateTime {
        DateTime(self.loaded.item.modified_at())
    }

    /// The revision number to pass as `expectedRevision`. The desk (AUTHOR, EDITOR, ADMIN) gets the number of the
    /// newest revision; other viewers get the number of the live revision.
    async fn revision(&self) -> i32 {
        if self.is_desk { self.loaded.item.newest_revision_number() } else { self.loaded.item.revision_number() }
    }

    /// The releases that share the most topics and places with this release. Rare topics and places count more
    /// (inverse document frequency, as in BM25). Releases with equal scores are sorted by release date, latest first.
    async fn related(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "DEFAULT_SIZE", desc = "Maximum number of releases, 1 to 200.")] first: i32,
    ) -> Result<Option<Vec<Release>>, ApiError> {
        let size = page_size(first)?;
        let request = ctx.request();
        let set = self.loaded.item.snapshot().visible_to(&request.viewer, request.now);
        ctx.execution().yield_if_due().await;
        let items = set.related(&self.loaded.item, size);
        ctx.execution().before_reading(items.len(), 0).await;
        let loaded = loaders::load_releases(&request.release_loader, items, projection_of_field(ctx)).await?;
        Ok(Some(loaded.into_iter().map(|loaded| Release::new(request, &set, loaded)).collect()))
    }

    /// Who created the release. Desk only (AUTHOR, EDITOR, ADMIN): null for other viewers.
    async fn author(&self) -> Option<Actor> {
        self.is_desk.then(|| Actor::of(self.loaded.item.author().to_owned()))
    }

    /// How the release was withdrawn or retracted. null if it was not. Desk only (AUTHOR, EDITOR, ADMIN): null for
    /// other viewers.
    async fn withdrawal(&self) -> Option<Withdrawal> {
        let row = self.loaded.lifecycle.as_ref().filter(|_| self.is_desk)?;
        // The row may be newer than the snapshot. The snapshot decides whether the release is withdrawn.
        let kind = self.loaded.item.withdrawal()?;
        Some(Withdrawal {
            kind: kind.into(),
            at: DateTime(row.withdrawn_at?),
            notice: row.withdrawal_notice.clone(),
            redirect_to: row.withdrawal_redirect.clone().map(Url),
        })
    }

    /// When the release was created. Desk only (AUTHOR, EDITOR, ADMIN): null for other viewers.
    async fn created_at(&self) -> Option<DateTime> {
        self.loaded.lifecycle.as_ref().filter(|_| self.is_desk).map(|row| DateTime(row.created_at))
    }

    /// The working revision (unpublished changes) of a release that also has a live revision. null if there is none.
    /// Desk only (AUTHOR, EDITOR, ADMIN): null for other viewers.
    async fn working(&self) -> Option<ReleaseRevision> {
        let (image, text) = self.loaded.working.clone()?;
        let loaded =
            ReleaseVersion { revision: text, topics: image.topics, dateline: image.dateline, about: image.about };
        let revision = ReleaseRevision::new(&self.version.snapshot, loaded, true);
        Some(ReleaseRevision { outdated: image.outdated, ..revision })
    }

    /// The revisions of the release, newest first. Desk only (AUTHOR, EDITOR, ADMIN): null for other viewers.
    async fn revisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<RevisionConnection>, ApiError> {
        if !self.is_desk {
            return Ok(None);
        }
        let page_request = PageRequest { first, after, last, before };
        ctx.execution().before_reading(page_request.size()?.0, 0).await;
        let page = ctx.newsroom().versions(&self.loaded.item, &page_request).await?;
        let outdated = self.loaded.item.outdated();
        Ok(Some(RevisionConnection::new(page, |loaded| {
            let outdated = outdated == Some(loaded.revision.id);
            ReleaseRevision { outdated, ..ReleaseRevision::new(&self.version.snapshot, loaded, true) }
        })))
    }

    /// The journal entries about the release, newest first. Desk only (AUTHOR, EDITOR, ADMIN): null for other
    /// viewers.
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return the first N entries, 1 to 200. Default without `last`: 20.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return the last N entries, 1 to 200. Not allowed with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<JournalConnection>, ApiError> {
        if !self.is_desk {
            return Ok(None);
        }
        let page_request = PageRequest { first, after, last, before };
        ctx.execution().before_reading(page_request.size()?.0, 0).await;
        let page = ctx.newsroom().history(&self.loaded.item, &page_request).await?;
        Ok(Some(JournalConnection::new(page, |row| JournalEntry::new(ctx.ids(), row))))
    }

    /// An internal note that is never published. null if there is none. Desk only (AUTHOR, EDITOR, ADMIN): null for
    /// other viewers.
    async fn editorial_note(&self, ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
        ctx.reserve_text(self.version.editorial_note())
    }
}

/// The result of looking up the URL of a release: the release itself, a redirect, or a tombstone.
pub struct ReleaseLookup {
    key: Option<ReleaseKey>,
}

impl ReleaseLookup {
    /// Creates the lookup of a release key. `None` means that no release matches the reference.
    pub fn new(key: Option<ReleaseKey>) -> Self {
        Self { key }
    }
}

/// The result of looking up the URL of a release: the release itself, a redirect, or a tombstone.
#[Object(serial)]
impl ReleaseLookup {
    /// The release. null if it does not exist or you may not see it.
    async fn release(&self, ctx: &Context<'_>) -> Result<Option<SerialObject<Release>>, ApiError> {
        let Some(key) = &self.key else { return Ok(None) };
        Release::load(ctx, key).await
    }

    /// The former slug of `release` that was looked up. The website should redirect to `release.slug`. null if the
    /// lookup did not use a former slug.
    async fn redirected_from(&self, ctx: &Context<'_>) -> Option<Slug> {
        let key @ ReleaseKey::Slug(slug) = self.key.as_ref()? else { return None };
        let (_, is_former) = ctx.request().visible().find(key)?;
        is_former.then(|| Slug(slug.clone()))
    }

    /// What the URL of a withdrawn or retracted release should return. null if the release is public, was never
    /// public, or was withdrawn with VANISH.
    async fn tombstone(&self, ctx: &Context<'_>) -> Result<Option<Tombstone>, ApiError> {
        let Some(tombstone) = self.key.as_ref().and_then(|key| ctx.request().visible().tombstone(key)) else {
            return Ok(None);
        };
        let notice = ctx.newsroom().withdrawal_notice(tombstone).await?;
        if let Some(notice) = &notice {
            ctx.request().record_release(notice.tombstone.id);
        }
        Ok(notice.map(|notice| Tombstone {
            slug: notice.tombstone.slug.as_str().into(),
            state: notice.tombstone.state.into(),
            kind: notice.tombstone.kind.into(),
            at: DateTime(notice.at),
            notice: notice.notice,
            redirect_to: notice.redirect_to.map(Url),
        }))
    }
}

//! The root type `Subscription`: `releaseChanged` sends every change that the viewer may see.
//!
//! A subscription is executed once to open the change stream (`SubscriptionPhase::Open`), and then once for each
//! change, with a new request context. Each event therefore shows what the viewer may see at that moment.
//! `newsroom::reading::change_stream` implements the stream, and `http::streaming` sends it over WebSocket or SSE.

use std::sync::PoisonError;

use async_graphql::{Context, Enum, ID, Object, Subscription as SubscriptionObject};
use entity::Noun;
use futures_util::stream::{self, Stream};

use super::{
    base::{error::ApiError, global_id, projection::projection_of_field, scalars::DateTime},
    engine::{context::ContextExt, serial_list::SerialObject, subscription_phase::SubscriptionPhase},
    inputs::filter::ReleaseFilter,
    types::release::Release,
};
use crate::{
    catalog::{ChangeKind, ReleaseKey},
    newsroom::reading::change_stream::Change,
};

/// Streams of changes, over WebSocket (`graphql-transport-ws`) or server-sent events.
pub struct Subscription;

/// Streams of changes, over WebSocket (`graphql-transport-ws`) or server-sent events.
#[SubscriptionObject]
impl Subscription {
    /// Sends every change to the releases that you may see, in order, including scheduled publications and ends of
    /// embargoes. With a filter, a release that begins to match is reported as APPEARED, and a release that no longer
    /// matches as DISAPPEARED. Changed names of topics and places are not reported. If the filter has conditions on
    /// topics or places, the subscription ends with the code RESYNC_REQUIRED when topics or places are merged or
    /// moved in their hierarchy, or when the location of a place changes.
    async fn release_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match this filter, as in `releases`.")] filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "Resume after this position: the `sequence` of the last change that you received, or the `asOf.version` of a query. No change is skipped or repeated. Default: send only changes from now on."
        )]
        after: Option<ID>,
    ) -> Result<impl Stream<Item = ReleaseChange> + use<>, ApiError> {
        let change = match ctx.data_unchecked::<SubscriptionPhase>() {
            SubscriptionPhase::Event(change) => Some(ReleaseChange(*change.clone())),
            SubscriptionPhase::Open(slot, limits) => {
                let filter = ReleaseFilter::resolve_argument(filter, ctx.ids())?;
                let viewer = &ctx.request().viewer;
                let change_stream = ctx.newsroom().open_change_stream(
                    viewer,
                    filter,
                    after.as_ref().map(|id| id.as_str()),
                    limits.resume_entries,
                )?;
                slot.lock().unwrap_or_else(PoisonError::into_inner).push(change_stream);
                None
            }
        };
        Ok(stream::iter(change))
    }
}

/// How a release changed for the subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ChangeKind")]
pub enum ReleaseChangeKind {
    /// The release became visible: it was published, its embargo ended, or it now matches the filter.
    Appeared,
    /// The visible content of the release changed.
    Changed,
    /// The release is no longer visible: it was withdrawn, retracted or deleted, or it no longer matches the filter.
    Disappeared,
}

/// A change to a release, as the subscriber sees it.
pub struct ReleaseChange(Change);

/// A change to a release, as the subscriber sees it.
#[Object(serial)]
impl ReleaseChange {
    /// An opaque position of this change. To receive all later changes, pass it to `releaseChanged` as `after`.
    async fn sequence(&self) -> ID {
        self.0.position.clone().into()
    }

    /// When the journal recorded the change.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// How the release changed.
    async fn kind(&self) -> ReleaseChangeKind {
        self.0.kind.into()
    }

    /// The id of the release.
    async fn release_id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Release, self.0.release)
    }

    /// The release as it is when this event is sent. null if you may no longer see it.
    async fn release(&self, ctx: &Context<'_>) -> Result<Option<SerialObject<Release>>, ApiError> {
        let set = ctx.request().visible();
        let Some((item, _)) = set.find(&ReleaseKey::Id(self.0.release)) else { return Ok(None) };
        let loaded = ctx.newsroom().fetch(&set, std::slice::from_ref(&item), projection_of_field(ctx)).await?;
        Ok(loaded.into_iter().next().map(|loaded| SerialObject(Release::new(ctx.request(), &set, loaded))))
    }
}

//! The root type `Subscription`: `releaseChanged` sends every change that the viewer may see.
//!
//! A subscription is executed twice: once to open the change stream (`SubscriptionPhase::Open`), then once for each
//! change with a request context of its own, so each event shows what the viewer may see at that moment. The stream is
//! in `newsroom::reading::change_stream`; WebSocket and SSE are in `http::streaming`.

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

/// Following what changes, over WebSocket (`graphql-transport-ws`) or server-sent events.
pub struct Subscription;

/// Following what changes, over WebSocket (`graphql-transport-ws`) or server-sent events.
#[SubscriptionObject]
impl Subscription {
    /// Every change to what you may see, in the order in which it happened; also what comes into sight by itself, when a schedule
    /// comes due or an embargo ends. With a filter: releases that come to match it appear, those that cease to, disappear. Names
    /// of topics and places are no part of it, nor that they are merged or moved: under a filter on topics or places that ends the
    /// subscription with the code RESYNC_REQUIRED.
    async fn release_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases that match; as with `releases`.")] filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "Go on after this: the `sequence` of the last change that you know, or the `asOf.version` of what you have \
                    read. Nothing is left out and nothing comes twice. From now on where it is not given."
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

/// How a release changed for you.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ChangeKind")]
pub enum ReleaseChangeKind {
    /// It came into sight: published, its embargo over, or made to match the filter.
    Appeared,
    /// What you see of it is another.
    Changed,
    /// It went out of sight: withdrawn, or no longer matching the filter.
    Disappeared,
}

/// A change to what you may see.
pub struct ReleaseChange(Change);

/// A change to what you may see.
#[Object(serial)]
impl ReleaseChange {
    /// Where it stands among all changes: give it as `after` to go on from here. Opaque.
    async fn sequence(&self) -> ID {
        self.0.position.clone().into()
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// How.
    async fn kind(&self) -> ReleaseChangeKind {
        self.0.kind.into()
    }

    /// Of which release.
    async fn release_id(&self, ctx: &Context<'_>) -> ID {
        global_id::encode(ctx.ids(), Noun::Release, self.0.release)
    }

    /// The release as it is now. null when you can no longer see it.
    async fn release(&self, ctx: &Context<'_>) -> Result<Option<SerialObject<Release>>, ApiError> {
        let set = ctx.request().visible();
        let Some((item, _)) = set.find(&ReleaseKey::Id(self.0.release)) else { return Ok(None) };
        let loaded = ctx.newsroom().fetch(&set, std::slice::from_ref(&item), projection_of_field(ctx)).await?;
        Ok(loaded.into_iter().next().map(|loaded| SerialObject(Release::new(ctx.request(), &set, loaded))))
    }
}

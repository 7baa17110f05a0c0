//! Mutations of releases: drafts, review, publication, schedules, embargoes, corrections, withdrawal and purge.
//!
//! Every mutation of an existing release takes `expectedRevision` (optimistic concurrency control).
//! `newsroom::workflow` defines the permissions and transitions.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::arguments::{at_input, release_id};
use crate::graphql::{
    base::{
        error::ApiError,
        global_id,
        scalars::{DateTime, LocalDateTime, TimeZone},
    },
    engine::context::ContextExt,
    types::payload::{BulkAction, DeletePayload, ReleaseInput, ReleasePayload, TransitionItem, WithdrawalInput},
};

/// Mutations of releases.
#[derive(Default)]
pub struct ReleaseMutation;

/// Mutations of releases.
#[Object]
impl ReleaseMutation {
    /// Creates a release in the state DRAFT, with its first revision. Requires the role AUTHOR.
    async fn release_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The content of the new release.")] input: ReleaseInput,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, input) = (ctx.request(), input.resolve(ctx.ids()).map_err(at_input)?);
        ReleasePayload::from_result(ctx, ctx.newsroom().release_create(&request.viewer, input, request.now).await).await
    }

    /// Changes the content of a release by writing a new revision. If nothing changes, no revision is written, except
    /// to confirm an `outdated` working revision. The live revision of a public release stays public until the new
    /// revision is published. An approved release returns to review. A scheduled release keeps its schedule; revising
    /// it requires the role EDITOR, and is refused if the newsroom requires approval by a second person. In other
    /// states, revising requires the role AUTHOR for your own releases, EDITOR for all others.
    async fn release_revise(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The fields to change.")] input: ReleaseInput,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id, input) = (ctx.request(), release_id(ctx, &id)?, input.resolve(ctx.ids()).map_err(at_input)?);
        ReleasePayload::from_result(
            ctx,
            ctx.newsroom().release_revise(&request.viewer, id, expected_revision, input, request.now).await,
        )
        .await
    }

    /// Submits a draft for review. Requires the role AUTHOR for your own releases, EDITOR for all others.
    async fn release_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(
            desc = "A note for the history of the release, at most 5,000 characters. Only authors, editors and admins see it."
        )]
        note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_submit(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Returns a release to its author as a draft. The release must be in review or approved. Requires the role
    /// EDITOR.
    async fn release_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "What the author should do, at most 5,000 characters.")] note: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_return(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Approves a release that is in review. If the newsroom requires approval by a second person, you cannot approve
    /// a revision that you wrote. Requires the role EDITOR.
    async fn release_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(
            desc = "A note for the history of the release, at most 5,000 characters. Only authors, editors and admins see it."
        )]
        note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_approve(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Schedules the publication of a release at a local time, or moves an existing schedule. The release is
    /// published at that time without any further action. If the local time does not exist because clocks go forward,
    /// it is read with the UTC offset before the change. If it occurs twice because clocks go back, the first
    /// occurrence is used. If the newsroom requires approval by a second person, you cannot schedule an unapproved
    /// revision that you wrote. Requires the role EDITOR.
    async fn release_schedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The local date and time of the publication in `timeZone`, for example `2026-03-29T09:00`.")]
        local_time: LocalDateTime,
        #[graphql(
            desc = "The time zone of `localTime`. If the rules of the time zone change before the publication, the local time stays the same and the instant moves."
        )]
        time_zone: TimeZone,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx
            .newsroom()
            .release_schedule(&request.viewer, id, expected_revision, &local_time.0, &time_zone.0, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Removes the schedule of a release and returns the release to the state APPROVED. Requires the role EDITOR.
    async fn release_unschedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_unschedule(&request.viewer, id, expected_revision, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Publishes the working revision of a release immediately. An `outdated` working revision is refused. A
    /// withdrawn release without a working revision is published again as it was. If an embargo is set, only viewers
    /// with the role PRESS or higher see the release until the embargo ends. If the newsroom requires approval by a
    /// second person, you cannot publish an unapproved revision that you wrote. Requires the role EDITOR.
    async fn release_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(
            desc = "An explanation for readers of what was wrong in the published content, at most 5,000 characters. It appears in `corrections`. Omit it if nothing was wrong."
        )]
        correction_note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result =
            ctx.newsroom().release_publish(&request.viewer, id, expected_revision, correction_note, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Sets, moves or lifts the embargo of a release. Until the embargo ends, only viewers with the role PRESS or
    /// higher see the published release. An embargo is independent of the schedule, but must end after a scheduled
    /// publication. A release that is already public cannot get an embargo. Requires the role EDITOR.
    async fn release_embargo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The instant at which the embargo ends. If it is absent or null, the embargo is lifted.")]
        until: Option<DateTime>,
        #[graphql(desc = "A note for the press, at most 5,000 characters.")] note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx
            .newsroom()
            .release_embargo(&request.viewer, id, expected_revision, until.map(|until| until.0), note, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Corrects the live revision of a published release immediately. If there is a working revision, it is kept and
    /// marked as `outdated`. Refused if the newsroom requires approval by a second person. Requires the role EDITOR.
    async fn release_correct(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The fields of the live revision to change.")] input: ReleaseInput,
        #[graphql(
            desc = "An explanation for readers of what was wrong, at most 5,000 characters. It appears in `corrections`."
        )]
        correction_note: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id, input) = (ctx.request(), release_id(ctx, &id)?, input.resolve(ctx.ids()).map_err(at_input)?);
        let newsroom = ctx.newsroom();
        let result =
            newsroom.release_correct(&request.viewer, id, expected_revision, input, correction_note, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Withdraws a published release. The release can be published again later. Requires the role EDITOR.
    async fn release_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "How to withdraw the release.")] withdrawal: WithdrawalInput,
        #[graphql(
            desc = "A note for the history of the release, at most 5,000 characters. Only authors, editors and admins see it. Default: the `notice` of `withdrawal`."
        )]
        note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let newsroom = ctx.newsroom();
        let result = newsroom
            .release_withdraw(&request.viewer, id, expected_revision, withdrawal.into(), note, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Permanently retracts a published or withdrawn release as wrong. The URL of the release then returns the
    /// notice, and the release cannot be published again. Requires the role EDITOR.
    async fn release_retract(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(
            desc = "The reason for the retraction, which readers see at the URL of the release, at most 5,000 characters."
        )]
        notice: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_retract(&request.viewer, id, expected_revision, notice, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Writes the content of an earlier revision as a new revision. The slug and the external id of the release stay
    /// as they are. The rules of `releaseRevise` for approved, scheduled and public releases also apply here.
    /// Requires the role AUTHOR for your own releases, EDITOR for all others.
    async fn release_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The `number` of the earlier revision to restore.")] revision: i32,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result =
            ctx.newsroom().release_restore(&request.viewer, id, expected_revision, revision, request.now).await;
        ReleasePayload::from_result(ctx, result).await
    }

    /// Deletes a draft that was never public. Requires the role AUTHOR for your own releases, EDITOR for all others.
    async fn release_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_delete(&request.viewer, id, expected_revision, request.now).await;
        DeletePayload::from_result(ctx, Noun::Release, result)
    }

    /// Performs one action on several releases. Returns one result per release, in the given order. If the action is
    /// refused for one release, the other releases are not affected. Requires the role EDITOR, except that an AUTHOR
    /// may submit their own releases.
    async fn releases_transition(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The releases to change, at most 500.")] items: Vec<TransitionItem>,
        #[graphql(desc = "The action to perform on each release.")] action: BulkAction,
        #[graphql(
            desc = "A note for the history of each release, at most 5,000 characters. Only authors, editors and admins see it. Not allowed for the action PUBLISH."
        )]
        note: Option<String>,
        #[graphql(
            desc = "How to withdraw the releases. Required for the action WITHDRAW; not allowed for other actions."
        )]
        withdrawal: Option<WithdrawalInput>,
    ) -> Result<Option<Vec<ReleasePayload>>, ApiError> {
        let request = ctx.request();
        let key = |(index, item): (usize, &TransitionItem)| {
            let id = global_id::decode_as(ctx.ids(), Noun::Release, &item.id)
                .map_err(|error| error.at(&format!("items.{index}.id")))?;
            Ok((id, item.expected_revision))
        };
        let items = items.iter().enumerate().map(key).collect::<Result<Vec<_>, ApiError>>()?;
        let (action, note) = (action.resolve(withdrawal)?, note.as_deref());
        let results = ctx.newsroom().releases_transition(&request.viewer, &items, &action, note, request.now).await;
        ReleasePayload::from_results(ctx, results).await
    }

    /// Permanently removes a release and all its content: its revisions, its content and notes in the journal, and
    /// stored responses that contain its id. The journal entries remain, but without content. Requires the role
    /// ADMIN.
    async fn release_purge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` of the release that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(
            desc = "Who demanded the removal and why, at most 5,000 characters. This reason stays in the journal, so it must not repeat the removed content."
        )]
        reason: String,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_purge(&request.viewer, id, expected_revision, reason, request.now).await;
        DeletePayload::from_result(ctx, Noun::Release, result)
    }
}

//! Mutations of releases: drafts, review, publication, schedules, embargoes, corrections, withdrawal and purge.
//!
//! Every mutation of an existing release takes `expectedRevision` (optimistic concurrency control). Permissions and
//! transitions are in `newsroom::workflow`.

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
    /// Creates a release: a draft with its first revision. Requires the role AUTHOR.
    async fn release_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The content of the release.")] input: ReleaseInput,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, input) = (ctx.request(), input.resolve(ctx.ids()).map_err(at_input)?);
        ReleasePayload::from_result(ctx, ctx.newsroom().release_create(&request.viewer, input, request.now).await)
            .await
            .map(Some)
    }

    /// Writes a new revision; if the content stays the same, none is written. The live revision of a public release
    /// stays public until the new one is published. An approved release returns to review. A scheduled release keeps
    /// its schedule; this requires the role EDITOR and is not possible if the newsroom requires approval by a second
    /// person. Requires the role AUTHOR for one's own releases, EDITOR for others.
    async fn release_revise(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
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
        .map(Some)
    }

    /// Submits a draft for review. Requires the role AUTHOR for one's own releases, EDITOR for others.
    async fn release_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "A note for the history of the release, visible to the desk only, at most 5,000 characters.")]
        note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_submit(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Returns a release that is in review or approved to its author, as a draft. Requires the role EDITOR.
    async fn release_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "What the author should do, at most 5,000 characters.")] note: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_return(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Approves a release that is in review. Requires the role EDITOR. If the newsroom requires approval by a second
    /// person, the writer of the revision cannot approve it.
    async fn release_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "A note for the history of the release, visible to the desk only, at most 5,000 characters.")]
        note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_approve(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Schedules the publication of a release at a local time, or moves the schedule of a scheduled release. The
    /// release is published at that instant without any further action. A local time that does not exist because
    /// clocks go forward is read with the offset before the change. A local time that occurs twice means its first
    /// occurrence. Requires the role EDITOR. If the newsroom requires approval by a second person, the writer of an
    /// unapproved revision cannot schedule it.
    async fn release_schedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "Local date and time of the publication in `timeZone`: `2026-03-29T09:00`.")]
        local_time: LocalDateTime,
        #[graphql(
            desc = "The time zone of `localTime`. If its rules change, the local time stays and the instant moves."
        )]
        time_zone: TimeZone,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx
            .newsroom()
            .release_schedule(&request.viewer, id, expected_revision, &local_time.0, &time_zone.0, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Removes the schedule of a release and returns it to the state APPROVED. Requires the role EDITOR.
    async fn release_unschedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_unschedule(&request.viewer, id, expected_revision, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Publishes the working revision immediately, unless it is `outdated`. A withdrawn release without a working
    /// revision is published again as it was. If an embargo is set, only the press and the desk see the release until
    /// the embargo ends. Requires the role EDITOR. If the newsroom requires approval by a second person, the writer of
    /// an unapproved revision cannot publish it.
    async fn release_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(
            desc = "What was wrong in the published content, for readers, at most 5,000 characters. It appears in `corrections`. Omit it if nothing was wrong."
        )]
        correction_note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result =
            ctx.newsroom().release_publish(&request.viewer, id, expected_revision, correction_note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Sets, moves or lifts the embargo of a release. Until the embargo ends, the published release is visible to the
    /// press and the desk only. An embargo is independent of the schedule, but must end after the scheduled
    /// publication. A release that is already public cannot get an embargo. Requires the role EDITOR.
    async fn release_embargo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The instant at which the embargo ends. If absent or null, the embargo is lifted.")]
        until: Option<DateTime>,
        #[graphql(desc = "A note for the press, at most 5,000 characters.")] note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx
            .newsroom()
            .release_embargo(&request.viewer, id, expected_revision, until.map(|until| until.0), note, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Corrects the live revision of a published release immediately. A working revision is kept and marked as
    /// `outdated`. Requires the role EDITOR. Not possible if the newsroom requires approval by a second person.
    async fn release_correct(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The fields of the live revision to change.")] input: ReleaseInput,
        #[graphql(desc = "What was wrong, for readers, at most 5,000 characters. It appears in `corrections`.")]
        correction_note: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id, input) = (ctx.request(), release_id(ctx, &id)?, input.resolve(ctx.ids()).map_err(at_input)?);
        let newsroom = ctx.newsroom();
        let result =
            newsroom.release_correct(&request.viewer, id, expected_revision, input, correction_note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Withdraws a published release. It can be published again later. Requires the role EDITOR.
    async fn release_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "How to withdraw the release.")] withdrawal: WithdrawalInput,
        #[graphql(
            desc = "A note for the history of the release, visible to the desk only, at most 5,000 characters. Default: the notice."
        )]
        note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let newsroom = ctx.newsroom();
        let result = newsroom
            .release_withdraw(&request.viewer, id, expected_revision, withdrawal.into(), note, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Permanently retracts a published or withdrawn release as wrong. Its URL returns the notice, and it cannot be
    /// published again. Requires the role EDITOR.
    async fn release_retract(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The reason, for readers of its URL, at most 5,000 characters.")] notice: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_retract(&request.viewer, id, expected_revision, notice, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Writes the content of an earlier revision as a new revision. The slug and the external id stay as they are. As
    /// with `releaseRevise`, a public release keeps its live revision and a scheduled one its schedule. Requires the
    /// role AUTHOR for one's own releases, EDITOR for others.
    async fn release_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The `number` of the earlier revision.")] revision: i32,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result =
            ctx.newsroom().release_restore(&request.viewer, id, expected_revision, revision, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Deletes a draft that was never public. Requires the role AUTHOR for one's own releases, EDITOR for others.
    async fn release_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_delete(&request.viewer, id, expected_revision, request.now).await;
        DeletePayload::from_result(ctx, Noun::Release, result).map(Some)
    }

    /// Performs one action on several releases, and returns one result per release in the same order. If one release
    /// is refused, the others are not affected. Requires the role EDITOR; an AUTHOR may submit their own releases.
    async fn releases_transition(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The releases, at most 500.")] items: Vec<TransitionItem>,
        #[graphql(desc = "The action to perform on each release.")] action: BulkAction,
        #[graphql(
            desc = "A note for the history of each release, visible to the desk only, at most 5,000 characters. Not allowed for PUBLISH."
        )]
        note: Option<String>,
        #[graphql(desc = "How to withdraw the releases. Required for WITHDRAW; not allowed for other actions.")]
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
        ReleasePayload::from_results(ctx, results).await.map(Some)
    }

    /// Permanently removes all content of a release: revisions, images and notes in the journal, and stored responses.
    /// Journal entries without content remain. Requires the role ADMIN.
    async fn release_purge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the release.")] id: ID,
        #[graphql(
            desc = "The `revision` that you read. If it is not the current one, nothing is changed and the error is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(
            desc = "Who demanded the removal and why, at most 5,000 characters. It stays in the journal, so it must not repeat what is removed."
        )]
        reason: String,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_purge(&request.viewer, id, expected_revision, reason, request.now).await;
        DeletePayload::from_result(ctx, Noun::Release, result).map(Some)
    }
}

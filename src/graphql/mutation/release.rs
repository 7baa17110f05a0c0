//! Mutations of releases: drafts, review, publication, schedules, embargoes, corrections, withdrawal and purge.
//!
//! Every mutation takes `expectedRevision` (optimistic locking). Permissions and transitions are in
//! `newsroom::workflow`.

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

/// Acts on releases.
#[derive(Default)]
pub struct ReleaseMutation;

/// Acts on releases.
#[Object]
impl ReleaseMutation {
    /// Begins a release: a draft with its first version. AUTHOR.
    async fn release_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it says.")] input: ReleaseInput,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, input) = (ctx.request(), input.resolve(ctx.ids()).map_err(at_input)?);
        ReleasePayload::from_result(ctx, ctx.newsroom().release_create(&request.viewer, input, request.now).await)
            .await
            .map(Some)
    }

    /// Writes a new version of what a release says. A live version stays as it is until the new one is published.
    /// AUTHOR for their own releases, EDITOR for any.
    async fn release_revise(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "What changes.")] input: ReleaseInput,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id, input) = (ctx.request(), release_id(ctx, &id)?, input.resolve(ctx.ids()).map_err(at_input)?);
        ReleasePayload::from_result(
            ctx,
            ctx.newsroom().release_revise(&request.viewer, id, expected_revision, input, request.now).await,
        )
        .await
        .map(Some)
    }

    /// Hands a draft to a reviewer. AUTHOR for their own releases, EDITOR for any.
    async fn release_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "For the desk; it stands in the release's history. At most 5,000 characters.")] note: Option<
            String,
        >,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_submit(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Hands a release in review, or an approved one, back to its writer. EDITOR.
    async fn release_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "What is to be done, at most 5,000 characters.")] note: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_return(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Finds a release in review fit to be published. EDITOR; where the newsroom wants four eyes, not by who wrote the version.
    async fn release_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "For the desk; it stands in the release's history. At most 5,000 characters.")] note: Option<
            String,
        >,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_approve(&request.viewer, id, expected_revision, note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Has a release published at a local time. From that instant on it is public for whoever reads, whether anything runs or
    /// not. A time that clocks skip counts with the offset from before the gap; of a time that comes twice the first is meant. EDITOR.
    async fn release_schedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "Local date and time of the publication in `timeZone`: `2026-03-29T09:00`.")]
        local_time: LocalDateTime,
        #[graphql(desc = "The zone. If its rules change, the local time stays and the instant moves.")]
        time_zone: TimeZone,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx
            .newsroom()
            .release_schedule(&request.viewer, id, expected_revision, &local_time.0, &time_zone.0, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Takes a release off the schedule; it is approved then. EDITOR.
    async fn release_unschedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_unschedule(&request.viewer, id, expected_revision, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Makes the version being worked on public, at once; of a withdrawn release also the last public version, again. Under an
    /// embargo the press sees it, and everybody at its end. EDITOR.
    async fn release_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(
            desc = "Where what had been public was wrong: what was wrong, for readers, at most 5,000 characters. It is \
                          listed in `corrections`."
        )]
        correction_note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result =
            ctx.newsroom().release_publish(&request.viewer, id, expected_revision, correction_note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Sets, moves or lifts an embargo: until then what is published is for the press and the desk alone. Independent of the
    /// schedule; what is public already cannot be embargoed. EDITOR.
    async fn release_embargo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "The instant it ends at; left out or null: it is lifted, now.")] until: Option<DateTime>,
        #[graphql(desc = "For its recipients, the press, at most 5,000 characters.")] note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx
            .newsroom()
            .release_embargo(&request.viewer, id, expected_revision, until.map(|until| until.0), note, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Puts right what is public, at once. Changes the live version only; a version being worked on stays, marked as `outdated`.
    /// EDITOR.
    async fn release_correct(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "What changes of the live version.")] input: ReleaseInput,
        #[graphql(desc = "What was wrong, for readers, at most 5,000 characters. It is listed in `corrections`.")]
        correction_note: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id, input) = (ctx.request(), release_id(ctx, &id)?, input.resolve(ctx.ids()).map_err(at_input)?);
        let newsroom = ctx.newsroom();
        let result =
            newsroom.release_correct(&request.viewer, id, expected_revision, input, correction_note, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Takes a release back from the public. EDITOR.
    async fn release_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "How to withdraw it.")] withdrawal: WithdrawalInput,
        #[graphql(desc = "A note for the history of the release, at most 5,000 characters. The notice if absent.")]
        note: Option<String>,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let newsroom = ctx.newsroom();
        let result = newsroom
            .release_withdraw(&request.viewer, id, expected_revision, withdrawal.into(), note, request.now)
            .await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Declares a release wrong, for good: its address shows the notice, and it never comes back. EDITOR.
    async fn release_retract(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "Why, for those who come to its address, at most 5,000 characters.")] notice: String,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_retract(&request.viewer, id, expected_revision, notice, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Writes what an older version said as a new version; address and externalId stay. A live version stays as it is until the
    /// new one is published. AUTHOR for their own releases, EDITOR for any.
    async fn release_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "The `number` of the older version.")] revision: i32,
    ) -> Result<Option<ReleasePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result =
            ctx.newsroom().release_restore(&request.viewer, id, expected_revision, revision, request.now).await;
        ReleasePayload::from_result(ctx, result).await.map(Some)
    }

    /// Throws a draft away that never was public. AUTHOR for their own releases, EDITOR for any.
    async fn release_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_delete(&request.viewer, id, expected_revision, request.now).await;
        DeletePayload::from_result(ctx, Noun::Release, result).map(Some)
    }

    /// One act on many releases: a result for each, in order; what is refused for one changes nothing for the others. EDITOR;
    /// AUTHOR may submit their own.
    async fn releases_transition(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which releases, at most 500.")] items: Vec<TransitionItem>,
        #[graphql(desc = "What to do to each of them.")] action: BulkAction,
        #[graphql(desc = "A note for the history of each release, at most 5,000 characters. Not with PUBLISH.")]
        note: Option<String>,
        #[graphql(desc = "How to withdraw them. Required for WITHDRAW, and allowed for it only.")] withdrawal: Option<
            WithdrawalInput,
        >,
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

    /// Removes all that a release says and said, for good: versions, images in the journal, answers kept. A bare entry stays that
    /// says who did it, when and why. ADMIN.
    async fn release_purge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release.")] id: ID,
        #[graphql(desc = "Its `revision` as you read it; if it has moved on, nothing is changed.")]
        expected_revision: i32,
        #[graphql(desc = "On whose demand and why; it stays in the journal, so it must not tell what was removed.")]
        reason: String,
    ) -> Result<Option<DeletePayload>, ApiError> {
        let (request, id) = (ctx.request(), release_id(ctx, &id)?);
        let result = ctx.newsroom().release_purge(&request.viewer, id, expected_revision, reason, request.now).await;
        DeletePayload::from_result(ctx, Noun::Release, result).map(Some)
    }
}

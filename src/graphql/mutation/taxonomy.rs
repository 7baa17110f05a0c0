//! Mutations of topics and places: create, update, merge and retire. All of them require the role ADMIN.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::arguments::{at_id, at_input};
use crate::{
    graphql::{
        base::{error::ApiError, global_id},
        engine::context::ContextExt,
        types::{
            payload::{PlacePayload, TopicPayload},
            place::PlaceInput,
            topic::TopicInput,
        },
    },
    journal::{PlaceImage, TopicImage},
};

/// Mutations of topics and places.
#[derive(Default)]
pub struct TaxonomyMutation;

/// Mutations of topics and places.
#[Object]
impl TaxonomyMutation {
    /// Creates a topic. Requires the role ADMIN.
    async fn topic_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The fields of the topic.")] input: TopicInput,
    ) -> Result<Option<TopicPayload>, ApiError> {
        let (request, input) = (ctx.request(), input.resolve(ctx.ids()).map_err(at_input)?);
        TopicPayload::from_result(
            ctx.newsroom().concept_create::<TopicImage>(&request.viewer, input, request.now).await,
        )
        .map(Some)
    }

    /// Changes a topic. Requires the role ADMIN.
    async fn topic_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the topic.")] id: ID,
        #[graphql(
            desc = "The `revision` of the topic that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The fields to change.")] input: TopicInput,
    ) -> Result<Option<TopicPayload>, ApiError> {
        let (request, id) = (ctx.request(), global_id::decode_as(ctx.ids(), Noun::Topic, &id).map_err(at_id)?);
        let input = input.resolve(ctx.ids()).map_err(at_input)?;
        TopicPayload::from_result(
            ctx.newsroom()
                .concept_update::<TopicImage>(&request.viewer, id, expected_revision, input, request.now)
                .await,
        )
        .map(Some)
    }

    /// Merges the topic `from` into the topic `into`. Releases and narrower topics of `from` move to `into`. The
    /// names of `from` become alternative names of `into`, and the slugs, id and URI of `from` lead to `into`. A
    /// merge cannot be undone. Requires the role ADMIN.
    async fn topic_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the topic that is merged and disappears.")] from: ID,
        #[graphql(desc = "The id of the topic that remains.")] into: ID,
    ) -> Result<Option<TopicPayload>, ApiError> {
        let request = ctx.request();
        let from = global_id::decode_as(ctx.ids(), Noun::Topic, &from).map_err(|error| error.at("from"))?;
        let into = global_id::decode_as(ctx.ids(), Noun::Topic, &into).map_err(|error| error.at("into"))?;
        TopicPayload::from_result(
            ctx.newsroom().concept_merge::<TopicImage>(&request.viewer, from, into, request.now).await,
        )
        .map(Some)
    }

    /// Retires a topic, which can then no longer be added to releases. Releases that already have the topic keep it,
    /// and filters and counts still include it. Requires the role ADMIN.
    async fn topic_retire(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the topic.")] id: ID,
        #[graphql(
            desc = "The `revision` of the topic that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The id of the topic to use instead. It must not be retired.")] replaced_by: Option<ID>,
    ) -> Result<Option<TopicPayload>, ApiError> {
        let (request, id) = (ctx.request(), global_id::decode_as(ctx.ids(), Noun::Topic, &id).map_err(at_id)?);
        let replacement =
            replaced_by.map(|replacement| global_id::decode_as(ctx.ids(), Noun::Topic, &replacement)).transpose();
        let replacement = replacement.map_err(|error| error.at("replacedBy"))?;
        TopicPayload::from_result(
            ctx.newsroom()
                .concept_retire::<TopicImage>(&request.viewer, id, expected_revision, replacement, request.now)
                .await,
        )
        .map(Some)
    }

    /// Creates a place. Requires the role ADMIN.
    async fn place_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The fields of the place.")] input: PlaceInput,
    ) -> Result<Option<PlacePayload>, ApiError> {
        let (request, input) = (ctx.request(), input.resolve(ctx.ids()).map_err(at_input)?);
        PlacePayload::from_result(
            ctx.newsroom().concept_create::<PlaceImage>(&request.viewer, input, request.now).await,
        )
        .map(Some)
    }

    /// Changes a place. Requires the role ADMIN.
    async fn place_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the place.")] id: ID,
        #[graphql(
            desc = "The `revision` of the place that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The fields to change.")] input: PlaceInput,
    ) -> Result<Option<PlacePayload>, ApiError> {
        let (request, id) = (ctx.request(), global_id::decode_as(ctx.ids(), Noun::Place, &id).map_err(at_id)?);
        let input = input.resolve(ctx.ids()).map_err(at_input)?;
        PlacePayload::from_result(
            ctx.newsroom()
                .concept_update::<PlaceImage>(&request.viewer, id, expected_revision, input, request.now)
                .await,
        )
        .map(Some)
    }

    /// Merges the place `from` into the place `into`. Releases of `from` and places within it move to `into`. The
    /// names of `from` become alternative names of `into`, and the slugs, id and URI of `from` lead to `into`. Codes
    /// and a location that `into` lacks are copied from `from`. A merge cannot be undone. Requires the role ADMIN.
    async fn place_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the place that is merged and disappears.")] from: ID,
        #[graphql(desc = "The id of the place that remains.")] into: ID,
    ) -> Result<Option<PlacePayload>, ApiError> {
        let request = ctx.request();
        let from = global_id::decode_as(ctx.ids(), Noun::Place, &from).map_err(|error| error.at("from"))?;
        let into = global_id::decode_as(ctx.ids(), Noun::Place, &into).map_err(|error| error.at("into"))?;
        PlacePayload::from_result(
            ctx.newsroom().concept_merge::<PlaceImage>(&request.viewer, from, into, request.now).await,
        )
        .map(Some)
    }

    /// Retires a place, which can then no longer be added to releases. Releases that already have the place keep it,
    /// and filters and counts still include it. Requires the role ADMIN.
    async fn place_retire(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the place.")] id: ID,
        #[graphql(
            desc = "The `revision` of the place that you read. If it is no longer current, nothing is changed and the error code is STALE_REVISION."
        )]
        expected_revision: i32,
        #[graphql(desc = "The id of the place to use instead. It must not be retired.")] replaced_by: Option<ID>,
    ) -> Result<Option<PlacePayload>, ApiError> {
        let (request, id) = (ctx.request(), global_id::decode_as(ctx.ids(), Noun::Place, &id).map_err(at_id)?);
        let replacement =
            replaced_by.map(|replacement| global_id::decode_as(ctx.ids(), Noun::Place, &replacement)).transpose();
        let replacement = replacement.map_err(|error| error.at("replacedBy"))?;
        PlacePayload::from_result(
            ctx.newsroom()
                .concept_retire::<PlaceImage>(&request.viewer, id, expected_revision, replacement, request.now)
                .await,
        )
        .map(Some)
    }
}

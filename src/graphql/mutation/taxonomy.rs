//! Mutations of topics and places: create, update, merge and retire. All of them require the role ADMIN.

use async_graphql::{Context, ID, Object};
use uuid::Uuid;

use super::arguments::at_input;
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
    newsroom::taxonomy::concept::{ConceptImage, ConceptResult},
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
        TopicPayload::from_result(create::<TopicImage>(ctx, input.resolve(ctx.ids())).await?)
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
        TopicPayload::from_result(update::<TopicImage>(ctx, &id, expected_revision, input.resolve(ctx.ids())).await?)
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
        TopicPayload::from_result(merge::<TopicImage>(ctx, &from, &into).await?)
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
        TopicPayload::from_result(retire::<TopicImage>(ctx, &id, expected_revision, replaced_by.as_ref()).await?)
    }

    /// Creates a place. Requires the role ADMIN.
    async fn place_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The fields of the place.")] input: PlaceInput,
    ) -> Result<Option<PlacePayload>, ApiError> {
        PlacePayload::from_result(create::<PlaceImage>(ctx, input.resolve(ctx.ids())).await?)
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
        PlacePayload::from_result(update::<PlaceImage>(ctx, &id, expected_revision, input.resolve(ctx.ids())).await?)
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
        PlacePayload::from_result(merge::<PlaceImage>(ctx, &from, &into).await?)
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
        PlacePayload::from_result(retire::<PlaceImage>(ctx, &id, expected_revision, replaced_by.as_ref()).await?)
    }
}

/// Creates a topic or place.
async fn create<C: ConceptImage>(
    ctx: &Context<'_>,
    input: Result<C::Input, ApiError>,
) -> Result<ConceptResult, ApiError> {
    let (request, input) = (ctx.request(), input.map_err(at_input)?);
    Ok(ctx.newsroom().concept_create::<C>(&request.viewer, input, request.now).await)
}

/// Changes a topic or place.
async fn update<C: ConceptImage>(
    ctx: &Context<'_>,
    id: &ID,
    expected_revision: i32,
    input: Result<C::Input, ApiError>,
) -> Result<ConceptResult, ApiError> {
    let (request, id, input) = (ctx.request(), key::<C>(ctx, id, "id")?, input.map_err(at_input)?);
    Ok(ctx.newsroom().concept_update::<C>(&request.viewer, id, expected_revision, input, request.now).await)
}

/// Merges the topic or place `from` into `into`.
async fn merge<C: ConceptImage>(ctx: &Context<'_>, from: &ID, into: &ID) -> Result<ConceptResult, ApiError> {
    let (request, from, into) = (ctx.request(), key::<C>(ctx, from, "from")?, key::<C>(ctx, into, "into")?);
    Ok(ctx.newsroom().concept_merge::<C>(&request.viewer, from, into, request.now).await)
}

/// Retires a topic or place.
async fn retire<C: ConceptImage>(
    ctx: &Context<'_>,
    id: &ID,
    expected_revision: i32,
    replaced_by: Option<&ID>,
) -> Result<ConceptResult, ApiError> {
    let (request, id) = (ctx.request(), key::<C>(ctx, id, "id")?);
    let replacement = replaced_by.map(|replacement| key::<C>(ctx, replacement, "replacedBy")).transpose()?;
    Ok(ctx.newsroom().concept_retire::<C>(&request.viewer, id, expected_revision, replacement, request.now).await)
}

/// Decodes an argument to the database key of a topic or place.
fn key<C: ConceptImage>(ctx: &Context<'_>, id: &ID, argument: &str) -> Result<Uuid, ApiError> {
    global_id::decode_as(ctx.ids(), C::NOUN, id).map_err(|error| error.at(argument))
}

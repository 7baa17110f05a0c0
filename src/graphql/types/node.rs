//! The Relay `Node` interface: `node` and `nodes` load objects by global id, all releases with one SQL statement.
//!
//! A node is null if no object has the id, or if the viewer must not see the object.

use std::borrow::Cow;

use async_graphql::{
    Context, ContextSelectionSet, ID, Interface, OutputType, Positioned, ServerResult, Value, parser::types::Field,
    registry::Registry,
};
use entity::Noun;

use super::{place::Place, release::Release, topic::Topic};
use crate::{
    catalog::ReleaseKey,
    graphql::{
        base::{error::ApiError, global_id},
        engine::{context::ContextExt, serial_list::SerialObject},
    },
    newsroom::reading::list::Projection,
};

/// An object that `node` and `nodes` load by its global id (Relay's Node interface).
#[derive(Interface)]
#[expect(clippy::large_enum_variant, reason = "most requested nodes are releases")]
#[graphql(field(name = "id", ty = "ID", desc = "The global id. It never changes."))]
pub enum Node {
    /// A release.
    Release(Release),
    /// A topic.
    Topic(Topic),
    /// A place.
    Place(Place),
}

/// A node during execution; its type in the schema is [`Node`]. This type resolves its fields in order. async-graphql
/// would resolve the fields of an interface concurrently and return them in order of completion.
#[expect(clippy::large_enum_variant, reason = "most requested nodes are releases")]
pub enum SerialNode {
    /// A release.
    Release(SerialObject<Release>),
    /// A topic.
    Topic(SerialObject<Topic>),
    /// A place.
    Place(SerialObject<Place>),
}

impl OutputType for SerialNode {
    fn type_name() -> Cow<'static, str> {
        Node::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Node::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match self {
            Self::Release(release) => release.resolve(ctx, field).await,
            Self::Topic(topic) => topic.resolve(ctx, field).await,
            Self::Place(place) => place.resolve(ctx, field).await,
        }
    }
}

/// Loads the objects with these ids, in the given order. An entry is `None` if the object does not exist or the
/// viewer must not see it. Loads all releases with one SQL statement.
pub async fn nodes(ctx: &Context<'_>, ids: &[ID], projection: Projection) -> Result<Vec<Option<SerialNode>>, ApiError> {
    let request = ctx.request();
    let (set, snapshot) = (request.visible(), &request.snapshot);
    let keys = ids.iter().map(|id| global_id::decode(ctx.ids(), id)).collect::<Result<Vec<_>, _>>()?;
    let items: Vec<_> = keys
        .iter()
        .filter(|(noun, _)| *noun == Noun::Release)
        .filter_map(|&(_, key)| set.find(&ReleaseKey::Id(key)).map(|(item, _)| item))
        .collect();
    ctx.execution().before_reading(items.len(), 0).await;
    let loaded = ctx.newsroom().fetch(&set, &items, projection).await?;
    let node = |(noun, key)| match noun {
        Noun::Release => loaded
            .iter()
            .find(|loaded| loaded.item.id() == key)
            .map(|loaded| SerialNode::Release(SerialObject(Release::new(request, &set, loaded.clone())))),
        Noun::Topic => snapshot
            .topics()
            .by_id(key)
            .map(|number| SerialNode::Topic(SerialObject(Topic::new(snapshot.clone(), number)))),
        Noun::Place => snapshot
            .places()
            .by_id(key)
            .map(|number| SerialNode::Place(SerialObject(Place::new(snapshot.clone(), number)))),
        Noun::Token | Noun::PreviewLink => None,
    };
    Ok(keys.into_iter().map(node).collect())
}

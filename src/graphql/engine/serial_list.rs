//! Wrappers for lists and objects whose fields are resolved one after the other, without a boxed future for each
//! field.
//!
//! `async-graphql` runs every field of every object as a boxed future, which is slow for long lists. Most fields here
//! wait for nothing, because the data of pages and release sets is in memory. `SerialList` and `SerialObject`
//! therefore resolve fields in order. If a selection contains a field of `BATCHED_FIELDS`, the list is resolved
//! concurrently instead, so that data loaders can batch the SQL. A test checks that both ways give the same response.
//!
//! The wrappers require selections from `operation::Plan`, which contain no directives and no fragment spreads. They
//! do not call the resolver hooks of async-graphql extensions.

use std::{borrow::Cow, pin::Pin, sync::Arc};

use async_graphql::{
    ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
    registry::Registry,
    resolver_utils::resolve_list,
};

use super::{context::RequestContext, response_budget::ResponseBudget};

/// Fields that load rows from the database in batches.
const BATCHED_FIELDS: [&str; 6] = ["body", "related", "samples", "revisions", "history", "diff"];

/// A list whose items are resolved one after the other, unless their selection contains a batched field.
pub struct SerialList<T>(pub Vec<T>);

impl<T> FromIterator<T> for SerialList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T: ContainerType> OutputType for SerialList<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        boxed(self.resolve_items(ctx, field)).await
    }
}

impl<T: ContainerType> SerialList<T> {
    async fn resolve_items(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let (budget, request) = (ctx.data_unchecked::<Arc<ResponseBudget>>(), ctx.data_unchecked::<RequestContext>());
        if !budget.reserve_list(self.0.len()) {
            return Ok(Value::List(Vec::new()));
        }
        let fields = selected_fields(&ctx.item.node, &T::type_name());
        if fields.iter().any(|field| needs_batching(field)) {
            return resolve_list(ctx, field, &self.0, Some(self.0.len())).await;
        }
        let mut values = Vec::with_capacity(self.0.len());
        for (index, item) in self.0.iter().enumerate() {
            request.execution.yield_if_due().await;
            let ctx = ctx.with_index(index);
            values.push(resolve_object(&ctx, item, &fields).await);
        }
        Ok(Value::List(values))
    }
}

/// An object whose fields are resolved one after the other.
pub struct SerialObject<T>(pub T);

impl<T: ContainerType> OutputType for SerialObject<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        boxed(self.resolve_fields(ctx)).await
    }
}

impl<T: ContainerType> SerialObject<T> {
    async fn resolve_fields(&self, ctx: &ContextSelectionSet<'_>) -> ServerResult<Value> {
        Ok(resolve_object(ctx, &self.0, &selected_fields(&ctx.item.node, &T::type_name())).await)
    }
}

/// Boxes a future. Without the box its type would be infinite, because objects contain lists of objects that contain
/// lists.
fn boxed<'a, V>(future: impl Future<Output = V> + Send + 'a) -> Pin<Box<dyn Future<Output = V> + Send + 'a>> {
    Box::pin(future)
}

/// Resolves the fields of an object in order. A field that fails becomes null, and its error is recorded.
async fn resolve_object<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    item: &T,
    fields: &[&Positioned<Field>],
) -> Value {
    let mut values: IndexMap<Name, Value> = IndexMap::with_capacity(fields.len());
    for field in fields {
        let name = field.node.response_key().node.clone();
        if field.node.name.node == "__typename" {
            values.insert(name, Value::String(item.introspection_type_name().into_owned()));
            continue;
        }
        let ctx_field = ctx.with_field(field);
        match item.resolve_field(&ctx_field).await {
            Ok(value) => drop(values.insert(name, value.unwrap_or_default())),
            Err(error) => {
                ctx.add_error(error);
                values.insert(name, Value::Null);
            }
        }
    }
    Value::Object(values)
}

/// Returns the fields that a plan selects on objects of type `type_name`.
fn selected_fields<'a>(set: &'a SelectionSet, type_name: &str) -> Vec<&'a Positioned<Field>> {
    let mut fields = Vec::with_capacity(set.items.len());
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => fields.push(field),
            Selection::InlineFragment(fragment) => {
                if fragment.node.type_condition.as_ref().is_some_and(|on| on.node.on.node == type_name) {
                    return self::selected_fields(&fragment.node.selection_set.node, type_name);
                }
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    fields
}

/// Returns whether a field or a field below it is one of `BATCHED_FIELDS`.
fn needs_batching(field: &Positioned<Field>) -> bool {
    BATCHED_FIELDS.contains(&field.node.name.node.as_str()) || any_needs_batching(&field.node.selection_set.node)
}

fn any_needs_batching(set: &SelectionSet) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => needs_batching(field),
        Selection::InlineFragment(fragment) => any_needs_batching(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => false,
    })
}

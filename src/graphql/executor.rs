//! GraphQL executor: parses, validates, plans, limits and executes operations, and caches documents and plans.
//!
//! The steps are `parse` (document cache), `prepare` (variables, plan cache, cost limit), then `execute`, `subscribe`
//! or `execute_event`. Documents and plans are reused, but variable values and cost are checked for every request.
//! The executor also normalises responses (null for failed fields, field order). If the settings say so, it hides the
//! schema from public callers. HTTP, media types and timeouts are in `http/graphql`.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Name, PathSegment, Pos, Request, Response, ServerError, Value, Variables, indexmap::IndexMap};
use entity::api_token::Role;
use futures_util::StreamExt;
use quick_cache::{Weighter, sync::Cache};
use serde_json::{Map, Value as Json};

use super::{
    cost::{extent::Extent, field_costs::FieldCosts, introspection},
    engine::{
        context::RequestContext, field_order::sort_fields, response_budget::ResponseBudget, scheduler::Overloaded,
        subscription_phase::SubscriptionPhase, variable_limits,
    },
    operation::{Disclosure, Document, OperationSchema, Plan, RequestError, RequestErrors},
    schema::{Schema, builder, sdl},
};
use crate::{
    error_code,
    limits::Limits,
    newsroom::{
        Newsroom,
        reading::change_stream::{Change, ChangeStream},
    },
};

/// Expected number of entries of the document cache and of the plan cache. The caches allocate their tables for this
/// number; `CACHE_BYTES` is the limit.
const CACHE_ENTRIES: usize = 500;

/// Maximum size of each of the two caches (documents, plans), in estimated bytes.
const CACHE_BYTES: u64 = 32 << 20;

/// Estimated memory of a parsed document, in bytes for each byte of its text. For example, a field with a two-letter
/// name and a space takes about 400 bytes.
const PARSED_BYTES_PER_TEXT_BYTE: u64 = 150;

/// Maximum length of a cached document, in bytes of its text. If a document is longer, neither the document nor its
/// plans are cached. A parsed document of this length still fits into one shard of the cache.
pub const MAX_CACHED_DOCUMENT_BYTES: usize = 12 * 1024;

/// Error message for callers without a token who request something that requires a token.
pub const TOKEN_REQUIRED: &str = "a token is required: send it in the header `Authorization: Bearer …`";

/// Executes GraphQL operations on one newsroom.
pub struct Executor {
    schema: Schema,
    operations: OperationSchema,
    /// Whether public callers can neither introspect the schema nor learn its names from error messages.
    schema_is_hidden: bool,
    field_costs: FieldCosts,
    limits: Arc<Limits>,
    documents: Cache<String, Arc<Document>, DocumentWeight>,
    /// Cached plans. The key is the id of the document and `Document::plan_key`.
    plans: Cache<(u64, Vec<u8>), Arc<Plan>, PlanWeight>,
}

/// The parts of a GraphQL request other than its document: operation name and variables.
#[derive(Clone, Debug, Default)]
pub struct OperationInput {
    /// Name of the operation to execute. May be None if the document has only one operation.
    pub operation_name: Option<String>,
    /// Variable values as sent, before coercion.
    pub variables: Map<String, Json>,
}

/// An operation that is ready for execution: valid, with coerced variables, and within the limits.
#[derive(Debug)]
pub struct PreparedOperation {
    plan: Arc<Plan>,
    pub(super) variables: Variables,
    /// Query cost. The rendering of bodies is not included; it is charged during execution.
    cost: u64,
}

/// An open subscription: the prepared operation and its change stream.
pub struct OpenSubscription {
    prepared: PreparedOperation,
    /// The changes to send to the subscriber.
    pub change_stream: ChangeStream,
}

/// Computes the cache weight of a document: the estimated memory of its parsed form, in bytes.
#[derive(Clone)]
struct DocumentWeight;

impl Weighter<String, Arc<Document>> for DocumentWeight {
    fn weight(&self, text: &String, _: &Arc<Document>) -> u64 {
        text.len() as u64 * PARSED_BYTES_PER_TEXT_BYTE + 1000
    }
}

/// Computes the cache weight of a plan: its estimated memory, in bytes.
#[derive(Clone)]
struct PlanWeight;

impl Weighter<(u64, Vec<u8>), Arc<Plan>> for PlanWeight {
    fn weight(&self, (_, plan_key): &(u64, Vec<u8>), plan: &Arc<Plan>) -> u64 {
        plan.weight() + plan_key.len() as u64 + 1000
    }
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").finish_non_exhaustive()
    }
}

impl Executor {
    /// Creates an executor for a newsroom. If `schema_is_public` is false, public callers cannot introspect the
    /// schema, and error messages for them contain no names from the schema that their request does not contain.
    pub fn new(newsroom: Newsroom, limits: Arc<Limits>, schema_is_public: bool) -> Self {
        let sdl = sdl();
        Self {
            // Plans are already validated and within the limits, so async-graphql need not check them again.
            schema: builder()
                .data(newsroom)
                .validation_mode(async_graphql::ValidationMode::Fast)
                .limit_recursive_depth(usize::MAX)
                .finish(),
            operations: OperationSchema::parse(&sdl),
            schema_is_hidden: !schema_is_public,
            field_costs: FieldCosts::from_sdl(&sdl),
            limits,
            documents: Cache::with_weighter(CACHE_ENTRIES, CACHE_BYTES, DocumentWeight),
            plans: Cache::with_weighter(CACHE_ENTRIES, CACHE_BYTES, PlanWeight),
        }
    }

    /// Returns a parsed and validated document, from the cache if the same text was parsed before.
    pub fn parse(&self, text: &str, role: Role) -> Result<Arc<Document>, RequestErrors> {
        if let Some(document) = self.documents.get(text) {
            return Ok(document);
        }
        let document = Document::parse(text, &self.operations, &self.limits, self.disclosure(role))?;
        let document = Arc::new(document);
        if text.len() <= MAX_CACHED_DOCUMENT_BYTES {
            self.documents.insert(text.to_owned(), document.clone());
        }
        Ok(document)
    }

    /// Coerces the variables of a request, plans the operation, and checks the limits. Fails with the errors for the
    /// client if the operation must not be executed.
    pub fn prepare(
        &self,
        document: &Document,
        input: OperationInput,
        role: Role,
        extent: &Extent,
    ) -> Result<PreparedOperation, RequestErrors> {
        let operation = document.operation(input.operation_name.as_deref())?;
        let at = document.position(operation);
        let to_errors = |error| vec![error];
        let variables = document.coerce(operation, &self.operations, input.variables, self.disclosure(role))?;
        variable_limits::check_value_count(&variables, &self.limits, at).map_err(to_errors)?;
        let key = (document.id(), document.plan_key(operation, &variables));
        let cached = self.plans.get(&key);
        let plan = match &cached {
            Some(plan) => plan.clone(),
            None => {
                Arc::new(Plan::new(document, operation, &self.operations, &variables, &self.limits).map_err(to_errors)?)
            }
        };
        variable_limits::check_copied_bytes(&plan.variable_uses, &variables, &self.limits, at).map_err(to_errors)?;
        let cost = self.check_limits(&plan, &variables, (role, extent), at).map_err(to_errors)?;
        if cached.is_none() && document.bytes() <= MAX_CACHED_DOCUMENT_BYTES {
            self.plans.insert(key, plan.clone());
        }
        Ok(PreparedOperation { plan, variables, cost })
    }

    /// Returns the cost of an operation. Fails if the cost exceeds `limits.cost`, or if the operation introspects a
    /// schema that is hidden from its caller.
    fn check_limits(
        &self,
        plan: &Plan,
        variables: &Variables,
        (role, extent): (Role, &Extent),
        at: Pos,
    ) -> Result<u64, RequestError> {
        let introspects = introspection::introspects(plan.operation());
        if introspects && self.disclosure(role) == Disclosure::Hidden {
            let message =
                "introspection requires a token here (setting introspection): send one, or read schema.graphql";
            return Err(RequestError::new(error_code::INTROSPECTION_DISABLED, message, at));
        }
        let cost = self.field_costs.cost(plan.operation(), variables, extent);
        if introspects && cost == u64::MAX {
            let message = "one path through the schema has a kind of list twice (limits.cost): select no `fields` \
                           below `fields`, and no `interfaces` or `possibleTypes` below either of these";
            return Err(RequestError::new(error_code::GRAPHQL_VALIDATION_FAILED, message, at));
        }
        check_cost(cost, &self.limits, at)?;
        Ok(cost)
    }

    fn disclosure(&self, role: Role) -> Disclosure {
        if self.schema_is_hidden && role == Role::Public { Disclosure::Hidden } else { Disclosure::Full }
    }

    /// Executes an operation. Fails if the operation becomes long and gets no permit in time.
    pub async fn execute(&self, prepared: PreparedOperation, context: RequestContext) -> Result<Response, Overloaded> {
        let (execution, role) = (context.execution.clone(), context.viewer.role);
        let budget = Arc::new(ResponseBudget::new(&self.limits, prepared.cost));
        let request = prepared.plan.request(prepared.variables).data(context).data(budget.clone());
        let operation = async {
            normalize_response(&prepared.plan, enforce_budget(&budget, self.schema.execute(request).await), role)
        };
        execution.run(operation).await
    }

    /// Opens a subscription and its change stream. Fails with a response that contains the errors.
    pub async fn subscribe(
        &self,
        prepared: PreparedOperation,
        context: RequestContext,
    ) -> Result<OpenSubscription, Response> {
        let (slot, role) = (Arc::<Mutex<Vec<ChangeStream>>>::default(), context.viewer.role);
        let phase = SubscriptionPhase::Open(slot.clone(), self.limits.clone());
        let request = prepared.plan.request(prepared.variables.clone()).data(context).data(phase);
        if let Some(response) = self.schema.execute_stream(request).next().await {
            return Err(normalize_response(&prepared.plan, response, role));
        }
        let change_streams = std::mem::take(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner));
        match <[_; 1]>::try_from(change_streams) {
            Ok([change_stream]) => Ok(OpenSubscription { prepared, change_stream }),
            // This cannot happen: validation ensures that the root has exactly one field, and its resolver opens one
            // change stream.
            Err(_) => Err(Response::from_errors(vec![ServerError::new("the subscription could not be opened", None)])),
        }
    }

    /// Executes the selection of a subscription for one change. Acquires no permit for long operations, because the
    /// caller of this function holds one.
    pub async fn execute_event(&self, opened: &OpenSubscription, change: Change, context: RequestContext) -> Response {
        let (PreparedOperation { plan, variables, cost }, role) = (&opened.prepared, context.viewer.role);
        let execution = context.execution.clone();
        let budget = Arc::new(ResponseBudget::new(&self.limits, *cost));
        let phase = SubscriptionPhase::Event(Box::new(change));
        let request = plan.request(variables.clone()).data(context).data(budget.clone()).data(phase);
        let operation = async {
            // One change gives exactly one response.
            let response = self.schema.execute_stream(request).next().await;
            normalize_response(plan, enforce_budget(&budget, response.unwrap_or_default()), role)
        };
        // The context of an event has no `Permits`, so `run` does not fail.
        execution.run(operation).await.unwrap_or_default()
    }
}

impl Plan {
    fn request(&self, variables: Variables) -> Request {
        let mut request = Request::new("").variables(variables);
        request.set_parsed_query(self.document());
        request
    }
}

/// Corrects a response where async-graphql deviates from the specification, and removes what the caller must not
/// learn.
fn normalize_response(plan: &Plan, response: Response, role: Role) -> Response {
    let mut response = with_null_for_failed_fields(response);
    sort_fields(&mut response.data, &plan.operation().selection_set.node, !response.errors.is_empty());
    plan.remove_hidden_fields(&mut response.data);
    for error in &mut response.errors {
        // async-graphql reports one input error that validation cannot find: a variable with the value null for a
        // non-null argument that has a default (GraphQL, September 2025, 6.4.1). Its message contains type names, but
        // the schema may be hidden from the caller, so another message replaces it.
        if error.extensions.is_none() && error.message.contains("found null") {
            "null is not allowed here: omit the variable to use the default, or send a value"
                .clone_into(&mut error.message);
        }
        if role == Role::Public {
            ask_for_token(error);
        }
    }
    response
}

/// Replaces the error code FORBIDDEN by UNAUTHENTICATED, for callers without a token.
fn ask_for_token(error: &mut ServerError) {
    if let Some(extensions) = &mut error.extensions
        && extensions.get("code") == Some(&Value::from(error_code::FORBIDDEN))
    {
        extensions.set("code", error_code::UNAUTHENTICATED);
        TOKEN_REQUIRED.clone_into(&mut error.message);
    }
}

/// Fails if a cost exceeds `limits.cost`.
fn check_cost(cost: u64, limits: &Limits, at: Pos) -> Result<(), RequestError> {
    if cost <= limits.cost {
        return Ok(());
    }
    let cost = if cost == u64::MAX { format!("more than {}", u32::MAX) } else { cost.to_string() };
    let message = format!(
        "the query costs {cost}, but at most {} is allowed (limits.cost); a field costs 1 for each entry of the lists \
         around it: request smaller pages, fewer buckets or fewer nested lists",
        limits.cost
    );
    Err(RequestError::new(error_code::GRAPHQL_VALIDATION_FAILED, message, at))
}

/// Returns the response. If it exceeded its budget, returns a response with only an error instead.
fn enforce_budget(budget: &ResponseBudget, response: Response) -> Response {
    let Some(error) = budget.error() else { return response };
    // The error concerns the whole response, so it has no location. Execution had begun, so `data` is null and not
    // absent.
    let mut error = async_graphql::Error::from(error).into_server_error(Pos::default());
    error.locations.clear();
    let mut error_response = Response::new(Value::Null);
    error_response.errors = vec![error];
    error_response
}

/// Inserts null for each failed field. The specification requires this null (GraphQL, September 2025, 6.4.4), but
/// async-graphql 7.2 omits the field. Every field of this schema that can fail is nullable.
fn with_null_for_failed_fields(mut response: Response) -> Response {
    for error in &response.errors {
        let mut at = &mut response.data;
        for step in &error.path {
            // If all fields of an object failed, async-graphql replaces the object by null. The object exists, so it
            // is restored.
            if matches!((&*at, step), (Value::Null, PathSegment::Field(_))) {
                *at = Value::Object(IndexMap::new());
            }
            at = match (at, step) {
                (Value::Object(fields), PathSegment::Field(name)) => {
                    fields.entry(Name::new(name)).or_insert(Value::Null)
                }
                (Value::List(items), PathSegment::Index(index)) => match items.get_mut(*index) {
                    Some(item) => item,
                    None => break,
                },
                _ => break,
            };
        }
    }
    response
}

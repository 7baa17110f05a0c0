//! The GraphQL executor: parses, validates, plans, limits and executes operations, with caches for documents and plans.
//!
//! Order: `parse` (document cache), `prepare` (variables, plan cache, cost limit), then `execute`, `subscribe` or
//! `execute_event`. Variable values and cost are checked for every request; documents and plans are reused. It also
//! normalizes responses (null for failed fields, field order) and hides the schema from public callers if configured.
//! HTTP, media types and timeouts are in `http/graphql`.

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

/// Documents and plans that are cached, about.
const CACHE_ENTRIES: usize = 500;

/// Bytes of documents that are cached, about; of plans as many.
const CACHE_BYTES: u64 = 32 << 20;

/// Bytes that a byte of a document's text takes once it is parsed, about: a field of two letters and a blank takes some 400.
const PARSED_BYTES_PER_TEXT_BYTE: u64 = 150;

/// Longest document that is cached, in bytes; so are its plans. Parsed it still fits a shard of the cache.
pub const MAX_CACHED_DOCUMENT_BYTES: usize = 12 * 1024;

/// What is told to who has no token and needs one.
pub const TOKEN_REQUIRED: &str = "this needs a token: send it as `Authorization: Bearer …`";

/// The schema over a newsroom, behind the front end.
pub struct Executor {
    schema: Schema,
    operations: OperationSchema,
    /// The public may not read the schema.
    schema_is_hidden: bool,
    field_costs: FieldCosts,
    limits: Arc<Limits>,
    documents: Cache<String, Arc<Document>, DocumentWeight>,
    /// By document, operation and the variables that have values.
    plans: Cache<(u64, Vec<u8>), Arc<Plan>, PlanWeight>,
}

/// What a request sends beside the text of its document.
#[derive(Clone, Debug, Default)]
pub struct OperationInput {
    /// Which operation of the document.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: Map<String, Json>,
}

/// An operation that may be executed: valid, with variables of their types, within the limits.
#[derive(Debug)]
pub struct PreparedOperation {
    plan: Arc<Plan>,
    variables: Variables,
    /// What it costs before bodies are rendered.
    cost: u64,
}

/// A subscription that was opened.
pub struct OpenSubscription {
    prepared: PreparedOperation,
    /// The stream of changes.
    pub change_stream: ChangeStream,
}

/// Weighs a document by the bytes that it takes once it is parsed.
#[derive(Clone)]
struct DocumentWeight;

impl Weighter<String, Arc<Document>> for DocumentWeight {
    fn weight(&self, text: &String, _: &Arc<Document>) -> u64 {
        text.len() as u64 * PARSED_BYTES_PER_TEXT_BYTE + 1000
    }
}

/// Weighs a plan by its bytes.
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
    /// Over a newsroom. Where the schema is not public, neither introspection nor an error tells the public of it.
    pub fn new(newsroom: Newsroom, limits: Arc<Limits>, schema_is_public: bool) -> Self {
        let sdl = sdl();
        Self {
            // What is executed is valid already, and within the limits.
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

    /// A document, parsed and validated; from the cache where it came before.
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

    /// Coerces what was sent with a document, and checks what the operation costs; or says why it may not be executed.
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

    /// What an operation costs; fails where it may not be executed, at its cost or by its caller.
    fn check_limits(
        &self,
        plan: &Plan,
        variables: &Variables,
        (role, extent): (Role, &Extent),
        at: Pos,
    ) -> Result<u64, RequestError> {
        let introspects = introspection::introspects(plan.operation());
        if introspects && self.disclosure(role) == Disclosure::Hidden {
            let message = "the schema is not public here (introspection): send a token, or ask for schema.graphql";
            return Err(RequestError::new(error_code::INTROSPECTION_DISABLED, message, at));
        }
        let cost = self.field_costs.cost(plan.operation(), variables, extent);
        if introspects && cost == u64::MAX {
            let message = "a kind of list comes twice on one path through the schema (limits.cost): ask for no `fields` in \
                           `fields`, and for no `interfaces` or `possibleTypes` in either";
            return Err(RequestError::new(error_code::GRAPHQL_VALIDATION_FAILED, message, at));
        }
        check_cost(cost, &self.limits, at)?;
        Ok(cost)
    }

    fn disclosure(&self, role: Role) -> Disclosure {
        if self.schema_is_hidden && role == Role::Public { Disclosure::Hidden } else { Disclosure::Full }
    }

    /// Executes an operation. Fails where it became long and got no permit.
    pub async fn execute(&self, prepared: PreparedOperation, context: RequestContext) -> Result<Response, Overloaded> {
        let (execution, role) = (context.execution.clone(), context.viewer.role);
        let budget = Arc::new(ResponseBudget::new(&self.limits, prepared.cost));
        let request = prepared.plan.request(prepared.variables).data(context).data(budget.clone());
        let operation = async {
            normalize_response(&prepared.plan, enforce_budget(&budget, self.schema.execute(request).await), role)
        };
        execution.run(operation).await
    }

    /// Opens a subscription: its change stream, or the response that says what is wrong with it.
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
            // Its one field was executed, by validation.
            Err(_) => Err(Response::from_errors(vec![ServerError::new("the subscription could not be opened", None)])),
        }
    }

    /// What a subscription answers to a change. It is executed without a permit: whoever calls this holds one.
    pub async fn execute_event(&self, opened: &OpenSubscription, change: Change, context: RequestContext) -> Response {
        let (PreparedOperation { plan, variables, cost }, role) = (&opened.prepared, context.viewer.role);
        let execution = context.execution.clone();
        let budget = Arc::new(ResponseBudget::new(&self.limits, *cost));
        let phase = SubscriptionPhase::Event(Box::new(change));
        let request = plan.request(variables.clone()).data(context).data(budget.clone()).data(phase);
        let operation = async {
            // One change, one answer.
            let response = self.schema.execute_stream(request).next().await;
            normalize_response(plan, enforce_budget(&budget, response.unwrap_or_default()), role)
        };
        // Without `Permits` it does not fail.
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

/// An answer as the specification has it, and as its caller may know it.
fn normalize_response(plan: &Plan, response: Response, role: Role) -> Response {
    let mut response = with_null_for_failed_fields(response);
    sort_fields(&mut response.data, &plan.operation().selection_set.node, !response.errors.is_empty());
    plan.remove_hidden_fields(&mut response.data);
    for error in &mut response.errors {
        // Of input async-graphql finds one thing wrong that validation cannot: null by a variable, for an argument that has a
        // default and may not be null (GraphQL, September 2025, 6.4.1). It names types, which may not be public.
        if error.extensions.is_none() && error.message.contains("found null") {
            "null is not allowed here: leave the variable out for the default, or send a value"
                .clone_into(&mut error.message);
        }
        if role == Role::Public {
            ask_for_token(error);
        }
    }
    response
}

/// Says to who has no token that one is needed, in place of that they may not do something.
fn ask_for_token(error: &mut ServerError) {
    if let Some(extensions) = &mut error.extensions
        && extensions.get("code") == Some(&Value::from(error_code::FORBIDDEN))
    {
        extensions.set("code", error_code::UNAUTHENTICATED);
        TOKEN_REQUIRED.clone_into(&mut error.message);
    }
}

/// Lets an operation in that costs no more than it may.
fn check_cost(cost: u64, limits: &Limits, at: Pos) -> Result<(), RequestError> {
    if cost <= limits.cost {
        return Ok(());
    }
    let cost = if cost == u64::MAX { format!("more than {}", u32::MAX) } else { cost.to_string() };
    let message = format!(
        "the query costs {cost}, at most {} is allowed (limits.cost); a field costs 1 for every entry of every list around \
         it: ask for smaller pages, fewer buckets or less depth",
        limits.cost
    );
    Err(RequestError::new(error_code::GRAPHQL_VALIDATION_FAILED, message, at))
}

/// An answer, where it holds no more than it may; else nothing of it, and why.
fn enforce_budget(budget: &ResponseBudget, response: Response) -> Response {
    let Some(error) = budget.error() else { return response };
    // It is at no field, and was executed all the same.
    let mut error = async_graphql::Error::from(error).into_server_error(Pos::default());
    error.locations.clear();
    let mut error_response = Response::new(Value::Null);
    error_response.errors = vec![error];
    error_response
}

/// Puts null where a field failed: async-graphql 7.2 leaves the field out, the specification wants it there (GraphQL, September
/// 2025, 6.4.4). Every field of ours that can fail is nullable.
fn with_null_for_failed_fields(mut response: Response) -> Response {
    for error in &response.errors {
        let mut at = &mut response.data;
        for step in &error.path {
            // An object of which every field failed was made null as a whole; it was there.
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

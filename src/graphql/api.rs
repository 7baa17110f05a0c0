//! The API as one thing: what reads an operation, what executes it, and what is cached of both.
//!
//! Clients send few different queries, many times. A document is parsed and validated once, and planned once for each set of
//! variables that have values; the values themselves, and what the operation costs with them, are looked at each time.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Name, PathSegment, Pos, Request, Response, ServerError, Value, Variables, indexmap::IndexMap};
use entity::api_token::Role;
use futures_util::StreamExt;
use quick_cache::{Weighter, sync::Cache};
use serde_json::{Map, Value as Json};

use super::{
    Asked, Extent, Schema,
    budget::Budget,
    builder,
    execution::Overloaded,
    introspection,
    operation::{Disclosure, Document, OperationSchema, Plan, RequestError, RequestErrors},
    order::put_in_order,
    price::Prices,
    sdl,
    subscription::Turn,
    variable_limits,
};
use crate::{
    limits::Limits,
    newsroom::{
        Newsroom,
        changes::{Change, Following},
    },
};

/// Documents and plans that are cached, about.
const CACHED: usize = 500;

/// Bytes of documents that are cached, about; of plans as many.
const CACHED_BYTES: u64 = 32 << 20;

/// Bytes that a byte of a document's text takes once it is parsed, about: a field of two letters and a blank takes some 400.
const PARSED: u64 = 150;

/// Longest document that is cached, in bytes; so are its plans. Parsed it still fits a shard of the cache.
pub const LONGEST_CACHED: usize = 12 * 1024;

/// What is told to who has no token and needs one.
pub const NO_TOKEN: &str = "this needs a token: send it as `Authorization: Bearer …`";

/// The schema over a newsroom, behind the front end.
pub struct Api {
    schema: Schema,
    operations: OperationSchema,
    /// The public may not read the schema.
    hidden: bool,
    prices: Prices,
    limits: Arc<Limits>,
    documents: Cache<String, Arc<Document>, DocumentWeight>,
    /// By document, operation and the variables that have values.
    plans: Cache<(u64, Vec<u8>), Arc<Plan>, PlanWeight>,
}

/// What a request sends beside the text of its document.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Which operation of the document.
    pub operation: Option<String>,
    /// The values of its variables.
    pub variables: Map<String, Json>,
}

/// An operation that may be executed: valid, with variables of their types, within the limits.
#[derive(Debug)]
pub struct Prepared {
    plan: Arc<Plan>,
    variables: Variables,
    /// What it costs before bodies are rendered.
    cost: u64,
}

/// A subscription that was opened.
pub struct Opened {
    prepared: Prepared,
    /// Who follows.
    pub following: Following,
}

/// Weighs a document by the bytes that it takes once it is parsed.
#[derive(Clone)]
struct DocumentWeight;

impl Weighter<String, Arc<Document>> for DocumentWeight {
    fn weight(&self, text: &String, _: &Arc<Document>) -> u64 {
        text.len() as u64 * PARSED + 1000
    }
}

/// Weighs a plan by its bytes.
#[derive(Clone)]
struct PlanWeight;

impl Weighter<(u64, Vec<u8>), Arc<Plan>> for PlanWeight {
    fn weight(&self, (_, form): &(u64, Vec<u8>), plan: &Arc<Plan>) -> u64 {
        plan.weight() + form.len() as u64 + 1000
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

impl Api {
    /// Over a newsroom. Where the schema is not public, neither introspection nor an error tells the public of it.
    pub fn new(room: Newsroom, limits: Arc<Limits>, schema_is_public: bool) -> Self {
        let sdl = sdl();
        Self {
            // What is executed is valid already, and within the limits.
            schema: builder()
                .data(room)
                .validation_mode(async_graphql::ValidationMode::Fast)
                .limit_recursive_depth(usize::MAX)
                .finish(),
            operations: OperationSchema::parse(&sdl),
            hidden: !schema_is_public,
            prices: Prices::of(&sdl),
            limits,
            documents: Cache::with_weighter(CACHED, CACHED_BYTES, DocumentWeight),
            plans: Cache::with_weighter(CACHED, CACHED_BYTES, PlanWeight),
        }
    }

    /// A document, parsed and validated; from the cache where it came before.
    pub fn read(&self, text: &str, role: Role) -> Result<Arc<Document>, RequestErrors> {
        if let Some(document) = self.documents.get(text) {
            return Ok(document);
        }
        let document = Document::read(text, &self.operations, &self.limits, self.disclosure(role))?;
        let document = Arc::new(document);
        if text.len() <= LONGEST_CACHED {
            self.documents.insert(text.to_owned(), document.clone());
        }
        Ok(document)
    }

    /// Coerces what was sent with a document, and checks what the operation costs; or says why it may not be executed.
    pub fn prepare(
        &self,
        document: &Document,
        input: Input,
        role: Role,
        extent: &Extent,
    ) -> Result<Prepared, RequestErrors> {
        let operation = document.operation(input.operation.as_deref())?;
        let at = document.position(operation);
        let one = |error| vec![error];
        let variables = document.coerce(operation, &self.operations, input.variables, self.disclosure(role))?;
        variable_limits::values(&variables, &self.limits, at).map_err(one)?;
        let key = (document.id(), document.form(operation, &variables));
        let cached = self.plans.get(&key);
        let plan = match &cached {
            Some(plan) => plan.clone(),
            None => Arc::new(Plan::new(document, operation, &self.operations, &variables, &self.limits).map_err(one)?),
        };
        variable_limits::copies(&plan.uses, &variables, &self.limits, at).map_err(one)?;
        let cost = self.admit(&plan, &variables, (role, extent), at).map_err(one)?;
        if cached.is_none() && document.bytes() <= LONGEST_CACHED {
            self.plans.insert(key, plan.clone());
        }
        Ok(Prepared { plan, variables, cost })
    }

    /// What an operation costs; fails where it may not be executed, at its cost or by its caller.
    fn admit(
        &self,
        plan: &Plan,
        variables: &Variables,
        (role, extent): (Role, &Extent),
        at: Pos,
    ) -> Result<u64, RequestError> {
        let introspects = introspection::introspects(plan.operation());
        if introspects && self.disclosure(role) == Disclosure::Hidden {
            let message = "the schema is not public here (introspection): send a token, or ask for schema.graphql";
            return Err(RequestError::new("INTROSPECTION_DISABLED", message, at));
        }
        let cost = self.prices.cost(plan.operation(), variables, extent);
        if introspects && cost == u64::MAX {
            let message = "a kind of list comes twice on one path through the schema (limits.cost): ask for no `fields` in \
                           `fields`, and for no `interfaces` or `possibleTypes` in either";
            return Err(RequestError::new("GRAPHQL_VALIDATION_FAILED", message, at));
        }
        afford(cost, &self.limits, at)?;
        Ok(cost)
    }

    fn disclosure(&self, role: Role) -> Disclosure {
        if self.hidden && role == Role::Public { Disclosure::Hidden } else { Disclosure::Full }
    }

    /// Executes an operation. Fails where it became long and got no permit.
    pub async fn execute(&self, prepared: Prepared, asked: Asked) -> Result<Response, Overloaded> {
        let (execution, role) = (asked.execution.clone(), asked.viewer.role);
        let budget = Arc::new(Budget::new(&self.limits, prepared.cost));
        let request = prepared.plan.request(prepared.variables).data(asked).data(budget.clone());
        let operation = async { finish(&prepared.plan, within(&budget, self.schema.execute(request).await), role) };
        execution.run(operation).await
    }

    /// Opens a subscription: who follows, or the answer that says what is wrong with it.
    pub async fn subscribe(&self, prepared: Prepared, asked: Asked) -> Result<Opened, Response> {
        let (slot, role) = (Arc::<Mutex<Vec<Following>>>::default(), asked.viewer.role);
        let turn = Turn::Open(slot.clone(), self.limits.clone());
        let request = prepared.plan.request(prepared.variables.clone()).data(asked).data(turn);
        if let Some(answer) = self.schema.execute_stream(request).next().await {
            return Err(finish(&prepared.plan, answer, role));
        }
        let following = std::mem::take(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner));
        match <[_; 1]>::try_from(following) {
            Ok([following]) => Ok(Opened { prepared, following }),
            // Its one field was executed, by validation.
            Err(_) => Err(Response::from_errors(vec![ServerError::new("the subscription could not be opened", None)])),
        }
    }

    /// What a subscription answers to a change. It is executed without a permit: whoever calls this holds one.
    pub async fn event(&self, opened: &Opened, change: Change, asked: Asked) -> Response {
        let (Prepared { plan, variables, cost }, role) = (&opened.prepared, asked.viewer.role);
        let execution = asked.execution.clone();
        let budget = Arc::new(Budget::new(&self.limits, *cost));
        let turn = Turn::Event(Box::new(change));
        let request = plan.request(variables.clone()).data(asked).data(budget.clone()).data(turn);
        let operation = async {
            // One change, one answer.
            let answer = self.schema.execute_stream(request).next().await;
            finish(plan, within(&budget, answer.unwrap_or_default()), role)
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
fn finish(plan: &Plan, answer: Response, role: Role) -> Response {
    let mut answer = with_nulls(answer);
    put_in_order(&mut answer.data, &plan.operation().selection_set.node, !answer.errors.is_empty());
    plan.strip(&mut answer.data);
    for error in &mut answer.errors {
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
    answer
}

/// Says to who has no token that one is needed, in place of that they may not do something.
fn ask_for_token(error: &mut ServerError) {
    if let Some(extensions) = &mut error.extensions
        && extensions.get("code") == Some(&Value::from("FORBIDDEN"))
    {
        extensions.set("code", "UNAUTHENTICATED");
        NO_TOKEN.clone_into(&mut error.message);
    }
}

/// Lets an operation in that costs no more than it may.
fn afford(cost: u64, limits: &Limits, at: Pos) -> Result<(), RequestError> {
    if cost <= limits.cost {
        return Ok(());
    }
    let cost = if cost == u64::MAX { format!("more than {}", u32::MAX) } else { cost.to_string() };
    let message = format!(
        "the query costs {cost}, at most {} is allowed (limits.cost); a field costs 1 for every entry of every list around \
         it: ask for smaller pages, fewer buckets or less depth",
        limits.cost
    );
    Err(RequestError::new("GRAPHQL_VALIDATION_FAILED", message, at))
}

/// An answer, where it holds no more than it may; else nothing of it, and why.
fn within(budget: &Budget, answer: Response) -> Response {
    let Some(fault) = budget.fault() else { return answer };
    // It is at no field, and was executed all the same.
    let mut error = async_graphql::Error::from(fault).into_server_error(Pos::default());
    error.locations.clear();
    let mut spoiled = Response::new(Value::Null);
    spoiled.errors = vec![error];
    spoiled
}

/// Puts null where a field failed: async-graphql 7.2 leaves the field out, the specification wants it there (GraphQL, September
/// 2025, 6.4.4). Every field of ours that can fail is nullable.
fn with_nulls(mut answer: Response) -> Response {
    for error in &answer.errors {
        let mut at = &mut answer.data;
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
    answer
}

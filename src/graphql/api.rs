//! The API as one thing: what lets a query in, what runs it, and what is remembered of queries that come again.
//!
//! Clients send few different queries, many times. A query's text is read and validated once; what depends on its variables,
//! its cost and their form, is looked at each time.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{
    Name, PathSegment, Pos, Request, Response, ServerError, ValidationMode, Value, Variables,
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, OperationType},
};
use entity::api_token::Role;
use futures_util::StreamExt;
use quick_cache::{Weighter, sync::Cache};

use super::{
    Asked, Schema,
    budget::Budget,
    builder,
    gate::{self, GateRefusal},
    introspection,
    order::put_in_order,
    price::Prices,
    root::write_out,
    sdl,
    subscription::Turn,
    variable,
};
use crate::{
    limits::Limits,
    newsroom::{
        Newsroom,
        changes::{Change, Following},
    },
};

/// Queries that are remembered, about.
const REMEMBERED: usize = 500;

/// Bytes of queries that are remembered, about.
const MEMORY: u64 = 32 << 20;

/// What a byte of a query's text takes once it is read: a field of two letters and a blank becomes some 600 bytes.
const READ: u64 = 200;

/// Longest query that is remembered, in bytes.
const LONGEST: usize = 16 * 1024;

/// Forms of variables that are remembered of one query.
const FORMS: usize = 50;

/// The schema over a newsroom, behind its gate.
pub struct Api {
    /// Validates, then executes.
    strict: Schema,
    /// Executes what was validated before.
    quick: Schema,
    /// Validates for the public, where it may not read the schema: suggests no names.
    discreet: Option<Schema>,
    prices: Prices,
    limits: Arc<Limits>,
    queries: Cache<String, Arc<Known>, Weight>,
    hasher: RandomState,
}

/// A subscription that was opened.
pub struct Opened {
    known: Arc<Known>,
    variables: Variables,
    operation: Option<String>,
    /// Who follows.
    pub following: Following,
}

/// A query that was read, and is sound as far as its text tells.
pub struct Known {
    text: Box<str>,
    document: ExecutableDocument,
    /// It reads the schema.
    introspects: bool,
    /// How often each variable is used.
    uses: HashMap<Name, u64>,
    /// Operation and form of the variables with which it was valid.
    valid: Mutex<Vec<u64>>,
}

/// Weighs a query by what it takes once it is read.
#[derive(Clone)]
struct Weight;

impl Weighter<String, Arc<Known>> for Weight {
    fn weight(&self, text: &String, _: &Arc<Known>) -> u64 {
        text.len() as u64 * READ + 1000
    }
}

impl Known {
    /// The variables that an operation declares, of those that came: what else came is not kept.
    fn declared(&self, wanted: Option<&str>, variables: &Variables) -> Variables {
        let mut named = self.document.operations.iter();
        let operation = named.find(|(name, _)| wanted.is_none() || name.map(Name::as_str) == wanted);
        let declared = operation.into_iter().flat_map(|(_, operation)| &operation.node.variable_definitions);
        let given = declared.filter_map(|declared| {
            let name = &declared.node.name.node;
            variables.get(name).map(|value| (name.clone(), value.clone()))
        });
        Variables::from_value(Value::Object(given.collect()))
    }

    /// What sort of operation would be run. Where it is not said which of several, the one with most effects.
    pub fn operation(&self, wanted: Option<&str>) -> OperationType {
        let kinds = || {
            let named = self.document.operations.iter();
            named.filter(|(name, _)| wanted.is_none() || name.is_some_and(|name| Some(name.as_str()) == wanted))
        };
        let any = |kind| kinds().any(|(_, operation)| operation.node.ty == kind);
        match () {
            () if any(OperationType::Mutation) => OperationType::Mutation,
            () if any(OperationType::Subscription) => OperationType::Subscription,
            () => OperationType::Query,
        }
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

impl Api {
    /// Over a newsroom. Where the schema is not public, neither introspection nor a suggestion tells the public of it.
    pub fn new(room: Newsroom, limits: Arc<Limits>, schema_is_public: bool) -> Self {
        Self {
            strict: builder().data(room.clone()).finish(),
            discreet: (!schema_is_public).then(|| builder().data(room.clone()).disable_suggestions().finish()),
            limits,
            quick: builder().data(room).validation_mode(ValidationMode::Fast).finish(),
            prices: Prices::of(&sdl()),
            queries: Cache::with_weighter(REMEMBERED, MEMORY, Weight),
            hasher: RandomState::new(),
        }
    }

    /// Executes a query that was read, or says why it is not let in. Of the request, variables and operation name are looked at.
    pub async fn execute(&self, known: &Arc<Known>, request: Request, asked: Asked) -> Result<Response, GateRefusal> {
        self.admit(known, &request, &asked)?;
        let budget = Arc::new(Budget::new(&self.limits));
        let strict = self.discreet.as_ref().filter(|_| asked.viewer.role == Role::Public).unwrap_or(&self.strict);
        let operation = request.operation_name.clone();
        let form = self.form(operation.as_deref(), &request.variables);
        let queries_only =
            known.document.operations.iter().all(|(_, operation)| operation.node.ty == OperationType::Query);
        let whole = |answer: Response| {
            let mut answer = within(&budget, with_nulls(answer));
            // Where nothing at the root is to be included the framework answers null.
            if answer.errors.is_empty() && answer.data == Value::Null {
                answer.data = Value::Object(IndexMap::new());
            }
            put_in_order(&mut answer.data, &known.document, operation.as_deref());
            answer
        };
        let valid = |known: &Known| known.valid.lock().unwrap_or_else(PoisonError::into_inner).contains(&form);
        let prepared = |request: Request| {
            let mut request = request.data(asked.clone()).data(budget.clone());
            request.set_parsed_query(known.document.clone());
            request
        };
        if queries_only && valid(known) {
            let quick = Request::new("").variables(request.variables.clone());
            let quick = match &request.operation_name {
                Some(name) => quick.operation_name(name.clone()),
                None => quick,
            };
            let answer = self.quick.execute(prepared(quick)).await;
            // Our own errors have codes and are what they are.
            let is_ours = |error: &ServerError| error.extensions.as_ref().is_some_and(|of| of.get("code").is_some());
            if answer.errors.iter().all(is_ours) {
                return Ok(whole(answer));
            }
            // Reading has no effects: what the framework refused is asked once more, so that the error is the one validation gives.
            return Ok(whole(strict.execute(prepared(request)).await));
        }
        let answer = strict.execute(prepared(request)).await;
        if answer.errors.is_empty() {
            self.remember(known);
            let mut forms = known.valid.lock().unwrap_or_else(PoisonError::into_inner);
            if forms.len() < FORMS && !forms.contains(&form) {
                forms.push(form);
            }
        }
        Ok(whole(answer))
    }

    /// The gate's second part: whether a request may be asked, with these variables and by this viewer.
    fn admit(&self, known: &Known, request: &Request, asked: &Asked) -> Result<(), GateRefusal> {
        variable::weigh(&request.variables, &self.limits)?;
        variable::copy(&known.uses, &request.variables, &self.limits)?;
        let cost = self.prices.cost(&known.document, &request.variables, request.operation_name.as_deref());
        if known.introspects && cost == u64::MAX {
            let message = "a sort of list comes twice on one way through the schema (limits.cost): ask for no `fields` in `fields`, \
                           and for no `interfaces` or `possibleTypes` in either";
            return Err(GateRefusal { code: "GRAPHQL_VALIDATION_FAILED", message: message.to_owned() });
        }
        gate::afford(cost, &self.limits)?;
        if known.introspects && self.discreet.is_some() && asked.viewer.role == Role::Public {
            let message = "the schema is not public here (introspection): send a token, or ask for schema.graphql";
            return Err(GateRefusal { code: "INTROSPECTION_DISABLED", message: message.to_owned() });
        }
        Ok(())
    }

    /// Opens a subscription: who follows, or the answer that says what is wrong with it.
    pub async fn subscribe(
        &self,
        known: Arc<Known>,
        request: Request,
        asked: Asked,
    ) -> Result<Result<Opened, Response>, GateRefusal> {
        self.admit(&known, &request, &asked)?;
        let strict = self.discreet.as_ref().filter(|_| asked.viewer.role == Role::Public).unwrap_or(&self.strict);
        let operation = request.operation_name.clone();
        let variables = known.declared(operation.as_deref(), &request.variables);
        let slot = Arc::default();
        let mut request = request.data(asked).data(Turn::Open(Arc::clone(&slot), self.limits.clone()));
        request.set_parsed_query(known.document.clone());
        if let Some(answer) = strict.execute_stream(request).next().await {
            return Ok(Err(answer));
        }
        let following = std::mem::take(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner));
        match <[_; 1]>::try_from(following) {
            Ok([following]) => {
                self.remember(&known);
                Ok(Ok(Opened { known, variables, operation, following }))
            }
            Err(_) => {
                let message = "a subscription asks for one thing (GraphQL, October 2021, 5.2.3.1): send one for each";
                Err(GateRefusal { code: "GRAPHQL_VALIDATION_FAILED", message: message.to_owned() })
            }
        }
    }

    /// What a subscription answers to a change.
    pub async fn event(&self, opened: &Opened, change: Change, asked: Asked) -> Response {
        let request = Request::new("").variables(opened.variables.clone());
        let request = match &opened.operation {
            Some(name) => request.operation_name(name.clone()),
            None => request,
        };
        let budget = Arc::new(Budget::new(&self.limits));
        let mut request = request.data(asked).data(budget.clone()).data(Turn::Event(Box::new(change)));
        request.set_parsed_query(opened.known.document.clone());
        // One change, one answer.
        let answer = self.quick.execute_stream(request).next().await;
        within(&budget, with_nulls(answer.unwrap_or_default()))
    }

    /// The gate's first part: a query's text, read; from memory where it came before and was sound.
    pub fn read(&self, query: &str) -> Result<Arc<Known>, GateRefusal> {
        if let Some(known) = self.queries.get(query) {
            return Ok(known);
        }
        let mut document = gate::read(query, &self.limits)?;
        write_out(&mut document);
        let (introspects, uses) = (introspection::introspects(&document), variable::uses(&document));
        Ok(Arc::new(Known { text: query.into(), introspects, uses, document, valid: Mutex::default() }))
    }

    /// Remembers a query that was sound.
    fn remember(&self, known: &Arc<Known>) {
        if known.text.len() <= LONGEST {
            // It stays where it is if it is there: what is known of its variables is kept with it.
            let _ = self.queries.get_or_insert_with(&*known.text, || Ok::<_, ()>(known.clone()));
        }
    }

    /// The form of variables: which fields and of which types, without the values of texts and numbers. What validation says of
    /// a query that names no more than its variables do depends on the form; on values only the executor's own checks depend.
    fn form(&self, operation: Option<&str>, variables: &Variables) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        operation.hash(&mut hasher);
        for (name, value) in &**variables {
            name.as_str().hash(&mut hasher);
            write_form(value, &mut hasher);
        }
        hasher.finish()
    }
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

/// Puts null where a field failed: the framework leaves the field out, the specification wants it there (GraphQL, October 2021,
/// 6.4.4). Every field of ours that can fail is nullable.
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

fn write_form(value: &Value, hasher: &mut impl Hasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::List(items) => {
            items.len().hash(hasher);
            items.iter().for_each(|item| write_form(item, hasher));
        }
        Value::Object(fields) => {
            fields.len().hash(hasher);
            for (name, value) in fields {
                name.as_str().hash(hasher);
                write_form(value, hasher);
            }
        }
        _ => {}
    }
}

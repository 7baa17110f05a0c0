//! The API as one thing: what lets a query in, what runs it, and what is remembered of queries that come again.
//!
//! Clients send few different queries, many times. A query's text is read and validated once; what depends on its variables,
//! its cost and their form, is looked at each time.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash, Hasher},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{
    Name, PathSegment, Request, Response, ValidationMode, Value, Variables,
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, OperationType},
};
use lru::LruCache;

use super::{
    Asked, Schema, builder,
    cost::Prices,
    gate::{self, GateRefusal},
    sdl,
};
use crate::newsroom::Newsroom;

/// Queries that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(300).expect("not zero");

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
    prices: Prices,
    queries: Mutex<LruCache<String, Arc<Known>>>,
    hasher: RandomState,
}

/// A query that was let in before.
struct Known {
    document: ExecutableDocument,
    /// Operation and form of the variables with which it was valid.
    valid: Mutex<Vec<u64>>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

impl Api {
    /// Over a newsroom.
    pub fn new(room: Newsroom) -> Self {
        Self {
            strict: builder().data(room.clone()).finish(),
            quick: builder().data(room).validation_mode(ValidationMode::Fast).finish(),
            prices: Prices::of(&sdl()),
            queries: Mutex::new(LruCache::new(REMEMBERED)),
            hasher: RandomState::new(),
        }
    }

    /// Executes a request, or says why it is not let in.
    pub async fn execute(&self, request: Request, asked: Asked) -> Result<Response, GateRefusal> {
        let known = self.read(&request.query)?;
        let operation = request.operation_name.as_deref();
        gate::afford(self.prices.cost(&known.document, &request.variables, operation))?;
        let form = self.form(operation, &request.variables);
        let queries_only =
            known.document.operations.iter().all(|(_, operation)| operation.node.ty == OperationType::Query);
        let valid = |known: &Known| known.valid.lock().unwrap_or_else(PoisonError::into_inner).contains(&form);
        let prepared = |request: Request| {
            let mut request = request.data(asked.clone());
            request.set_parsed_query(known.document.clone());
            request
        };
        if queries_only && valid(&known) {
            let quick = Request::new("").variables(request.variables.clone());
            let quick = match &request.operation_name {
                Some(name) => quick.operation_name(name.clone()),
                None => quick,
            };
            let answer = self.quick.execute(prepared(quick)).await;
            if answer.errors.is_empty() {
                return Ok(answer);
            }
            // Reading has no effects: what failed is asked once more, so that the error is the one validation gives.
            return Ok(with_nulls(self.strict.execute(prepared(request)).await));
        }
        let answer = self.strict.execute(prepared(request)).await;
        if answer.errors.is_empty() {
            let mut forms = known.valid.lock().unwrap_or_else(PoisonError::into_inner);
            if forms.len() < FORMS && !forms.contains(&form) {
                forms.push(form);
            }
        }
        Ok(with_nulls(answer))
    }

    /// Whether a request would change anything, by what it asks for.
    pub fn mutates(&self, request: &Request) -> Result<bool, GateRefusal> {
        let known = self.read(&request.query)?;
        Ok(known.document.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation))
    }

    /// A query's text, read; from memory where it came before.
    fn read(&self, query: &str) -> Result<Arc<Known>, GateRefusal> {
        let remembered = |known: Option<&Arc<Known>>| {
            let mut queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
            match known {
                Some(known) => queries.put(query.to_owned(), known.clone()),
                None => queries.get(query).cloned(),
            }
        };
        if let Some(known) = remembered(None) {
            return Ok(known);
        }
        let known = Arc::new(Known { document: gate::read(query)?, valid: Mutex::default() });
        if query.len() <= LONGEST {
            remembered(Some(&known));
        }
        Ok(known)
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

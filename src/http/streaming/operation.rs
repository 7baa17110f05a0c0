//! Runs a GraphQL operation over a streaming transport: one response for a query or mutation, a stream for a
//! subscription.
//!
//! `start` checks the limits, parses the operation, and then executes it or opens its subscription. `stream_changes`
//! executes a subscription for each change. It applies the rate limit, the memory limit and the permits, and checks
//! the token again before each change. If a change stream fails, the client gets an error code for the reason.

use std::{sync::Arc, time::Duration};

use async_graphql::{ServerError, parser::types::OperationType};
use axum::http::StatusCode;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};

use crate::{
    db::DatabaseError,
    error_code,
    graphql::{OpenSubscription, OperationInput, Permits},
    http::{
        error::HttpError,
        graphql::{
            execution::{self, ExecutionResult},
            offload,
            params::GraphqlParams,
        },
        limits::body_memory::Reservation,
        media_type::MediaType,
        session::Session,
        state::HttpState,
    },
    newsroom::reading::change_stream::ChangeStreamError,
};

/// How often a blocked subscription checks whether the limits allow it to continue.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Estimated memory of a subscription for each byte of its request, in bytes: the parsed document, and the filter
/// that is built from it.
const MEMORY_PER_BYTE: usize = 200;

/// Maximum of the estimate that `MEMORY_PER_BYTE` gives, in bytes. Only a request with long strings exceeds it, and
/// strings take no more memory than in the request. Other limits bound the size of filters.
const MAX_EXTRA_MEMORY: usize = 300_000;

/// A request to start an operation.
pub(in crate::http) struct OperationRequest<'a> {
    pub(in crate::http) params: GraphqlParams,
    /// Size of the request, in bytes.
    pub(in crate::http) bytes: usize,
    /// True if the request was sent by GET.
    pub(in crate::http) by_get: bool,
    /// True if the request has an `Idempotency-Key`.
    pub(in crate::http) has_idempotency_key: bool,
    /// Position after which the subscription resumes, if the transport provides one (`Last-Event-ID`).
    pub(in crate::http) after: Option<&'a str>,
}

/// A started operation.
pub(in crate::http) enum StartedOperation {
    /// A finished query or mutation: the response as JSON.
    Completed(String),
    /// A running subscription.
    Subscribed(Box<ActiveSubscription>),
}

/// A running subscription, with the reservation of its memory.
pub(in crate::http) struct ActiveSubscription {
    opened: OpenSubscription,
    _reservation: Reservation,
}

/// The error of an operation that was not started.
pub(in crate::http) enum StartError {
    Http(HttpError),
    Invalid(Vec<ServerError>),
}

impl StartError {
    /// Returns the `errors` list of a GraphQL response.
    pub(in crate::http) fn errors(&self) -> Value {
        match self {
            Self::Http(error) => error.errors(),
            Self::Invalid(errors) => json!(errors),
        }
    }
}

impl From<HttpError> for StartError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

/// An item of a subscription's stream.
pub(in crate::http) enum StreamItem {
    /// The response for one change, as JSON, and the resume position after the change.
    Next(String, String),
    /// The subscription ended with errors.
    Error(Value),
}

/// Starts an operation: executes a query or mutation, or opens a subscription.
pub(in crate::http) async fn start(
    state: &Arc<HttpState>,
    session: &Session,
    request: OperationRequest<'_>,
) -> Result<StartedOperation, StartError> {
    let OperationRequest { mut params, bytes, by_get, has_idempotency_key, after } = request;
    let media = MediaType::GraphqlResponse;
    let text = state.persisted_queries.resolve(&mut params, media)?;
    // Parsing costs CPU time, so the permit is needed before the document is parsed.
    let _execution_permit = state.limiter.execution_permit(session.caller()).await?;
    let request_error = |errors| HttpError::from_request_errors(errors, media);
    let input = OperationInput { operation_name: params.operation_name, variables: params.variables };
    let document = offload::parse(state, session, &text.query).await?.map_err(request_error)?;
    let kind = document.operation_type(input.operation_name.as_deref()).map_err(request_error)?;
    if kind == OperationType::Mutation && by_get {
        return Err(HttpError::mutation_by_get().into());
    }
    if kind == OperationType::Mutation && has_idempotency_key {
        let message = "responses under an Idempotency-Key are JSON: send the mutation with Accept: application/graphql-response+json";
        return Err(HttpError::bad_request(message).into());
    }
    let prepared = offload::prepare(state, session, &document, input).await?.map_err(request_error)?;
    if kind == OperationType::Mutation && session.bearer.is_none() {
        return Err(HttpError::missing_token().into());
    }
    let mut viewer = session.viewer.clone();
    viewer.deadline = (kind == OperationType::Mutation).then(|| execution::mutation_deadline(state));
    let mut context = state.app.request_context(viewer);
    if kind == OperationType::Query {
        context = context.with_permits(state.limiter.long_operation_permits(session.caller()));
    }
    let execution = context.execution.clone();
    let result = if kind == OperationType::Subscription {
        match state.app.executor.subscribe(prepared, context).await {
            Ok(mut opened) => {
                if let Some(after) = after {
                    let unknown_position = |_| stream_error(&ChangeStreamError::UnknownPosition, state);
                    opened.change_stream.resume_after(after).map_err(unknown_position)?;
                }
                state.persisted_queries.register(&text);
                let mut reservation = state.limiter.memory.reserve(session.address);
                reservation.grow((MEMORY_PER_BYTE * bytes).min(MAX_EXTRA_MEMORY) + bytes);
                return Ok(StartedOperation::Subscribed(Box::new(ActiveSubscription {
                    opened,
                    _reservation: reservation,
                })));
            }
            // Whatever the cause, the subscription was not started, so the failure is a request error.
            Err(response) => ExecutionResult { is_request_error: true, ..ExecutionResult::from_response(response) },
        }
    } else {
        let state = state.clone();
        let work = async move { execution::execute(&state, prepared, context).await };
        if kind == OperationType::Mutation { execution::run_to_completion(work).await? } else { work.await? }
    };
    if result.is_request_error {
        return Err(StartError::Invalid(result.response.errors));
    }
    if result.is_success() {
        state.persisted_queries.register(&text);
    }
    let serialized = result.serialize(&execution).await?;
    // JSON is UTF-8.
    Ok(StartedOperation::Completed(String::from_utf8(serialized.bytes).unwrap_or_default()))
}

/// Streams the changes of a subscription until it ends.
pub(in crate::http) fn stream_changes(
    state: Arc<HttpState>,
    session: Arc<Session>,
    subscription: Box<ActiveSubscription>,
) -> BoxStream<'static, StreamItem> {
    stream::unfold(Some((state, session, subscription)), async |previous| {
        let (state, session, mut subscription) = previous?;
        let opened = &mut subscription.opened;
        let change = match opened.change_stream.next().await {
            Ok(change) => change,
            Err(error) => {
                return Some((StreamItem::Error(StartError::Http(stream_error(&error, &state)).errors()), None));
            }
        };
        // Each change counts as a request towards the rate limit. A change is not urgent, so it waits for the rate
        // limit, the memory limit and its permits as long as necessary.
        while state.limiter.memory.check_capacity(session.address).is_err()
            || state.limiter.check_rate(session.address, session.bearer.as_deref()).is_err()
        {
            opened.change_stream.drop_buffer();
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
        // Executing a change needs a permit for long operations, because a client that resumes from an old position
        // makes the server execute thousands of changes.
        let permits = Permits { timeout: Duration::MAX, ..state.limiter.long_operation_permits(session.caller()) };
        let _permits = loop {
            let Ok(execution_permit) = state.limiter.execution_permit(session.caller()).await else { continue };
            let long_operation_permit = permits.acquire().await;
            // A change is sent only while the token is valid. If the token is invalid, the session ends soon. If no
            // permit is available, the loop tries again.
            if long_operation_permit.is_ok() && session.token_error(&state).await.is_none() {
                break (execution_permit, long_operation_permit);
            }
            drop((execution_permit, long_operation_permit));
            tokio::time::sleep(RETRY_INTERVAL).await;
        };
        let position = change.position.clone();
        let context = state.app.request_context(opened.change_stream.viewer().clone());
        let result =
            execution::with_time_limit(&state, state.app.executor.execute_event(opened, change, context)).await;
        Some(match result.map(ExecutionResult::from_response) {
            Some(result) => match result.to_json_string() {
                Ok(text) => (StreamItem::Next(text, position), Some((state, session, subscription))),
                Err(error) => (StreamItem::Error(StartError::Http(error).errors()), None),
            },
            None => {
                let timeout = execution::timeout_response(&state, "a change", "select fewer fields");
                (StreamItem::Error(StartError::Invalid(timeout.errors).errors()), None)
            }
        })
    })
    .boxed()
}

/// Maps the error that ended a change stream to an error for the client.
fn stream_error(error: &ChangeStreamError, state: &HttpState) -> HttpError {
    let limit = state.app.http_config.limits.resume_entries;
    let (code, message) = match error {
        ChangeStreamError::UnknownPosition => (
            error_code::POSITION_UNKNOWN,
            "this position does not belong to the current database: load everything again, then resume from the new position"
                .to_owned(),
        ),
        ChangeStreamError::TooOld => (
            error_code::POSITION_TOO_OLD,
            format!(
                "more than {limit} journal entries were missed (limits.resume_entries): load everything again, then resume from the new position"
            ),
        ),
        ChangeStreamError::HierarchyChanged => (
            error_code::RESYNC_REQUIRED,
            "topics or places were merged or moved, so the set of releases that match the filter has changed: load everything \
             again, then resume from the new position"
                .to_owned(),
        ),
        ChangeStreamError::Filter(error) => (error_code::BAD_USER_INPUT, error.to_string()),
        ChangeStreamError::Db(DatabaseError::Failed(error)) => {
            tracing::error!(%error, "failed to read the journal for a subscription");
            (
                error_code::INTERNAL_SERVER_ERROR,
                "internal error: resume after the last change that you received".to_owned(),
            )
        }
        ChangeStreamError::Db(_) => (
            error_code::UNAVAILABLE,
            "the database does not respond: subscribe again, and resume after the last change that you received".to_owned(),
        ),
    };
    HttpError::new(StatusCode::BAD_REQUEST, code, message)
}

//! Runs a GraphQL operation within its time limit, and normalizes errors (codes, number, length), for every
//! transport.
//!
//! The result distinguishes request errors (nothing was executed), transient failures (not stored under the
//! idempotency key) and mutations whose outcome is unknown. A mutation runs to completion even if its client
//! disconnects.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use serde_json::json;
use tracing::Instrument;

use crate::{
    blocking,
    error_code::{self, ErrorCode},
    graphql::{Execution, Overloaded, PreparedOperation, RequestContext},
    http::{error::HttpError, state::HttpState},
};

/// Maximum number of errors in one response. Further errors carry no new information.
const MAX_ERRORS: usize = 20;

/// Maximum length of an error message, in characters.
const MAX_MESSAGE_LENGTH: usize = 1000;

/// Error code of an operation that exceeded its time limit.
const TIMEOUT: ErrorCode = error_code::EXECUTION_TIMEOUT;

/// Error codes of failures that a retry may resolve.
const TRANSIENT: [ErrorCode; 6] = [
    TIMEOUT,
    error_code::INTERNAL_SERVER_ERROR,
    error_code::REPEATED,
    error_code::UNAVAILABLE,
    error_code::STORAGE_FULL,
    OUTCOME_UNKNOWN,
];

/// Error code of a write that was started and whose result is unknown.
const OUTCOME_UNKNOWN: ErrorCode = error_code::OUTCOME_UNKNOWN;

/// Error codes of transient database failures that changed nothing.
const UNAVAILABLE: [ErrorCode; 2] = [error_code::UNAVAILABLE, error_code::STORAGE_FULL];

/// Time after its deadline in which a mutation may complete a write in progress. No new write starts after the
/// deadline.
const FINISH_GRACE: Duration = Duration::from_secs(5);

/// The result of an operation.
pub(in crate::http) struct ExecutionResult {
    pub(in crate::http) response: Response,
    /// True if nothing was executed because the request is invalid.
    pub(in crate::http) is_request_error: bool,
    /// True if the database was unavailable and the response has no data.
    pub(in crate::http) is_unavailable: bool,
}

/// A serialized response, with the properties that decide its HTTP status and whether it is stored.
#[expect(clippy::struct_excessive_bools, reason = "each is one property of the response")]
pub(in crate::http) struct SerializedResponse {
    pub(in crate::http) bytes: Vec<u8>,
    pub(in crate::http) is_request_error: bool,
    pub(in crate::http) is_unavailable: bool,
    pub(in crate::http) is_success: bool,
    pub(in crate::http) is_transient_failure: bool,
}

impl ExecutionResult {
    /// Serializes the result to JSON. The result of a long operation is serialized and dropped on a blocking thread.
    /// The operation keeps its permit until serialization is done, even if the client has disconnected.
    pub(in crate::http) async fn serialize(self, execution: &Arc<Execution>) -> Result<SerializedResponse, HttpError> {
        let (is_long, execution) = (execution.is_long(), execution.clone());
        let serialize = move || {
            let bytes = self.to_json()?;
            drop(execution);
            Ok(SerializedResponse {
                bytes,
                is_request_error: self.is_request_error,
                is_unavailable: self.is_unavailable,
                is_success: self.is_success(),
                is_transient_failure: self.is_transient_failure(),
            })
        };
        if is_long { blocking::run(serialize).await } else { serialize() }
    }

    /// Builds a result from a response. If the response has errors but no data, and no error has a path, the result
    /// is a request error: nothing was executed.
    pub(in crate::http) fn from_response(mut response: Response) -> Self {
        // Sort errors about an unknown outcome first, so that truncation never removes them.
        response.errors.sort_by_key(|error| !has_code(error, OUTCOME_UNKNOWN));
        normalize_errors(&mut response);
        let is_request_error = response.data == Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(|error| error.path.is_empty() && !is_response_too_large(error));
        let is_unavailable = !is_request_error
            && !response.errors.is_empty()
            && response.errors.iter().all(|error| UNAVAILABLE.iter().any(|&code| has_code(error, code)))
            && is_all_null(&response.data);
        Self { response, is_request_error, is_unavailable }
    }

    /// Returns true if the response has no errors.
    pub(in crate::http) fn is_success(&self) -> bool {
        self.response.errors.is_empty()
    }

    /// Returns true if an error is a server fault or a conflict. Then the same request may succeed when it is sent
    /// again.
    fn is_transient_failure(&self) -> bool {
        self.response.errors.iter().any(|error| TRANSIENT.iter().any(|&code| has_code(error, code)))
    }

    /// Serializes the response to JSON. Omits `data` if nothing was executed or if the database was unavailable.
    fn to_json(&self) -> Result<Vec<u8>, HttpError> {
        let json = if self.is_request_error || self.is_unavailable {
            serde_json::to_vec(&json!({ "errors": self.response.errors }))
        } else {
            serde_json::to_vec(&self.response)
        };
        json.map_err(|error| {
            tracing::error!(%error, "failed to serialize a response");
            internal_error("the response could not be serialized")
        })
    }

    /// Serializes the response to a JSON string.
    pub(in crate::http) fn to_json_string(&self) -> Result<String, HttpError> {
        // JSON is UTF-8.
        self.to_json().map(|bytes| String::from_utf8(bytes).unwrap_or_default())
    }
}

/// Returns true if execution stopped because the response exceeds the size limit.
fn is_response_too_large(error: &ServerError) -> bool {
    has_code(error, error_code::ANSWER_TOO_LARGE)
}

/// Returns true if the error has the given code.
fn has_code(error: &ServerError, code: ErrorCode) -> bool {
    let found = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    found.is_some_and(|found| *found == Value::from(code))
}

/// Returns true if every root field is null.
fn is_all_null(data: &Value) -> bool {
    match data {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
        _ => false,
    }
}

/// Executes a prepared operation within its time limit.
pub(in crate::http) async fn execute(
    state: &HttpState,
    prepared: PreparedOperation,
    context: RequestContext,
) -> Result<ExecutionResult, HttpError> {
    let deadline = context.viewer.deadline;
    let work = state.app.executor.execute(prepared, context);
    let result = match deadline {
        // No new write starts after the deadline. The grace period lets a write in progress complete.
        Some(deadline) => tokio::time::timeout_at((deadline + FINISH_GRACE).into(), work).await.ok(),
        None => with_time_limit(state, work).await,
    };
    let response = match result.transpose().map_err(|Overloaded| HttpError::overloaded())? {
        Some(response) if deadline.is_some() => {
            return Ok(ExecutionResult::from_response(reword_read_failures(response)));
        }
        Some(response) => return Ok(ExecutionResult::from_response(response)),
        None if deadline.is_some() => unknown_outcome_response(state),
        None => timeout_response(state, "the query", "request less data at a time"),
    };
    Ok(ExecutionResult { response, is_request_error: false, is_unavailable: false })
}

/// Replaces the messages of read errors below a mutation field, so that they do not suggest that the mutation failed.
fn reword_read_failures(mut response: Response) -> Response {
    for error in response.errors.iter_mut().filter(|error| error.path.len() > 1) {
        if has_code(error, error_code::UNAVAILABLE) {
            "this part of the response could not be read; the mutation itself succeeded".clone_into(&mut error.message);
        }
    }
    response
}

/// Returns the instant after which a mutation starts no further write.
pub(in crate::http) fn mutation_deadline(state: &HttpState) -> Instant {
    Instant::now() + Duration::from_millis(state.app.http_config.limits.execution_ms)
}

/// Returns the response for a mutation that did not finish in time.
fn unknown_outcome_response(state: &HttpState) -> Response {
    let limit = state.app.http_config.limits.execution_ms;
    let message = format!(
        "the mutation took longer than {limit} ms (limits.execution_ms): its outcome is unknown. Query the current state, or \
         send the same request again with the same Idempotency-Key"
    );
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", OUTCOME_UNKNOWN);
    Response::from_errors(vec![error])
}

/// Runs a future in its own task, so that it completes even if the caller stops waiting.
pub(in crate::http) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, HttpError>> + Send + 'static,
) -> Result<T, HttpError> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a mutation task panicked");
        Err(internal_error("internal error: query the current state before you retry"))
    })
}

fn internal_error(message: &'static str) -> HttpError {
    HttpError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, error_code::INTERNAL_SERVER_ERROR, message)
}

/// Runs a future within the time limit. Returns `None` if the future did not finish in time. Each poll checks the
/// time limit first, because work that is always ready would otherwise never time out.
pub(in crate::http) async fn with_time_limit<T>(state: &HttpState, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = tokio::time::sleep(Duration::from_millis(state.app.http_config.limits.execution_ms)) => None,
        result = work => Some(result),
    }
}

/// Returns the response for an operation that exceeded the time limit.
pub(in crate::http) fn timeout_response(state: &HttpState, subject: &str, advice: &str) -> Response {
    let limit = state.app.http_config.limits.execution_ms;
    let mut error =
        ServerError::new(format!("{subject} took longer than {limit} ms (limits.execution_ms): {advice}"), None);
    error.extensions.get_or_insert_default().set("code", TIMEOUT);
    Response::from_errors(vec![error])
}

/// Limits the number and length of errors, and gives each error a code.
fn normalize_errors(response: &mut Response) {
    response.errors.truncate(MAX_ERRORS);
    for error in &mut response.errors {
        // Errors that async-graphql raises have no code.
        let extensions: &mut ErrorExtensionValues = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set(
                "code",
                if error.path.is_empty() { error_code::GRAPHQL_VALIDATION_FAILED } else { error_code::BAD_USER_INPUT },
            );
        }
        if error.message.chars().nth(MAX_MESSAGE_LENGTH).is_some() {
            error.message = error.message.chars().take(MAX_MESSAGE_LENGTH).chain(['…']).collect();
        }
    }
}

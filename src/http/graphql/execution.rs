//! Runs a GraphQL operation with its time limit and normalizes errors (codes, number, length), for every transport.
//!
//! Distinguishes request errors (nothing was executed), transient failures (not stored for replay) and mutations whose
//! outcome is unknown. A mutation runs to completion when its client disconnects.

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

/// Errors of one answer; more say nothing new.
const MAX_ERRORS: usize = 20;

/// Letters of an error's message.
const MAX_MESSAGE_LENGTH: usize = 1000;

/// The code of an answer that did not come in time.
const TIMEOUT: ErrorCode = error_code::EXECUTION_TIMEOUT;

/// Codes of what comes out otherwise another time.
const TRANSIENT: [ErrorCode; 6] = [
    TIMEOUT,
    error_code::INTERNAL_SERVER_ERROR,
    error_code::REPEATED,
    error_code::UNAVAILABLE,
    error_code::STORAGE_FULL,
    OUTCOME_UNKNOWN,
];

/// The code of a write that was begun and whose end is not known.
const OUTCOME_UNKNOWN: ErrorCode = error_code::OUTCOME_UNKNOWN;

/// Codes of failures of the database that changed nothing and pass.
const UNAVAILABLE: [ErrorCode; 2] = [error_code::UNAVAILABLE, error_code::STORAGE_FULL];

/// How long a mutation may go on after its deadline: acts are not begun any more, and one that was begun is finished.
const FINISH_GRACE: Duration = Duration::from_secs(5);

/// An answer.
pub(in crate::http) struct ExecutionResult {
    pub(in crate::http) response: Response,
    /// Nothing was executed: what was asked for is not valid.
    pub(in crate::http) is_request_error: bool,
    /// The database could not be used, and there is nothing else in the answer.
    pub(in crate::http) is_unavailable: bool,
}

/// An answer as JSON, and what there is to know of it.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the answer")]
pub(in crate::http) struct SerializedResponse {
    pub(in crate::http) bytes: Vec<u8>,
    pub(in crate::http) is_request_error: bool,
    pub(in crate::http) is_unavailable: bool,
    pub(in crate::http) is_success: bool,
    pub(in crate::http) is_transient_failure: bool,
}

impl ExecutionResult {
    /// As JSON. The answer of a long operation is written on another thread; its values are dropped there, too. The operation keeps
    /// its permit until then, also where the answer is not waited for any more.
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

    /// Of an answer that came: nothing was executed where no data came and no error lies at a field.
    pub(in crate::http) fn from_response(mut response: Response) -> Self {
        // What is not known comes first, so that it is never among the errors that are left out.
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

    /// Without an error.
    pub(in crate::http) fn is_success(&self) -> bool {
        self.response.errors.is_empty()
    }

    /// It failed on our side, or found that another was quicker: the same may be asked again, and come out otherwise.
    fn is_transient_failure(&self) -> bool {
        self.response.errors.iter().any(|error| TRANSIENT.iter().any(|&code| has_code(error, code)))
    }

    /// As JSON. What was not executed has no `data`, nor what could not be for want of the database.
    fn to_json(&self) -> Result<Vec<u8>, HttpError> {
        let json = if self.is_request_error || self.is_unavailable {
            serde_json::to_vec(&json!({ "errors": self.response.errors }))
        } else {
            serde_json::to_vec(&self.response)
        };
        json.map_err(|error| {
            tracing::error!(%error, "an answer could not be written");
            internal_error("the answer could not be written")
        })
    }

    /// The same as a text.
    pub(in crate::http) fn to_json_string(&self) -> Result<String, HttpError> {
        // JSON is UTF-8.
        self.to_json().map(|bytes| String::from_utf8(bytes).unwrap_or_default())
    }
}

/// It was executed, and turned out to be more than an answer may be.
fn is_response_too_large(error: &ServerError) -> bool {
    has_code(error, error_code::ANSWER_TOO_LARGE)
}

/// Whether an error has a code.
fn has_code(error: &ServerError, code: ErrorCode) -> bool {
    let found = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    found.is_some_and(|found| *found == Value::from(code))
}

/// Whether every field of the root is null.
fn is_all_null(data: &Value) -> bool {
    match data {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
        _ => false,
    }
}

/// Executes an operation that may be executed.
pub(in crate::http) async fn execute(
    state: &HttpState,
    prepared: PreparedOperation,
    context: RequestContext,
) -> Result<ExecutionResult, HttpError> {
    let deadline = context.viewer.deadline;
    let work = state.app.executor.execute(prepared, context);
    let result = match deadline {
        // No act is begun after the deadline, and the last one has time to finish.
        Some(deadline) => tokio::time::timeout_at((deadline + FINISH_GRACE).into(), work).await.ok(),
        None => with_time_limit(state, work).await,
    };
    let response = match result.transpose().map_err(|Overloaded| HttpError::overloaded())? {
        Some(response) if deadline.is_some() => {
            return Ok(ExecutionResult::from_response(reword_read_failures(response)));
        }
        Some(response) => return Ok(ExecutionResult::from_response(response)),
        None if deadline.is_some() => unknown_outcome_response(state),
        None => timeout_response(state, "the query", "ask for less at a time"),
    };
    Ok(ExecutionResult { response, is_request_error: false, is_unavailable: false })
}

/// An answer to a mutation in which a failure to read below an act does not say that the act was not done.
fn reword_read_failures(mut response: Response) -> Response {
    for error in response.errors.iter_mut().filter(|error| error.path.len() > 1) {
        if has_code(error, error_code::UNAVAILABLE) {
            "this part of the answer could not be read; what the mutation did is done".clone_into(&mut error.message);
        }
    }
    response
}

/// By when a mutation begins its last act.
pub(in crate::http) fn mutation_deadline(state: &HttpState) -> Instant {
    Instant::now() + Duration::from_millis(state.app.http_config.limits.execution_ms)
}

/// The answer in place of that of a mutation which did not end in time.
fn unknown_outcome_response(state: &HttpState) -> Response {
    let limit = state.app.http_config.limits.execution_ms;
    let message = format!(
        "the mutation took longer than {limit} ms (limits.execution_ms): nothing of it was done, some, or all. Read what is there now, or \
         send it again with the same Idempotency-Key"
    );
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", OUTCOME_UNKNOWN);
    Response::from_errors(vec![error])
}

/// What is worked on to its end, whoever waits for it.
pub(in crate::http) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, HttpError>> + Send + 'static,
) -> Result<T, HttpError> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a mutation ended before its end");
        Err(internal_error("something failed on our side: read what is there now"))
    })
}

fn internal_error(message: &'static str) -> HttpError {
    HttpError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, error_code::INTERNAL_SERVER_ERROR, message)
}

/// What is worked on for no longer than it may be; nothing where it is not done by then. The time is looked at first, whenever
/// the work has waited for something: else work that is ready each time would go on.
pub(in crate::http) async fn with_time_limit<T>(state: &HttpState, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = tokio::time::sleep(Duration::from_millis(state.app.http_config.limits.execution_ms)) => None,
        result = work => Some(result),
    }
}

/// The answer in place of what did not come in time.
pub(in crate::http) fn timeout_response(state: &HttpState, subject: &str, advice: &str) -> Response {
    let limit = state.app.http_config.limits.execution_ms;
    let mut error =
        ServerError::new(format!("{subject} took longer than {limit} ms (limits.execution_ms): {advice}"), None);
    error.extensions.get_or_insert_default().set("code", TIMEOUT);
    Response::from_errors(vec![error])
}

/// Errors as clients get them: not too many, not too long, each with a code.
fn normalize_errors(response: &mut Response) {
    response.errors.truncate(MAX_ERRORS);
    for error in &mut response.errors {
        // What the framework itself refuses comes without a code.
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

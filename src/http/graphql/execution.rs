//! What comes of executing, whichever way it goes out: in time, with errors as clients get them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use serde_json::json;

use super::request_error::Refusal;
use crate::http::Front;
use crate::{
    blocking,
    graphql::{Execution, Overloaded, PreparedOperation, RequestContext},
};

/// Errors of one answer; more say nothing new.
const MAX_ERRORS: usize = 20;

/// Letters of an error's message.
const MAX_MESSAGE: usize = 1000;

/// The code of an answer that did not come in time.
const TIMEOUT: &str = "EXECUTION_TIMEOUT";

/// Codes of what comes out otherwise another time.
const PASSING: [&str; 6] = [TIMEOUT, "INTERNAL_SERVER_ERROR", "REPEATED", "UNAVAILABLE", "STORAGE_FULL", UNKNOWN];

/// The code of a write that was begun and whose end is not known.
const UNKNOWN: &str = "OUTCOME_UNKNOWN";

/// Codes of failures of the database that changed nothing and pass.
const UNAVAILABLE: [&str; 2] = ["UNAVAILABLE", "STORAGE_FULL"];

/// How long a mutation may go on after its deadline: acts are not begun any more, and one that was begun is finished.
const FINISHING: Duration = Duration::from_secs(5);

/// An answer.
pub(in crate::http) struct Outcome {
    pub(in crate::http) answer: Response,
    /// Nothing was executed: what was asked for is not valid.
    pub(in crate::http) refused: bool,
    /// The database could not be used, and there is nothing else in the answer.
    pub(in crate::http) unavailable: bool,
}

/// An answer as JSON, and what there is to know of it.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the answer")]
pub(in crate::http) struct Written {
    pub(in crate::http) bytes: Vec<u8>,
    pub(in crate::http) refused: bool,
    pub(in crate::http) unavailable: bool,
    pub(in crate::http) is_sound: bool,
    pub(in crate::http) failed_here: bool,
}

impl Outcome {
    /// As JSON. The answer of a long operation is written on another thread; its values are dropped there, too. The operation keeps
    /// its permit until then, also where the answer is not waited for any more.
    pub(in crate::http) async fn written(self, execution: &Arc<Execution>) -> Result<Written, Refusal> {
        let (is_long, execution) = (execution.is_long(), execution.clone());
        let write = move || {
            let bytes = self.write()?;
            drop(execution);
            Ok(Written {
                bytes,
                refused: self.refused,
                unavailable: self.unavailable,
                is_sound: self.is_sound(),
                failed_here: self.failed_here(),
            })
        };
        if is_long { blocking::run(write).await } else { write() }
    }

    /// Of an answer that came: nothing was executed where no data came and no error lies at a field.
    pub(in crate::http) fn of(mut answer: Response) -> Self {
        // What is not known comes first, so that it is never among the errors that are left out.
        answer.errors.sort_by_key(|error| code(error) != Some(UNKNOWN));
        mend(&mut answer);
        let refused = answer.data == Value::Null
            && !answer.errors.is_empty()
            && answer.errors.iter().all(|error| error.path.is_empty() && !is_spoiled(error));
        let unavailable = !refused
            && !answer.errors.is_empty()
            && answer.errors.iter().all(|error| code(error).is_some_and(|code| UNAVAILABLE.contains(&code)))
            && has_nothing(&answer.data);
        Self { answer, refused, unavailable }
    }

    /// Without an error.
    pub(in crate::http) fn is_sound(&self) -> bool {
        self.answer.errors.is_empty()
    }

    /// It failed on our side, or found that another was quicker: the same may be asked again, and come out otherwise.
    fn failed_here(&self) -> bool {
        self.answer.errors.iter().filter_map(code).any(|code| PASSING.contains(&code))
    }

    /// As JSON. What was not executed has no `data`, nor what could not be for want of the database.
    fn write(&self) -> Result<Vec<u8>, Refusal> {
        let written = if self.refused || self.unavailable {
            serde_json::to_vec(&json!({ "errors": self.answer.errors }))
        } else {
            serde_json::to_vec(&self.answer)
        };
        written.map_err(|error| {
            tracing::error!(%error, "an answer could not be written");
            failed("the answer could not be written")
        })
    }

    /// The same as a text.
    pub(in crate::http) fn write_text(&self) -> Result<String, Refusal> {
        // JSON is UTF-8.
        self.write().map(|bytes| String::from_utf8(bytes).unwrap_or_default())
    }
}

/// It was executed, and turned out to be more than an answer may be.
fn is_spoiled(error: &ServerError) -> bool {
    code(error) == Some("ANSWER_TOO_LARGE")
}

/// The code of an error.
fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// Whether every field of the root is null.
fn has_nothing(data: &Value) -> bool {
    match data {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
        _ => false,
    }
}

/// Executes an operation that may be executed.
pub(in crate::http) async fn execute(
    front: &Front,
    prepared: PreparedOperation,
    asked: RequestContext,
) -> Result<Outcome, Refusal> {
    let deadline = asked.viewer.deadline;
    let work = front.app.executor.execute(prepared, asked);
    let answered = match deadline {
        // No act is begun after the deadline, and the last one has time to finish.
        Some(deadline) => tokio::time::timeout_at((deadline + FINISHING).into(), work).await.ok(),
        None => in_time(front, work).await,
    };
    let answer = match answered.transpose().map_err(|Overloaded| Refusal::overloaded())? {
        Some(answer) if deadline.is_some() => return Ok(Outcome::of(read_back(answer))),
        Some(answer) => return Ok(Outcome::of(answer)),
        None if deadline.is_some() => unfinished(front),
        None => late(front, "the query", "ask for less at a time"),
    };
    Ok(Outcome { answer, refused: false, unavailable: false })
}

/// An answer to a mutation in which a failure to read below an act does not say that the act was not done.
fn read_back(mut answer: Response) -> Response {
    for error in answer.errors.iter_mut().filter(|error| error.path.len() > 1) {
        if code(error) == Some("UNAVAILABLE") {
            "this part of the answer could not be read; what the mutation did is done".clone_into(&mut error.message);
        }
    }
    answer
}

/// By when a mutation begins its last act.
pub(in crate::http) fn deadline(front: &Front) -> Instant {
    Instant::now() + Duration::from_millis(front.app.edge.limits.execution_ms)
}

/// The answer in place of that of a mutation which did not end in time.
fn unfinished(front: &Front) -> Response {
    let limit = front.app.edge.limits.execution_ms;
    let told = format!(
        "the mutation took longer than {limit} ms (limits.execution_ms): nothing of it was done, some, or all. Read what is there now, or \
         send it again with the same Idempotency-Key"
    );
    let mut error = ServerError::new(told, None);
    error.extensions.get_or_insert_default().set("code", UNKNOWN);
    Response::from_errors(vec![error])
}

/// What is worked on to its end, whoever waits for it.
pub(in crate::http) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a mutation ended before its end");
        Err(failed("something failed on our side: read what is there now"))
    })
}

fn failed(message: &'static str) -> Refusal {
    Refusal::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", message)
}

/// What is worked on for no longer than it may be; nothing where it is not done by then. The time is looked at first, whenever
/// the work has waited for something: else work that is ready each time would go on.
pub(in crate::http) async fn in_time<T>(front: &Front, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = tokio::time::sleep(Duration::from_millis(front.app.edge.limits.execution_ms)) => None,
        done = work => Some(done),
    }
}

/// The answer in place of what did not come in time.
pub(in crate::http) fn late(front: &Front, what: &str, advice: &str) -> Response {
    let limit = front.app.edge.limits.execution_ms;
    let mut error =
        ServerError::new(format!("{what} took longer than {limit} ms (limits.execution_ms): {advice}"), None);
    error.extensions.get_or_insert_default().set("code", TIMEOUT);
    Response::from_errors(vec![error])
}

/// Errors as clients get them: not too many, not too long, each with a code.
fn mend(answer: &mut Response) {
    answer.errors.truncate(MAX_ERRORS);
    for error in &mut answer.errors {
        // What the framework itself refuses comes without a code.
        let extensions: &mut ErrorExtensionValues = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_USER_INPUT" });
        }
        if error.message.chars().nth(MAX_MESSAGE).is_some() {
            error.message = error.message.chars().take(MAX_MESSAGE).chain(['…']).collect();
        }
    }
}

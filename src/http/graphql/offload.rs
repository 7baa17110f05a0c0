//! Moves expensive steps to the blocking thread pool: parsing and preparing long documents, and encoding long
//! responses.
//!
//! Work on a long document needs a permit for long operations. Short documents and responses are processed on the
//! async thread.

use std::sync::Arc;

use crate::{
    blocking,
    graphql::{
        Document, Execution, MAX_CACHED_DOCUMENT_BYTES, OperationInput, Overloaded, PreparedOperation, RequestErrors,
    },
    http::{error::HttpError, session::Session, state::HttpState},
};

/// Minimum size of a response, in bytes, for encoding it on a blocking thread. Compressing a response of this size
/// may take milliseconds.
const LONG_RESPONSE: usize = 128 * 1024;

/// Parses a document. If the document is too long for the document cache, it is parsed on a blocking thread, with a
/// permit for long operations.
pub(in crate::http) async fn parse(
    state: &HttpState,
    session: &Session,
    text: &Arc<str>,
) -> Result<Result<Arc<Document>, RequestErrors>, HttpError> {
    let (executor, role, text) = (state.app.executor.clone(), session.viewer.role, text.clone());
    with_permit(state, session, text.len(), move || executor.parse(&text, role)).await
}

/// Prepares an operation for execution. If the document is long, this happens on a blocking thread, with a permit for
/// long operations.
pub(in crate::http) async fn prepare(
    state: &HttpState,
    session: &Session,
    document: &Arc<Document>,
    input: OperationInput,
) -> Result<Result<PreparedOperation, RequestErrors>, HttpError> {
    let (executor, role, document) = (state.app.executor.clone(), session.viewer.role, document.clone());
    let extent = state.app.extent(&session.viewer);
    with_permit(state, session, document.bytes(), move || executor.prepare(&document, input, role, &extent)).await
}

/// Runs work on a document of `bytes` bytes: on a blocking thread with a permit if the document is long, otherwise on
/// this thread. The permit is released when the work is done, even if the caller no longer waits for the result.
async fn with_permit<T: Send + 'static>(
    state: &HttpState,
    session: &Session,
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, HttpError> {
    if bytes <= MAX_CACHED_DOCUMENT_BYTES {
        return Ok(work());
    }
    let permit = state
        .limiter
        .long_operation_permits(session.caller())
        .acquire()
        .await
        .map_err(|Overloaded| HttpError::overloaded())?;
    let work = move || {
        let result = work();
        drop(permit);
        result
    };
    Ok(blocking::run(work).await)
}

/// Encodes a response of `bytes` bytes, on a blocking thread if it is long. The operation keeps its permit until the
/// response is encoded, even if the caller no longer waits.
pub(in crate::http) async fn encode<T: Send + 'static>(
    execution: &Arc<Execution>,
    bytes: usize,
    encode: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes < LONG_RESPONSE {
        return encode();
    }
    let execution = execution.clone();
    let work = move || {
        let encoded = encode();
        drop(execution);
        encoded
    };
    blocking::run(work).await
}

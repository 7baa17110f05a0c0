//! Reading and planning long documents, and coding long answers, on threads of their own, so that nothing else waits for it.

use std::sync::Arc;

use super::{Front, refusal::Refusal, session::Session};
use crate::{
    blocking,
    graphql::{Document, Extent, Input, Prepared, RequestErrors},
    turns::Caller,
};

/// Bytes of a document from which on reading and planning it may take milliseconds.
const LONG_DOCUMENT: usize = 8 * 1024;

/// Bytes of an answer from which on coding it may take milliseconds.
const LONG_ANSWER: usize = 128 * 1024;

/// Does something on a thread of its own, with a permit for long work.
async fn in_turn<T: Send + 'static>(
    front: &Front,
    caller: Caller,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let Ok(Ok(turn)) = tokio::time::timeout(front.guard.patience(), front.guard.long.take(caller)).await else {
        return Err(Refusal::overloaded());
    };
    // The permit is given back when the work is done, whether somebody waits for it or not.
    let work = move || {
        let done = work();
        drop(turn);
        done
    };
    Ok(blocking::run(work).await)
}

/// Reads a document: a long one apart.
pub(super) async fn read(
    front: &Front,
    session: &Session,
    text: &Arc<str>,
) -> Result<Result<Arc<Document>, RequestErrors>, Refusal> {
    let (api, role) = (front.app.api.clone(), session.viewer.role);
    if text.len() < LONG_DOCUMENT || api.has_read(text) {
        return Ok(api.read(text, role));
    }
    let text = text.clone();
    in_turn(front, session.caller(), move || api.read(&text, role)).await
}

/// Coerces and plans an operation: of a long document apart.
pub(super) async fn prepare(
    front: &Front,
    session: &Session,
    document: &Arc<Document>,
    input: Input,
) -> Result<Result<Prepared, RequestErrors>, Refusal> {
    let (api, role) = (front.app.api.clone(), session.viewer.role);
    let extent: Extent = front.app.extent(&session.viewer);
    if document.bytes() < LONG_DOCUMENT {
        return Ok(api.prepare(document, input, role, &extent));
    }
    let document = document.clone();
    in_turn(front, session.caller(), move || api.prepare(&document, input, role, &extent)).await
}

/// Codes an answer of so many bytes: a long one apart.
pub(super) async fn answer_of<T: Send + 'static>(bytes: usize, code: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes < LONG_ANSWER { code() } else { blocking::run(code).await }
}

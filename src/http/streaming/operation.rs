//! An operation on a line that lasts: a query or a mutation answers once, a subscription with every change.

use std::{sync::Arc, time::Duration};

use async_graphql::{ServerError, parser::types::OperationType};
use axum::http::StatusCode;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};

use super::session::Session;
use crate::{
    db::Fault,
    graphql::{OpenSubscription, OperationInput, Permits},
    http::{
        Front,
        graphql::{
            execution::{self, Outcome},
            media_type::Media,
            mutation_by_get, offload,
            params::Wanted,
            request_error::Refusal,
        },
        limits::body_memory::Held,
    },
    newsroom::reading::change_stream::ChangeStreamError,
};

/// How often it is looked again whether a caller may be told what has come.
const LOOK: Duration = Duration::from_secs(1);

/// What is kept of a subscription to every byte of it: what was read, and the filter made of it.
const KEPT: usize = 200;

/// More than that is kept of long texts alone, which are not larger than they came: filters are limited.
const MOST_KEPT: usize = 300_000;

/// An operation that is wanted.
pub(in crate::http) struct Ask<'a> {
    pub(in crate::http) wanted: Wanted,
    /// As it came, in bytes.
    pub(in crate::http) bytes: usize,
    /// It came by GET.
    pub(in crate::http) by_get: bool,
    /// It came with an Idempotency-Key.
    pub(in crate::http) keyed: bool,
    /// Where the line itself knows a position: to go on after it.
    pub(in crate::http) after: Option<&'a str>,
}

/// An operation that was let in.
pub(in crate::http) enum Work {
    /// It is done: the answer, as JSON.
    Done(String),
    /// It goes on.
    Following(Box<Followed>),
}

/// A subscription, and the room that it takes for as long as it goes on.
pub(in crate::http) struct Followed {
    opened: OpenSubscription,
    _held: Held,
}

/// An operation that was not let in.
pub(in crate::http) enum Rejected {
    Refused(Refusal),
    Invalid(Vec<ServerError>),
}

impl Rejected {
    /// As a GraphQL response has errors.
    pub(in crate::http) fn errors(&self) -> Value {
        match self {
            Self::Refused(refusal) => refusal.errors(),
            Self::Invalid(errors) => json!(errors),
        }
    }
}

impl From<Refusal> for Rejected {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What comes of an operation that goes on.
pub(in crate::http) enum Sent {
    /// A change, as JSON, and its position.
    Next(String, String),
    /// It cannot go on.
    Error(Value),
}

/// Starts what is wanted.
pub(in crate::http) async fn start(front: &Arc<Front>, session: &Session, ask: Ask<'_>) -> Result<Work, Rejected> {
    let Ask { mut wanted, bytes, by_get, keyed, after } = ask;
    let media = Media::GraphqlResponse;
    let text = front.persisted.text(&mut wanted, media)?;
    // Reading a query is work, too.
    let _place = front.guard.place(session.caller()).await?;
    let refused_operation = |errors| Refusal::of_operation(errors, media);
    let input = OperationInput { operation_name: wanted.operation, variables: wanted.variables };
    let document = offload::read(front, session, &text.query).await?.map_err(refused_operation)?;
    let kind = document.operation_type(input.operation_name.as_deref()).map_err(refused_operation)?;
    if kind == OperationType::Mutation && by_get {
        return Err(mutation_by_get().into());
    }
    if kind == OperationType::Mutation && keyed {
        let told = "the answer to an Idempotency-Key is kept as JSON: send the mutation with Accept: application/graphql-response+json";
        return Err(Refusal::bad(told).into());
    }
    let prepared = offload::prepare(front, session, &document, input).await?.map_err(refused_operation)?;
    if kind == OperationType::Mutation && session.bearer.is_none() {
        return Err(Refusal::no_token().into());
    }
    let mut viewer = session.viewer.clone();
    viewer.deadline = (kind == OperationType::Mutation).then(|| execution::deadline(front));
    let mut asked = front.app.request_context(viewer);
    if kind == OperationType::Query {
        asked = asked.with_permits(front.guard.permits(session.caller()));
    }
    let execution = asked.execution.clone();
    let outcome = if kind == OperationType::Subscription {
        match front.app.executor.subscribe(prepared, asked).await {
            Ok(mut opened) => {
                if let Some(after) = after {
                    let unknown = |_| refused(&ChangeStreamError::UnknownPosition, front);
                    opened.change_stream.resume_after(after).map_err(unknown)?;
                }
                front.persisted.keep(&text);
                let mut held = front.guard.memory.hold(session.address);
                held.grow((KEPT * bytes).min(MOST_KEPT) + bytes);
                return Ok(Work::Following(Box::new(Followed { opened, _held: held })));
            }
            // It was not opened, whatever was at fault.
            Err(answer) => Outcome { refused: true, ..Outcome::of(answer) },
        }
    } else {
        let front = front.clone();
        let work = async move { execution::execute(&front, prepared, asked).await };
        if kind == OperationType::Mutation { execution::to_its_end(work).await? } else { work.await? }
    };
    if outcome.refused {
        return Err(Rejected::Invalid(outcome.answer.errors));
    }
    if outcome.is_sound() {
        front.persisted.keep(&text);
    }
    let written = outcome.written(&execution).await?;
    // JSON is UTF-8.
    Ok(Work::Done(String::from_utf8(written.bytes).unwrap_or_default()))
}

/// Everything that a subscription has to tell, until it cannot go on.
pub(in crate::http) fn follow(
    front: Arc<Front>,
    session: Arc<Session>,
    followed: Box<Followed>,
) -> BoxStream<'static, Sent> {
    stream::unfold(Some((front, session, followed)), async |state| {
        let (front, session, mut followed) = state?;
        let opened = &mut followed.opened;
        let change = match opened.change_stream.next().await {
            Ok(change) => change,
            Err(lost) => return Some((Sent::Error(Rejected::Refused(refused(&lost, &front)).errors()), None)),
        };
        // Events have time: they are counted as requests are, and wait for their turn and a place as long as it takes.
        while front.guard.memory.has_room(session.address).is_err()
            || front.guard.count(session.address, session.bearer.as_deref()).is_err()
        {
            opened.change_stream.drop_buffer();
            tokio::time::sleep(LOOK).await;
        }
        // Each change counts as a long operation: a client that goes on from an old position has thousands of them executed.
        let permits = Permits { timeout: Duration::MAX, ..front.guard.permits(session.caller()) };
        let _held = loop {
            let Ok(place) = front.guard.place(session.caller()).await else { continue };
            let permit = permits.acquire().await;
            // A token that is no longer valid is told nothing. Its session is being ended, or the fault passes.
            if permit.is_ok() && session.fault(&front).await.is_none() {
                break (place, permit);
            }
            drop((place, permit));
            tokio::time::sleep(LOOK).await;
        };
        let position = change.position.clone();
        let asked = front.app.request_context(opened.change_stream.viewer().clone());
        let told = execution::in_time(&front, front.app.executor.execute_event(opened, change, asked)).await;
        Some(match told.map(Outcome::of) {
            Some(outcome) => match outcome.write_text() {
                Ok(text) => (Sent::Next(text, position), Some((front, session, followed))),
                Err(refusal) => (Sent::Error(Rejected::Refused(refusal).errors()), None),
            },
            None => {
                let late = execution::late(&front, "a change", "ask for less of it");
                (Sent::Error(Rejected::Invalid(late.errors).errors()), None)
            }
        })
    })
    .boxed()
}

/// Why a subscription cannot go on, for the client.
fn refused(lost: &ChangeStreamError, front: &Front) -> Refusal {
    let most = front.app.edge.limits.resume_entries;
    let (code, message) = match lost {
        ChangeStreamError::UnknownPosition => (
            "POSITION_UNKNOWN",
            "this is not a position of the newsroom as it is now: read everything anew, then follow from there"
                .to_owned(),
        ),
        ChangeStreamError::TooOld => (
            "POSITION_TOO_OLD",
            format!(
                "more than {most} acts lie behind (limits.resume_entries): read everything anew, then follow from there"
            ),
        ),
        ChangeStreamError::HierarchyChanged => (
            "READ_ANEW",
            "topics or places were merged or moved, so other releases match the filter than before: read everything anew, then \
             follow from there"
                .to_owned(),
        ),
        ChangeStreamError::Filter(error) => ("BAD_USER_INPUT", error.to_string()),
        ChangeStreamError::Db(Fault::Failed(error)) => {
            tracing::error!(%error, "the journal could not be read for a subscription");
            (
                "INTERNAL_SERVER_ERROR",
                "something failed on our side: go on after the last change that you know".to_owned(),
            )
        }
        ChangeStreamError::Db(_) => (
            "UNAVAILABLE",
            "the database does not answer: subscribe again, and go on after the last change that you know".to_owned(),
        ),
    };
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

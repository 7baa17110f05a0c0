//! An operation on a line that lasts: a query or a mutation answers once, a subscription with every change.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, Response, ServerError, parser::types::OperationType};
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};

use super::{
    Front,
    graphql::{mend, mutation_by_get},
    negotiation::Media,
    refusal::Refusal,
    request::Wanted,
    session::Session,
};
use crate::{graphql::Opened, newsroom::changes::Lost};

/// An operation that was let in.
pub(super) enum Work {
    /// It is done.
    Done(Box<Response>),
    /// It goes on.
    Following(Box<Opened>),
}

/// An operation that was not let in.
pub(super) enum Rejected {
    Refused(Refusal),
    Invalid(Vec<ServerError>),
}

impl Rejected {
    /// As a GraphQL response has errors.
    pub(super) fn errors(&self) -> Value {
        match self {
            Self::Refused(refusal) => {
                let (code, message) = refusal.told();
                json!([{ "message": message, "extensions": { "code": code } }])
            }
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
pub(super) enum Sent {
    /// A change, and its position.
    Next(Box<Response>, String),
    /// It cannot go on.
    Error(Value),
}

/// Starts what is wanted; a subscription after a position, where the line itself knows one.
pub(super) async fn start(
    front: &Front,
    session: &Session,
    (mut wanted, by_get): (Wanted, bool),
    after: Option<&str>,
) -> Result<Work, Rejected> {
    let media = Media::GraphqlResponse;
    let text = front.persisted.text(&mut wanted, media)?;
    let request = wanted.request(&text.query);
    let at_gate = |refusal| Refusal::at_gate(refusal, media);
    let kind = front.app.api.operation(&request).map_err(at_gate)?;
    if kind == OperationType::Mutation && by_get {
        return Err(mutation_by_get().into());
    }
    let asked = front.app.asked(session.viewer.clone());
    let _place = front.guard.place().await?;
    let mut answer = if kind == OperationType::Subscription {
        match front.app.api.subscribe(request, asked).await.map_err(at_gate)? {
            Ok(mut opened) => {
                if let Some(after) = after {
                    let unknown = |_| refused(&Lost::Unknown, front);
                    opened.following.go_on_after(after).map_err(unknown)?;
                }
                front.persisted.keep(&text);
                return Ok(Work::Following(Box::new(opened)));
            }
            Err(answer) => answer,
        }
    } else {
        execute(front, request, asked).await.map_err(at_gate)?
    };
    mend(&mut answer);
    if answer.data == async_graphql::Value::Null
        && !answer.errors.is_empty()
        && (kind == OperationType::Subscription || answer.errors.iter().all(|error| error.path.is_empty()))
    {
        return Err(Rejected::Invalid(answer.errors));
    }
    if answer.errors.is_empty() {
        front.persisted.keep(&text);
    }
    Ok(Work::Done(Box::new(answer)))
}

async fn execute(
    front: &Front,
    request: Request,
    asked: crate::graphql::Asked,
) -> Result<Response, crate::graphql::GateRefusal> {
    let limit = front.app.edge.limits.execution_ms;
    let work = front.app.api.execute(request, asked);
    tokio::time::timeout(Duration::from_millis(limit), work).await.unwrap_or_else(|_| {
        let message = format!("the query took longer than {limit} ms (limits.execution_ms): ask for less at a time");
        Err(crate::graphql::GateRefusal { code: "EXECUTION_TIMEOUT", message })
    })
}

/// Everything that a subscription has to tell, until it cannot go on, or the token is not good any more when there is something.
pub(super) fn follow(front: Arc<Front>, session: Arc<Session>, opened: Box<Opened>) -> BoxStream<'static, Sent> {
    stream::unfold(Some((front, session, opened)), async |state| {
        let (front, session, mut opened) = state?;
        match opened.following.next().await {
            Ok(change) => {
                session.fault(&front).await.is_none().then_some(())?;
                let position = change.position.clone();
                // Events have time: they wait for a place as long as it takes.
                let _place = loop {
                    if let Ok(place) = front.guard.place().await {
                        break place;
                    }
                };
                let asked = front.app.asked(opened.following.viewer().clone());
                let limit = front.app.edge.limits.execution_ms;
                let work = front.app.api.event(&opened, change, asked);
                let Ok(mut answer) = tokio::time::timeout(Duration::from_millis(limit), work).await else {
                    let told = format!(
                        "a change took longer than {limit} ms to tell (limits.execution_ms): ask for less of it"
                    );
                    let refusal = Refusal::new(axum::http::StatusCode::BAD_REQUEST, "EXECUTION_TIMEOUT", told);
                    return Some((Sent::Error(Rejected::Refused(refusal).errors()), None));
                };
                mend(&mut answer);
                Some((Sent::Next(Box::new(answer), position), Some((front, session, opened))))
            }
            Err(lost) => {
                let error = Sent::Error(Rejected::Refused(refused(&lost, &front)).errors());
                Some((error, None))
            }
        }
    })
    .boxed()
}

/// Why a subscription cannot go on, for the client.
fn refused(lost: &Lost, front: &Front) -> Refusal {
    let most = front.app.edge.limits.resume_entries;
    let (code, message) = match lost {
        Lost::Unknown => (
            "POSITION_UNKNOWN",
            "this is not a position of the newsroom as it is now: read everything anew, then follow from there"
                .to_owned(),
        ),
        Lost::TooOld => (
            "POSITION_TOO_OLD",
            format!(
                "more than {most} acts lie behind (limits.resume_entries): read everything anew, then follow from there"
            ),
        ),
        Lost::Filter(error) => ("BAD_USER_INPUT", error.to_string()),
        Lost::Db(error) => {
            tracing::error!(%error, "the journal could not be read for a subscription");
            (
                "INTERNAL_SERVER_ERROR",
                "something failed on our side: go on after the last change that you know".to_owned(),
            )
        }
    };
    Refusal::new(axum::http::StatusCode::BAD_REQUEST, code, message)
}

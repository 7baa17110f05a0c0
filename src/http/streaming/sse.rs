//! Server-sent events: operations by GET or POST with `Accept: text/event-stream`, one a connection (graphql-sse's distinct
//! connections mode).
//!
//! Each event is a `next` with its position as the event's id, so that a browser's EventSource which connects again goes on where
//! it was; `complete` is said only when the operation is over for good.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::HeaderValue,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{
    operation::{self, Ask, Rejected, Sent, Work},
    session::Session,
};
use crate::http::{Front, graphql::media_type::Media, limits::rate_limit::Lasting};

/// How often a quiet stream says that it is there.
const QUIET: Duration = Duration::from_secs(12);

/// Answers with events.
pub(in crate::http) async fn answer(front: Arc<Front>, session: Session, ask: Ask<'_>, place: Lasting) -> Response {
    let (memory, address) = (front.guard.memory.clone(), session.address);
    let session = Arc::new(session);
    let events = match operation::start(&front, &session, ask).await {
        Ok(Work::Done(answer)) => stream::iter([next(&answer, None), complete()]).boxed(),
        Ok(Work::Following(opened)) => {
            let told = operation::follow(front.clone(), session.clone(), opened).flat_map(|sent| {
                stream::iter(match sent {
                    Sent::Next(answer, position) => vec![next(&answer, Some(&position))],
                    Sent::Error(errors) => vec![json_event(&json!({ "errors": errors })), complete()],
                })
            });
            // Ends without `complete` when the token or the server does: the client comes again, and is told why or goes on.
            let over = async move {
                tokio::select! {
                    _ = session.ended(front.clone()) => {}
                    () = Session::stopped(front.clone()) => {}
                }
            };
            told.take_until(over).boxed()
        }
        Err(Rejected::Refused(refusal)) => return refusal.answer(Media::GraphqlResponse),
        Err(rejected) => {
            let kind = [("content-type", Media::GraphqlResponse.content_type()), ("cache-control", "no-store")];
            let body = json!({ "errors": rejected.errors() }).to_string();
            return (axum::http::StatusCode::BAD_REQUEST, kind, body).into_response();
        }
    };
    let mut response = Sse::new(held(events, place)).keep_alive(KeepAlive::new().interval(QUIET)).into_response();
    // A proxy that waits for more would keep events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert("cache-control", HeaderValue::from_static("private, no-store"));
    response
        .map(|events| Body::new(events.map_frame(move |frame| frame.map_data(|bytes| memory.hand_out(address, bytes)))))
}

/// The same events, with a place among what lasts that is given back when they end.
fn held(
    events: impl Stream<Item = Event> + Send,
    place: Lasting,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    events.map(move |event| {
        let _ = &place;
        Ok(event)
    })
}

fn next(answer: &str, position: Option<&str>) -> Event {
    let event = Event::default().event("next").data(answer);
    match position {
        Some(position) => event.id(position),
        None => event,
    }
}

fn json_event(value: &Value) -> Event {
    Event::default().event("next").data(value.to_string())
}

fn complete() -> Event {
    Event::default().event("complete").data("")
}

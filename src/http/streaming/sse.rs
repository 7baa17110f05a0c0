//! Server-sent events (SSE): one operation for each request with `Accept: text/event-stream` (protocol graphql-sse,
//! distinct connections mode).
//!
//! The id of an event is the resume position just after the change that the event reports. When an `EventSource`
//! reconnects, it sends the last id as `Last-Event-ID`, and the subscription resumes there. The server sends
//! `complete` only when the operation has ended.

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

use super::operation::{self, OperationRequest, StartError, StartedOperation, StreamItem};
use crate::http::{limits::rate_limit::StreamPermit, media_type::MediaType, session::Session, state::HttpState};

/// Interval of keep-alive comments on an idle stream.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(12);

/// Responds with an event stream.
pub(in crate::http) async fn respond(
    state: Arc<HttpState>,
    session: Session,
    request: OperationRequest<'_>,
    permit: StreamPermit,
) -> Response {
    let (memory, address) = (state.limiter.memory.clone(), session.address);
    let session = Arc::new(session);
    let events = match operation::start(&state, &session, request).await {
        Ok(StartedOperation::Completed(response)) => stream::iter([next(&response, None), complete()]).boxed(),
        Ok(StartedOperation::Subscribed(subscription)) => {
            let items = operation::stream_changes(state.clone(), session.clone(), subscription).flat_map(|item| {
                stream::iter(match item {
                    StreamItem::Next(response, position) => vec![next(&response, Some(&position))],
                    StreamItem::Error(errors) => vec![json_event(&json!({ "errors": errors })), complete()],
                })
            });
            // If the token expires or the server stops, the stream ends without `complete`. The client then
            // reconnects, and either gets an error or resumes.
            let ended = async move {
                tokio::select! {
                    _ = session.until_invalid(state.clone()) => {}
                    () = Session::until_shutdown(state.clone()) => {}
                }
            };
            items.take_until(ended).boxed()
        }
        Err(StartError::Http(error)) => return error.into_response_as(MediaType::GraphqlResponse),
        Err(error) => {
            let headers = [("content-type", MediaType::GraphqlResponse.content_type()), ("cache-control", "no-store")];
            let body = json!({ "errors": error.errors() }).to_string();
            return (axum::http::StatusCode::BAD_REQUEST, headers, body).into_response();
        }
    };
    let mut response = Sse::new(with_permit(events, permit))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE_INTERVAL))
        .into_response();
    // Tells proxies not to buffer the response, because buffering would delay events.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert("cache-control", HeaderValue::from_static("private, no-store"));
    response
        .map(|events| Body::new(events.map_frame(move |frame| frame.map_data(|bytes| memory.track(address, bytes)))))
}

/// Attaches a stream permit to a stream of events. The permit is released when the stream ends.
fn with_permit(
    events: impl Stream<Item = Event> + Send,
    permit: StreamPermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    events.map(move |event| {
        let _ = &permit;
        Ok(event)
    })
}

fn next(response: &str, position: Option<&str>) -> Event {
    let event = Event::default().event("next").data(response);
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

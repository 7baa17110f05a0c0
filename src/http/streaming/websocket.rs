//! GraphQL over WebSocket: the `graphql-transport-ws` protocol.
//!
//! One task serves each connection. It takes the next message of an operation only after the last one was sent
//! (backpressure). If the client reads too slowly, the server closes the connection with code 1013. Every message
//! from a client counts towards the rate limit. Other close codes are those of the protocol (4400 to 4429) and 1001
//! for a server that stops.

use std::{collections::HashMap, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    response::Response,
};
use futures_util::{
    future::{AbortHandle, Abortable},
    stream::{self, BoxStream, SelectAll, StreamExt},
};
use serde_json::{Map, Value, json};
use tokio::{sync::mpsc, time::Instant};
use tracing::Instrument;

use super::{
    operation::{self, OperationRequest, StartError, StartedOperation, StreamItem},
    websocket_message::{CLOSE_TRY_AGAIN_LATER, Close, authorization, message_text, parse_message, rate_limit_close},
};
use crate::{
    error_code,
    http::{
        auth::parse_bearer,
        error::HttpError,
        graphql::params::GraphqlParams,
        limits::{body_memory::Reservation, rate_limit::StreamPermit},
        session::Session,
        state::HttpState,
    },
};

const PROTOCOL: &str = "graphql-transport-ws";

/// Interval at which the server sends pings. If it receives nothing from the client for two intervals, it closes the
/// connection.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// Number of consecutive messages beyond the rate limit after which the server closes the connection.
const MAX_EXCESS_MESSAGES: u32 = 20;

/// How long the server waits for the client's close frame after it has sent its own.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum length of a close reason, in bytes. A close frame has space for 123 bytes (RFC 6455, 5.5).
const MAX_REASON_LENGTH: usize = 120;

/// Maximum length of an operation id, in characters.
const MAX_ID_LENGTH: usize = 200;

/// A message that the server sends to the client about one of the client's operations.
enum OutgoingMessage {
    /// A response as JSON, with the memory that it reserves until it is sent.
    Next(String, Reservation),
    Error(Value),
    Complete,
}

type OutgoingMessages = SelectAll<BoxStream<'static, (String, OutgoingMessage)>>;

/// A running operation. It has its own task, so it proceeds even while the socket is blocked. The operation ends when
/// this value is dropped.
struct ActiveOperation {
    task: tokio::task::AbortHandle,
    /// Stops the forwarding of messages that were not sent yet.
    messages: AbortHandle,
}

impl Drop for ActiveOperation {
    fn drop(&mut self) {
        self.task.abort();
        self.messages.abort();
    }
}

/// Accepts a WebSocket upgrade, and serves the connection until it is closed.
pub(in crate::http) fn accept(
    state: Arc<HttpState>,
    upgrade: WebSocketUpgrade,
    bearer: Option<String>,
    address: IpAddr,
    permit: StreamPermit,
) -> Response {
    // The limit on message size must be set before the first message arrives. The larger limit therefore applies only
    // if the upgrade request had a token, not if the token arrives with `connection_init`.
    let limits = &state.app.http_config.limits;
    let max_bytes =
        if bearer.is_some() { limits.message_bytes } else { limits.message_bytes.min(limits.public_body_bytes) };
    let max_bytes = max_bytes as usize;
    let span = tracing::Span::current();
    upgrade.protocols([PROTOCOL]).max_message_size(max_bytes).max_frame_size(max_bytes).on_upgrade(move |mut socket| {
        async move {
            let is_supported = socket.protocol().is_some_and(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes());
            let close = if is_supported {
                run(&state, &mut socket, bearer, address).await
            } else {
                Some(Close::new(4406, format!("Subprotocol not acceptable: use {PROTOCOL}")))
            };
            if let Some(Close(code, reason)) = close {
                let reason: String = reason.chars().take(MAX_REASON_LENGTH).collect();
                let frame = Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from(truncate_reason(reason)) }));
                let closing = async {
                    if socket.send(frame).await.is_ok() {
                        while let Some(Ok(_)) = socket.recv().await {}
                    }
                };
                // If the client reads too slowly, half of the write timeout is over, and the close frame gets the
                // other half.
                let slow_timeout = Duration::from_millis(state.app.http_config.limits.write_ms / 2);
                let _ = tokio::time::timeout(
                    if code == CLOSE_TRY_AGAIN_LATER { slow_timeout.max(CLOSE_TIMEOUT) } else { CLOSE_TIMEOUT },
                    closing,
                )
                .await;
            }
            drop(permit);
        }
        .instrument(span)
    })
}

/// Truncates a close reason to `MAX_REASON_LENGTH` bytes.
fn truncate_reason(mut reason: String) -> String {
    while reason.len() > MAX_REASON_LENGTH {
        reason.pop();
    }
    reason
}

/// Runs the protocol until the connection must be closed, and returns the close code to send. Returns `None` if the
/// client has disconnected.
async fn run(state: &Arc<HttpState>, socket: &mut WebSocket, bearer: Option<String>, address: IpAddr) -> Option<Close> {
    let limits = &state.app.http_config.limits;
    let timeout = Duration::from_millis(limits.init_ms);
    let session = match tokio::time::timeout(timeout, handshake(state, socket, bearer, address)).await {
        Ok(Ok(session)) => Arc::new(session?),
        Ok(Err(close)) => return Some(close),
        Err(_) => return Some(Close::new(4408, "Connection initialisation timeout")),
    };
    let mut outgoing = OutgoingMessages::new();
    let mut active: HashMap<String, ActiveOperation> = HashMap::new();
    let mut invalid = pin!(session.until_invalid(state.clone()));
    let mut shutdown = pin!(Session::until_shutdown(state.clone()));
    let (mut last_received, mut excess) = (Instant::now(), 0);
    let mut ping_ticks = tokio::time::interval_at(last_received + PING_INTERVAL, PING_INTERVAL);
    loop {
        tokio::select! {
            message = socket.recv() => {
                last_received = Instant::now();
                let text = match message_text(message?) {
                    Ok(text) => text,
                    Err(close) => return Some(close),
                };
                // Every message counts towards the rate limit, including pings and pongs. A client may exceed the
                // limit by a few consecutive messages, because a client that receives much data must still be able to
                // answer pings.
                let counted = state.limiter.check_rate(session.address, session.bearer.as_deref()).map(drop);
                excess = if counted.is_err() { excess + 1 } else { 0 };
                if let (Err(error), true) = (&counted, excess > MAX_EXCESS_MESSAGES) {
                    return Some(rate_limit_close(error));
                }
                if let Some(text) = text
                    && let Err(close) = handle_message(state, &session, (&text, counted), socket, &mut outgoing, &mut active).await
                {
                    return close;
                }
            }
            Some((id, item)) = outgoing.next(), if !outgoing.is_empty() => {
                if !matches!(item, OutgoingMessage::Next(..)) {
                    active.remove(&id);
                }
                if let Err(close) = send_outgoing(state, socket, (&id, item)).await {
                    return close;
                }
            }
            () = &mut shutdown => return Some(Close::new(1001, "the server is stopping: connect again, and resume after the last")),
            error = &mut invalid => return Some(Close::new(4403, error.message())),
            _ = ping_ticks.tick() => {
                if last_received.elapsed() > 2 * PING_INTERVAL {
                    return Some(Close::new(1001, "the client did not answer pings"));
                }
                if let Err(close) = send_message(state, socket, Message::Ping(Vec::new().into())).await {
                    return close;
                }
            }
        }
    }
}

/// Performs the handshake: waits for `connection_init`, with or without a token. Returns `None` if the client has
/// disconnected.
async fn handshake(
    state: &HttpState,
    socket: &mut WebSocket,
    bearer: Option<String>,
    address: IpAddr,
) -> Result<Option<Session>, Close> {
    loop {
        let Some(message) = socket.recv().await else { return Ok(None) };
        state.limiter.check_rate(address, bearer.as_deref()).map_err(|error| rate_limit_close(&error))?;
        let Some(text) = message_text(message)? else { continue };
        let mut message = parse_message(&text, state)?;
        match message.get("type").and_then(Value::as_str) {
            Some("connection_init") => {
                let payload = match message.remove("payload") {
                    None | Some(Value::Null) => Map::new(),
                    Some(Value::Object(payload)) => payload,
                    Some(_) => return Err(Close::new(4400, "the payload of connection_init is not an object")),
                };
                let authorization_value = authorization(&payload);
                let bearer = match authorization_value {
                    Some(value) => Some(parse_bearer(value).unwrap_or(value).to_owned()),
                    None => bearer,
                };
                let authenticated = Session::authenticate(state, bearer.as_deref(), address).await;
                let session = authenticated.map_err(|error| Close::new(4403, error.message()))?;
                let ack = Message::text(json!({ "type": "connection_ack" }).to_string());
                return Ok(send_message(state, socket, ack).await.is_ok().then_some(session));
            }
            Some("ping") => {
                if send_message(state, socket, Message::text(json!({ "type": "pong" }).to_string())).await.is_err() {
                    return Ok(None);
                }
            }
            Some("pong") => {}
            Some("subscribe") => return Err(Close::new(4401, "Unauthorized: send connection_init first")),
            _ => return Err(Close::new(4400, "Invalid message received: send connection_init first")),
        }
    }
}

/// Handles a message that a client sends after the handshake. Fails if the connection must be closed: with the close
/// code to send, or with `None` if the client has disconnected.
async fn handle_message(
    state: &Arc<HttpState>,
    session: &Arc<Session>,
    (text, counted): (&str, Result<(), HttpError>),
    socket: &mut WebSocket,
    outgoing: &mut OutgoingMessages,
    active: &mut HashMap<String, ActiveOperation>,
) -> Result<(), Option<Close>> {
    let mut message = parse_message(text, state)?;
    let id = message.remove("id");
    let id = || match id {
        Some(Value::String(ref id)) if !id.is_empty() && id.len() <= MAX_ID_LENGTH => Ok(id.clone()),
        _ => Err(Close::new(
            4400,
            format!("the message has no valid id: send a string of 1 to {MAX_ID_LENGTH} characters"),
        )),
    };
    match message.get("type").and_then(Value::as_str) {
        Some("ping") => {
            send_message(state, socket, Message::text(json!({ "type": "pong" }).to_string())).await?;
        }
        Some("pong") => {}
        Some("connection_init") => return Err(Some(Close::new(4429, "Too many initialisation requests"))),
        Some("complete") => {
            active.remove(&id()?);
        }
        Some("subscribe") => {
            let id = id()?;
            if active.contains_key(&id) {
                return Err(Some(Close::new(4409, format!("Subscriber for {id} already exists"))));
            }
            let Some(Value::Object(payload)) = message.remove("payload") else {
                return Err(Some(Close::new(4400, "the payload of subscribe is not an object")));
            };
            let limits = &state.app.http_config.limits;
            let params =
                GraphqlParams::from_fields(payload, limits).map_err(|error| Close::new(4400, error.message()))?;
            if active.len() as u64 >= limits.subscriptions {
                let reason = format!(
                    "{} operations are active on this socket (limits.subscriptions): complete one first",
                    limits.subscriptions
                );
                let errors =
                    json!([{ "message": reason, "extensions": { "code": error_code::TOO_MANY_SUBSCRIPTIONS } }]);
                return send_outgoing(state, socket, (&id, OutgoingMessage::Error(errors))).await;
            }
            if let Err(error) = counted.and_then(|()| state.limiter.memory.check_capacity(session.address)) {
                return send_outgoing(state, socket, (&id, OutgoingMessage::Error(StartError::Http(error).errors())))
                    .await;
            }
            let (abort_messages, registration) = AbortHandle::new_pair();
            let (sender, receiver) = mpsc::channel(1);
            let mut items = operation_messages(state.clone(), session.clone(), (params, text.len()));
            let forward = async move {
                while let Some(item) = items.next().await {
                    if sender.send(item).await.is_err() {
                        break;
                    }
                }
            };
            let task = tokio::spawn(forward.in_current_span());
            active.insert(id.clone(), ActiveOperation { task: task.abort_handle(), messages: abort_messages });
            let messages = stream::unfold((receiver, id), async |(mut receiver, id)| {
                let item = receiver.recv().await?;
                Some(((id.clone(), item), (receiver, id)))
            });
            outgoing.push(Abortable::new(messages, registration).boxed());
        }
        _ => return Err(Some(Close::new(4400, "Invalid message received: unknown type"))),
    }
    Ok(())
}

/// Starts an operation and streams its messages to the client.
fn operation_messages(
    state: Arc<HttpState>,
    session: Arc<Session>,
    (params, bytes): (GraphqlParams, usize),
) -> BoxStream<'static, OutgoingMessage> {
    let (memory, address) = (state.limiter.memory.clone(), session.address);
    let next = move |response: String| {
        let mut reservation = memory.reserve(address);
        reservation.grow(response.len());
        OutgoingMessage::Next(response, reservation)
    };
    let started = async move {
        match operation::start(
            &state,
            &session,
            OperationRequest { params, bytes, by_get: false, has_idempotency_key: false, after: None },
        )
        .await
        {
            Ok(StartedOperation::Completed(response)) => {
                stream::iter([next(response), OutgoingMessage::Complete]).boxed()
            }
            Ok(StartedOperation::Subscribed(subscription)) => {
                let to_message = move |item| match item {
                    StreamItem::Next(response, _) => next(response),
                    StreamItem::Error(errors) => OutgoingMessage::Error(errors),
                };
                operation::stream_changes(state, session, subscription).map(to_message).boxed()
            }
            Err(error) => stream::iter([OutgoingMessage::Error(error.errors())]).boxed(),
        }
    };
    stream::once(started).flatten().boxed()
}

async fn send_outgoing(
    state: &HttpState,
    socket: &mut WebSocket,
    (id, item): (&str, OutgoingMessage),
) -> Result<(), Option<Close>> {
    let name = Value::from(id);
    // The memory stays reserved until the message is sent.
    let (text, _reservation) = match item {
        // The response is JSON already, with its fields in query order. Parsing it here would be slow and could lose
        // the order.
        OutgoingMessage::Next(response, reservation) => {
            (format!("{{\"id\":{name},\"type\":\"next\",\"payload\":{response}}}"), Some(reservation))
        }
        OutgoingMessage::Error(errors) => (json!({ "id": id, "type": "error", "payload": errors }).to_string(), None),
        OutgoingMessage::Complete => (json!({ "id": id, "type": "complete" }).to_string(), None),
    };
    send_message(state, socket, Message::text(text)).await
}

/// Sends a message. Fails after half of the write timeout, so that time is left to send a close frame.
async fn send_message(state: &HttpState, socket: &mut WebSocket, message: Message) -> Result<(), Option<Close>> {
    let timeout = Duration::from_millis(state.app.http_config.limits.write_ms / 2);
    match tokio::time::timeout(timeout, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(Close::new(
            CLOSE_TRY_AGAIN_LATER,
            "messages are read too slowly: connect again, and resume after the last",
        ))),
    }
}

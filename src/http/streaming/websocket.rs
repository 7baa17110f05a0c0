//! Operations over WebSocket: the protocol `graphql-transport-ws`, with the close codes that it names.
//!
//! One task a socket. It asks its subscriptions for what is next only when the last message was taken, so nothing piles up for a
//! client that does not read; one that takes nothing for too long is closed.

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

use super::{
    operation::{self, Ask, Rejected, Sent, Work},
    session::Session,
};
use crate::http::{
    Front, auth,
    graphql::{
        params::{self, Wanted},
        request_error::Refusal,
    },
    limits::{body_memory::Held, rate_limit::Lasting},
};

const PROTOCOL: &str = "graphql-transport-ws";

/// How often a quiet socket is asked whether it is there; twice without an answer and it is not.
const QUIET: Duration = Duration::from_secs(20);

/// Messages are taken too slowly: try again later (RFC 6455's registry).
const SLOW: u16 = 1013;

/// Messages in a row beyond the caller's rate before a socket is closed for it.
const PATIENCE: u32 = 20;

/// How long a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Letters of a reason for closing, which a frame has room for.
const REASON: usize = 120;

/// Letters of an operation's id.
const LONGEST_ID: usize = 200;

/// Why a socket is closed: a code and a reason (RFC 6455, 7.4; the protocol's own from 4400 on).
struct Close(u16, String);

impl Close {
    fn because(code: u16, reason: impl Into<String>) -> Self {
        Self(code, reason.into())
    }
}

/// What is to be told to a client about one of its operations.
enum Told {
    /// An answer, and the room that it takes until it is sent.
    Next(String, Held),
    Error(Value),
    Complete,
}

type Running = SelectAll<BoxStream<'static, (String, Told)>>;

/// An operation under way, in a task of its own: it is worked on whether the socket is being written to or not, and gives its
/// place back when it is done. It ends when this is dropped.
struct Operation {
    task: tokio::task::AbortHandle,
    /// Of what it has told and nobody has heard yet.
    line: AbortHandle,
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.task.abort();
        self.line.abort();
    }
}

/// Takes a socket over.
pub(in crate::http) fn take(
    front: Arc<Front>,
    upgrade: WebSocketUpgrade,
    bearer: Option<String>,
    address: IpAddr,
    place: Lasting,
) -> Response {
    // Only a token that came with the upgrade itself is known before the first message comes.
    let limits = &front.app.edge.limits;
    let most = if bearer.is_some() { limits.message_bytes } else { limits.message_bytes.min(limits.public_body_bytes) };
    let most = most as usize;
    upgrade.protocols([PROTOCOL]).max_message_size(most).max_frame_size(most).on_upgrade(move |mut socket| async move {
        let spoken = socket.protocol().is_some_and(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes());
        let close = if spoken {
            pump(&front, &mut socket, bearer, address).await
        } else {
            Some(Close::because(4406, format!("Subprotocol not acceptable: speak {PROTOCOL}")))
        };
        if let Some(Close(code, reason)) = close {
            let reason: String = reason.chars().take(REASON).collect();
            let frame = Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from(shortened(reason)) }));
            let goodbye = async {
                if socket.send(frame).await.is_ok() {
                    while let Some(Ok(_)) = socket.recv().await {}
                }
            };
            // Who is slow is told as slowly, with what is left of its time.
            let slow = Duration::from_millis(front.app.edge.limits.write_ms / 2);
            let _ = tokio::time::timeout(if code == SLOW { slow.max(GOODBYE) } else { GOODBYE }, goodbye).await;
        }
        drop(place);
    })
}

/// A reason that fits the frame in bytes, too.
fn shortened(mut reason: String) -> String {
    while reason.len() > REASON {
        reason.pop();
    }
    reason
}

/// Speaks the protocol until the socket is to be closed; nothing where the client has gone.
async fn pump(front: &Arc<Front>, socket: &mut WebSocket, bearer: Option<String>, address: IpAddr) -> Option<Close> {
    let limits = &front.app.edge.limits;
    let patience = Duration::from_millis(limits.init_ms);
    let session = match tokio::time::timeout(patience, greet(front, socket, bearer, address)).await {
        Ok(Ok(session)) => Arc::new(session?),
        Ok(Err(close)) => return Some(close),
        Err(_) => return Some(Close::because(4408, "Connection initialisation timeout")),
    };
    let mut running = Running::new();
    let mut open: HashMap<String, Operation> = HashMap::new();
    let mut ended = pin!(session.ended(front.clone()));
    let mut stopped = pin!(Session::stopped(front.clone()));
    let (mut heard, mut beyond) = (Instant::now(), 0);
    let mut quiet = tokio::time::interval_at(heard + QUIET, QUIET);
    loop {
        tokio::select! {
            message = socket.recv() => {
                heard = Instant::now();
                let text = match text_of(message?) {
                    Ok(text) => text,
                    Err(close) => return Some(close),
                };
                // Whatever comes is counted, pings as well. Who goes on when nothing more is taken is not listened to; a few are
                // heard, for who was told much must be able to say that it is there.
                let counted = front.guard.count(session.address, session.bearer.as_deref()).map(drop);
                beyond = if counted.is_err() { beyond + 1 } else { 0 };
                if let (Err(refusal), true) = (&counted, beyond > PATIENCE) {
                    return Some(too_often(refusal));
                }
                if let Some(text) = text
                    && let Err(close) = hear(front, &session, (&text, counted), socket, &mut running, &mut open).await
                {
                    return close;
                }
            }
            Some((id, told)) = running.next(), if !running.is_empty() => {
                if !matches!(told, Told::Next(..)) {
                    open.remove(&id);
                }
                if let Err(close) = send(front, socket, (&id, told)).await {
                    return close;
                }
            }
            () = &mut stopped => return Some(Close::because(1001, "the server stops: connect again, and go on after the last")),
            refusal = &mut ended => return Some(Close::because(4403, refusal.told().1)),
            _ = quiet.tick() => {
                if heard.elapsed() > 2 * QUIET {
                    return Some(Close::because(1001, "nothing was heard for too long"));
                }
                if let Err(close) = deliver(front, socket, Message::Ping(Vec::new().into())).await {
                    return close;
                }
            }
        }
    }
}

/// The beginning: `connection_init`, with a token or without. Nothing where the client has gone.
async fn greet(
    front: &Front,
    socket: &mut WebSocket,
    bearer: Option<String>,
    address: IpAddr,
) -> Result<Option<Session>, Close> {
    loop {
        let Some(message) = socket.recv().await else { return Ok(None) };
        front.guard.count(address, bearer.as_deref()).map_err(|refusal| too_often(&refusal))?;
        let Some(text) = text_of(message)? else { continue };
        let mut message = read(&text, front)?;
        match message.get("type").and_then(Value::as_str) {
            Some("connection_init") => {
                let payload = match message.remove("payload") {
                    None | Some(Value::Null) => Map::new(),
                    Some(Value::Object(payload)) => payload,
                    Some(_) => return Err(Close::because(4400, "the payload of connection_init is not an object")),
                };
                let told = authorization(&payload);
                let bearer = match told {
                    Some(value) => Some(auth::secret(value).unwrap_or(value).to_owned()),
                    None => bearer,
                };
                let opened = Session::open(front, bearer.as_deref(), address).await;
                let session = opened.map_err(|refusal| Close::because(4403, refusal.told().1))?;
                let acknowledged = Message::text(json!({ "type": "connection_ack" }).to_string());
                return Ok(deliver(front, socket, acknowledged).await.is_ok().then_some(session));
            }
            Some("ping") => {
                if deliver(front, socket, Message::text(json!({ "type": "pong" }).to_string())).await.is_err() {
                    return Ok(None);
                }
            }
            Some("pong") => {}
            Some("subscribe") => return Err(Close::because(4401, "Unauthorized: send connection_init first")),
            _ => return Err(Close::because(4400, "Invalid message received: send connection_init first")),
        }
    }
}

/// The token of a `connection_init`: as a header would have it, at the top or among `headers`.
fn authorization(payload: &Map<String, Value>) -> Option<&str> {
    let of = |fields: &Map<String, Value>| -> Option<String> {
        fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(name, _)| name.clone())
    };
    let within = payload.get("headers").and_then(Value::as_object);
    [Some(payload), within].into_iter().flatten().find_map(|fields| fields.get(&of(fields)?)?.as_str())
}

/// What a client says once it was greeted.
async fn hear(
    front: &Arc<Front>,
    session: &Arc<Session>,
    (text, counted): (&str, Result<(), Refusal>),
    socket: &mut WebSocket,
    running: &mut Running,
    open: &mut HashMap<String, Operation>,
) -> Result<(), Option<Close>> {
    let mut message = read(text, front)?;
    let id = message.remove("id");
    let id = || match id {
        Some(Value::String(ref id)) if !id.is_empty() && id.len() <= LONGEST_ID => Ok(id.clone()),
        _ => Err(Close::because(4400, format!("the message has no id: a text of 1 to {LONGEST_ID} letters"))),
    };
    match message.get("type").and_then(Value::as_str) {
        Some("ping") => {
            deliver(front, socket, Message::text(json!({ "type": "pong" }).to_string())).await?;
        }
        Some("pong") => {}
        Some("connection_init") => return Err(Some(Close::because(4429, "Too many initialisation requests"))),
        Some("complete") => {
            open.remove(&id()?);
        }
        Some("subscribe") => {
            let id = id()?;
            if open.contains_key(&id) {
                return Err(Some(Close::because(4409, format!("Subscriber for {id} already exists"))));
            }
            let Some(Value::Object(payload)) = message.remove("payload") else {
                return Err(Some(Close::because(4400, "the payload of subscribe is not an object")));
            };
            let limits = &front.app.edge.limits;
            let wanted = Wanted::read(payload, limits).map_err(|refusal| Close::because(4400, refusal.told().1))?;
            if open.len() as u64 >= limits.subscriptions {
                let told = format!(
                    "{} operations are under way on this socket (limits.subscriptions): complete one first",
                    limits.subscriptions
                );
                let errors = json!([{ "message": told, "extensions": { "code": "TOO_MANY_SUBSCRIPTIONS" } }]);
                return send(front, socket, (&id, Told::Error(errors))).await;
            }
            if let Err(refusal) = counted.and_then(|()| front.guard.memory.has_room(session.address)) {
                return send(front, socket, (&id, Told::Error(Rejected::Refused(refusal).errors()))).await;
            }
            let (line, registration) = AbortHandle::new_pair();
            let (sender, receiver) = mpsc::channel(1);
            let mut told = operation(front.clone(), session.clone(), (wanted, text.len()));
            let task = tokio::spawn(async move {
                while let Some(told) = told.next().await {
                    if sender.send(told).await.is_err() {
                        break;
                    }
                }
            });
            open.insert(id.clone(), Operation { task: task.abort_handle(), line });
            let heard = stream::unfold((receiver, id), async |(mut receiver, id)| {
                let told = receiver.recv().await?;
                Some(((id.clone(), told), (receiver, id)))
            });
            running.push(Abortable::new(heard, registration).boxed());
        }
        _ => return Err(Some(Close::because(4400, "Invalid message received: its type is not known"))),
    }
    Ok(())
}

/// Everything that an operation has to tell.
fn operation(front: Arc<Front>, session: Arc<Session>, (wanted, bytes): (Wanted, usize)) -> BoxStream<'static, Told> {
    let (memory, address) = (front.guard.memory.clone(), session.address);
    let next = move |answer: String| {
        let mut held = memory.hold(address);
        held.grow(answer.len());
        Told::Next(answer, held)
    };
    let started = async move {
        match operation::start(&front, &session, Ask { wanted, bytes, by_get: false, keyed: false, after: None }).await
        {
            Ok(Work::Done(answer)) => stream::iter([next(answer), Told::Complete]).boxed(),
            Ok(Work::Following(opened)) => {
                let told = move |sent| match sent {
                    Sent::Next(answer, _) => next(answer),
                    Sent::Error(errors) => Told::Error(errors),
                };
                operation::follow(front, session, opened).map(told).boxed()
            }
            Err(rejected) => stream::iter([Told::Error(rejected.errors())]).boxed(),
        }
    };
    stream::once(started).flatten().boxed()
}

async fn send(front: &Front, socket: &mut WebSocket, (id, told): (&str, Told)) -> Result<(), Option<Close>> {
    let name = Value::from(id);
    // What is told keeps its room until it is sent.
    let (text, _held) = match told {
        // The answer is written once, in the order in which its fields were asked for.
        Told::Next(answer, held) => (format!("{{\"id\":{name},\"type\":\"next\",\"payload\":{answer}}}"), Some(held)),
        Told::Error(errors) => (json!({ "id": id, "type": "error", "payload": errors }).to_string(), None),
        Told::Complete => (json!({ "id": id, "type": "complete" }).to_string(), None),
    };
    deliver(front, socket, Message::text(text)).await
}

/// Sends a message, to a client that takes it in time; half the time that the connection itself allows, so that there is some
/// left to say why.
async fn deliver(front: &Front, socket: &mut WebSocket, message: Message) -> Result<(), Option<Close>> {
    let patience = Duration::from_millis(front.app.edge.limits.write_ms / 2);
    match tokio::time::timeout(patience, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => {
            Err(Some(Close::because(SLOW, "messages are taken too slowly: connect again, and go on after the last")))
        }
    }
}

/// The text of a message; nothing where it is the socket's own business.
fn text_of(message: Result<Message, axum::Error>) -> Result<Option<Utf8Bytes>, Close> {
    match message {
        Ok(Message::Text(text)) => Ok(Some(text)),
        Ok(Message::Binary(_)) => Err(Close::because(4400, "Invalid message received: not a text")),
        Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => Ok(None),
        Err(error) => {
            let told = error.to_string();
            Err(match () {
                () if told.contains("too long") || told.contains("too big") => Close::because(
                    1009,
                    "the message is too long (limits.message_bytes; limits.public_body_bytes where no token came with the upgrade)",
                ),
                () if told.to_ascii_lowercase().contains("utf-8") => Close::because(1007, "the message is not UTF-8"),
                () => Close::because(1002, "not a WebSocket frame"),
            })
        }
    }
}

fn read(text: &str, front: &Front) -> Result<Map<String, Value>, Close> {
    params::look_over(text.as_bytes(), &front.app.edge.limits)
        .map_err(|refusal| Close::because(4400, refusal.told().1))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(message)) => Ok(message),
        _ => Err(Close::because(4400, "Invalid message received: not a JSON object")),
    }
}

/// Why a socket is closed that says too much.
fn too_often(refusal: &Refusal) -> Close {
    Close::because(1008, refusal.told().1)
}

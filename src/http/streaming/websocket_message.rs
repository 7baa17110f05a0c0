//! Parses the messages of a `graphql-transport-ws` client. Also `Close`, a close code with its reason.

use axum::extract::ws::{Message, Utf8Bytes};
use serde_json::{Map, Value};

use crate::http::{error::HttpError, graphql::params, state::HttpState};

/// Messages are taken too slowly: try again later (RFC 6455's registry).
pub(super) const CLOSE_TRY_AGAIN_LATER: u16 = 1013;

/// Why a socket is closed: a code and a reason (RFC 6455, 7.4; the protocol's own from 4400 on).
pub(super) struct Close(pub(super) u16, pub(super) String);

impl Close {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self(code, reason.into())
    }
}

/// The token of a `connection_init`: as a header would have it, at the top or among `headers`.
pub(super) fn authorization(payload: &Map<String, Value>) -> Option<&str> {
    let key = |fields: &Map<String, Value>| -> Option<String> {
        fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(name, _)| name.clone())
    };
    let headers = payload.get("headers").and_then(Value::as_object);
    [Some(payload), headers].into_iter().flatten().find_map(|fields| fields.get(&key(fields)?)?.as_str())
}

/// The text of a message; nothing where it is the socket's own business.
pub(super) fn message_text(message: Result<Message, axum::Error>) -> Result<Option<Utf8Bytes>, Close> {
    match message {
        Ok(Message::Text(text)) => Ok(Some(text)),
        Ok(Message::Binary(_)) => Err(Close::new(4400, "Invalid message received: not a text")),
        Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => Ok(None),
        Err(error) => {
            let description = error.to_string();
            Err(match () {
                () if description.contains("too long") || description.contains("too big") => Close::new(
                    1009,
                    "the message is too long (limits.message_bytes; limits.public_body_bytes where no token came with the upgrade)",
                ),
                () if description.to_ascii_lowercase().contains("utf-8") => {
                    Close::new(1007, "the message is not UTF-8")
                }
                () => Close::new(1002, "not a WebSocket frame"),
            })
        }
    }
}

/// A message as a JSON object.
pub(super) fn parse_message(text: &str, state: &HttpState) -> Result<Map<String, Value>, Close> {
    params::check_value_count(text.as_bytes(), &state.app.http_config.limits)
        .map_err(|error| Close::new(4400, error.message()))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(message)) => Ok(message),
        _ => Err(Close::new(4400, "Invalid message received: not a JSON object")),
    }
}

/// Why a socket is closed that says too much.
pub(super) fn rate_limit_close(error: &HttpError) -> Close {
    Close::new(1008, error.message())
}

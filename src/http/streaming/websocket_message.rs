//! Parses the messages of a `graphql-transport-ws` client, and defines `Close`: a close code with its reason.

use axum::extract::ws::{Message, Utf8Bytes};
use serde_json::{Map, Value};

use crate::http::{error::HttpError, graphql::params, state::HttpState};

/// Close code "Try Again Later" (IANA WebSocket registry), for clients that read too slowly.
pub(super) const CLOSE_TRY_AGAIN_LATER: u16 = 1013;

/// A WebSocket close code and its reason (RFC 6455, 7.4). Codes from 4400 on are those of `graphql-transport-ws`.
pub(super) struct Close(pub(super) u16, pub(super) String);

impl Close {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self(code, reason.into())
    }
}

/// Returns the value of `Authorization` in the payload of `connection_init`. The payload may have it at the top level
/// or inside `headers`.
pub(super) fn authorization(payload: &Map<String, Value>) -> Option<&str> {
    let key = |fields: &Map<String, Value>| -> Option<String> {
        fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(name, _)| name.clone())
    };
    let headers = payload.get("headers").and_then(Value::as_object);
    [Some(payload), headers].into_iter().flatten().find_map(|fields| fields.get(&key(fields)?)?.as_str())
}

/// Returns the text of a WebSocket message, or `None` for a control frame. Fails with a close code if the message is
/// not valid text.
pub(super) fn message_text(message: Result<Message, axum::Error>) -> Result<Option<Utf8Bytes>, Close> {
    match message {
        Ok(Message::Text(text)) => Ok(Some(text)),
        Ok(Message::Binary(_)) => Err(Close::new(4400, "Invalid message received: not a text frame")),
        Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => Ok(None),
        Err(error) => {
            let description = error.to_string();
            Err(match () {
                () if description.contains("too long") || description.contains("too big") => Close::new(
                    1009,
                    "the message is too long (limits.message_bytes; limits.public_body_bytes if the upgrade request has no token)",
                ),
                () if description.to_ascii_lowercase().contains("utf-8") => {
                    Close::new(1007, "the message is not UTF-8")
                }
                () => Close::new(1002, "not a WebSocket frame"),
            })
        }
    }
}

/// Parses the text of a message as a JSON object. Fails with a close code if it is not one or has too many values.
pub(super) fn parse_message(text: &str, state: &HttpState) -> Result<Map<String, Value>, Close> {
    params::check_value_count(text.as_bytes(), &state.app.http_config.limits)
        .map_err(|error| Close::new(4400, error.message()))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(message)) => Ok(message),
        _ => Err(Close::new(4400, "Invalid message received: not a JSON object")),
    }
}

/// Returns the close frame for a client that exceeds its rate limit.
pub(super) fn rate_limit_close(error: &HttpError) -> Close {
    Close::new(1008, error.message())
}

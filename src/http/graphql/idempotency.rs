//! `Idempotency-Key` header (IETF draft): a mutation that is sent again with the same key gets the stored response.
//!
//! While a request with the same key is in flight, a second request fails with 409. If the key was used for a
//! different request, it fails with 422. Long responses and responses with secrets are not stored, so repeating such
//! a request fails with 409. `newsroom::access::idempotency` stores the keys and responses.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};

use crate::{
    app::App,
    auth::viewer::{IdempotentRequest, Viewer},
    error_code,
    http::error::HttpError,
    newsroom::access::{
        idempotency::{self, StoredResult},
        tokens::hash,
    },
};

/// Maximum length of an idempotency key, in characters.
const MAX_KEY_LENGTH: usize = 200;

/// Maximum size of a stored response, in bytes. If a response is longer, only the fact that the request was executed
/// is stored.
const MAX_STORED_BYTES: usize = 256 * 1024;

/// What to do with a request, depending on its idempotency key.
pub(in crate::http) enum IdempotencyState {
    /// The request has no key.
    NoKey,
    /// The request was executed before: return this stored response.
    Replay(String),
    /// The key is new: execute the request and store its response.
    First(InFlightKey),
}

/// Marks the idempotency key of a request as in flight. A second request with the same key is rejected until this
/// value is dropped.
pub(in crate::http) struct InFlightKey {
    in_flight: Arc<std::sync::Mutex<std::collections::HashSet<(String, String)>>>,
    owner_and_key: (String, String),
    request: Arc<IdempotentRequest>,
}

impl Drop for InFlightKey {
    fn drop(&mut self) {
        self.in_flight.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&self.owner_and_key);
    }
}

impl IdempotencyState {
    /// Returns the state of a request that is not a mutation.
    pub(in crate::http) fn no_key() -> Self {
        Self::NoKey
    }

    /// Reads the idempotency key of a mutation, if the request has one, and looks up the stored result. If the key is
    /// new, records the request in `viewer`, so that the first write stores the key. Fails if the request must not be
    /// executed.
    pub(in crate::http) async fn begin(
        app: &App,
        headers: &HeaderMap,
        viewer: &mut Viewer,
        body: &[u8],
    ) -> Result<Self, HttpError> {
        let Some(key) = headers.get("idempotency-key") else { return Ok(Self::NoKey) };
        // The draft defines the key as a quoted string, but many clients send it without quotes.
        let key = key.to_str().map(|key| key.trim().trim_matches('"').to_owned()).unwrap_or_default();
        if key.is_empty()
            || key.len() > MAX_KEY_LENGTH
            || !key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return Err(HttpError::bad_request(format!(
                "the Idempotency-Key is invalid: send 1 to {MAX_KEY_LENGTH} visible ASCII characters, for example a UUID"
            )));
        }
        if viewer.subject.is_empty() {
            // Anonymous viewers cannot run mutations, so the key is ignored.
            return Ok(Self::NoKey);
        }
        let owner_and_key = (idempotency::key_owner(viewer), key.clone());
        if !app.in_flight_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(owner_and_key.clone()) {
            let message = "the same request is in flight: wait a moment, then send it again";
            return Err(HttpError::new(StatusCode::CONFLICT, error_code::IN_PROGRESS, message));
        }
        let request = Arc::new(IdempotentRequest::new(owner_and_key.0.clone(), key, hash(body)));
        let in_flight_key =
            InFlightKey { in_flight: app.in_flight_keys.clone(), owner_and_key, request: request.clone() };
        let stored = app.newsroom.stored_result(&request).await.map_err(|error| {
            tracing::debug!(%error, "Idempotency-Key lookup failed");
            HttpError::unavailable()
        })?;
        if !matches!(stored, StoredResult::Absent) {
            // Another server may have executed the first request. Catch up with the journal, so that this server's
            // next responses include the change.
            if let Err(error) = app.newsroom.catalog.catch_up().await {
                tracing::error!(%error, "failed to follow the journal");
            }
        }
        match stored {
            StoredResult::Absent => {
                viewer.idempotent_request = Some(request);
                Ok(Self::First(in_flight_key))
            }
            StoredResult::Response(response) => Ok(Self::Replay(response)),
            StoredResult::ResponseNotStored => {
                let message = "a request with this Idempotency-Key was already executed and is not executed again; its response was \
                            too long to store, has expired, or contained a secret: query the current state";
                Err(HttpError::new(StatusCode::CONFLICT, error_code::REPEATED, message))
            }
            StoredResult::OtherRequest => {
                let message = "this Idempotency-Key was used for a different request: use a new key for each request";
                Err(HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, error_code::KEY_REUSED, message))
            }
        }
    }

    /// Returns the stored response, if there is one.
    pub(in crate::http) fn stored_response(&self) -> Option<&str> {
        match self {
            Self::Replay(response) => Some(response),
            _ => None,
        }
    }

    /// Stores the response under its key. If the response is long or contains a secret, stores only the fact that the
    /// request was executed.
    pub(in crate::http) async fn store_response(self, app: &App, response: &[u8], secret: bool) {
        let Self::First(in_flight_key) = self else { return };
        let is_storable = !secret && response.len() <= MAX_STORED_BYTES;
        let text = std::str::from_utf8(response).ok().filter(|_| is_storable).map(str::to_owned);
        let stored = app.newsroom.store_response(&in_flight_key.request, text, app.clock.now()).await;
        if let Err(error) = stored {
            tracing::error!(%error, "failed to store the response of an idempotent request");
        }
    }
}

//! The header `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header): a mutation sent again under the same key gets
//! the first answer, and nothing is done twice.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};

use super::request_error::Refusal;
use crate::{
    app::App,
    auth::viewer::{Repeatable, Viewer},
    newsroom::access::{
        idempotency::{self, StoredResult},
        tokens::hash,
    },
};

/// Longest key.
const MAX_KEY: usize = 200;

/// Bytes of an answer that is kept whole; of a longer one it is kept that it was given.
const MAX_KEPT: usize = 256 * 1024;

/// What there is to do about a key.
pub(in crate::http) enum Once {
    /// Nothing: there is none.
    NotWanted,
    /// The answer was given before.
    Answered(String),
    /// It is new: keep the answer.
    New(Running),
}

/// A request under way, under its key; no second one comes in meanwhile.
pub(in crate::http) struct Running {
    under_way: Arc<std::sync::Mutex<std::collections::HashSet<(String, String)>>>,
    place: (String, String),
    request: Arc<Repeatable>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.under_way.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&self.place);
    }
}

impl Once {
    /// For requests that change nothing.
    pub(in crate::http) fn not_wanted() -> Self {
        Self::NotWanted
    }

    /// Looks the key of a mutation up, if it has one, and lets the viewer act under it.
    pub(in crate::http) async fn begin(
        app: &App,
        headers: &HeaderMap,
        viewer: &mut Viewer,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let Some(key) = headers.get("idempotency-key") else { return Ok(Self::NotWanted) };
        // The draft has it as a quoted string; many send it bare.
        let key = key.to_str().map(|key| key.trim().trim_matches('"').to_owned()).unwrap_or_default();
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(Refusal::bad(format!(
                "the Idempotency-Key is not usable: send 1 to {MAX_KEY} letters, digits or signs, for example a UUID"
            )));
        }
        if viewer.subject.is_empty() {
            // Who is nobody changes nothing.
            return Ok(Self::NotWanted);
        }
        let place = (idempotency::key_owner(viewer), key.clone());
        if !app.under_way.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(place.clone()) {
            let told = "the same request is being carried out right now: wait a moment, then send it again";
            return Err(Refusal::new(StatusCode::CONFLICT, "IN_PROGRESS", told));
        }
        let request = Arc::new(Repeatable::new(key, hash(body)));
        let running = Running { under_way: app.under_way.clone(), place, request: request.clone() };
        let earlier = app.newsroom.stored_result(viewer, &request).await.map_err(|error| {
            tracing::debug!(%error, "an Idempotency-Key could not be looked up");
            Refusal::unavailable()
        })?;
        if !matches!(earlier, StoredResult::Absent) {
            // What was done shall be there when it is read now, by whomever it was done.
            if let Err(error) = app.newsroom.catalog.catch_up().await {
                tracing::error!(%error, "the journal could not be followed");
            }
        }
        match earlier {
            StoredResult::Absent => {
                viewer.request = Some(request);
                Ok(Self::New(running))
            }
            StoredResult::Answered(answer) => Ok(Self::Answered(answer)),
            StoredResult::AnswerNotStored => {
                let told = "this was done before under this Idempotency-Key, and is not done again; how it was answered is \
                            not known any more, was too long to be kept, or was a secret told once: read what is there now";
                Err(Refusal::new(StatusCode::CONFLICT, "REPEATED", told))
            }
            StoredResult::OtherRequest => {
                let told = "another request came under this Idempotency-Key: take a new key for each request";
                Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "KEY_REUSED", told))
            }
        }
    }

    /// The answer that was given before.
    pub(in crate::http) fn answer(&self) -> Option<&str> {
        match self {
            Self::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    /// Keeps the answer; of one that tells a secret only that it was given.
    pub(in crate::http) async fn keep(self, app: &App, viewer: &Viewer, answer: &[u8], secret: bool) {
        let Self::New(running) = self else { return };
        let kept = !secret && answer.len() <= MAX_KEPT;
        let text = std::str::from_utf8(answer).ok().filter(|_| kept).map(str::to_owned);
        let kept = app.newsroom.store_answer(viewer, &running.request, text, app.clock.now()).await;
        if let Err(error) = kept {
            tracing::error!(%error, "the answer to a repeatable request could not be kept");
        }
    }
}

//! The CSV file with a list of releases. It is sent in parts, so its length does not matter.
//!
//! A part is read when the client has taken the part before, so a slow client holds no more than one part, and no
//! permit. If a part cannot be read, the connection is closed before the end of the response. The client then knows
//! that the file is incomplete.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;

use super::{response::error_response, visit::visit};
use crate::{
    fair_semaphore::Permit,
    http::{error::HttpError, limits::rate_limit::caller, state::HttpState},
    site::{self, ReleaseRows, SiteError},
};

/// How often a download waits for a permit, about two seconds each time.
const MAX_WAITS: usize = 10;

/// Responds with the releases of a list.
pub(super) async fn respond(state: &Arc<HttpState>, address: IpAddr, query: &str) -> Result<Response, HttpError> {
    let permit = state.limiter.execution_permit(caller(address, None)).await?;
    let visit = visit(state, state.app.clock.now());
    // An error of the first part can still be a response.
    let load = async {
        let mut rows = ReleaseRows::load(&visit, query).await?;
        let first = rows.next(&visit).await?.unwrap_or_default();
        Ok((rows, first))
    };
    let (rows, first) = match tokio::time::timeout(limit(state), load).await.map_err(|_| HttpError::unavailable())? {
        Ok(loaded) => loaded,
        Err(error) => return Ok(error_response(site::error_document(&visit, &error))),
    };
    drop(permit);
    let parts = stream::unfold((state.clone(), rows, Some(first)), move |(state, mut rows, first)| async move {
        let part = match first {
            Some(part) => Ok(Some(part)),
            None => next(&state, address, &mut rows).await,
        };
        let tracked = |part: String| state.limiter.memory.track(address, Bytes::from(part));
        let part = part.map(|part| part.map(tracked)).transpose()?;
        Some((part, (state, rows, None)))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(site::CSV)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

async fn next(state: &Arc<HttpState>, address: IpAddr, rows: &mut ReleaseRows) -> io::Result<Option<String>> {
    let part = async {
        let _permit = permit(state, address).await?;
        let visit = visit(state, state.app.clock.now());
        let part = tokio::time::timeout(limit(state), rows.next(&visit)).await?;
        part.map_err(|error: SiteError| io::Error::other(error))
    };
    part.await.inspect_err(|error| tracing::warn!(%error, "a list of releases was cut off"))
}

/// Waits for a permit. A download that has begun waits longer than a new request.
async fn permit(state: &Arc<HttpState>, address: IpAddr) -> io::Result<Permit> {
    let mut refused = None;
    for _ in 0..MAX_WAITS {
        match state.limiter.execution_permit(caller(address, None)).await {
            Ok(permit) => return Ok(permit),
            Err(error) => refused = Some(error.message().to_owned()),
        }
    }
    Err(io::Error::other(refused.unwrap_or_default()))
}

/// Returns the longest time that one part may take.
fn limit(state: &HttpState) -> Duration {
    Duration::from_millis(state.app.http_config.limits.execution_ms)
}

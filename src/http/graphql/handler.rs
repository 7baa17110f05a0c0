//! Handler of `/graphql` for GET, POST and the WebSocket upgrade.
//!
//! The steps are: media type, rate limit, authentication, body, response cache, persisted query, parse and validate,
//! idempotency key, execute, compress, store in the response cache. Mutations by GET are rejected. Bodies that are
//! not `application/json` are rejected too.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use async_graphql::parser::types::OperationType;
use axum::{
    body::Bytes,
    extract::{FromRequestParts, RawQuery, Request, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts, uri::Authority},
    response::{IntoResponse, Redirect, Response},
};
use entity::Noun;

use super::{
    execution::{self, SerializedResponse},
    idempotency::IdempotencyState,
    offload,
    params::{self, GraphqlParams, OperationName},
};
use crate::{
    error_code,
    graphql::{OperationInput, PreparedOperation, RequestContext},
    http::{
        auth::{authenticate, bearer_token},
        compression::ContentCoding,
        error::{HttpError, RETRY_AFTER},
        limits::{body_memory::Reservation, rate_limit::RateLimitHeaders},
        media_type::MediaType,
        response_cache::{CachedResponse, DataVersion, ResponseCache, VARY},
        session::Session,
        state::HttpState,
        streaming::{operation::OperationRequest, sse, websocket},
    },
    limits::Limits,
};

/// `Cache-Control` for responses that only one client may see.
const PRIVATE_NO_STORE: HeaderValue = HeaderValue::from_static("private, no-store");

/// A GraphQL request that was not parsed yet.
enum RawRequest {
    /// The query string of a GET request.
    QueryString(String),
    /// The body of a POST request. The reservation keeps its memory reserved until the request is done.
    Body(Bytes, #[expect(dead_code, reason = "the memory is released when this is dropped")] Reservation),
}

impl RawRequest {
    fn params(&self, limits: &Limits) -> Result<GraphqlParams, HttpError> {
        match self {
            Self::QueryString(query_string) => GraphqlParams::from_query_string(query_string, limits),
            Self::Body(body, _) => GraphqlParams::from_json(body, limits),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::QueryString(query_string) => query_string.as_bytes(),
            Self::Body(body, _) => body,
        }
    }
}

/// Rejects any method except GET, HEAD and POST.
pub(in crate::http) async fn method_not_allowed() -> Response {
    let message =
        "send queries by GET or POST: {\"query\": \"…\", \"variables\": {…}}; /graphiql is a page for running queries";
    HttpError::method_not_allowed(message, "GET, HEAD, POST").into_response_as(MediaType::Json)
}

/// Handles `GET /graphql?query=…`.
pub(in crate::http) async fn get(
    State(state): State<Arc<HttpState>>,
    RawQuery(query_string): RawQuery,
    request: Request,
) -> Response {
    let query_string = query_string.unwrap_or_default();
    let (mut parts, _) = request.into_parts();
    if parts.headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return upgrade_websocket(&state, &mut parts)
            .await
            .unwrap_or_else(|error| error.into_response_as(MediaType::Json));
    }
    if query_string.is_empty() && accepts_html(&parts.headers) {
        return Redirect::temporary("/graphiql").into_response();
    }
    let address = state.trusted_proxies.client_ip(&parts.extensions, &parts.headers);
    Box::pin(respond(&state, &parts.headers, address, async |_, _| Ok(RawRequest::QueryString(query_string)))).await
}

/// Handles `POST /graphql`.
pub(in crate::http) async fn post(State(state): State<Arc<HttpState>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let address = state.trusted_proxies.client_ip(&parts.extensions, &parts.headers);
    let read = async |headers: &HeaderMap, public| {
        params::check_content_type(headers)?;
        let mut reservation = state.limiter.memory.reserve(address);
        let body = params::read_body(body, &state.app.http_config.limits, public, &mut reservation).await?;
        Ok(RawRequest::Body(body, reservation))
    };
    Box::pin(respond(&state, &parts.headers, address, read)).await
}

/// Upgrades a request to `/graphql` to a WebSocket.
async fn upgrade_websocket(state: &Arc<HttpState>, parts: &mut Parts) -> Result<Response, HttpError> {
    // Browsers do not apply CORS to WebSockets, so origins that CORS rejects are rejected here. The token never
    // arrives in a cookie, but in the `Authorization` header or with `connection_init`.
    let is_foreign =
        |origin: &HeaderValue| !state.app.http_config.origins.allow(origin) && !is_same_origin(origin, parts);
    if parts.headers.get(header::ORIGIN).is_some_and(is_foreign) {
        let message = "pages of this origin may not call this API (cors_origins)";
        return Err(HttpError::new(StatusCode::FORBIDDEN, error_code::FORBIDDEN, message));
    }
    let address = state.trusted_proxies.client_ip(&parts.extensions, &parts.headers);
    let bearer = bearer_token(&parts.headers)?.map(str::to_owned);
    // The token is verified after the upgrade. Until then, the rate limit of the client IP applies.
    state.limiter.check_rate(address, None)?;
    let permit = state.limiter.stream_permit(address)?;
    let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
    let upgrade =
        upgrade.map_err(|rejection| HttpError::bad_request(format!("not a WebSocket: {}", rejection.body_text())))?;
    Ok(websocket::accept(state.clone(), upgrade, bearer, address, permit))
}

/// Returns true if the origin of a web page is this server, under the host name that the client uses for it.
fn is_same_origin(origin: &HeaderValue, parts: &Parts) -> bool {
    let own = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = own.or_else(|| parts.uri.authority().map(Authority::as_str));
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, own), (Some((_, origin)), Some(own)) if origin.eq_ignore_ascii_case(own))
}

/// Returns true if the client is a browser that requests a page.
fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

async fn respond(
    state: &Arc<HttpState>,
    headers: &HeaderMap,
    address: IpAddr,
    read: impl AsyncFnOnce(&HeaderMap, bool) -> Result<RawRequest, HttpError>,
) -> Response {
    let Some(media) = MediaType::negotiate(headers) else {
        let message = "responses are application/graphql-response+json, application/json or text/event-stream: accept one of them";
        let not_acceptable = HttpError::new(StatusCode::NOT_ACCEPTABLE, error_code::NOT_ACCEPTABLE, message);
        return state
            .limiter
            .check_rate(address, None)
            .err()
            .unwrap_or(not_acceptable)
            .into_response_as(MediaType::Json);
    };
    let mut rate_limit_headers = RateLimitHeaders::new();
    let result = async {
        // Requests with a malformed token header count towards the rate limit, too.
        let bearer =
            bearer_token(headers).map_err(|error| state.limiter.check_rate(address, None).err().unwrap_or(error))?;
        rate_limit_headers = state.limiter.check_rate(address, bearer)?;
        if bearer.is_some() {
            state.limiter.check_lockout(address)?;
        }
        state.limiter.memory.check_capacity(address)?;
        // Authenticate before the body is read: an unauthenticated client must not make the server read a large body.
        let session = Session::new(authenticate(state, bearer, address).await?, bearer, address);
        let raw = read(headers, bearer.is_none()).await?;
        if media == MediaType::Events {
            return respond_with_events(state, headers, session, &raw).await;
        }
        Box::pin(respond_with_json(state, headers, media, session, raw)).await
    };
    let mut response = result.await.unwrap_or_else(|error| error.into_response_as(media));
    for (name, value) in rate_limit_headers {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Responds to a request with an event stream.
async fn respond_with_events(
    state: &Arc<HttpState>,
    headers: &HeaderMap,
    session: Session,
    raw: &RawRequest,
) -> Result<Response, HttpError> {
    let params = raw.params(&state.app.http_config.limits)?;
    let permit = state.limiter.stream_permit(session.address)?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let by_get = matches!(raw, RawRequest::QueryString(_));
    let has_idempotency_key = headers.contains_key("idempotency-key");
    Ok(sse::respond(
        state.clone(),
        session,
        OperationRequest { params, bytes: raw.bytes().len(), by_get, has_idempotency_key, after },
        permit,
    )
    .await)
}

/// Responds to a request with JSON. If the request has no token and the response cache has a valid response, returns
/// the cached response.
async fn respond_with_json(
    state: &Arc<HttpState>,
    headers: &HeaderMap,
    media: MediaType,
    session: Session,
    raw: RawRequest,
) -> Result<Response, HttpError> {
    let coding = ContentCoding::negotiate(headers);
    let by_get = matches!(raw, RawRequest::QueryString(_));
    let key = session.bearer.is_none().then(|| ResponseCache::key(by_get.into(), raw.bytes(), media as u8, coding));
    let track = |bytes| state.limiter.memory.track(session.address, bytes);
    // The value of `max-age` is computed when the response is sent, not when the request arrived.
    let cached_response = |cached: &CachedResponse| match by_get {
        true if cached.is_known_to_client(headers, &state.app) => cached.not_modified(&state.app),
        true => cached.to_get_response(track(cached.body.clone()), &state.app),
        false => cached.to_post_response(track(cached.body.clone())),
    };
    if let Some(cached) = key.as_ref().and_then(|key| state.response_cache.get(key, &state.app)) {
        return Ok(cached_response(&cached));
    }
    let mut params = raw.params(&state.app.http_config.limits)?;
    let text = state.persisted_queries.resolve(&mut params, media)?;
    // The permit is held until the response is encoded, because parsing and encoding take CPU time, too.
    let permit = state.limiter.execution_permit(session.caller()).await?;
    let request_error = |errors| HttpError::from_request_errors(errors, media);
    let input = OperationInput { operation_name: params.operation_name, variables: params.variables };
    let document = offload::parse(state, &session, &text.query).await?.map_err(request_error)?;
    let kind = document.operation_type(input.operation_name.as_deref()).map_err(request_error)?;
    let name = document.operation_name(input.operation_name.as_deref());
    let operation = OperationName(name.map(|name| name.chars().take(100).collect()));
    if kind == OperationType::Mutation && by_get {
        return Err(HttpError::mutation_by_get());
    }
    if kind == OperationType::Subscription {
        if MediaType::accepts_events(headers) {
            drop(permit);
            return respond_with_events(state, headers, session, &raw).await;
        }
        let message = "a subscription is a stream: run it over WebSocket (graphql-transport-ws), or send Accept: text/event-stream";
        return Err(HttpError::new(StatusCode::BAD_REQUEST, error_code::SUBSCRIPTION_NEEDS_STREAM, message));
    }
    let prepared = offload::prepare(state, &session, &document, input).await?.map_err(request_error)?;
    let (public, mut viewer) = (session.bearer.is_none(), session.viewer.clone());
    if kind == OperationType::Mutation && public {
        return Err(HttpError::missing_token());
    }
    let idempotency = if kind == OperationType::Mutation {
        IdempotencyState::begin(&state.app, headers, &mut viewer, raw.bytes()).await?
    } else {
        IdempotencyState::no_key()
    };
    if let Some(response) = idempotency.stored_response() {
        return Ok(replayed_response(response, media, operation));
    }
    viewer.deadline = (kind == OperationType::Mutation).then(|| execution::mutation_deadline(state));
    let mut context = state.app.request_context(viewer);
    if kind == OperationType::Query {
        context = context.with_permits(state.limiter.long_operation_permits(session.caller()));
    }
    let serialized = execute_and_serialize(state, prepared, &context, idempotency).await?;
    if serialized.is_success {
        state.persisted_queries.register(&text);
    }
    let secret = context.response_metadata.has_secret.load(Ordering::Relaxed)
        || context.response_metadata.has_preview.load(Ordering::Relaxed);
    let bytes = serialized.bytes.len();
    if let Some(key) = key.filter(|_| kind == OperationType::Query && serialized.is_success && !secret) {
        let valid_until = context.response_metadata.valid_until.lock().unwrap_or_else(PoisonError::into_inner).take();
        let id = |&key: &uuid::Uuid| state.app.newsroom.ids.encode(Noun::Release, key);
        let releases =
            context.response_metadata.releases.lock().unwrap_or_else(PoisonError::into_inner).iter().map(id).collect();
        let version = DataVersion::of(&context.snapshot);
        let build = move || {
            let (body, used) = coding.encode(serialized.bytes);
            Arc::new(CachedResponse::new(
                (version, valid_until),
                None,
                (media.content_type(), used),
                body,
                operation,
                releases,
            ))
        };
        let cached = offload::encode(&context.execution, bytes, build).await;
        state.response_cache.insert(key, &cached);
        return Ok(cached_response(&cached));
    }
    let status = match () {
        () if serialized.is_unavailable => StatusCode::SERVICE_UNAVAILABLE,
        () if serialized.is_request_error && media == MediaType::GraphqlResponse => StatusCode::BAD_REQUEST,
        () => StatusCode::OK,
    };
    // Responses with secrets are not compressed. If such a response also contains text that the caller chose, its
    // compressed length would reveal the secret (CVE-2013-3587).
    let coding = if secret { ContentCoding::Identity } else { coding };
    let (body, coding) = offload::encode(&context.execution, bytes, move || coding.encode(serialized.bytes)).await;
    let private = kind != OperationType::Query || !public || secret;
    Ok(uncached_response(status, media, (track(body), coding), private, operation))
}

/// Executes an operation, serializes its result, and stores the response under its idempotency key. A mutation
/// completes even if its client has disconnected.
async fn execute_and_serialize(
    state: &Arc<HttpState>,
    prepared: PreparedOperation,
    context: &RequestContext,
    idempotency: IdempotencyState,
) -> Result<SerializedResponse, HttpError> {
    let (state, context, is_mutation) = (state.clone(), context.clone(), context.viewer.deadline.is_some());
    let work = Box::pin(async move {
        let result = execution::execute(&state, prepared, context.clone()).await?;
        let serialized = result.serialize(&context.execution).await?;
        if !serialized.is_transient_failure {
            idempotency
                .store_response(
                    &state.app,
                    &serialized.bytes,
                    context.response_metadata.has_secret.load(Ordering::Relaxed),
                )
                .await;
        }
        Ok(serialized)
    });
    if is_mutation { execution::run_to_completion(work).await } else { work.await }
}

/// Builds a response that is not stored in the response cache.
fn uncached_response(
    status: StatusCode,
    media: MediaType,
    (body, coding): (Bytes, ContentCoding),
    is_private: bool,
    operation: OperationName,
) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, media.content_type())], body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        if is_private { PRIVATE_NO_STORE } else { HeaderValue::from_static("no-store") },
    );
    headers.insert(header::VARY, HeaderValue::from_static(VARY));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    if let Some(coding) = coding.header() {
        headers.insert(header::CONTENT_ENCODING, coding);
    }
    response.extensions_mut().insert(operation);
    response
}

/// Builds the response for a repeated mutation, whose stored response is returned again.
fn replayed_response(body: &str, media: MediaType, operation: OperationName) -> Response {
    let mut response =
        (StatusCode::OK, [(header::CONTENT_TYPE, media.content_type())], body.to_owned()).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE_NO_STORE);
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    response.extensions_mut().insert(operation);
    response
}

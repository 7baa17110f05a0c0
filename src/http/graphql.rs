//! GraphQL over HTTP: `/graphql`. Our own thin handler, because the stock one takes mutations by GET, forms and any content type,
//! and answers what cannot be parsed as if it had been executed.
//!
//! GET and POST come down one way: what the client takes, how often it comes, what was answered before; then the request itself,
//! who asks, the gate, the execution.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use async_graphql::parser::types::OperationType;
use axum::{
    body::Bytes,
    extract::{FromRequestParts, RawQuery, Request, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;

use super::{
    Front,
    bearer::{bearer, unauthenticated},
    cache::{Answers, Kept, Revision, VARY},
    coding::Coding,
    guard::Counted,
    negotiation::Media,
    once::Once,
    refusal::Refusal,
    request::{self, Wanted},
    session::Session,
    {events, socket},
};
use crate::{graphql::Asked, limits::Limits, viewer::Viewer};

/// The operation's name, for the access log.
#[derive(Clone, Debug)]
pub(super) struct Operation(pub(super) Option<String>);

/// For answers that are for one reader alone.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Errors of one answer; more say nothing new.
const MAX_ERRORS: usize = 20;

/// Letters of an error's message.
const MAX_MESSAGE: usize = 1000;

/// Where a request stands.
enum Source {
    /// In the address.
    Parameters(String),
    /// In the body.
    Body(Bytes),
}

impl Source {
    fn wanted(&self, limits: &Limits) -> Result<Wanted, Refusal> {
        match self {
            Self::Parameters(parameters) => Wanted::from_parameters(parameters, limits),
            Self::Body(body) => Wanted::from_json(body, limits),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Parameters(parameters) => parameters.as_bytes(),
            Self::Body(body) => body,
        }
    }
}

/// Any method but GET, HEAD and POST.
pub(super) async fn wrong_method() -> Response {
    let told =
        "send queries by GET or POST: {\"query\": \"…\", \"variables\": {…}}; a page to try them is at /graphiql";
    Refusal::method(told, "GET, HEAD, POST").answer(Media::Json)
}

/// `GET /graphql?query=…`.
pub(super) async fn get(State(front): State<Arc<Front>>, RawQuery(parameters): RawQuery, request: Request) -> Response {
    let parameters = parameters.unwrap_or_default();
    let (mut parts, _) = request.into_parts();
    if parts.headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return connect(&front, &mut parts).await.unwrap_or_else(|refusal| refusal.answer(Media::Json));
    }
    if parameters.is_empty() && accepts_pages(&parts.headers) {
        return Redirect::temporary("/graphiql").into_response();
    }
    let address = front.guard.address(&parts.extensions, &parts.headers);
    respond(&front, &parts.headers, address, async |_, _| Ok(Source::Parameters(parameters))).await
}

/// `POST /graphql`.
pub(super) async fn post(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let address = front.guard.address(&parts.extensions, &parts.headers);
    let read = async |headers: &HeaderMap, public| {
        request::check_content_type(headers)?;
        request::collect(body, &front.app.edge.limits, public).await.map(Source::Body)
    };
    respond(&front, &parts.headers, address, read).await
}

/// A WebSocket to `/graphql`.
async fn connect(front: &Arc<Front>, parts: &mut Parts) -> Result<Response, Refusal> {
    // Rights come with `connection_init` and never with a cookie; but pages that may not ask shall not ask this way either.
    if parts.headers.get(header::ORIGIN).is_some_and(|origin| !front.app.edge.origins.allow(origin)) {
        let told = "pages of this origin may not ask here (cors_origins)";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", told));
    }
    let address = front.guard.address(&parts.extensions, &parts.headers);
    let bearer = bearer(&parts.headers)?.map(str::to_owned);
    front.guard.count(address, bearer.as_deref())?;
    let place = front.guard.lasting_place()?;
    let upgrade = WebSocketUpgrade::from_request_parts(parts, front).await;
    let upgrade = upgrade.map_err(|rejection| Refusal::bad(format!("not a WebSocket: {}", rejection.body_text())))?;
    Ok(socket::take(front.clone(), upgrade, bearer, address, place))
}

/// Somebody looks with a browser.
fn accepts_pages(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

async fn respond(
    front: &Arc<Front>,
    headers: &HeaderMap,
    address: IpAddr,
    read: impl AsyncFnOnce(&HeaderMap, bool) -> Result<Source, Refusal>,
) -> Response {
    let Some(media) = Media::wanted(headers) else {
        let told =
            "answers are application/graphql-response+json, application/json or text/event-stream: accept one of them";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", told).answer(Media::Json);
    };
    let mut counted = Counted::new();
    let answered = async {
        let bearer = bearer(headers)?;
        counted = front.guard.count(address, bearer)?;
        // Before the body: a stranger shall not have us read much.
        let caller = Session::of(authenticate(front, bearer, address).await?, bearer, address);
        let source = read(headers, bearer.is_none()).await?;
        if media == Media::Events {
            return stream(front, headers, caller, &source).await;
        }
        answer(front, headers, media, caller, source).await
    };
    let mut response = answered.await.unwrap_or_else(|refusal| refusal.answer(media));
    for (name, value) in counted {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Answers a request that was read with events.
async fn stream(
    front: &Arc<Front>,
    headers: &HeaderMap,
    caller: Session,
    source: &Source,
) -> Result<Response, Refusal> {
    let wanted = source.wanted(&front.app.edge.limits)?;
    let place = front.guard.lasting_place()?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let by_get = matches!(source, Source::Parameters(_));
    Ok(events::answer(front.clone(), caller, (wanted, by_get), after, place).await)
}

/// Answers a request that was read; of the public's, what was answered before where that still holds.
async fn answer(
    front: &Arc<Front>,
    headers: &HeaderMap,
    media: Media,
    caller: Session,
    source: Source,
) -> Result<Response, Refusal> {
    let coding = Coding::wanted(headers);
    let by_get = matches!(source, Source::Parameters(_));
    let now = front.app.clock.now();
    let key = caller.bearer.is_none().then(|| Answers::key(by_get.into(), source.bytes(), media, coding));
    let sent = |kept: &Kept| if by_get { kept.to_get(headers, front.app.edge.max_age, now) } else { kept.to_post() };
    if let Some(kept) = key.as_ref().and_then(|key| front.answers.get(key, &front.app, now)) {
        return Ok(sent(&kept));
    }
    let mut wanted = source.wanted(&front.app.edge.limits)?;
    let text = front.persisted.text(&mut wanted, media)?;
    let operation = Operation(wanted.operation.as_ref().map(|name| name.chars().take(100).collect()));
    let request = wanted.request(&text.query);
    let kind = front.app.api.operation(&request).map_err(|refusal| Refusal::at_gate(refusal, media))?;
    if kind == OperationType::Mutation && by_get {
        return Err(mutation_by_get());
    }
    if kind == OperationType::Subscription {
        if Media::takes_events(headers) {
            return stream(front, headers, caller, &source).await;
        }
        let told =
            "a subscription goes on: take it over WebSocket (graphql-transport-ws), or with Accept: text/event-stream";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "SUBSCRIPTION_NEEDS_STREAM", told));
    }
    let (public, mut viewer) = (caller.bearer.is_none(), caller.viewer);
    let once = if kind == OperationType::Mutation {
        Once::begin(&front.app, headers, &mut viewer, source.bytes()).await?
    } else {
        Once::not_wanted()
    };
    if let Some(answer) = once.answer() {
        return Ok(replayed(answer, media, operation));
    }
    let asked = front.app.asked(viewer.clone());
    let done = execute(front, request, asked.clone(), media).await?;
    if done.sound {
        front.persisted.keep(&text);
    }
    once.keep(&front.app, &viewer, &done.text, asked.told.secret.load(Ordering::Relaxed)).await;
    let secret = asked.told.secret.load(Ordering::Relaxed) || asked.told.preview.load(Ordering::Relaxed);
    if let Some(key) = key.filter(|_| kind == OperationType::Query && done.sound && !secret) {
        let told = asked.told.until.lock().unwrap_or_else(PoisonError::into_inner).take();
        let until = told.into_iter().chain(asked.snapshot.next_instant()).min();
        let releases: Vec<_> =
            asked.told.releases.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let (body, in_which) = coding.code(done.text);
        let kept = Kept::new((Revision::of(&asked.snapshot), until), (media, in_which), body, operation, &releases);
        let kept = Arc::new(kept);
        front.answers.put(key, &kept);
        return Ok(sent(&kept));
    }
    // A secret beside what a caller chose must not be guessed from lengths (CVE-2013-3587): those are not compressed.
    let (body, coding) = if secret { (done.text.into(), Coding::Identity) } else { coding.code(done.text) };
    let mut response = (done.status, [(header::CONTENT_TYPE, media.content_type())], body).into_response();
    let headers = response.headers_mut();
    let private = kind != OperationType::Query || !public || secret;
    headers.insert(header::CACHE_CONTROL, if private { PRIVATE } else { HeaderValue::from_static("no-store") });
    headers.insert(header::VARY, HeaderValue::from_static(VARY));
    if let Some(coding) = coding.header() {
        headers.insert(header::CONTENT_ENCODING, coding);
    }
    response.extensions_mut().insert(operation);
    Ok(response)
}

/// A mutation that came by GET, which links and images send.
pub(super) fn mutation_by_get() -> Refusal {
    Refusal::method("mutations change something: send them by POST", "POST")
}

/// Who asks; who tries tokens that are not known is remembered.
pub(super) async fn authenticate(front: &Front, bearer: Option<&str>, address: IpAddr) -> Result<Viewer, Refusal> {
    front.app.authenticate(bearer).await.map_err(|fault| {
        let refusal = unauthenticated(fault);
        if refusal.status() == StatusCode::UNAUTHORIZED {
            front.guard.failed(address);
        }
        refusal
    })
}

/// What came of executing.
struct Done {
    status: StatusCode,
    text: Vec<u8>,
    /// Without an error.
    sound: bool,
}

async fn execute(front: &Front, request: async_graphql::Request, asked: Asked, media: Media) -> Result<Done, Refusal> {
    let limit = front.app.edge.limits.execution_ms;
    let _place = front.guard.place().await?;
    let work = front.app.api.execute(request, asked);
    let Ok(worked) = tokio::time::timeout(Duration::from_millis(limit), work).await else {
        let message = format!("the query took longer than {limit} ms (limits.execution_ms): ask for less at a time");
        let error = json!({ "message": message, "extensions": { "code": "EXECUTION_TIMEOUT" } });
        let text = json!({ "data": null, "errors": [error] }).to_string().into_bytes();
        return Ok(Done { status: StatusCode::OK, text, sound: false });
    };
    let mut answer = worked.map_err(|refusal| Refusal::at_gate(refusal, media))?;
    mend(&mut answer);
    // Nothing was executed where no data came and no error lies at a field.
    let refused = answer.data == async_graphql::Value::Null
        && !answer.errors.is_empty()
        && answer.errors.iter().all(|error| error.path.is_empty());
    let status = if refused && media == Media::GraphqlResponse { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let text =
        if refused { serde_json::to_vec(&json!({ "errors": answer.errors })) } else { serde_json::to_vec(&answer) };
    let text = text.map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", "the answer could not be written")
    })?;
    Ok(Done { status, text, sound: answer.errors.is_empty() })
}

/// Errors as clients get them: not too many, not too long, each with a code.
pub(super) fn mend(answer: &mut async_graphql::Response) {
    answer.errors.truncate(MAX_ERRORS);
    for error in &mut answer.errors {
        // What the framework itself refuses comes without a code.
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_USER_INPUT" });
        }
        if error.message.chars().nth(MAX_MESSAGE).is_some() {
            error.message = error.message.chars().take(MAX_MESSAGE).chain(['…']).collect();
        }
    }
}

/// An answer that was given before.
fn replayed(answer: &str, media: Media, operation: Operation) -> Response {
    let mut response =
        (StatusCode::OK, [(header::CONTENT_TYPE, media.content_type())], answer.to_owned()).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE);
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    response.extensions_mut().insert(operation);
    response
}

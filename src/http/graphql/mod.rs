//! GraphQL over HTTP: `/graphql`. Our own thin handler, because the stock one takes mutations by GET, forms and any content type,
//! and answers what cannot be parsed as if it had been executed.
//!
//! GET and POST come down one way: what the client takes, how often it comes, what was answered before; then the request itself,
//! who asks, the checks of GraphQL, the execution.

pub(crate) mod compression;
pub(crate) mod execution;
pub(crate) mod idempotency;
pub(crate) mod media_type;
pub(crate) mod offload;
pub(crate) mod params;
pub(crate) mod persisted_queries;
pub(crate) mod request_error;
pub(crate) mod response_cache;

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
    Front,
    auth::{bearer, unauthenticated},
    limits::{body_memory::Held, rate_limit::Counted},
    streaming::{operation::Ask, session::Session, sse, websocket},
};
use crate::{
    auth::viewer::Viewer,
    graphql::{OperationInput, PreparedOperation, RequestContext},
    limits::Limits,
};
use compression::Coding;
use execution::Written;
use idempotency::Once;
use media_type::Media;
use params::Wanted;
use request_error::{RETRY_AFTER, Refusal};
use response_cache::{Answers, Kept, Revision, VARY};

/// The operation's name, for the access log.
#[derive(Clone, Debug)]
pub(super) struct Operation(pub(super) Option<String>);

/// For answers that are for one reader alone.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Where a request stands.
enum Source {
    /// In the address.
    Parameters(String),
    /// In the body, which has its room until the request is done.
    Body(Bytes, #[expect(dead_code, reason = "what is held is given back when it is dropped")] Held),
}

impl Source {
    fn wanted(&self, limits: &Limits) -> Result<Wanted, Refusal> {
        match self {
            Self::Parameters(parameters) => Wanted::from_parameters(parameters, limits),
            Self::Body(body, _) => Wanted::from_json(body, limits),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Parameters(parameters) => parameters.as_bytes(),
            Self::Body(body, _) => body,
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
    Box::pin(respond(&front, &parts.headers, address, async |_, _| Ok(Source::Parameters(parameters)))).await
}

/// `POST /graphql`.
pub(super) async fn post(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let address = front.guard.address(&parts.extensions, &parts.headers);
    let read = async |headers: &HeaderMap, public| {
        params::check_content_type(headers)?;
        let mut held = front.guard.memory.hold(address);
        let body = params::collect(body, &front.app.edge.limits, public, &mut held).await?;
        Ok(Source::Body(body, held))
    };
    Box::pin(respond(&front, &parts.headers, address, read)).await
}

/// A WebSocket to `/graphql`.
async fn connect(front: &Arc<Front>, parts: &mut Parts) -> Result<Response, Refusal> {
    // Rights come with `connection_init` and never with a cookie; but pages that may not ask shall not ask this way either.
    let foreign = |origin: &HeaderValue| !front.app.edge.origins.allow(origin) && !is_own(origin, parts);
    if parts.headers.get(header::ORIGIN).is_some_and(foreign) {
        let told = "pages of this origin may not ask here (cors_origins)";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", told));
    }
    let address = front.guard.address(&parts.extensions, &parts.headers);
    let bearer = bearer(&parts.headers)?.map(str::to_owned);
    // Whether the token is known shows later: until then it is the address that comes.
    front.guard.count(address, None)?;
    let place = front.guard.lasting_place(address)?;
    let upgrade = WebSocketUpgrade::from_request_parts(parts, front).await;
    let upgrade = upgrade.map_err(|rejection| Refusal::bad(format!("not a WebSocket: {}", rejection.body_text())))?;
    Ok(websocket::take(front.clone(), upgrade, bearer, address, place))
}

/// Whether an origin is this server itself, as the client addresses it.
fn is_own(origin: &HeaderValue, parts: &Parts) -> bool {
    let own = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = own.or_else(|| parts.uri.authority().map(Authority::as_str));
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, own), (Some((_, origin)), Some(own)) if origin.eq_ignore_ascii_case(own))
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
        let refused = Refusal::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", told);
        return front.guard.count(address, None).err().unwrap_or(refused).answer(Media::Json);
    };
    let mut counted = Counted::new();
    let answered = async {
        // What is wrong with a request counts as one, too.
        let bearer = bearer(headers).map_err(|wrong| front.guard.count(address, None).err().unwrap_or(wrong))?;
        counted = front.guard.count(address, bearer)?;
        if bearer.is_some() {
            front.guard.may_try(address)?;
        }
        front.guard.memory.has_room(address)?;
        // Before the body: a stranger shall not have us read much.
        let caller = Session::of(authenticate(front, bearer, address).await?, bearer, address);
        let source = read(headers, bearer.is_none()).await?;
        if media == Media::Events {
            return stream(front, headers, caller, &source).await;
        }
        Box::pin(answer(front, headers, media, caller, source)).await
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
    let place = front.guard.lasting_place(caller.address)?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let by_get = matches!(source, Source::Parameters(_));
    let keyed = headers.contains_key("idempotency-key");
    Ok(sse::answer(front.clone(), caller, Ask { wanted, bytes: source.bytes().len(), by_get, keyed, after }, place)
        .await)
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
    let key = caller.bearer.is_none().then(|| Answers::key(by_get.into(), source.bytes(), media, coding));
    let hand_out = |bytes| front.guard.memory.hand_out(caller.address, bytes);
    // How long it holds is counted from now, not from when it was asked for.
    let sent = |kept: &Kept| match by_get {
        true if kept.is_known_to(headers) => kept.unchanged(kept.age(&front.app)),
        true => kept.to_get(hand_out(kept.body.clone()), kept.age(&front.app)),
        false => kept.to_post(hand_out(kept.body.clone())),
    };
    if let Some(kept) = key.as_ref().and_then(|key| front.answers.get(key, &front.app)) {
        return Ok(sent(&kept));
    }
    let mut wanted = source.wanted(&front.app.edge.limits)?;
    let text = front.persisted.text(&mut wanted, media)?;
    // Kept until the answer is coded: reading a query is work, and coding an answer, too.
    let place = front.guard.place(caller.caller()).await?;
    let refused = |errors| Refusal::of_operation(errors, media);
    let input = OperationInput { operation_name: wanted.operation, variables: wanted.variables };
    let document = offload::read(front, &caller, &text.query).await?.map_err(refused)?;
    let kind = document.operation_type(input.operation_name.as_deref()).map_err(refused)?;
    let name = document.operation_name(input.operation_name.as_deref());
    let operation = Operation(name.map(|name| name.chars().take(100).collect()));
    if kind == OperationType::Mutation && by_get {
        return Err(mutation_by_get());
    }
    if kind == OperationType::Subscription {
        if Media::takes_events(headers) {
            drop(place);
            return stream(front, headers, caller, &source).await;
        }
        let told =
            "a subscription goes on: take it over WebSocket (graphql-transport-ws), or with Accept: text/event-stream";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "SUBSCRIPTION_NEEDS_STREAM", told));
    }
    let prepared = offload::prepare(front, &caller, &document, input).await?.map_err(refused)?;
    let (public, mut viewer) = (caller.bearer.is_none(), caller.viewer.clone());
    if kind == OperationType::Mutation && public {
        return Err(Refusal::no_token());
    }
    let once = if kind == OperationType::Mutation {
        Once::begin(&front.app, headers, &mut viewer, source.bytes()).await?
    } else {
        Once::not_wanted()
    };
    if let Some(answer) = once.answer() {
        return Ok(replayed(answer, media, operation));
    }
    viewer.deadline = (kind == OperationType::Mutation).then(|| execution::deadline(front));
    let mut asked = front.app.request_context(viewer.clone());
    if kind == OperationType::Query {
        asked = asked.with_permits(front.guard.permits(caller.caller()));
    }
    let written = executed(front, prepared, &asked, once, viewer).await?;
    if written.is_sound {
        front.persisted.keep(&text);
    }
    let secret = asked.response_metadata.has_secret.load(Ordering::Relaxed)
        || asked.response_metadata.has_preview.load(Ordering::Relaxed);
    let bytes = written.bytes.len();
    if let Some(key) = key.filter(|_| kind == OperationType::Query && written.is_sound && !secret) {
        let until = asked.response_metadata.valid_until.lock().unwrap_or_else(PoisonError::into_inner).take();
        let id = |&key: &uuid::Uuid| front.app.newsroom.ids.encode(Noun::Release, key);
        let releases =
            asked.response_metadata.releases.lock().unwrap_or_else(PoisonError::into_inner).iter().map(id).collect();
        let revision = Revision::of(&asked.snapshot);
        let keep = move || {
            let (body, in_which) = coding.code(written.bytes);
            Arc::new(Kept::new((revision, until), (media, in_which), body, operation, releases))
        };
        let kept = offload::encode(&asked.execution, bytes, keep).await;
        front.answers.put(key, &kept);
        return Ok(sent(&kept));
    }
    let status = match () {
        () if written.unavailable => StatusCode::SERVICE_UNAVAILABLE,
        () if written.refused && media == Media::GraphqlResponse => StatusCode::BAD_REQUEST,
        () => StatusCode::OK,
    };
    // A secret beside what a caller chose must not be guessed from lengths (CVE-2013-3587): those are not compressed.
    let coding = if secret { Coding::Identity } else { coding };
    let (body, coding) = offload::encode(&asked.execution, bytes, move || coding.code(written.bytes)).await;
    let private = kind != OperationType::Query || !public || secret;
    Ok(unkept(status, media, (hand_out(body), coding), private, operation))
}

/// Executes an operation, and writes its answer. What changes something is finished, whether its client waits for the answer
/// or has gone.
async fn executed(
    front: &Arc<Front>,
    prepared: PreparedOperation,
    asked: &RequestContext,
    once: Once,
    viewer: Viewer,
) -> Result<Written, Refusal> {
    let (front, asked, is_mutation) = (front.clone(), asked.clone(), viewer.deadline.is_some());
    let work = Box::pin(async move {
        let outcome = execution::execute(&front, prepared, asked.clone()).await?;
        let written = outcome.written(&asked.execution).await?;
        if !written.failed_here {
            once.keep(&front.app, &viewer, &written.bytes, asked.response_metadata.has_secret.load(Ordering::Relaxed))
                .await;
        }
        Ok(written)
    });
    if is_mutation { execution::to_its_end(work).await } else { work.await }
}

/// An answer that is not kept here.
fn unkept(
    status: StatusCode,
    media: Media,
    (body, coding): (Bytes, Coding),
    is_private: bool,
    operation: Operation,
) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, media.content_type())], body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if is_private { PRIVATE } else { HeaderValue::from_static("no-store") });
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

/// An answer that was given before.
fn replayed(answer: &str, media: Media, operation: Operation) -> Response {
    let mut response =
        (StatusCode::OK, [(header::CONTENT_TYPE, media.content_type())], answer.to_owned()).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE);
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    response.extensions_mut().insert(operation);
    response
}

//! GraphQL over HTTP: `POST /graphql` with a JSON body. Our own thin handler, because the stock one takes mutations by GET,
//! forms and any content type, and answers what cannot be parsed as if it had been executed.

use std::sync::{Arc, atomic::Ordering};

use async_graphql::{Request, Variables};
use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{MAX_BODY, negotiation::Media, once::Once};
use crate::{app::App, graphql::GateRefusal, newsroom::token::AuthFault};

/// The operation's name, for the access log.
#[derive(Clone, Debug)]
pub(super) struct Operation(pub(super) Option<String>);

/// For answers that are for one reader alone.
const PRIVATE: header::HeaderValue = header::HeaderValue::from_static("private, no-store");

/// Errors of one answer; more say nothing new.
const MAX_ERRORS: usize = 20;

/// An answer that is a request error: nothing was executed.
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    fn answer(self, media: Media) -> Response {
        let body = json!({ "errors": [{ "message": self.message, "extensions": { "code": self.code } }] });
        let mut response =
            (self.status, [(header::CONTENT_TYPE, media.content_type())], body.to_string()).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Any method but POST.
pub(super) async fn wrong_method() -> Response {
    let refusal = Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "send queries by POST, as JSON: {\"query\": \"…\", \"variables\": {…}}; a page to try them is at /graphiql",
    );
    let mut response = refusal.answer(Media::Json);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
    response
}

/// `POST /graphql`.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(media) = Media::wanted(&headers) else {
        let message = "answers are application/graphql-response+json or application/json: accept one of them";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message).answer(Media::Json);
    };
    match execute(&app, &headers, body, media).await {
        Ok(response) => response,
        Err(refusal) => refusal.answer(media),
    }
}

async fn execute(
    app: &App,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    media: Media,
) -> Result<Response, Refusal> {
    check_content_type(headers)?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            format!("the request is larger than {MAX_BODY} bytes: send less at a time"),
        ),
        _ => Refusal::bad("the request's body could not be read to its end: send it again"),
    })?;
    let request = read(&body)?;
    let bearer = bearer(headers)?;
    let mut viewer = app.authenticate(bearer).await.map_err(unauthenticated)?;
    let operation = Operation(request.operation_name.as_ref().map(|name| name.chars().take(100).collect()));
    // A request error of GraphQL's own: under the older media type such are answered 200.
    let at_gate = |refusal: GateRefusal| {
        let status = if media == Media::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        Refusal::new(status, refusal.code, refusal.message)
    };
    let mutates = app.api.mutates(&request).map_err(at_gate)?;
    let once = if mutates { Once::begin(app, headers, &mut viewer, &body).await? } else { Once::not_wanted() };
    if let Some(answer) = once.answer() {
        return Ok(replayed(answer, media, operation));
    }
    let asked = app.asked(viewer.clone());
    let told = asked.told.clone();
    let mut answer = app.api.execute(request, asked).await.map_err(at_gate)?;
    answer.errors.truncate(MAX_ERRORS);
    for error in &mut answer.errors {
        // What the framework itself refuses comes without a code.
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_USER_INPUT" });
        }
        if error.message.chars().nth(1000).is_some() {
            error.message = error.message.chars().take(1000).chain(['…']).collect();
        }
    }
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
    once.keep(app, &viewer, &text, told.secret.load(Ordering::Relaxed)).await;
    let private = mutates || bearer.is_some() || told.preview.load(Ordering::Relaxed);
    let mut response = (status, [(header::CONTENT_TYPE, media.content_type())], text).into_response();
    if private {
        response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE);
    }
    response.extensions_mut().insert(operation);
    Ok(response)
}

/// An answer that was given before.
fn replayed(answer: &str, media: Media, operation: Operation) -> Response {
    let mut response =
        (StatusCode::OK, [(header::CONTENT_TYPE, media.content_type())], answer.to_owned()).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE);
    response.headers_mut().insert("idempotent-replayed", header::HeaderValue::from_static("true"));
    response.extensions_mut().insert(operation);
    response
}

/// JSON in UTF-8 and nothing else: other types need no preflight in a browser, so a foreign page could send them.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut parts = given.split(';').map(str::trim);
    let json = parts.next() == Some("application/json");
    let utf8 =
        parts.all(|part| part.strip_prefix("charset=").is_none_or(|charset| charset.trim_matches('"') == "utf-8"));
    if json && utf8 {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "send the query as JSON in UTF-8, with Content-Type: application/json",
    ))
}

/// The secret of the Authorization header; none where there is no such header.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let secret = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, secret)| scheme.eq_ignore_ascii_case("bearer") && !secret.trim().is_empty());
    match secret {
        Some((_, secret)) => Ok(Some(secret.trim())),
        None => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHENTICATED",
            "the Authorization header is not understood: write \"Bearer\", a space and the token, or leave it out",
        )),
    }
}

fn unauthenticated(fault: AuthFault) -> Refusal {
    let message = match fault {
        AuthFault::Unknown => "the token is not known: check that it is whole, or ask for a new one".to_owned(),
        AuthFault::Expired(at) => {
            format!("the token ended at {}: ask for a new one", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        }
        AuthFault::Revoked => "the token was revoked: ask for a new one".to_owned(),
        AuthFault::Refused(why) => why,
        AuthFault::Db(error) => {
            tracing::error!(%error, "a token could not be looked up");
            return Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "the database does not answer: try again",
            );
        }
    };
    Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
}

/// A request from a JSON body.
fn read(body: &[u8]) -> Result<Request, Refusal> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("the body is not JSON: {error}")))?;
    let Value::Object(mut fields) = value else {
        let what = if value.is_array() {
            "the body is a list: batches are not taken, send one query a request"
        } else {
            "the body is not a JSON object"
        };
        return Err(Refusal::bad(what));
    };
    let query = match fields.remove("query") {
        Some(Value::String(query)) if !query.trim().is_empty() => query,
        Some(Value::String(_)) | None => {
            return Err(Refusal::bad("the query is missing: send {\"query\": \"{ releases { totalCount } }\"}"));
        }
        Some(_) => return Err(Refusal::bad("`query` is not a text")),
    };
    let name = match fields.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(Refusal::bad("`operationName` is not a text")),
    };
    let variables = object(&mut fields, "variables")?;
    object(&mut fields, "extensions")?;
    let request = Request::new(query).variables(Variables::from_json(Value::Object(variables)));
    Ok(match name {
        Some(name) => request.operation_name(name),
        None => request,
    })
}

fn object(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Refusal> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Refusal::bad(format!("`{name}` is not a JSON object"))),
    }
}

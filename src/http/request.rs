//! Requests of GraphQL over HTTP as they come: a JSON body, or the parameters of an address.

use std::time::Duration;

use async_graphql::{Request, Variables};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::limits::Limits;

/// What is asked for; the query's text itself, or the id under which it is known.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) query: Option<String>,
    /// The id of a trusted document.
    pub(super) document: Option<String>,
    /// The SHA-256 of a query, as Apollo's automatic persisted queries have it: 64 hexadecimal digits.
    pub(super) digest: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) variables: Map<String, Value>,
}

impl Wanted {
    /// From a JSON body.
    pub(super) fn from_json(body: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        let value: Value =
            serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("the body is not JSON: {error}")))?;
        match value {
            Value::Object(fields) => Self::read(fields, limits),
            Value::Array(_) => Err(Refusal::bad("the body is a list: batches are not taken, send one query a request")),
            _ => Err(Refusal::bad("the body is not a JSON object: send {\"query\": \"{ releases { totalCount } }\"}")),
        }
    }

    /// From the parameters of an address; `variables` and `extensions` are JSON.
    pub(super) fn from_parameters(parameters: &str, limits: &Limits) -> Result<Self, Refusal> {
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            let value = match &*name {
                "variables" | "extensions" if value.is_empty() => Value::Null,
                "variables" | "extensions" => serde_json::from_str(&value)
                    .map_err(|error| Refusal::bad(format!("the parameter `{name}` is not JSON: {error}")))?,
                "query" | "operationName" | "documentId" | "doc_id" => Value::String(value.into_owned()),
                _ => continue,
            };
            if fields.insert(name.clone().into_owned(), value).is_some() {
                return Err(Refusal::bad(format!("the parameter `{name}` is there twice: send it once")));
            }
        }
        Self::read(fields, limits)
    }

    /// From the fields of either.
    pub(super) fn read(mut fields: Map<String, Value>, limits: &Limits) -> Result<Self, Refusal> {
        let query = text(&mut fields, "query")?;
        let documents = (text(&mut fields, "documentId")?, text(&mut fields, "doc_id")?);
        let operation = text(&mut fields, "operationName")?;
        if operation.as_ref().is_some_and(|name| name.len() as u64 > limits.name_letters) {
            let told = format!("`operationName` is longer than {} letters (limits.name_letters)", limits.name_letters);
            return Err(Refusal::bad(told));
        }
        let variables = object(&mut fields, "variables")?;
        let mut extensions = object(&mut fields, "extensions")?;
        let digest = match extensions.remove("persistedQuery") {
            None | Some(Value::Null) => None,
            Some(Value::Object(mut persisted)) => match persisted.remove("sha256Hash") {
                Some(Value::String(digest)) if digest.len() <= 200 => Some(digest.to_ascii_lowercase()),
                _ => {
                    return Err(Refusal::bad(
                        "`extensions.persistedQuery.sha256Hash` is not a digest in hexadecimal digits",
                    ));
                }
            },
            Some(_) => return Err(Refusal::bad("`extensions.persistedQuery` is not a JSON object")),
        };
        let wanted = Self { query, document: documents.0.or(documents.1), digest, operation, variables };
        if wanted.document.is_none()
            && wanted.digest.is_none()
            && wanted.query.as_ref().is_none_or(|query| query.trim().is_empty())
        {
            return Err(Refusal::bad("the query is missing: send {\"query\": \"{ releases { totalCount } }\"}"));
        }
        Ok(wanted)
    }

    /// For execution, with the query's text.
    pub(super) fn request(self, query: &str) -> Request {
        let request = Request::new(query).variables(Variables::from_json(Value::Object(self.variables)));
        match self.operation {
            Some(name) => request.operation_name(name),
            None => request,
        }
    }
}

/// Reads a body to its end, if it is not too long and comes in time; who has no token may send less.
pub(super) async fn collect(body: Body, limits: &Limits, public: bool) -> Result<Bytes, Refusal> {
    let (setting, most) = if public && limits.public_body_bytes < limits.body_bytes {
        ("limits.public_body_bytes", limits.public_body_bytes)
    } else {
        ("limits.body_bytes", limits.body_bytes)
    };
    let reading = Limited::new(body, most as usize).collect();
    match tokio::time::timeout(Duration::from_millis(limits.body_ms), reading).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            format!("the request is larger than {most} bytes ({setting}): send less at a time"),
        )),
        Ok(Err(_)) => Err(Refusal::bad("the request's body could not be read to its end: send it again")),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "REQUEST_TIMEOUT",
            format!("the request's body did not arrive within {} ms (limits.body_ms)", limits.body_ms),
        )),
    }
}

/// JSON in UTF-8 and nothing else: other types need no preflight in a browser, so a foreign page could send them.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
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

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::bad(format!("`{name}` is not a text"))),
    }
}

fn object(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Refusal> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Refusal::bad(format!("`{name}` is not a JSON object"))),
    }
}

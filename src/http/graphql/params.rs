//! Parameters of a GraphQL request from a JSON body or a query string: query, operation name, variables, extensions.
//!
//! This module also checks the content type and reads the body within its limits on size, time and memory. Before it
//! parses JSON, it limits the number of values. The JSON parser checks syntax and nesting depth.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::{
    error_code,
    http::{error::HttpError, limits::body_memory::Reservation},
    limits::Limits,
};

/// The parameters of a GraphQL request. The query is given by its text, by the id of a trusted document, or by the
/// digest of a persisted query.
#[derive(Debug, Default)]
pub(in crate::http) struct GraphqlParams {
    pub(in crate::http) query: Option<String>,
    /// Id of a trusted document.
    pub(in crate::http) document_id: Option<String>,
    /// SHA-256 of the query text, as in Apollo's automatic persisted queries: 64 hexadecimal digits.
    pub(in crate::http) digest: Option<String>,
    pub(in crate::http) operation_name: Option<String>,
    pub(in crate::http) variables: Map<String, Value>,
}

/// The operation name, for the access log.
#[derive(Clone, Debug)]
pub(in crate::http) struct OperationName(pub(in crate::http) Option<String>);

impl GraphqlParams {
    /// Parses a JSON body.
    pub(in crate::http) fn from_json(body: &[u8], limits: &Limits) -> Result<Self, HttpError> {
        check_value_count(body, limits)?;
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| HttpError::bad_request(format!("the body is not JSON: {error}")))?;
        match value {
            Value::Object(fields) => Self::from_fields(fields, limits),
            Value::Array(_) => Err(HttpError::bad_request(
                "the body is a list: batching is not supported, send one operation per request",
            )),
            _ => Err(HttpError::bad_request("the body is not a JSON object: send {\"query\": \"{ __typename }\"}")),
        }
    }

    /// Parses a query string, in which `variables` and `extensions` are JSON.
    pub(in crate::http) fn from_query_string(parameters: &str, limits: &Limits) -> Result<Self, HttpError> {
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            let value = match &*name {
                "variables" | "extensions" if value.is_empty() => Value::Null,
                "variables" | "extensions" => {
                    check_value_count(value.as_bytes(), limits)?;
                    let invalid_json =
                        |error| HttpError::bad_request(format!("the parameter `{name}` is not JSON: {error}"));
                    serde_json::from_str(&value).map_err(invalid_json)?
                }
                // An empty `operationName` counts as absent (GraphQL over HTTP, draft, 6.2.1).
                "operationName" if value.is_empty() => Value::Null,
                "query" | "operationName" | "documentId" | "doc_id" => Value::String(value.into_owned()),
                _ => continue,
            };
            if fields.insert(name.clone().into_owned(), value).is_some() {
                return Err(HttpError::bad_request(format!("the parameter `{name}` occurs twice: send it once")));
            }
        }
        Self::from_fields(fields, limits)
    }

    /// Builds the parameters from the fields of a body or a query string.
    pub(in crate::http) fn from_fields(mut fields: Map<String, Value>, limits: &Limits) -> Result<Self, HttpError> {
        let query = take_string(&mut fields, "query")?;
        let document_ids = (take_string(&mut fields, "documentId")?, take_string(&mut fields, "doc_id")?);
        let operation_name = take_string(&mut fields, "operationName")?;
        if operation_name.as_ref().is_some_and(|name| name.len() as u64 > limits.name_letters) {
            let message =
                format!("`operationName` is longer than {} characters (limits.name_letters)", limits.name_letters);
            return Err(HttpError::bad_request(message));
        }
        let variables = take_object(&mut fields, "variables")?;
        let mut extensions = take_object(&mut fields, "extensions")?;
        let digest = match extensions.remove("persistedQuery") {
            None | Some(Value::Null) => None,
            Some(Value::Object(mut persisted)) => match persisted.remove("sha256Hash") {
                Some(Value::String(digest)) if digest.len() <= 200 => Some(digest.to_ascii_lowercase()),
                _ => {
                    return Err(HttpError::bad_request(
                        "`extensions.persistedQuery.sha256Hash` is not a SHA-256 digest of 64 hexadecimal digits",
                    ));
                }
            },
            Some(_) => return Err(HttpError::bad_request("`extensions.persistedQuery` is not a JSON object")),
        };
        let params = Self { query, document_id: document_ids.0.or(document_ids.1), digest, operation_name, variables };
        if params.document_id.is_none()
            && params.digest.is_none()
            && params.query.as_ref().is_none_or(|query| query.trim().is_empty())
        {
            return Err(HttpError::bad_request("the query is missing: send {\"query\": \"{ __typename }\"}"));
        }
        Ok(params)
    }
}

/// Number of JSON values that a request may contain in addition to its variables: query, operation name and
/// extensions.
const NON_VARIABLE_VALUES: u64 = 100;

/// Fails if a JSON text has too many values. The values are counted in one pass over the bytes, before the text is
/// parsed, because a parsed value takes many times the memory of its text. The JSON parser checks syntax and nesting
/// depth.
pub(in crate::http) fn check_value_count(json: &[u8], limits: &Limits) -> Result<(), HttpError> {
    let limit = limits.values.saturating_add(NON_VARIABLE_VALUES);
    let (mut values, mut quoted, mut escaped, mut value_expected) = (0, false, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => {
                values += u64::from(value_expected);
                (quoted, value_expected) = (!quoted, false);
            }
            _ if quoted => {}
            // A value follows the opening bracket, unless the closing bracket comes next.
            b'[' | b'{' => {
                values += u64::from(value_expected);
                value_expected = true;
            }
            b']' | b'}' => value_expected = false,
            b',' => (values, value_expected) = (values + 1, false),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                values += u64::from(value_expected);
                value_expected = false;
            }
        }
        if values > limit {
            let message = format!(
                "the request has more than {} JSON values (limits.values): send fewer values at a time",
                limits.values
            );
            return Err(HttpError::bad_request(message));
        }
    }
    Ok(())
}

/// Reads a request body to its end, within the limits on size, time and memory. Requests without a token have a
/// smaller size limit.
pub(in crate::http) async fn read_body(
    body: Body,
    limits: &Limits,
    public: bool,
    reservation: &mut Reservation,
) -> Result<Bytes, HttpError> {
    let (setting, limit) = if public && limits.public_body_bytes < limits.body_bytes {
        ("limits.public_body_bytes", limits.public_body_bytes)
    } else {
        ("limits.body_bytes", limits.body_bytes)
    };
    let too_large = || {
        let message = format!("the request body is larger than {limit} bytes ({setting}): send less data at a time");
        HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, error_code::PAYLOAD_TOO_LARGE, message)
    };
    // If the announced length of the body is too large, reject the body before the client sends it.
    if body.size_hint().lower() > limit {
        return Err(too_large());
    }
    let mut body = Limited::new(body, limit as usize);
    let mut read = Vec::new();
    let reading = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    too_large()
                } else {
                    HttpError::bad_request("the request body could not be read to its end: send it again")
                }
            })?;
            if let Ok(data) = frame.into_data() {
                reservation.try_grow(data.len())?;
                read.extend_from_slice(&data);
            }
        }
        Ok(())
    };
    match tokio::time::timeout(Duration::from_millis(limits.body_ms), reading).await {
        Ok(result) => result.map(|()| Bytes::from(read)),
        Err(_) => Err(HttpError::new(
            StatusCode::REQUEST_TIMEOUT,
            error_code::REQUEST_TIMEOUT,
            format!("the request body did not arrive within {} ms (limits.body_ms)", limits.body_ms),
        )),
    }
}

/// Fails unless the content type is JSON in UTF-8. For some other content types, browsers send requests without a
/// CORS preflight, so pages of foreign origins could send such requests.
pub(in crate::http) fn check_content_type(headers: &HeaderMap) -> Result<(), HttpError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    let json = parts.next() == Some("application/json");
    let utf8 =
        parts.all(|part| part.strip_prefix("charset=").is_none_or(|charset| charset.trim_matches('"') == "utf-8"));
    if json && utf8 {
        return Ok(());
    }
    Err(HttpError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        error_code::UNSUPPORTED_MEDIA_TYPE,
        "send the query as JSON in UTF-8, with Content-Type: application/json",
    ))
}

fn take_string(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, HttpError> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(HttpError::bad_request(format!("`{name}` is not a string"))),
    }
}

fn take_object(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, HttpError> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(HttpError::bad_request(format!("`{name}` is not a JSON object"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Counts the values in parsed JSON, without the root value.
    fn values(value: &Value) -> u64 {
        match value {
            Value::Array(items) => items.iter().map(|item| 1 + values(item)).sum(),
            Value::Object(fields) => fields.values().map(|value| 1 + values(value)).sum(),
            _ => 0,
        }
    }

    #[test]
    fn values_are_counted_as_the_json_parser_counts_them() {
        let escapes = r#"{"a": "\\", "b": "\"[,,,", "c": [ ], "d":{}, "e" : [ 1 , [ [ ] ] , {"f":null} ] }"#;
        for text in [
            escapes.to_owned(),
            json!({ "query": "{ a(x: [1, 2, 3]) }", "variables": { "a": [[1, 2], [], [[]], {}, "a,b", -1.5e3] } })
                .to_string(),
            "[[[[]]]]".to_owned(),
            "[[],[],[]]".to_owned(),
            "\"[,,,]\"".to_owned(),
            " [ true ,\n false ] ".to_owned(),
            "{}".to_owned(),
        ] {
            let count = values(&serde_json::from_str(&text).unwrap());
            let allowed = |values: u64| {
                // The added values use up the allowance `NON_VARIABLE_VALUES`, so `text` itself must not exceed
                // `values`.
                let text = format!("[{text}{}]", ",0".repeat(NON_VARIABLE_VALUES as usize - 1));
                check_value_count(text.as_bytes(), &Limits { values, ..Limits::default() }).is_ok()
            };
            assert!(allowed(count) && (count == 0 || !allowed(count - 1)), "{text}: {count}");
        }
    }

    #[test]
    fn invalid_json_is_left_to_the_json_parser() {
        for text in ["", "\"", "\"\\", "]]]]", "{{{{", "\u{0}", ",,,"] {
            assert!(check_value_count(text.as_bytes(), &Limits::default()).is_ok(), "{text}");
        }
        assert!(check_value_count("[".repeat(1 << 20).as_bytes(), &Limits::default()).is_err());
    }
}

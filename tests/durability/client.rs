//! HTTP client of the durability tests. It classifies each response as a `RequestResult`. A request that is rejected
//! because of a fault must get status 503 with `Retry-After`; any other unexpected response is `Wrong`.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Timeout of a request. It is longer than any timeout of the server, so the server must respond first.
const TIMEOUT: Duration = Duration::from_secs(45);

/// A client of the server on a port. Requests carry the token; if the token is empty, they are requests of the
/// public.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) port: u16,
    pub(crate) token: String,
}

/// A complete HTTP response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Value,
}

/// The classification of the response to a query or mutation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RequestResult {
    /// The query or mutation was done.
    Done,
    /// The request was rejected and must have changed nothing. Contains the error code.
    Refused(String),
    /// The server responded OUTCOME_UNKNOWN: it does not know whether the mutation was done.
    Unknown,
    /// An earlier request with the same idempotency key had already done the mutation.
    Repeated,
    /// A response that must never occur. Contains its description.
    Wrong(String),
}

impl fmt::Display for RequestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Refused(code) => write!(f, "refused ({code})"),
            Self::Unknown => f.write_str("unknown"),
            Self::Repeated => f.write_str("repeated"),
            Self::Wrong(description) => write!(f, "WRONG: {description}"),
        }
    }
}

/// Sends an HTTP request and reads the whole response. Returns its status, head and body.
fn exchange(port: u16, request: &str, timeout: Duration) -> io::Result<(u16, String, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (head, body) = response.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok((status, head.to_ascii_lowercase(), body.to_owned()))
}

/// Sends a GET request. Returns the status of the response and the duration, or `None` if there is no response.
pub(crate) fn status_of(port: u16, path: &str) -> Option<(u16, Duration)> {
    let started = Instant::now();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(port, &request, TIMEOUT).ok().map(|(status, ..)| (status, started.elapsed()))
}

impl Client {
    /// Sends an operation, with the `Idempotency-Key` in `key` if there is one.
    pub(crate) fn execute(&self, query: &str, variables: &Value, key: Option<&str>) -> io::Result<Response> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let bearer =
            if self.token.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", self.token) };
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\n{bearer}{key}Content-Type: application/json\r\n\
             Accept: application/graphql-response+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let (status, head, body) = exchange(self.port, &request, TIMEOUT)?;
        let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        Ok(Response { status, head, body })
    }
}

impl Response {
    /// Returns the value of the operation's only root field, or null.
    pub(crate) fn field(&self) -> &Value {
        self.body["data"].as_object().and_then(|data| data.values().next()).unwrap_or(&Value::Null)
    }

    /// Returns the codes of the errors in the response.
    pub(crate) fn error_codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("no code")).collect()
    }

    fn has_retry_after(&self) -> bool {
        self.status == 503 && self.head.contains("\r\nretry-after:")
    }

    /// Classifies the response to a query. The response may contain data for some fields although other fields were
    /// rejected.
    pub(crate) fn query_result(&self) -> RequestResult {
        let error_codes = self.error_codes();
        match error_codes[..] {
            [] if self.status == 200 && !self.field().is_null() => RequestResult::Done,
            ["UNAVAILABLE", ..] if error_codes.iter().all(|&code| code == "UNAVAILABLE") => {
                if self.field().is_null() && !self.has_retry_after() {
                    return RequestResult::Wrong(format!(
                        "every field was rejected, but not by a 503 with Retry-After: {}",
                        self.status
                    ));
                }
                RequestResult::Refused("UNAVAILABLE".to_owned())
            }
            _ => RequestResult::Wrong(format!("{error_codes:?}")),
        }
    }

    /// Classifies the response to a mutation.
    pub(crate) fn mutation_result(&self) -> RequestResult {
        let wrong = |reason: &str| RequestResult::Wrong(format!("{reason}: {} {}", self.status, self.body));
        match self.error_codes()[..] {
            [] if self.field().is_null() => wrong("neither data nor error"),
            [] if self.field()["userErrors"] != json!([]) => wrong("unexpected user errors"),
            [] if self.status != 200 => wrong("unexpected status"),
            [] => RequestResult::Done,
            // A mutation must not return both data and an error.
            [_, ..] if !self.field().is_null() => wrong("both data and error"),
            [code @ ("UNAVAILABLE" | "STORAGE_FULL")] => {
                if !self.has_retry_after() {
                    return wrong("rejected, but not by a 503 with Retry-After");
                }
                RequestResult::Refused(code.to_owned())
            }
            ["OUTCOME_UNKNOWN"] => RequestResult::Unknown,
            ["REPEATED"] if self.status == 409 => RequestResult::Repeated,
            [code] => RequestResult::Wrong(code.to_owned()),
            _ => wrong("several errors"),
        }
    }
}

/// Classifies the response to a mutation. A connection error is `Wrong`, because the server must respond in every
/// fault.
pub(crate) fn classify(response: &io::Result<Response>) -> RequestResult {
    match response {
        Ok(response) => response.mutation_result(),
        Err(error) => RequestResult::Wrong(format!("no response ({:?})", error.kind())),
    }
}

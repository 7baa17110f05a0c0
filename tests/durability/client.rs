//! HTTP client of the durability tests, and the classification of a response as `RequestResult`.
//! A rejection must be a 503 with `Retry-After`; anything else that is not expected is `Wrong`.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Longer than everything that a server may wait for.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) port: u16,
    pub(crate) token: String,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Value,
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RequestResult {
    /// It was done.
    Done,
    /// Nothing was changed: the code.
    Refused(String),
    /// It was done or not.
    Unknown,
    /// It had been done before, under the same key.
    Repeated,
    /// What is never to be answered: what it was.
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

/// Sends a request and reads its answer to the end.
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

/// `GET`s a path: its status and how long it took; none where nobody answers.
pub(crate) fn status_of(port: u16, path: &str) -> Option<(u16, Duration)> {
    let started = Instant::now();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(port, &request, TIMEOUT).ok().map(|(status, ..)| (status, started.elapsed()))
}

impl Client {
    /// Asks; under an `Idempotency-Key`, if one is given.
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
    /// The one field that was asked for.
    pub(crate) fn field(&self) -> &Value {
        self.body["data"].as_object().and_then(|data| data.values().next()).unwrap_or(&Value::Null)
    }

    /// The codes of its errors.
    pub(crate) fn error_codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("no code")).collect()
    }

    fn has_retry_after(&self) -> bool {
        self.status == 503 && self.head.contains("\r\nretry-after:")
    }

    /// What a query's answer comes to. A part of it may be there, and another part refused.
    pub(crate) fn query_result(&self) -> RequestResult {
        let error_codes = self.error_codes();
        match error_codes[..] {
            [] if self.status == 200 && !self.field().is_null() => RequestResult::Done,
            ["UNAVAILABLE", ..] if error_codes.iter().all(|&code| code == "UNAVAILABLE") => {
                if self.field().is_null() && !self.has_retry_after() {
                    return RequestResult::Wrong(format!(
                        "all refused, but not by 503 with Retry-After: {}",
                        self.status
                    ));
                }
                RequestResult::Refused("UNAVAILABLE".to_owned())
            }
            _ => RequestResult::Wrong(format!("{error_codes:?}")),
        }
    }

    /// What a mutation's answer comes to.
    pub(crate) fn mutation_result(&self) -> RequestResult {
        let wrong = |reason: &str| RequestResult::Wrong(format!("{reason}: {} {}", self.status, self.body));
        match self.error_codes()[..] {
            [] if self.field().is_null() => wrong("neither result nor error"),
            [] if self.field()["userErrors"] != json!([]) => wrong("the editor's fault"),
            [] if self.status != 200 => wrong("the status"),
            [] => RequestResult::Done,
            // Something was done beside the error.
            [_, ..] if !self.field().is_null() => wrong("both result and error"),
            [code @ ("UNAVAILABLE" | "STORAGE_FULL")] => {
                if !self.has_retry_after() {
                    return wrong("refused, but not by 503 with Retry-After");
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

/// What came of a mutation, also where nothing was answered.
pub(crate) fn classify(response: &io::Result<Response>) -> RequestResult {
    match response {
        Ok(response) => response.mutation_result(),
        Err(error) => RequestResult::Wrong(format!("no answer ({:?})", error.kind())),
    }
}

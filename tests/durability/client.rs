//! Who asks the server: requests over HTTP, and what the answers come to.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Longer than everything that a server may wait for.
const PATIENCE: Duration = Duration::from_secs(45);

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) port: u16,
    pub(crate) token: String,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Value,
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reply {
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

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Refused(code) => write!(f, "refused ({code})"),
            Self::Unknown => f.write_str("unknown"),
            Self::Repeated => f.write_str("repeated"),
            Self::Wrong(what) => write!(f, "WRONG: {what}"),
        }
    }
}

/// Sends a request and reads its answer to the end.
fn exchange(port: u16, request: &str, patience: Duration) -> io::Result<(u16, String, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok((status, head.to_ascii_lowercase(), body.to_owned()))
}

/// `GET`s a path: its status and how long it took; none where nobody answers.
pub(crate) fn status_of(port: u16, path: &str) -> Option<(u16, Duration)> {
    let begun = Instant::now();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(port, &request, PATIENCE).ok().map(|(status, ..)| (status, begun.elapsed()))
}

impl Caller {
    /// Asks; under an `Idempotency-Key`, if one is given.
    pub(crate) fn ask(&self, query: &str, variables: &Value, key: Option<&str>) -> io::Result<Answer> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let bearer =
            if self.token.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", self.token) };
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\n{bearer}{key}Content-Type: application/json\r\n\
             Accept: application/graphql-response+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let (status, head, body) = exchange(self.port, &request, PATIENCE)?;
        let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        Ok(Answer { status, head, body })
    }
}

impl Answer {
    /// The one field that was asked for.
    pub(crate) fn field(&self) -> &Value {
        self.body["data"].as_object().and_then(|data| data.values().next()).unwrap_or(&Value::Null)
    }

    /// The codes of its errors.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("no code")).collect()
    }

    fn is_refused_well(&self) -> bool {
        self.status == 503 && self.head.contains("\r\nretry-after:")
    }

    /// What a query's answer comes to. A part of it may be there, and another part refused.
    pub(crate) fn read(&self) -> Reply {
        let codes = self.codes();
        match codes[..] {
            [] if self.status == 200 && !self.field().is_null() => Reply::Done,
            ["UNAVAILABLE", ..] if codes.iter().all(|&code| code == "UNAVAILABLE") => {
                if self.field().is_null() && !self.is_refused_well() {
                    return Reply::Wrong(format!("all refused, but not by 503 with Retry-After: {}", self.status));
                }
                Reply::Refused("UNAVAILABLE".to_owned())
            }
            _ => Reply::Wrong(format!("{codes:?}")),
        }
    }

    /// What a mutation's answer comes to.
    pub(crate) fn reply(&self) -> Reply {
        let wrong = |why: &str| Reply::Wrong(format!("{why}: {} {}", self.status, self.body));
        match self.codes()[..] {
            [] if self.field().is_null() => wrong("neither result nor error"),
            [] if self.field()["userErrors"] != json!([]) => wrong("the editor's fault"),
            [] if self.status != 200 => wrong("the status"),
            [] => Reply::Done,
            // Something was done beside the error.
            [_, ..] if !self.field().is_null() => wrong("both result and error"),
            [code @ ("UNAVAILABLE" | "STORAGE_FULL")] => {
                if !self.is_refused_well() {
                    return wrong("refused, but not by 503 with Retry-After");
                }
                Reply::Refused(code.to_owned())
            }
            ["OUTCOME_UNKNOWN"] => Reply::Unknown,
            ["REPEATED"] if self.status == 409 => Reply::Repeated,
            [code] => Reply::Wrong(code.to_owned()),
            _ => wrong("several errors"),
        }
    }
}

/// What came of a mutation, also where nothing was answered.
pub(crate) fn reply(answer: &io::Result<Answer>) -> Reply {
    match answer {
        Ok(answer) => answer.reply(),
        Err(error) => Reply::Wrong(format!("no answer ({:?})", error.kind())),
    }
}

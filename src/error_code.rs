//! Error codes: the values of `extensions.code` in the errors of a response, with their HTTP status and what a client
//! should do.
//!
//! Error codes can be created only in this file, and the table in `docs/errors.md` is generated from it, so the
//! table contains every code.

/// A value of `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode(&'static str);

impl ErrorCode {
    /// Returns the code as clients see it, for example `BAD_USER_INPUT`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl serde::Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl From<ErrorCode> for async_graphql::Value {
    fn from(code: ErrorCode) -> Self {
        code.0.into()
    }
}

/// A row of the table: code, HTTP status, meaning, advice.
type Row = (ErrorCode, &'static str, &'static str, &'static str);

macro_rules! error_codes {
    ($($name:ident: $status:literal, $meaning:literal, $advice:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: ErrorCode = ErrorCode(stringify!($name));
        )*

        /// All codes, in the order of the table.
        const ROWS: &[Row] = &[$(($name, $status, $meaning, $advice)),*];
    };
}

error_codes! {
    // The request.
    BAD_REQUEST: "400", "The request is not valid GraphQL over HTTP: it is not JSON, has no query, or is a batch.", "Fix the client.";
    NOT_ACCEPTABLE: "406", "No media type in `Accept` is supported.", "Accept `application/graphql-response+json` or `application/json`.";
    UNSUPPORTED_MEDIA_TYPE: "415", "The body is not `application/json` in UTF-8.", "Send JSON.";
    METHOD_NOT_ALLOWED: "405", "The method is not GET or POST, or a mutation was sent by GET.", "Send mutations by POST.";
    PAYLOAD_TOO_LARGE: "413", "The body is longer than `limits.body_bytes`, or, in a request without a token, than `limits.public_body_bytes`.", "Send less, or send a token.";
    REQUEST_TIMEOUT: "408", "The body did not arrive within `limits.body_ms`.", "Try again.";
    SUBSCRIPTION_NEEDS_STREAM: "400", "A subscription was sent as a plain request.", "Use a WebSocket or `Accept: text/event-stream`.";
    // The query.
    GRAPHQL_PARSE_FAILED: "400", "The query cannot be parsed.", "Fix the query; `locations` shows where.";
    GRAPHQL_VALIDATION_FAILED: "400", "The query does not fit the schema, or exceeds a limit. The message names the limit.", "Fix the query, or ask for less.";
    BAD_USER_INPUT: "400 or 200", "A variable or argument is invalid. `extensions.argument` names the argument.", "Fix the value.";
    INTROSPECTION_DISABLED: "400", "The public may not read the schema.", "Send a token, or use `schema.graphql`.";
    PERSISTED_QUERY_NOT_FOUND: "400", "The hash of an automatic persisted query is unknown.", "Send the query with its hash.";
    PERSISTED_QUERY_NOT_SUPPORTED: "400", "Automatic persisted queries are disabled.", "Send queries without a hash.";
    DOCUMENT_NOT_FOUND: "400", "No trusted document has this id.", "Deploy the manifest that contains it.";
    DOCUMENT_NOT_TRUSTED: "400", "The query is not a trusted document, and `documents.trust` is `only`.", "Send the id of a trusted document.";
    // Permissions.
    UNAUTHENTICATED: "401", "There is no token, or the token is unknown, expired or revoked.", "Send a valid token.";
    FORBIDDEN: "200 or 403", "The role of the token is too low, or the origin of a WebSocket is not allowed (403).", "Use a token with the role that the message names.";
    NOT_FOUND: "200", "A topic or place that an argument names does not exist.", "Fix the reference.";
    // Load.
    RATE_LIMITED: "429", "The caller sent more requests than its rate limit allows.", "Wait for `Retry-After` seconds.";
    OVERLOADED: "429", "Too many requests, long operations or bytes are in flight.", "Wait for `Retry-After` seconds, or ask for less.";
    EXECUTION_TIMEOUT: "200", "The operation took longer than `limits.execution_ms`.", "Ask for less. A mutation may have made some of its changes: see [durability.md](durability.md).";
    ANSWER_TOO_LARGE: "200", "A text, or the whole response, exceeds `limits.answer_bytes` or the cost.", "Ask for fewer or smaller values.";
    // Failures of the server.
    UNAVAILABLE: "503 or 200", "The database does not answer, the server's clock is wrong, or the search index is being built. Nothing was changed.", "Try again.";
    STORAGE_FULL: "503 or 200", "The disk of the database is full. Nothing was changed.", "Try again when there is space.";
    OUTCOME_UNKNOWN: "200", "The connection to the database was lost during a change, so it is not known whether the change was made.", "Send the request again with the same `Idempotency-Key`.";
    INTERNAL_SERVER_ERROR: "500 or 200", "A fault of the server. The log has the details under the id in the message.", "Report it to the operator.";
    // Idempotency.
    IN_PROGRESS: "409", "A request with the same `Idempotency-Key` is being executed.", "Wait, then send the request again.";
    REPEATED: "409", "The request was executed before, and its response cannot be returned again.", "Read the result with a query.";
    KEY_REUSED: "422", "The `Idempotency-Key` belongs to another request.", "Use a new key.";
    // Subscriptions.
    POSITION_UNKNOWN: "in the stream", "The resume position comes from another newsroom, or from before a restore.", "Load everything again and continue from the new `asOf`.";
    POSITION_TOO_OLD: "in the stream", "More than `limits.resume_entries` journal entries have been written since the resume position.", "Load everything again and continue from the new `asOf`.";
    RESYNC_REQUIRED: "in the stream", "Topics or places were merged or moved, or a place has a new location, and the filter has a condition on topics or places.", "Load everything again and continue from the new `asOf`.";
    TOO_MANY_SUBSCRIPTIONS: "in the stream", "The WebSocket already has `limits.subscriptions` operations in flight.", "End an operation, or open another WebSocket.";
}

/// Returns the table of all codes in Markdown, for `docs/errors.md`.
pub fn markdown_table() -> String {
    let mut table = "| code | HTTP status | meaning | what to do |\n|---|---|---|---|\n".to_owned();
    for (code, status, meaning, advice) in ROWS {
        table += &format!("| `{}` | {status} | {meaning} | {advice} |\n", code.as_str());
    }
    table
}

// Requests to the GraphQL API of this server, and the query in the address of a page.

/** Path of the public address of the server. */
export const BASE = document.documentElement.dataset.base;

const ENDPOINT = `${BASE}/graphql`;

/** Posts a request to the API. Returns the HTTP response. */
export function post(body, headers = {}, { accept = "application/json", signal } = {}) {
  return fetch(ENDPOINT, {
    method: "POST",
    headers: { "content-type": "application/json", accept, ...headers },
    body: JSON.stringify(body),
    signal,
  });
}

/**
 * Subscribes over server-sent events. Returns an async iterator of results. Its method `return` ends the subscription,
 * also while the iterator waits for a result.
 */
export function subscribe(body, headers) {
  const controller = new AbortController();
  const results = readResults(body, headers, controller.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        return await results.next();
      } catch (error) {
        if (controller.signal.aborted) return { done: true, value: undefined };
        throw error;
      }
    },
    async return() {
      controller.abort();
      return { done: true, value: undefined };
    },
  };
}

async function* readResults(body, headers, signal) {
  const response = await post(body, headers, { accept: "text/event-stream", signal });
  // A request that the server refuses has a JSON response.
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    yield await response.json();
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      const { name, data } = parseEvent(event);
      if (name === "complete") return;
      if (name === "next") yield JSON.parse(data);
    }
  }
  yield { errors: [{ message: "The server ended the stream. Run the subscription again." }] };
}

/** Parses one server-sent event: its name, and its data lines. */
function parseEvent(text) {
  const lines = text.split("\n");
  const values = (field) => lines.filter((line) => line.startsWith(`${field}:`))
    .map((line) => line.slice(field.length + 1).replace(/^ /, ""));
  return { name: values("event")[0] ?? "message", data: values("data").join("\n") };
}

/** Returns the query and the variables in the address of the page, or null. The address is the JSON `[query, variables]`. */
export function queryInAddress() {
  try {
    const [query, variables] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    return typeof query === "string" ? { query, variables: variables ?? {} } : null;
  } catch {
    return null;
  }
}

/** Writes a query and its variables to the address of the page, so that the address can be shared. */
export function setQueryInAddress(query, variables) {
  history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify([query, variables ?? {}]))}`);
}

/** Returns variables as text, for an editor. */
export function variablesText(variables) {
  return variables && Object.keys(variables).length > 0 ? JSON.stringify(variables, null, 2) : "";
}

/** Loads the examples: label, query and variables of each. */
export async function loadExamples() {
  const response = await fetch(`${BASE}/graphiql/assets/examples.json`);
  return response.json();
}

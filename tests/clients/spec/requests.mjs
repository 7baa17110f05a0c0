// Sends many concurrent requests, and reads responses as JSON or as server-sent events.

/** Maximum number of requests in flight. */
const CONCURRENCY = 12;

/** If a stream sends no event for this time, in milliseconds, it counts as opened successfully. */
const SILENCE_MS = 400;

const JSON_ANSWER = 'application/graphql-response+json';

/** Runs `work(item)` for all items, some at the same time. Returns the results in the order of the items. */
export async function forAll(items, work) {
  const results = Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return results;
}

/** Sends a request with POST and returns the JSON response. If `fields` is a string, it is the body. */
export async function postJson(server, fields, headers = {}) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { accept: JSON_ANSWER, 'content-type': 'application/json', ...headers },
    body: typeof fields === 'string' ? fields : JSON.stringify(fields),
  });
  return response.json();
}

/**
 * Sends a request with POST and asks for server-sent events. Returns the first result, or `{}` if the stream opened
 * and sent nothing.
 */
export async function postStream(server, fields, headers = {}) {
  const stop = new AbortController();
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(fields),
    signal: stop.signal,
  });
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.json();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const silent = new Promise((done) => setTimeout(done, SILENCE_MS).unref());
  try {
    for (let text = ''; ; ) {
      const part = await Promise.race([reader.read(), silent]);
      if (!part || part.done) return {};
      text += part.value;
      const event = text.match(/^event: next\ndata: (.*)\n\n/m);
      if (event) return JSON.parse(event[1]);
    }
  } finally {
    stop.abort();
    reader.cancel().catch(() => {});
  }
}

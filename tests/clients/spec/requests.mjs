// Sends many requests at a time, and reads answers as JSON or as server-sent events.

/** Requests on their way at once. */
const CONCURRENCY = 12;

/** How long a stream may be silent before it counts as opened. */
const SILENCE_MS = 400;

const JSON_ANSWER = 'application/graphql-response+json';

/** `work(item)` for all items, in their order. */
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

/** Sends one request by POST and answers its JSON. A string is sent as it is. */
export async function postJson(server, fields, headers = {}) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { accept: JSON_ANSWER, 'content-type': 'application/json', ...headers },
    body: typeof fields === 'string' ? fields : JSON.stringify(fields),
  });
  return response.json();
}

/** Sends one request by POST for server-sent events: the first answer, or `{}` where a stream opened and is silent. */
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

// Sends GraphQL requests over each transport: POST, GET, server-sent events and WebSocket.
import { NetworkError, createClient as createStreamClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import WebSocket from 'ws';
import { postJson } from './requests.mjs';

/** Returns the body of a request as JSON. `rawVariables` is JSON text that is sent unchanged as the variables. */
function body({ query, variables, rawVariables, operationName }) {
  const text = JSON.stringify({ query, variables: rawVariables ? undefined : variables, operationName });
  return rawVariables ? `${text.slice(0, -1)},"variables":${rawVariables}}` : text;
}

/** Returns the URL of a request with GET. */
export function address(server, { query, variables, rawVariables, operationName }) {
  const url = new URL(server.url);
  url.searchParams.set('query', query);
  const json = rawVariables ?? (variables && JSON.stringify(variables));
  if (json !== undefined) url.searchParams.set('variables', json);
  if (operationName !== undefined) url.searchParams.set('operationName', operationName);
  return url;
}

async function get(server, request) {
  const response = await fetch(address(server, request), { headers: { accept: 'application/graphql-response+json' } });
  return response.json();
}

/** Returns the only item of an async iterator. */
async function only(iterator) {
  const answers = [];
  for await (const answer of iterator) answers.push(answer);
  if (answers.length !== 1) throw new Error(`expected one result, got ${answers.length}`);
  return answers[0];
}

/**
 * Sends a request over server-sent events. Returns the result. If the request is rejected, the response may be JSON
 * instead.
 */
async function stream(client, request) {
  try {
    return await only(client.iterate(request));
  } catch (error) {
    if (error instanceof NetworkError && error.response) return error.response.json();
    throw error;
  }
}

/**
 * Sends a request over WebSocket. Returns the result. If the request is rejected, the result has the errors of the
 * `error` message.
 */
async function socket(client, request) {
  try {
    return await only(client.iterate(request));
  } catch (errors) {
    if (Array.isArray(errors)) return { errors };
    throw errors;
  }
}

/** Returns a function for each transport that sends a request. `dispose()` closes the connections. */
export function transportsOf(server) {
  const streams = createStreamClient({ url: server.url, retryAttempts: 0 });
  const sockets = createSocketClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  return {
    post: (request) => postJson(server, body(request)),
    get: (request) => get(server, request),
    stream: (request) => stream(streams, request),
    socket: (request) => socket(sockets, request),
    async dispose() {
      streams.dispose();
      await sockets.dispose();
    },
  };
}

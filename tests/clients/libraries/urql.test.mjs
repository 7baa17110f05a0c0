// Tests of urql: pagination, persisted queries with GET, and subscriptions over WebSocket and server-sent events.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { serve } from '../server.mjs';
import {
  CHANGES, LIMITED, PAGE, PUBLIC_PAGES, bearer, checkFollowing, checkRefused, draftAndPublish, walkPages, watched,
} from '../newsroom.mjs';

let server;
before(async () => (server = await serve()));
after(() => server.stop());

function connect(options = {}) {
  return new Client({ url: server.url, exchanges: [fetchExchange], preferGetMethod: false, ...options });
}

/** Returns the data of a response, which must have no errors. */
function data(answer) {
  assert.equal(answer.error, undefined, String(answer.error));
  return answer.data;
}

function walkWith(client) {
  return walkPages(async (after) => data(await client.query(PAGE, { after }).toPromise()).releases);
}

function mutateWith(client) {
  return async (mutation, variables) => data(await client.mutation(mutation, variables).toPromise());
}

function followWith(client) {
  return (after, count) => {
    return new Promise((done, fail) => {
      const changes = [];
      const following = client.subscription(CHANGES, { after }).subscribe((answer) => {
        if (answer.error) return fail(answer.error);
        changes.push(answer.data.releaseChanged);
        if (changes.length < count) return;
        // Unsubscribes a moment later, because urql fails if it is unsubscribed while it delivers a result.
        setImmediate(() => following.unsubscribe());
        done(changes);
      });
    });
  };
}

test('urql: all pages with POST', LIMITED, () => walkWith(connect()));

test('urql: all pages with GET', LIMITED, () => walkWith(connect({ preferGetMethod: 'force' })));

test('urql: persisted queries with GET', LIMITED, async () => {
  const { calls, fetch } = watched();
  const persisted = persistedExchange({ preferGetForPersistedQueries: 'force' });
  await walkWith(connect({ fetch, exchanges: [persisted, fetchExchange] }));
  // At first the server does not know the query, so the client must send its text once. After that the hash of the
  // query is enough.
  assert.deepEqual(calls[0], { method: 'GET', hasQuery: false, status: 400 });
  assert.deepEqual(calls[1], { method: 'GET', hasQuery: true, status: 200 });
  assert.deepEqual(calls.slice(2), Array(PUBLIC_PAGES - 1).fill({ method: 'GET', hasQuery: false, status: 200 }));
});

test('urql: an editor publishes', LIMITED, () => {
  const client = connect({ fetchOptions: { headers: bearer(server) } });
  return draftAndPublish(mutateWith(client), 'By urql');
});

test('urql: the public may not write', LIMITED, () => checkRefused(mutateWith(connect())));

test('urql: a subscription over WebSocket receives changes', LIMITED, async (t) => {
  const sockets = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  t.after(() => sockets.dispose());
  const overSocket = subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ query: query ?? '', variables }, sink) }),
    }),
  });
  await checkFollowing(server, followWith(connect({ exchanges: [fetchExchange, overSocket] })));
});

test('urql: a subscription over server-sent events receives changes', LIMITED, async () => {
  await checkFollowing(server, followWith(connect({ fetchSubscriptions: true })));
});

// Tests of graphql-ws: queries, mutations and subscriptions over WebSocket with the subprotocol graphql-transport-ws.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { serve } from '../server.mjs';
import {
  CHANGES, LIMITED, PAGE, bearer, checkFollowing, checkRefused, draftAndPublish, presentRevision, run, take,
  walkPages,
} from '../newsroom.mjs';

let server;
before(async () => (server = await serve()));
after(() => server.stop());

/** Returns a client. It is disposed when the test `t` ends. */
function connect(t, options = {}) {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
  t.after(() => client.dispose());
  return client;
}

test('graphql-ws: all pages over one socket', LIMITED, async (t) => {
  let sockets = 0;
  const client = connect(t, { lazy: false, on: { connected: () => (sockets += 1) } });
  await walkPages(async (after) => (await run(client, PAGE, { after })).data.releases);
  assert.equal(sockets, 1);
});

test('graphql-ws: an editor publishes', LIMITED, async (t) => {
  const client = connect(t, { connectionParams: bearer(server) });
  const mutate = async (query, variables) => (await run(client, query, variables)).data;
  await draftAndPublish(mutate, 'By graphql-ws');
});

test('graphql-ws: the public may not write', LIMITED, async (t) => {
  const client = connect(t);
  await checkRefused(async (query, variables) => (await run(client, query, variables)).data);
});

test('graphql-ws: a subscription resumes after a position', LIMITED, async (t) => {
  const client = connect(t);
  await checkFollowing(server, async (after, count) => {
    const received = await take(client.iterate({ query: CHANGES, variables: { after } }), count);
    return received.map((answer) => answer.data.releaseChanged);
  });
});

test('graphql-ws: the desk sees a draft before it is public', LIMITED, async (t) => {
  const client = connect(t, { connectionParams: bearer(server) });
  const variables = { after: await presentRevision(server) };
  const following = take(client.iterate({ query: CHANGES, variables }), 2);
  const mutate = async (query, variables) => (await run(client, query, variables)).data;
  await draftAndPublish(mutate, 'Seen by the desk');
  const received = (await following).map((answer) => answer.data.releaseChanged);
  assert.deepEqual(received.map((change) => change.kind), ['APPEARED', 'CHANGED']);
  assert.deepEqual(received.map((change) => change.release.headline), ['Seen by the desk', 'Seen by the desk']);
});

test('graphql-ws: an unknown token closes the socket with 4403', LIMITED, async (t) => {
  const client = connect(t, { connectionParams: { authorization: 'Bearer dateline_unknown' } });
  await assert.rejects(run(client, PAGE), (closed) => {
    assert.equal(closed.code, 4403);
    return true;
  });
});

test('graphql-ws: an invalid query gets an error message', LIMITED, async (t) => {
  const client = connect(t);
  await assert.rejects(run(client, '{ nonsense }'), (errors) => {
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  // The rejected operation must not close the WebSocket.
  assert.equal((await run(client, PAGE)).errors, undefined);
});

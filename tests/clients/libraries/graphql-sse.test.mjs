// Tests of graphql-sse: queries, mutations and subscriptions over server-sent events, with a separate connection for
// each operation ("distinct connections mode").
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NetworkError, createClient } from 'graphql-sse';
import { serve } from '../server.mjs';
import {
  CHANGES, LIMITED, PAGE, bearer, checkFollowing, checkRefused, draftAndPublish, publish, run, take, walkPages,
} from '../newsroom.mjs';

let server;
before(async () => (server = await serve()));
after(() => server.stop());

/** Returns a client. It is disposed when the test `t` ends. */
function connect(t, options = {}) {
  const client = createClient({ url: server.url, retryAttempts: 0, ...options });
  t.after(() => client.dispose());
  return client;
}

test('graphql-sse: all pages, with one stream each', LIMITED, async (t) => {
  const client = connect(t);
  await walkPages(async (after) => (await run(client, PAGE, { after })).data.releases);
});

test('graphql-sse: an editor publishes', LIMITED, async (t) => {
  const client = connect(t, { headers: bearer(server) });
  const mutate = async (query, variables) => (await run(client, query, variables)).data;
  await draftAndPublish(mutate, 'By graphql-sse');
});

test('graphql-sse: the public may not write', LIMITED, async (t) => {
  const client = connect(t);
  await checkRefused(async (query, variables) => (await run(client, query, variables)).data);
});

test('graphql-sse: a subscription resumes after a position', LIMITED, async (t) => {
  const client = connect(t);
  await checkFollowing(server, async (after, count) => {
    const received = await take(client.iterate({ query: CHANGES, variables: { after } }), count);
    return received.map((answer) => answer.data.releaseChanged);
  });
});

test('graphql-sse: a subscription without a position receives new changes', LIMITED, async (t) => {
  const client = connect(t);
  let following;
  await new Promise((connected) => {
    following = take(client.iterate({ query: CHANGES }, { connected }), 1);
  });
  await publish(server, 'From now on');
  const [received] = await following;
  assert.equal(received.data.releaseChanged.kind, 'APPEARED');
  assert.equal(received.data.releaseChanged.release.headline, 'From now on');
});

test('graphql-sse: an unknown token gets 401', LIMITED, async (t) => {
  const client = connect(t, { headers: { authorization: 'Bearer dateline_unknown' } });
  await assert.rejects(run(client, PAGE), (error) => {
    assert.ok(error instanceof NetworkError);
    assert.equal(error.response.status, 401);
    return true;
  });
});

// Tests of graphql-request: queries and mutations with POST and GET.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ClientError, GraphQLClient } from 'graphql-request';
import { serve } from '../server.mjs';
import { LIMITED, PAGE, bearer, checkRefused, draftAndPublish, walkPages } from '../newsroom.mjs';

let server;
before(async () => (server = await serve()));
after(() => server.stop());

test('graphql-request: all pages with POST', LIMITED, async () => {
  const client = new GraphQLClient(server.url);
  await walkPages(async (after) => (await client.request(PAGE, { after })).releases);
});

test('graphql-request: all pages with GET', LIMITED, async () => {
  const methods = new Set();
  const client = new GraphQLClient(server.url, {
    method: 'GET',
    jsonSerializer: JSON,
    fetch: (url, init) => {
      methods.add(init.method);
      return fetch(url, init);
    },
  });
  await walkPages(async (after) => (await client.request(PAGE, { after })).releases);
  assert.deepEqual([...methods], ['GET']);
});

test('graphql-request: an editor publishes', LIMITED, async () => {
  const client = new GraphQLClient(server.url, { headers: bearer(server) });
  await draftAndPublish((document, variables) => client.request(document, variables), 'By graphql-request');
});

test('graphql-request: the public may not write', LIMITED, async () => {
  const client = new GraphQLClient(server.url);
  await checkRefused((document, variables) => client.request(document, variables));
});

test('graphql-request: an unknown token is rejected', LIMITED, async () => {
  const client = new GraphQLClient(server.url, { headers: { authorization: 'Bearer dateline_unknown' } });
  await assert.rejects(client.request(PAGE), (error) => {
    assert.ok(error instanceof ClientError);
    assert.equal(error.response.status, 401);
    assert.equal(error.response.errors[0].extensions.code, 'UNAUTHENTICATED');
    return true;
  });
});

test('graphql-request: a batch is rejected as a whole', LIMITED, async () => {
  const client = new GraphQLClient(server.url);
  await assert.rejects(client.batchRequests([{ document: PAGE }, { document: PAGE }]), (error) => {
    assert.equal(error.response.status, 400);
    assert.match(error.message, /batching is not supported/);
    return true;
  });
});

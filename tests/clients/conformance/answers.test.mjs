// Checks that the fields of a response are in the order of the selection. The GraphQL specification requires this,
// but no client library checks it: https://spec.graphql.org/draft/#sec-Serialized-Map-Ordering
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from '../server.mjs';
import { LIMITED, ask, bearer } from '../newsroom.mjs';

/** A selection of fields that take different times to resolve. */
const SELECTION = /* GraphQL */ `
  releases(first: 20) {
    totalCount
    nodes { topics { name } body { html } headline id related { id } places { slug } }
    asOf { at }
  }
  topics(first: 5) { nodes { releases(first: 1) { nodes { id } } id } totalCount }
  viewer { role name }
  places(first: 5) { nodes { id } totalCount }
  release(ref: { slug: "none" }) { id }
  releaseLookup(ref: { slug: "none" }) { tombstone { slug } }
`;

let server;
before(async () => (server = await serve()));
after(() => server.stop());

for (const [who, headers] of Object.entries({ 'the public': () => ({}), 'an editor': () => bearer(server) })) {
  test(`responses: fields are in the order of the selection, ${who}`, LIMITED, async () => {
    const release = ['topics', 'body', 'headline', 'id', 'related', 'places'];
    for (let i = 0; i < 40; i += 1) {
      // The unique operation name makes sure that the response does not come from the response cache.
      const data = await ask(server, `query Order${i} {${SELECTION}}`, {}, headers());
      assert.deepEqual(Object.keys(data), ['releases', 'topics', 'viewer', 'places', 'release', 'releaseLookup']);
      assert.deepEqual(Object.keys(data.releases), ['totalCount', 'nodes', 'asOf']);
      for (const node of data.releases.nodes) assert.deepEqual(Object.keys(node), release);
      for (const node of data.topics.nodes) assert.deepEqual(Object.keys(node), ['releases', 'id']);
      assert.deepEqual(Object.keys(data.viewer), ['role', 'name']);
    }
  });
}

test('responses: fields of payloads are in the order of the selection', LIMITED, async () => {
  for (let i = 0; i < 40; i += 1) {
    const create = /* GraphQL */ `
      mutation {
        releaseCreate(input: { headline: "Order ${i}", topics: [{ slug: "work" }] }) {
          release { history(first: 1) { nodes { at } } topics { name } id }
          userErrors { code }
        }
      }
    `;
    const { releaseCreate } = await ask(server, create, {}, bearer(server));
    assert.deepEqual(Object.keys(releaseCreate), ['release', 'userErrors']);
    assert.deepEqual(Object.keys(releaseCreate.release), ['history', 'topics', 'id']);
  }
});

// GraphQL operations that the tests of all client libraries send to the demo newsroom, and checks of the results.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';

/** Number of public releases in the demo newsroom. */
export const PUBLIC_RELEASES = 148;

/** Number of pages that the public releases fill, with 20 releases on each page. */
export const PUBLIC_PAGES = 8;

/** Options for `test`: a timeout of 30 seconds, so that no test hangs. */
export const LIMITED = { timeout: 30_000 };

export const PAGE = /* GraphQL */ `
  query Page($first: Int! = 20, $after: String) {
    releases(first: $first, after: $after) {
      totalCount
      nodes {
        id
        headline
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      asOf {
        version
      }
    }
  }
`;

export const CREATE = /* GraphQL */ `
  mutation Create($input: ReleaseInput!) {
    releaseCreate(input: $input) {
      release {
        id
        state
        revision
      }
      userErrors {
        code
        message
      }
    }
  }
`;

export const PUBLISH = /* GraphQL */ `
  mutation Publish($id: ID!, $revision: Int!) {
    releasePublish(id: $id, expectedRevision: $revision) {
      release {
        id
        state
        headline
      }
      userErrors {
        code
        message
      }
    }
  }
`;

export const CHANGES = /* GraphQL */ `
  subscription Changes($after: ID) {
    releaseChanged(after: $after) {
      sequence
      kind
      release {
        id
        headline
      }
    }
  }
`;

/** Returns the input for a new release. */
function draft(headline) {
  return { headline, summary: 'Twice a day, from June on.', releaseDate: '2006-06-01' };
}

export function bearer(server) {
  return { authorization: `Bearer ${server.token}` };
}

/**
 * Reads all pages and checks that every public release occurs once. `fetchPage(after)` must return the page after a
 * cursor.
 */
export async function walkPages(fetchPage) {
  const ids = [];
  let pages = 0;
  for (let after = null, more = true; more; pages += 1) {
    const { nodes, pageInfo, totalCount } = await fetchPage(after);
    assert.equal(totalCount, PUBLIC_RELEASES);
    ids.push(...nodes.map((node) => node.id));
    after = pageInfo.endCursor;
    more = pageInfo.hasNextPage;
    assert.ok(ids.length <= PUBLIC_RELEASES, 'pagination does not end');
  }
  assert.equal(pages, PUBLIC_PAGES);
  checkAll(ids);
}

/** Checks that a list of ids has every public release once. */
export function checkAll(ids) {
  assert.equal(ids.length, PUBLIC_RELEASES);
  assert.equal(new Set(ids).size, PUBLIC_RELEASES);
}

/** Creates and publishes a release. `mutate(document, variables)` must send a mutation and return its data. */
export async function draftAndPublish(mutate, headline) {
  const { releaseCreate } = await mutate(CREATE, { input: draft(headline) });
  assert.deepEqual(releaseCreate.userErrors, []);
  assert.equal(releaseCreate.release.state, 'DRAFT');
  const { id, revision } = releaseCreate.release;
  const { releasePublish } = await mutate(PUBLISH, { id, revision });
  assert.deepEqual(releasePublish.userErrors, []);
  assert.equal(releasePublish.release.state, 'PUBLISHED');
  assert.equal(releasePublish.release.headline, headline);
  return id;
}

/**
 * Checks that a mutation without a token is rejected. `mutate(document, variables)` must send a mutation and throw
 * the client library's error.
 */
export async function checkRefused(mutate) {
  await assert.rejects(
    async () => mutate(CREATE, { input: draft('By nobody') }),
    (error) => /UNAUTHENTICATED|\b401\b|Unauthorized/.test(inspect(error, { depth: 10 })),
  );
}

/** Publishes a release as the editor, with plain HTTP. Subscriptions of the tested client then receive the change. */
export function publish(server, headline) {
  return draftAndPublish((query, variables) => ask(server, query, variables, bearer(server)), headline);
}

/** Returns the current data version, from which a subscription can continue. */
export async function presentRevision(server) {
  return (await ask(server, PAGE, { first: 1 })).releases.asOf.version;
}

/** Sends a query without a client library. Returns the data of the response. */
export async function ask(server, query, variables = {}, headers = {}) {
  const answer = await post(server, { query, variables }, headers);
  assert.equal(answer.body.errors, undefined, JSON.stringify(answer.body.errors));
  return answer.body.data;
}

/** Posts a GraphQL request with exactly these fields, such as `query` and `extensions`. */
export async function post(server, fields, headers = {}) {
  const accept = 'application/graphql-response+json';
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
  return { status: response.status, body: await response.json() };
}

/**
 * Checks two properties of subscriptions: a subscriber receives a release that is published, and a later subscription
 * resumes after a position. `follow(after, count)` must subscribe, return the next `count` changes, and unsubscribe.
 */
export async function checkFollowing(server, follow) {
  const named = (name) => `${name} ${crypto.randomUUID()}`;
  const [seen, missed, alsoMissed, last] = ['Seen', 'Missed', 'Also missed', 'Last'].map(named);

  const first = follow(await presentRevision(server), 1);
  const id = await publish(server, seen);
  const [change] = await first;
  assert.equal(change.kind, 'APPEARED');
  assert.equal(change.release.id, id);
  assert.equal(change.release.headline, seen);

  await publish(server, missed);
  await publish(server, alsoMissed);
  const rest = follow(change.sequence, 3);
  await publish(server, last);
  const changes = await rest;
  assert.deepEqual(changes.map((next) => next.kind), ['APPEARED', 'APPEARED', 'APPEARED']);
  assert.deepEqual(changes.map((next) => next.release.headline), [missed, alsoMissed, last]);
}

/**
 * Sends a query or mutation with a client of graphql-sse or graphql-ws. The server must send one result and then
 * complete the operation. Returns the result.
 */
export async function run(client, query, variables) {
  const answers = [];
  for await (const answer of client.iterate({ query, variables })) answers.push(answer);
  assert.equal(answers.length, 1);
  return answers[0];
}

/** Returns the first `count` items of an async iterator, then closes the iterator. */
export async function take(iterator, count) {
  const taken = [];
  for await (const told of iterator) {
    taken.push(told);
    if (taken.length === count) break;
  }
  assert.equal(taken.length, count, 'the iterator ended too early');
  return taken;
}

/** Returns a `fetch` function that records its requests, and the list of recorded requests. */
export function watched() {
  const calls = [];
  const watching = async (url, init) => {
    const response = await fetch(url, init);
    const hasQuery = new URL(url).searchParams.has('query') || 'query' in JSON.parse(init.body ?? '{}');
    calls.push({ method: init.method, hasQuery, status: response.status });
    return response;
  };
  return { calls, fetch: watching };
}

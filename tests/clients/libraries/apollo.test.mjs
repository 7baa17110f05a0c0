// Tests of Apollo Client 4: pagination in the client's cache, persisted queries with GET, and subscriptions over
// WebSocket.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { serve } from '../server.mjs';
import {
  CHANGES, LIMITED, PAGE, PUBLIC_PAGES, bearer, checkAll, checkFollowing, checkRefused, draftAndPublish, walkPages,
  watched,
} from '../newsroom.mjs';

const EDGES = gql`
  query Edges($first: Int!, $after: String) {
    releases(first: $first, after: $after) {
      edges {
        cursor
        node {
          id
          headline
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

let server;
before(async () => (server = await serve()));
after(() => server.stop());

/** Returns a client. It is stopped when the test `t` ends. */
function connect(t, link, cache = new InMemoryCache()) {
  const client = new ApolloClient({ link, cache });
  t.after(() => client.stop());
  return client;
}

function http(options = {}) {
  return new HttpLink({ uri: server.url, ...options });
}

function mutateWith(client) {
  return async (mutation, variables) => (await client.mutate({ mutation: gql(mutation), variables })).data;
}

test('Apollo Client: the cache merges all pages', LIMITED, async (t) => {
  const cache = new InMemoryCache({ typePolicies: { Query: { fields: { releases: relayStylePagination() } } } });
  const client = connect(t, http(), cache);
  const watching = client.watchQuery({ query: EDGES, variables: { first: 20 } });
  const shown = await new Promise((done, fail) => {
    let pages = 0;
    const looking = watching.subscribe({
      next({ data, loading }) {
        if (loading) return;
        pages += 1;
        const { edges, pageInfo } = data.releases;
        if (pageInfo.hasNextPage && pages <= PUBLIC_PAGES) {
          watching.fetchMore({ variables: { after: pageInfo.endCursor } }).catch(fail);
        } else {
          done({ pages, edges });
        }
      },
      error: fail,
    });
    t.after(() => looking.unsubscribe());
  });
  assert.equal(shown.pages, PUBLIC_PAGES);
  checkAll(shown.edges.map((edge) => edge.node.id));
});

test('Apollo Client: persisted queries with GET', LIMITED, async (t) => {
  const { calls, fetch } = watched();
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  const persisted = createPersistedQueryLink({ sha256, useGETForHashedQueries: true });
  const client = connect(t, persisted.concat(http({ fetch })));
  await walkPages(async (after) => {
    const { data } = await client.query({ query: gql(PAGE), variables: { after }, fetchPolicy: 'no-cache' });
    return data.releases;
  });
  // At first the server does not know the query, so the client must send its text once. After that the hash of the
  // query is enough.
  assert.deepEqual(calls.slice(0, 2), [
    { method: 'GET', hasQuery: false, status: 400 },
    { method: 'POST', hasQuery: true, status: 200 },
  ]);
  const byDigest = { method: 'GET', hasQuery: false, status: 200 };
  assert.deepEqual(calls.slice(2), Array(PUBLIC_PAGES - 1).fill(byDigest));
});

test('Apollo Client: an editor publishes', LIMITED, async (t) => {
  await draftAndPublish(mutateWith(connect(t, http({ headers: bearer(server) }))), 'By Apollo Client');
});

test('Apollo Client: the public may not write', LIMITED, async (t) => {
  await checkRefused(mutateWith(connect(t, http())));
});

test('Apollo Client: an invalid query gets a GraphQL error', LIMITED, async (t) => {
  const client = connect(t, http());
  await assert.rejects(client.query({ query: gql('{ nonsense }') }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.equal(error.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
});

test('Apollo Client: a subscription over WebSocket receives changes', LIMITED, async (t) => {
  const sockets = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  t.after(() => sockets.dispose());
  const lasts = ({ operationType }) => operationType === 'subscription';
  const link = ApolloLink.split(lasts, new GraphQLWsLink(sockets), http());
  const client = connect(t, link);
  await checkFollowing(server, (after, count) => {
    return new Promise((done, fail) => {
      const changes = [];
      const following = client.subscribe({ query: gql(CHANGES), variables: { after } }).subscribe({
        next({ data, error }) {
          if (error) return fail(error);
          changes.push(data.releaseChanged);
          if (changes.length < count) return;
          following.unsubscribe();
          done(changes);
        },
        error: fail,
      });
    });
  });
});

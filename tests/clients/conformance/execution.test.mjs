// Tests of execution. Over every transport, Dateline must give the same response as graphql-js, which executes the
// same request and reads each field from Dateline.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from '../server.mjs';
import { argumentCases } from '../spec/arguments.mjs';
import { conditionCases } from '../spec/conditions.mjs';
import { referenceOf } from '../spec/reference.mjs';
import { forAll, postJson } from '../spec/requests.mjs';
import { introspectionCases, operationCases, selectionCases } from '../spec/selections.mjs';
import { address, transportsOf } from '../spec/transports.mjs';

/** Minimum number of requests that the tests must compare. */
const CASES = 300;

const PATIENT = { timeout: 300_000 };

let server;
let transports;
let reference;
let ids;
before(async () => {
  server = await serve({ DATELINE_LIMITS_COST: '1000000000' });
  transports = transportsOf(server);
  reference = referenceOf(server);
  ids = await knownIds();
});
after(async () => {
  await transports?.dispose();
  await server?.stop();
});

/** Returns the ids of a release, a topic and a place that exist. */
async function knownIds() {
  const first = async (field) => {
    const { data } = await postJson(server, { query: `{ ${field}(first: 1) { nodes { id } } }` });
    return data[field].nodes[0].id;
  };
  return { release: await first('releases'), topic: await first('topics'), place: await first('places') };
}

/**
 * Returns whether graphql-js rejected null as the condition of @skip or @include. graphql-js does this during
 * execution, Dateline before execution.
 */
const hasNullCondition = ({ errors = [] }) => {
  return errors.some(({ message }) => /^Argument "if" of non-null type "Boolean!" must not be null/.test(message));
};

/**
 * Returns the part of a response that tests compare: the data with the order of its keys, and the paths of the
 * errors. For a request that was rejected before execution, returns `rejected`.
 */
function outcome({ data, errors = [] }) {
  if (data === undefined) return 'rejected';
  const paths = errors.map(({ path }) => JSON.stringify(path ?? null)).sort();
  return `${JSON.stringify(data)}${paths.length > 0 ? ` failed: ${paths.join(' ')}` : ''}`;
}

/**
 * Returns an introspection response in a form that can be compared. Removes the introspection types, and sorts types
 * and directives, because their order is not specified. Removes DIRECTIVE_DEFINITION, which graphql-js already has
 * although only the working draft specifies it.
 */
function withoutOrder(answer) {
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  const sort = (key, value) => {
    if (key === 'types') return value.filter(({ name }) => !name.startsWith('__')).sort(byName);
    if (key === 'locations') return value.filter((name) => name !== 'DIRECTIVE_DEFINITION').sort();
    return ['possibleTypes', 'directives'].includes(key) && value ? value.sort(byName) : value;
  };
  return JSON.parse(JSON.stringify(answer), sort);
}

const shown = ({ query, rawVariables, variables, operationName }) => {
  const parts = [query, rawVariables ?? JSON.stringify(variables), operationName];
  return parts.filter((part) => part !== undefined).join(' ');
};

const cut = (text) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

/** Prints each difference on one line. Fails if there are differences. */
function report(differences, what) {
  for (const line of differences) console.log(line.replaceAll('\n', ' '));
  assert.equal(differences.length, 0, `${differences.length} ${what}`);
}

/**
 * Sends each request over every transport. Compares the response to POST with the result of graphql-js, and the
 * responses over the other transports with the response to POST.
 */
async function compare(cases, names, change = (answer) => answer) {
  const found = await forAll(cases, async (request) => {
    const [expected, actual] = await Promise.all([reference.run(request), transports.post(request)]);
    const wanted = hasNullCondition(expected) ? 'rejected' : outcome(change(expected));
    const got = outcome(change(actual));
    const lines = [];
    if (wanted !== got) {
      lines.push(`POST | ${shown(request)} | graphql-js ${cut(wanted)} | Dateline ${cut(got)} ${messages(actual)}`);
    }
    for (const name of names) {
      const other = await transports[name](request);
      if (outcome(change(other)) === got && codes(other) === codes(actual)) continue;
      const different = `${cut(outcome(change(other)))} ${messages(other)}`;
      lines.push(`${name} | ${shown(request)} | POST ${cut(got)} ${messages(actual)} | ${name} ${different}`);
    }
    return lines;
  });
  console.log(`${cases.length} requests over post ${names.join(' ')}`);
  report(found.flat(), `responses to ${cases.length} requests differ`);
}

const codes = ({ errors = [] }) => errors.map(({ extensions }) => extensions?.code).join();

const messages = ({ errors = [] }) => {
  return cut(errors.map(({ message, extensions }) => `(${extensions?.code}: ${message})`).join(' '));
};

const OTHERS = ['get', 'stream', 'socket'];

test('execution: there are enough requests', () => {
  const count = [argumentCases, conditionCases, selectionCases, operationCases].flatMap((make) => make(ids)).length;
  console.log(`${count + introspectionCases.length} requests`);
  assert.ok(count >= CASES, `expected at least ${CASES} requests, got ${count}`);
});

test('execution: arguments with variables', PATIENT, () => compare(argumentCases(ids), OTHERS));

test('execution: @skip and @include', PATIENT, () => compare(conditionCases(ids), OTHERS));

test('execution: fragments, merged fields and abstract types', PATIENT, () => compare(selectionCases(ids), OTHERS));

test('execution: operations and variables as a whole', PATIENT, () => compare(operationCases(ids), OTHERS));

test('execution: introspection', PATIENT, () => compare(introspectionCases, OTHERS, withoutOrder));

test('execution: an empty operationName in the URL counts as absent', PATIENT, async () => {
  const query = 'query Q { viewer { name } }';
  const url = address(server, { query, operationName: '' });
  const answer = await (await fetch(url)).json();
  assert.deepEqual(answer, { data: { viewer: { name: 'public' } } });
});

test('execution: a response to GET has the same bytes and ETag each time', PATIENT, async () => {
  const fields = 'headline body { text } topics { name } related { id } url';
  const query = `{ node(id: "${ids.release}") { ... on Release { ${fields} } } }`;
  const seen = new Set();
  for (let i = 0; i < 50; i += 1) {
    const response = await fetch(address(server, { query }));
    seen.add(`${response.headers.get('etag')} ${await response.text()}`);
  }
  assert.equal(seen.size, 1, [...seen].join('\n'));
  assert.doesNotMatch([...seen][0], /^null/);
});

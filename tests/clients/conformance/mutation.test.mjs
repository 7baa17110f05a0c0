// Tests of mutations with variables. Dateline executes a mutation with variables on one object, and the same mutation
// with literals, which graphql-js derives from the variables, on an equal object. Both must change in the same way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from '../server.mjs';
import { bearer } from '../newsroom.mjs';
import { mutationCases, withLiterals } from '../spec/mutations.mjs';
import { forAll, postJson } from '../spec/requests.mjs';
import { create, stateOf } from '../spec/pairs.mjs';

const PATIENT = { timeout: 300_000 };

let server;
let headers;
before(async () => {
  server = await serve();
  headers = bearer({ token: await server.createToken('ADMIN') });
});
after(() => server.stop());

/** Returns the mutation payloads of a response as text, without their response keys. */
const payloads = ({ data }) => JSON.stringify(data && Object.values(data));

async function differences({ sort, query, variables: variablesOf }) {
  const [one, other] = [await create(server, headers, sort), await create(server, headers, sort)];
  const state = (object) => stateOf(server, headers, sort, object);
  const former = await state(one);
  const variables = variablesOf(one.id, one.revision);
  const literals = await withLiterals({ query, variables: variablesOf(other.id, other.revision) });
  const answer = await postJson(server, { query, variables }, headers);
  const errors = JSON.stringify(answer.errors ?? []).slice(0, 300);
  const request = `${query} ${JSON.stringify(variables)}`;
  if (!literals) {
    const lines = [];
    if (answer.data !== undefined) lines.push(`graphql-js rejects | ${request} | ${JSON.stringify(answer)}`);
    if ((await state(one)) !== former) lines.push(`changed although graphql-js rejects | ${request}`);
    return lines;
  }
  if (answer.data === undefined) return [`graphql-js does not reject | ${request} | ${errors}`];
  const lines = [];
  if (literals.failed !== (answer.errors !== undefined)) lines.push(`errors | ${request} | ${errors}`);
  for (const call of literals.calls) {
    const second = await postJson(server, { query: `mutation { ${call} }` }, headers);
    const [wanted, got] = [payloads(second), payloads(answer)];
    if (wanted !== got) lines.push(`payload | ${request} | literals ${call} ${wanted} | variables ${got} ${errors}`);
  }
  const [wanted, got] = [await state(other), await state(one)];
  if (wanted !== got) lines.push(`object | ${request} | literals ${literals.calls} ${wanted} | variables ${got}`);
  return lines;
}

test('mutation: variables have the same effect as literals', PATIENT, async () => {
  const found = (await forAll(mutationCases, differences)).flat();
  console.log(`${mutationCases.length} mutations`);
  for (const line of found) console.log(line.replaceAll('\n', ' '));
  assert.equal(found.length, 0, `${found.length} of ${mutationCases.length} mutations differ`);
});

test('mutation: an omitted variable keeps the field, null clears it, a default applies', PATIENT, async () => {
  const revise = (type) => `mutation($id: ID!, $n: Int!, $s: ${type}) {
    releaseRevise(id: $id, expectedRevision: $n, input: {headline: "New", summary: $s}) {
      release { summary }
      userErrors { code }
    }
  }`;
  for (const [type, given, summary] of [
    ['String', {}, 'Summary'],
    ['String', { s: null }, null],
    ['String', { s: 'Other' }, 'Other'],
    ['String = "Default"', {}, 'Default'],
    ['String = "Default"', { s: null }, null],
  ]) {
    const { id, revision } = await create(server, headers, 'release');
    const { data } = await postJson(server, { query: revise(type), variables: { id, n: revision, ...given } }, headers);
    const expected = { release: { summary }, userErrors: [] };
    assert.deepEqual(data.releaseRevise, expected, `${type} ${JSON.stringify(given)}`);
  }
});

test('mutation: a missing or invalid variable changes nothing', PATIENT, async () => {
  const count = async () => {
    const { data } = await postJson(server, { query: '{ releases { totalCount } }' }, headers);
    return data.releases.totalCount;
  };
  const before = await count();
  const query = `mutation($id: ID!, $n: Int! = 1) {
    a: releaseCreate(input: { headline: "One" }) { release { slug } }
    b: releaseDelete(id: $id, expectedRevision: $n) { deletedId }
  }`;
  for (const variables of [{}, { id: null }, { id: 1.5 }, { id: 'none', n: null }, { id: 'none', n: 99999999999 }]) {
    const answer = await postJson(server, { query, variables }, headers);
    assert.equal(answer.data, undefined, JSON.stringify(variables));
    assert.equal(await count(), before, JSON.stringify(variables));
  }
});

// Tests of validation with thousands of documents for Dateline's schema. Dateline must reject exactly the documents
// that graphql-js rejects.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from '../server.mjs';
import { documents } from '../spec/documents/documents.mjs';
import { leakedNames, wrongRequests } from '../spec/leaks.mjs';
import { forAll, postJson, postStream } from '../spec/requests.mjs';
import { SYNTAX, rules } from '../spec/rules.mjs';

/** Minimum numbers of documents: for each rule that is violated, of valid documents, and in total. */
const OF_EACH_RULE = 3;
const VALID = 150;
const ALL = 700;

const PATIENT = { timeout: 300_000 };

/** Settings with limits so high that no document exceeds them. */
const SETTINGS = { DATELINE_LIMITS_COST: '1000000000', DATELINE_LIMITS_REQUESTS: '256' };

/** Settings for the hardened profile without its rate limit. */
const HARDENED = { DATELINE_PROFILE: 'hardened', DATELINE_RATE_PUBLIC_PER_MINUTE: '0' };

const CODES = { GRAPHQL_PARSE_FAILED: 'syntax', GRAPHQL_VALIDATION_FAILED: 'invalid' };

/**
 * Returns whether a document was rejected because of one of Dateline's limits. The specification has no limits, and
 * no MaxIntrospectionDepthRule, which graphql-js adds. Only documents that violate this rule may exceed a limit.
 */
const isOurLimit = ({ message }) => message.includes('limits.');

let results;
before(async () => {
  const server = await serve(SETTINGS);
  try {
    results = await forAll(documents, async (document) => ({ ...document, errors: await refusals(server, document) }));
  } finally {
    await server.stop();
  }
});

/** Sends a document without a token, so that no mutation is executed. Returns the response. */
async function answer(server, { text, operationName, followsChanges }) {
  const send = followsChanges ? postStream : postJson;
  return send(server, { query: text, operationName });
}

/**
 * Returns the errors with which Dateline rejects a document. Ignores errors about variables, which are not part of
 * validation.
 */
async function refusals(server, document) {
  const { errors = [] } = await answer(server, document);
  return errors.filter(({ extensions }) => extensions?.code in CODES);
}

/** Returns Dateline's verdict on a document: `valid`, `syntax` or `invalid`. */
const verdict = ({ errors }) => (errors.length > 0 ? CODES[errors[0].extensions.code] : 'valid');

/** Returns the verdict of graphql-js on a document: `valid`, `syntax` or `invalid`. */
const expected = ({ isValid, violated }) => (isValid ? 'valid' : violated[0] === SYNTAX ? 'syntax' : 'invalid');

const quoted = (text) => JSON.stringify(text).slice(0, 300);

/** Prints each difference on one line. Fails if there are differences. */
function report(differences, what) {
  for (const line of differences) console.log(line.replaceAll('\n', ' '));
  assert.equal(differences.length, 0, `${differences.length} ${what}`);
}

test('validation: there are enough documents for every rule and enough valid ones', () => {
  const counts = Object.fromEntries([SYNTAX, ...rules.map(({ name }) => name)].map((name) => [name, 0]));
  for (const { violated } of documents) violated.forEach((name) => (counts[name] += 1));
  const valid = documents.filter(({ isValid }) => isValid).length;
  console.log(`${documents.length} documents, ${valid} of them valid; documents by violated rule`, counts);
  for (const [name, count] of Object.entries(counts)) {
    assert.ok(count >= OF_EACH_RULE, `${count} documents violate ${name}`);
  }
  assert.ok(valid >= VALID, `${valid} documents are valid`);
  assert.ok(documents.length >= ALL, `there are ${documents.length} documents`);
});

test('validation: documents written for a rule violate it', () => {
  for (const { text, tag, violated } of documents) {
    if (tag === null) assert.deepEqual(violated, [], text);
    if (tag) assert.ok(violated.includes(tag), `${violated} instead of ${tag}: ${text}`);
  }
});

test('validation: exactly the documents that graphql-js rejects are rejected', PATIENT, () => {
  const isBeyond = ({ errors }) => errors.some(isOurLimit);
  for (const { text, violated } of results.filter(isBeyond)) {
    assert.ok(violated.includes('MaxIntrospectionDepthRule'), `exceeds a limit: ${text}`);
  }
  const counted = results.filter((result) => !isBeyond(result));
  const isRefused = (said) => said !== 'valid';
  const different = counted.filter((result) => isRefused(verdict(result)) !== isRefused(expected(result)));
  report(different.map(difference), `of ${counted.length} verdicts differ`);
});

test('validation: the code distinguishes syntax errors from invalid documents', PATIENT, () => {
  // A type definition in a document may be reported as a syntax error or as a violation of ExecutableDefinitionsRule,
  // because the grammar of executable documents has no type definitions. Both verdicts are correct.
  const isEither = ({ violated }) => violated.includes('ExecutableDefinitionsRule');
  const refused = results.filter((result) => result.errors.length > 0 && !result.isValid && !isEither(result));
  const different = refused.filter((result) => verdict(result) !== expected(result));
  report(different.map(difference), `of ${refused.length} codes differ`);
});

function difference(result) {
  const { text, violated, errors } = result;
  const rule = violated.join(' ') || '-';
  const message = errors[0]?.message ?? result.message;
  return `graphql-js ${expected(result)}, Dateline ${verdict(result)} | ${rule} | ${quoted(text)} | ${message}`;
}

test('validation: every rejection has a line and a column in the document', PATIENT, () => {
  const wrong = results.flatMap(({ text, errors }) => {
    const lines = text.split(/\r\n|\n|\r/);
    const isInside = ({ line, column }) => line >= 1 && column >= 1 && column <= lines[line - 1]?.length + 1;
    const isLocated = ({ locations }) => locations?.length > 0 && locations.every(isInside);
    const unlocated = errors.filter((error) => !isOurLimit(error) && !isLocated(error));
    return unlocated.map(({ locations, message }) => `${JSON.stringify(locations)} | ${message} | ${quoted(text)}`);
  });
  report(wrong, 'errors have no location in their document');
});

test('validation: a hardened server reveals no schema names that are not in the request', PATIENT, async (t) => {
  const server = await serve(HARDENED);
  t.after(() => server.stop());
  const requests = [
    ...documents.filter(({ isValid }) => !isValid),
    ...wrongRequests.map(([text, variables]) => ({ text, variables })),
  ];
  const leaks = await forAll(requests, async (document) => {
    const { text, variables } = document;
    const send = () => (variables ? postJson(server, { query: text, variables }) : answer(server, document));
    const { errors = [] } = await send();
    const request = text + JSON.stringify(variables ?? {});
    return errors.flatMap(({ message }) => {
      const leaked = leakedNames(message, request);
      return leaked.length > 0 ? [`${leaked.join(' ')} | ${message} | ${quoted(request)}`] : [];
    });
  });
  report(leaks.flat(), 'messages contain names of the schema');
});

// Mutations with variables. The test runs each mutation on one object, and the same mutation with literals on an
// equal second object.
import { execute, parse } from 'graphql';
import { call } from './reference.mjs';
import { validateText } from './rules.mjs';
import { schema } from './schema.mjs';

const RELEASE = {
  payload: '{ release { revision state } userErrors { field code } }',
  input: 'ReleaseInput',
  update: 'releaseRevise',
  base: 'headline: "New"',
  fields: {
    headline: ['String', ['Other'], [1, ['a']]],
    subheadline: ['String', ['Other', ''], [true]],
    summary: ['String', ['Other', ''], [1]],
    bodyMarkdown: ['String', ['Other *text*'], [{}]],
    kind: ['ReleaseKind', ['SPEECH'], ['speech', 1]],
    language: ['LanguageTag', ['fr'], [1]],
    releaseDate: ['Date', ['2006-07-01'], ['2006-02-30', 1]],
    datelineText: ['String', ['PARIS'], [1]],
    datelinePlaces: ['[PlaceRef!]', [[{ iso3166: 'JP' }], { iso3166: 'JP' }, []], [[{}], [null]]],
    topics: ['[TopicRef!]', [[{ slug: 'migration' }], { slug: 'work' }, []], [[{ slug: 'a', id: 'b' }], 'work']],
    places: ['[PlaceRef!]', [[{ iso3166: 'KH' }], { iso3166: 'KH' }, []], [[{ iso: 'KH' }]]],
    externalId: ['String', [], [1]],
    editorialNote: ['String', ['Other'], [1]],
  },
};

const TOPIC = {
  payload: '{ topic { revision } userErrors { field code } }',
  input: 'TopicInput',
  update: 'topicUpdate',
  base: 'name: "New"',
  fields: {
    definition: ['String', ['Other'], [1]],
    uri: ['URL', [], [1]],
    names: [
      '[NameInput!]', [[{ language: 'fr', name: 'Autre' }], { language: 'fr', name: 'Autre' }, []],
      [[{ language: 'fr' }]],
    ],
    altNames: ['[NameInput!]', [[{ language: 'en', name: 'Other' }]], [[null]]],
    broader: ['[TopicRef!]', [[{ slug: 'work' }], { slug: 'work' }, []], [[{}]]],
  },
};

const PLACE = {
  payload: '{ place { revision } userErrors { field code } }',
  input: 'PlaceInput',
  update: 'placeUpdate',
  base: 'name: "New"',
  fields: {
    kind: ['PlaceKind', ['REGION'], ['city', 1]],
    latitude: ['Float', [1, 1.5], ['1']],
    longitude: ['Float', [-1], [true]],
    geonamesId: ['Int', [], ['1', 1.5]],
    within: ['PlaceRef', [{ iso3166: 'JP' }], [{}, { iso3166: 'JP', m49: '392' }]],
    names: [
      '[NameInput!]', [[{ language: 'fr', name: 'Autre' }], { language: 'fr', name: 'Autre' }, []], [[{ name: 'a' }]],
    ],
  },
};

const DEFAULTS = {
  '[NameInput!]': '[{language: "km", name: "D"}]', '[PlaceRef!]': '{iso3166: "TH"}', '[TopicRef!]': '[{slug: "work"}]',
  Date: '"2006-08-01"', Float: '2', LanguageTag: '"de"', PlaceKind: 'ADMIN', PlaceRef: '{iso3166: "TH"}',
  ReleaseKind: 'OPINION', String: '"Default"',
};

const HEAD = '$id: ID!, $revision: Int!';
const TARGET = 'id: $id, expectedRevision: $revision';

/**
 * Returns mutations that update one field of an object with a variable. The variable is omitted, null, valid,
 * invalid, or has a default.
 */
function updates(sort, { payload, input, update, base, fields }) {
  const document = (definitions, given) => {
    return `mutation(${HEAD}, ${definitions}) { ${update}(${TARGET}, input: ${given}) ${payload} }`;
  };
  return Object.entries(fields).flatMap(([name, [type, values, wrong]]) => {
    const given = base.startsWith(`${name}:`) ? `{${name}: $x}` : `{${base}, ${name}: $x}`;
    const states = [{}, { x: null }, ...values.map((x) => ({ x }))];
    const cases = [
      ...[...states, ...wrong.map((x) => ({ x }))].map((variables) => [document(`$x: ${type}`, given), variables]),
      [document(`$x: ${type} = null`, given), {}],
      [document(`$x: ${input}!`, '$x'), { x: {} }],
      ...[null, ...values, ...wrong].map((value) => [document(`$x: ${input}!`, '$x'), { x: { [name]: value } }]),
    ];
    // No default for external ids and GeoNames ids: they are unique, so the two objects cannot both get the default.
    const literal = ['externalId', 'geonamesId'].includes(name) ? undefined : DEFAULTS[type];
    if (literal) cases.push(...states.map((variables) => [document(`$x: ${type} = ${literal}`, given), variables]));
    return cases.map(([query, variables]) => {
      return { sort, query, variables: (id, revision) => ({ id, revision, ...variables }) };
    });
  });
}

const { payload } = RELEASE;
const input = (given, definitions = '') => {
  return `mutation(${HEAD}${definitions}) { releaseRevise(${TARGET}, input: ${given}) ${payload} }`;
};

/** Mutations with several variables, mutations with variables inside lists and objects, and other mutations. */
const others = [
  [input('{headline: $h, summary: $s}', ', $h: String, $s: String'), {}],
  [input('{headline: $h, summary: $s}', ', $h: String, $s: String'), { h: 'New' }],
  [input('{headline: $h, summary: $s}', ', $h: String, $s: String'), { h: 'New', s: null }],
  [
    input('{headline: $h, summary: $s, kind: $k}', ', $h: String = "D", $s: String = "D", $k: ReleaseKind = SPEECH'),
    { s: null },
  ],
  [input('{summary: $s, editorialNote: $s}', ', $s: String'), { s: 'Both' }],
  [input('{summary: $s, editorialNote: $s}', ', $s: String'), {}],
  [input('{topics: [$t, {slug: "work"}]}', ', $t: TopicRef!'), { t: { slug: 'migration' } }],
  [input('{topics: [{slug: $t}]}', ', $t: Slug!'), { t: 'migration' }],
  [input('{topics: [{slug: $t}]}', ', $t: Slug!'), {}],
  [input('{topics: [{slug: $t}], summary: $s}', ', $t: Slug! = "work", $s: String'), {}],
  [input('$in', ', $in: ReleaseInput = {headline: "D"}'), {}],
  [input('$in', ', $in: ReleaseInput = {headline: "D"}'), { in: null }],
  [input('$in', ', $in: ReleaseInput = {headline: "D", summary: null}'), { in: { headline: 'New' } }],
  [input('$in', ', $in: ReleaseInput!'), { in: { unknown: 1 } }],
  [input('$in', ', $in: ReleaseInput!'), {}],
  [input('{headline: "New"}').replace('$revision: Int!', '$revision: Int! = 1'), {}],
  [
    'mutation(HEAD, $note: String) { releaseSubmit(TARGET, note: $note) PAYLOAD }',
    {},
  ],
  [
    'mutation(HEAD, $note: String) { releaseSubmit(TARGET, note: $note) PAYLOAD }',
    { note: null },
  ],
  [
    'mutation(HEAD, $note: String) { releaseSubmit(TARGET, note: $note) PAYLOAD }',
    { note: 'Please' },
  ],
  [
    'mutation(HEAD, $note: String = "D") { releaseSubmit(TARGET, note: $note) PAYLOAD }',
    {},
  ],
  [
    'mutation(HEAD, $note: String = "D") { releaseSubmit(TARGET, note: $note) PAYLOAD }',
    { note: null },
  ],
  [
    'mutation(HEAD, $note: String) { releaseSubmit(TARGET, note: $note) PAYLOAD }',
    { note: 1 },
  ],
  [
    'mutation(HEAD, $note: String) { releasePublish(TARGET, correctionNote: $note) PAYLOAD }',
    {},
  ],
  [
    'mutation(HEAD, $until: DateTime) { releaseEmbargo(TARGET, until: $until, note: "N") PAYLOAD }',
    {},
  ],
  [
    'mutation(HEAD, $action: BulkAction!) { releasesTransition(items: [{TARGET}], action: $action) PAYLOAD }',
    { action: 'SUBMIT' },
  ],
  [
    'mutation(HEAD, $action: BulkAction!) { releasesTransition(items: [{TARGET}], action: $action) PAYLOAD }',
    { action: 'submit' },
  ],
  [
    'mutation(HEAD, $action: BulkAction!, $note: String) { releasesTransition(items: {TARGET}, action: $action, note: $note) PAYLOAD }',
    { action: 'PUBLISH' },
  ],
  [
    'mutation(HEAD, $action: BulkAction! = SUBMIT) { releasesTransition(items: [{TARGET}], action: $action) PAYLOAD }',
    {},
  ],
  [
    'mutation(HEAD, $no: Boolean!) { releaseRevise(TARGET, input: {headline: "New"}) @skip(if: $no) PAYLOAD }',
    { no: true },
  ],
  [
    'mutation(HEAD, $no: Boolean = false) { releaseRevise(TARGET, input: {headline: "New"}) @skip(if: $no) PAYLOAD }',
    {},
  ],
  [
    'mutation(HEAD) { releaseRevise(TARGET, input: {headline: "New"}) PAYLOAD ...F } fragment F on Mutation { releaseRevise(TARGET, input: {headline: "New"}) PAYLOAD }',
    {},
  ],
].map(([query, variables]) => ({
  sort: 'release',
  query: query.replace('HEAD', HEAD).replaceAll('TARGET', TARGET).replaceAll('PAYLOAD', payload),
  variables: (id, revision) => ({ id, ...(query.includes('$revision: Int! = 1') ? {} : { revision }), ...variables }),
}));

export const mutationCases = [
  ...updates('release', RELEASE), ...updates('topic', TOPIC), ...updates('place', PLACE), ...others,
];

/** Returns the selection to use for the payload of a mutation field. */
const payloadOf = (name) => (name.startsWith('topic') ? TOPIC : name.startsWith('place') ? PLACE : RELEASE).payload;

/**
 * Returns the fields of a mutation with literals instead of variables; graphql-js coerces the arguments. Omits fields
 * whose arguments graphql-js cannot coerce, and sets `failed` in this case. Returns undefined if graphql-js rejects
 * the whole request.
 */
export async function withLiterals({ query, variables }) {
  if (validateText(query).violated.length > 0) return undefined;
  const calls = [];
  const fieldResolver = (_source, args, _context, info) => {
    calls.push(`${call(info.parentType.getFields()[info.fieldName], args)} ${payloadOf(info.fieldName)}`);
    return null;
  };
  const result = await execute({ schema, document: parse(query), variableValues: variables, fieldResolver });
  return result.data === undefined ? undefined : { calls, failed: result.errors !== undefined };
}

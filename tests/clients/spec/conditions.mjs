// Generates requests with @skip and @include in every allowed position. The conditions are literals, variables, and
// variables with defaults.

/** Queries in which `%` marks a position for directives. */
const places = ({ release }) => [
  '{ viewer { name role % } }',
  '{ viewer { name % role } }',
  '{ viewer { name % } }',
  '{ viewer % { name } }',
  '{ viewer % { name } releases(first: 1) { totalCount } }',
  '{ viewer { __typename % name } }',
  '{ __typename % }',
  '{ viewer { name % name } }',
  '{ viewer { role ...F % } } fragment F on Viewer { name }',
  '{ viewer { ...F % } } fragment F on Viewer { name role }',
  '{ ...F % } fragment F on Query { viewer { name } }',
  '{ viewer { role ... on Viewer % { name } } }',
  '{ viewer { ... % { name } role } }',
  '{ releases(first: 2) { nodes { slug % } } }',
  '{ releases(first: 2) { nodes % { slug } totalCount } }',
  '{ releases(first: 2) { nodes { id ...F % } } } fragment F on Release { slug headline }',
  `{ node(id: "${release}") { ... on Release % { slug } } }`,
  '{ a: viewer % { name } a: viewer { role } }',
];

/** Directives, each with its variable declarations and variable values. */
const directives = [
  ['@skip(if: true)'], ['@skip(if: false)'], ['@include(if: true)'], ['@include(if: false)'],
  ['@skip(if: false) @include(if: true)'], ['@skip(if: true) @include(if: true)'],
  ['@include(if: false) @skip(if: false)'],
  ['@skip(if: $x)', '$x: Boolean!', { x: true }], ['@skip(if: $x)', '$x: Boolean!', { x: false }],
  ['@include(if: $x)', '$x: Boolean!', { x: true }], ['@include(if: $x)', '$x: Boolean!', { x: false }],
  ['@include(if: $x)', '$x: Boolean = true', {}], ['@include(if: $x)', '$x: Boolean = false', undefined],
  ['@skip(if: $x)', '$x: Boolean! = true', {}], ['@skip(if: $x)', '$x: Boolean = false', {}],
  ['@include(if: $x)', '$x: Boolean = true', { x: false }], ['@skip(if: $x)', '$x: Boolean! = false', { x: true }],
  ['@skip(if: $x) @include(if: $y)', '$x: Boolean!, $y: Boolean = true', { x: false }],
];

const wrong = [
  ['@include(if: $x)', '$x: Boolean!', {}], ['@include(if: $x)', '$x: Boolean!', { x: null }],
  ['@include(if: $x)', '$x: Boolean = true', { x: null }], ['@skip(if: $x)', '$x: Boolean! = true', { x: null }],
  ['@skip(if: $x)', '$x: Boolean!', { x: 'true' }], ['@skip(if: $x)', '$x: Boolean!', { x: 1 }],
];

const request = (place, [directive, definitions, variables]) => {
  const query = place.replace('%', directive);
  return { query: definitions ? `query(${definitions}) ${query}` : query, variables };
};

export function conditionCases(ids) {
  const all = places(ids);
  return [
    ...all.flatMap((place) => directives.map((of) => request(place, of))),
    ...all.slice(0, 4).flatMap((place) => wrong.map((of) => request(place, of))),
    ...[true, false].flatMap((a) => [true, false].map((b) => ({
      query: `query($a: Boolean!, $b: Boolean!) {
        viewer @include(if: $a) { name @skip(if: $b) ...F @include(if: $b) }
      } fragment F on Viewer { role @skip(if: $a) }`,
      variables: { a, b },
    }))),
  ];
}

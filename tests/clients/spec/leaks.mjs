// Checks that error messages of the hardened profile do not reveal the schema: a message must contain no schema name
// that is not in the request.
import { schemaNames } from './schema.mjs';

/** Schema names with up to this many characters are ignored. */
const SHORT = 3;

/**
 * Schema names that are also common words in messages: operation types and plain English words. They count as schema
 * names only if the message quotes them.
 */
const WORDS = new Set([
  'Mutation', 'Query', 'Subscription', 'after', 'before', 'change', 'changes', 'code', 'count', 'current', 'date',
  'diff', 'edges', 'end', 'expected', 'field', 'fields', 'filter', 'first', 'from', 'input', 'kind', 'language',
  'last', 'message', 'missing', 'name', 'names', 'node', 'nodes', 'note', 'number', 'other', 'range', 'reason', 'selected',
  'start', 'state', 'subject', 'text', 'token', 'tokens', 'under', 'until', 'within',
]);

const names = new Set([...schemaNames()].filter((name) => name.length > SHORT));

const wordsOf = (text) => new Set(text.match(/[A-Za-z0-9_]+/g));

/** Returns the schema names that a message contains and the request does not contain. */
export function leakedNames(message, request) {
  const known = wordsOf(request);
  const isLeaked = (word) => names.has(word) && !known.has(word);
  const isName = (word) => !WORDS.has(word) || new RegExp(`["'\`]${word}["'\`]`).test(message);
  return [...wordsOf(message)].filter((word) => isLeaked(word) && isName(word));
}

/**
 * Requests that are rejected because of invalid variables or a missing document, not because of an invalid document.
 */
export const wrongRequests = [
  ['', {}],
  [' \n', {}],
  ['query($x: Int) { releases(first: $x) { count } }', { x: 'one' }],
  ['query($x: Int!) { releases(first: $x) { count } }', {}],
  ['query($x: Int!) { releases(first: $x) { count } }', { x: null }],
  ['query($x: [ID!]!) { nodes(ids: $x) { id } }', { x: [null] }],
  ['query($x: ReleaseKind!) { releases(filter: {kinds: [$x]}) { count } }', { x: 'ARTICLES' }],
  ['query($x: ReleaseKind!) { releases(filter: {kinds: [$x]}) { count } }', { x: 1 }],
  ['query($x: ReleaseFilter) { releases(filter: $x) { count } }', { x: { kindz: [] } }],
  ['query($x: ReleaseFilter) { releases(filter: $x) { count } }', { x: { and: [{ not: { topic: {} } }] } }],
  ['query($x: ReleaseFilter) { releases(filter: $x) { count } }', { x: { places: { near: {} } } }],
  ['query($x: ReleaseFilter) { releases(filter: $x) { count } }', { x: { kinds: ['ARTICLES'] } }],
  ['query($x: ReleaseFilter) { releases(filter: $x) { count } }', { x: { releaseDate: { from: 'x' } } }],
  ['query($x: TopicRef!) { topic(ref: $x) { id } }', { x: {} }],
  ['query($x: TopicRef!) { topic(ref: $x) { id } }', { x: { slug: 'a', id: 'b' } }],
  ['query($x: TopicRef!) { topic(ref: $x) { id } }', { x: { slg: 'a' } }],
  ['query($x: TopicFacetInput) { releases { facets { topics(input: $x) { other } } } }', { x: { orderBy: [{}] } }],
  ['query($x: TopicFacetInput) { releases { facets { topics(input: $x) { other } } } }', { x: { scope: 'ALL' } }],
  ['mutation($x: ReleaseInput!) { releaseCreate(input: $x) { userErrors { code } } }', { x: { title: 'a' } }],
  ['mutation($x: TokenInput!) { tokenCreate(input: $x) { userErrors { code } } }', { x: { name: 'a' } }],
];

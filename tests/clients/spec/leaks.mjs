// What an error of the hardened profile may not tell: names of the schema that the request does not have.
import { schemaNames } from './schema.mjs';

/** Names of up to this many letters are not looked for. */
const SHORT = 3;

/**
 * Names of the schema that are words of messages as well: types of operations, and plain English. They count only
 * in quotes, where names stand.
 */
const WORDS = new Set([
  'Mutation', 'Query', 'Subscription', 'after', 'before', 'change', 'changes', 'code', 'count', 'current', 'date',
  'diff', 'edges', 'end', 'expected', 'field', 'fields', 'filter', 'first', 'from', 'input', 'kind', 'language',
  'last', 'message', 'missing', 'name', 'names', 'node', 'nodes', 'note', 'number', 'other', 'reason', 'selected',
  'start', 'state', 'subject', 'text', 'token', 'tokens', 'under', 'until', 'within',
]);

const names = new Set([...schemaNames()].filter((name) => name.length > SHORT));

const wordsOf = (text) => new Set(text.match(/[A-Za-z0-9_]+/g));

/** The names of the schema in a message that are not in the request. */
export function leakedNames(message, request) {
  const known = wordsOf(request);
  const isLeaked = (word) => names.has(word) && !known.has(word);
  const isName = (word) => !WORDS.has(word) || new RegExp(`["'\`]${word}["'\`]`).test(message);
  return [...wordsOf(message)].filter((word) => isLeaked(word) && isName(word));
}

/** Requests that are refused for other reasons than their documents: values of variables, and no document. */
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

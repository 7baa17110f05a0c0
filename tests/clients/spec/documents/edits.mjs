// Documents that are made from valid documents by one small change. Most of them violate one rule.
import {
  Kind, Lexer, Source, TokenKind, TypeInfo, getNamedType, isLeafType, isRequiredArgument, parse, visit,
  visitWithTypeInfo,
} from 'graphql';
import { random, sample } from '../random.mjs';
import { schema } from '../schema.mjs';
import { valid } from './valid.mjs';

const SEED = 19_930_101;

/** Number of documents that each edit produces. */
const EACH = 14;

/** Returns every syntax node of a document, with the schema types at its position. */
function nodesOf(text) {
  const found = [];
  const info = new TypeInfo(schema);
  const enter = (node, _key, _parent, _path, ancestors) => {
    found.push({ text, node, parent: info.getParentType(), field: info.getFieldDef(), ancestors: ancestors.flat() });
  };
  visit(parse(text), visitWithTypeInfo(info, { enter }));
  return found;
}

const textOf = ({ text }, node) => text.slice(node.loc.start, node.loc.end);

/** Returns the document with a syntax node replaced by a text. */
const replace = ({ text }, node, by) => text.slice(0, node.loc.start) + by + text.slice(node.loc.end);

const insert = ({ text }, at, what) => text.slice(0, at) + what + text.slice(at);

/** Returns a name with two letters swapped. It is similar enough for the server to suggest the correct name. */
const misspell = (name) => (name.length > 3 ? name.slice(0, 1) + name[2] + name[1] + name.slice(3) : `${name}s`);

const isKind = (...kinds) => ({ node }) => kinds.includes(node.kind);
const DIRECTIVE_PLACES = [Kind.FIELD, Kind.FRAGMENT_SPREAD, Kind.INLINE_FRAGMENT];
const isOperation = isKind(Kind.OPERATION_DEFINITION);
const isField = (site) => site.node.kind === Kind.FIELD && site.field && !site.node.name.value.startsWith('__');
const withArguments = (site) => isField(site) && site.node.arguments.length > 0;

/**
 * Returns the offset at which to insert directives into a field, fragment spread or inline fragment: before the
 * selection, if there is one.
 */
const beforeSelection = (site) => {
  const { node, text } = site;
  const end = node.selectionSet ? node.selectionSet.loc.start : node.loc.end;
  return text.slice(node.loc.start, end).trimEnd().length + node.loc.start;
};

const addDirective = (directive) => ({
  applies: isKind(...DIRECTIVE_PLACES),
  make: (site) => insert(site, beforeSelection(site), ` ${directive}`),
});

const addToOperation = (what) => ({
  applies: isOperation,
  make: (site) => {
    const { node } = site;
    const isShorthand = node.loc.start === node.selectionSet.loc.start;
    return insert(site, node.selectionSet.loc.start, isShorthand ? `query ${what} ` : `${what} `);
  },
});

const addVariable = (definition) => ({
  applies: isOperation,
  make: (site) => {
    const { node } = site;
    const [first] = node.variableDefinitions;
    if (first) return insert(site, first.loc.start, `${definition}, `);
    if (node.loc.start === node.selectionSet.loc.start) return insert(site, node.loc.start, `query(${definition}) `);
    const name = node.name ?? { loc: { end: node.loc.start + node.operation.length } };
    return insert(site, name.loc.end, `(${definition})`);
  },
});

const addSelection = (selection) => ({
  applies: isKind(Kind.SELECTION_SET),
  make: (site) => insert(site, site.node.loc.end - 1, `${selection} `),
});

const append = (definition) => ({ applies: isKind(Kind.DOCUMENT), make: (site) => `${site.text} ${definition}` });

/** Returns an edit that adds two different fields with the same response key to a selection. */
const conflict = (around) => ({
  applies: ({ node, parent }) => node.kind === Kind.SELECTION_SET && leaves(parent).length > 1,
  make: (site) => {
    const [first, second] = [leaves(site.parent)[0], leaves(site.parent).at(-1)];
    return insert(site, site.node.loc.end - 1, `${around(`x: ${first}`, `x: ${second}`, site.parent.name)} `);
  },
});

const leaves = (type) => {
  const isFree = (field) => isLeafType(getNamedType(field.type)) && field.args.length === 0;
  return Object.values(type?.getFields?.() ?? {}).filter(isFree).map(({ name }) => name);
};

const EDITS = [
  { applies: isField, make: (site) => replace(site, site.node.name, misspell(site.node.name.value)) },
  { applies: isField, make: (site) => replace(site, site.node.name, `${site.node.name.value}X`) },
  {
    applies: (site) => isField(site) && !site.node.selectionSet,
    make: (site) => insert(site, site.node.loc.end, ' { __typename }'),
  },
  {
    applies: (site) => isField(site) && site.node.selectionSet,
    make: (site) => replace(site, site.node.selectionSet, ''),
  },
  { applies: isKind(Kind.ARGUMENT), make: (site) => replace(site, site.node.name, misspell(site.node.name.value)) },
  { applies: isKind(Kind.ARGUMENT), make: (site) => insert(site, site.node.loc.end, `, ${textOf(site, site.node)}`) },
  {
    applies: (site) => withArguments(site) && site.field.args.some(isRequiredArgument),
    make: (site) => {
      const [first] = site.node.arguments;
      const last = site.node.arguments.at(-1);
      return site.text.slice(0, first.loc.start - 1) + site.text.slice(last.loc.end + 1);
    },
  },
  { applies: withArguments, make: (site) => insert(site, site.node.arguments[0].loc.start, 'unknown: 1, ') },
  {
    applies: (site) => site.node.kind === Kind.ARGUMENT && site.node.value.kind !== Kind.VARIABLE,
    make: (site) => replace(site, site.node.value, '$undefined'),
  },
  {
    applies: isKind(Kind.OBJECT_FIELD),
    make: (site) => insert(site, site.node.loc.end, `, ${textOf(site, site.node)}`),
  },
  { applies: isKind(Kind.OBJECT_FIELD), make: (site) => replace(site, site.node.name, misspell(site.node.name.value)) },
  { applies: isKind(Kind.ENUM), make: (site) => replace(site, site.node, `"${site.node.value}"`) },
  { applies: isKind(Kind.ENUM), make: (site) => replace(site, site.node, misspell(site.node.value)) },
  { applies: isKind(Kind.INT), make: (site) => replace(site, site.node, `${site.node.value}.0`) },
  { applies: isKind(Kind.INT), make: (site) => replace(site, site.node, `"${site.node.value}"`) },
  { applies: isKind(Kind.STRING), make: (site) => replace(site, site.node, 'bare') },
  { applies: isKind(Kind.BOOLEAN), make: (site) => replace(site, site.node, `"${site.node.value}"`) },
  { applies: isKind(Kind.NAMED_TYPE), make: (site) => replace(site, site.node, misspell(site.node.name.value)) },
  { applies: isKind(Kind.NAMED_TYPE), make: (site) => replace(site, site.node, 'ReleaseKind') },
  { applies: isKind(Kind.NAMED_TYPE), make: (site) => replace(site, site.node, 'ReleaseStats') },
  { applies: isKind(Kind.NON_NULL_TYPE), make: (site) => replace(site, site.node, textOf(site, site.node.type)) },
  { applies: isKind(Kind.LIST_TYPE), make: (site) => replace(site, site.node, textOf(site, site.node.type)) },
  {
    applies: ({ node, ancestors }) => {
      return node.kind === Kind.NAMED_TYPE && ancestors.some(({ kind }) => kind === Kind.VARIABLE_DEFINITION);
    },
    make: (site) => replace(site, site.node, `[${textOf(site, site.node)}]`),
  },
  { applies: isKind(Kind.VARIABLE), make: (site) => replace(site, site.node, `$${site.node.name.value}X`) },
  {
    applies: isKind(Kind.VARIABLE_DEFINITION),
    make: (site) => insert(site, site.node.loc.end, `, ${textOf(site, site.node)}`),
  },
  { applies: isKind(Kind.FRAGMENT_SPREAD), make: (site) => replace(site, site.node.name, `${site.node.name.value}X`) },
  {
    applies: isKind(Kind.FRAGMENT_DEFINITION),
    make: (site) => insert(site, site.node.loc.end, ` ${textOf(site, site.node)}`),
  },
  {
    applies: isKind(Kind.FRAGMENT_DEFINITION),
    make: (site) => insert(site, site.node.selectionSet.loc.end - 1, `...${site.node.name.value} `),
  },
  { applies: isOperation, make: (site) => insert(site, site.node.loc.end, ` ${textOf(site, site.node)}`) },
  addDirective('@unknown'), addDirective('@deprecated'), addDirective('@skip'), addDirective('@include(if: "true")'),
  addDirective('@skip(if: false) @skip(if: false)'), addDirective('@include(if: true, unless: false)'),
  addDirective('@skip(if: $no)'),
  addDirective('@include(if: true)'), addDirective('@include(if: null)'),
  addToOperation('@skip(if: false)'), addToOperation('@unknown'),
  addVariable('$unused: Int'), addVariable('$x: Unknown'), addVariable('$x: Release'),
  addVariable('"d" $unused: [ID!]! = []'),
  addSelection('unknown'), addSelection('...Unknown'), addSelection('__schema { types { name } }'),
  addSelection('t: __typename'),
  addSelection('... on Node { id }'), addSelection('... on Unknown { id }'),
  addSelection('... on ReleaseFilter { id }'),
  addSelection('... on Topic { slug }'), addSelection('... { __typename }'), addSelection('__typename(x: 1)'),
  append('fragment Unused on Query { viewer { name } }'), append('{ viewer { name } }'),
  append('type Extra { a: Int }'),
  append('query A { viewer { name } }'),
  append('subscription Z { a: releaseChanged { kind } b: releaseChanged { kind } }'),
  conflict((first, second) => `${first} ${second}`), conflict((first, second) => `${first} ... { ${second} }`),
  conflict((first, second, type) => `... on ${type} { ${first} } ... on ${type} { ${second} }`),
];

/** Applies each edit to a random sample of the nodes to which the edit applies. */
function nodeEdits() {
  const next = random(SEED);
  const all = valid.flatMap(nodesOf);
  return EDITS.flatMap(({ applies, make }) => sample(next, all.filter(applies), EACH).map(make));
}

/** Returns the lexical tokens of a document, with their positions. */
function tokens(text) {
  const lexer = new Lexer(new Source(text));
  const found = [];
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) found.push(token);
  return found;
}

/**
 * For a random token of each valid document, returns documents without the token, with the token repeated or
 * replaced, and cut off before the token.
 */
function tokenEdits() {
  const next = random(SEED + 1);
  const strange = '{ } ( ) [ ] ! = : @ $ ... | & 1 "a" on null a'.split(' ');
  return valid.flatMap((text) => {
    const all = tokens(text);
    const { start, end } = all[Math.floor(next() * all.length)];
    const other = strange[Math.floor(next() * strange.length)];
    return [
      text.slice(0, start) + text.slice(end),
      `${text.slice(0, end)} ${text.slice(start)}`,
      `${text.slice(0, start)}${other} ${text.slice(end)}`,
      text.slice(0, start),
    ];
  });
}

/** For a random position in each valid document, returns documents with a character omitted or inserted there. */
function characterEdits() {
  const next = random(SEED + 2);
  const others = [...'{}()[]!=:@$.|&#"\\,-+01aE_ \n'];
  return valid.flatMap((text) => {
    const at = Math.floor(next() * text.length);
    const other = others[Math.floor(next() * others.length)];
    return [text.slice(0, at) + text.slice(at + 1), text.slice(0, at) + other + text.slice(at)];
  });
}

/**
 * Returns whether a text is blank. A blank text is left out, because Dateline responds with BAD_REQUEST as if the
 * query were missing.
 */
const isBlank = (text) => text.trim() === '';

export const edits = [...nodeEdits(), ...tokenEdits(), ...characterEdits()].filter((text) => !isBlank(text));

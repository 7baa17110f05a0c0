// Generates documents from the schema: literals and variables at every input position, and selections of every type.
import {
  getNamedType, getNullableType, isInputObjectType, isLeafType, isListType, isNonNullType, isRequiredArgument,
} from 'graphql';
import { accepted, minimal, refused } from './literals.mjs';
import { documentOf, positions } from './positions.mjs';
import { random, sample } from '../random.mjs';
import { compositeTypes } from '../schema.mjs';

const SEED = 20_060_508;

/** Number of accepted literals, and of rejected literals, that are tried at each position. */
const ACCEPTED_EACH = 1;
const REFUSED_EACH = 2;

/** Number of variable declarations that are tried at each position. */
const VARIABLES_EACH = 3;

/** Returns documents with valid and invalid literals at every input position. */
function literals() {
  const next = random(SEED);
  return positions.flatMap(({ type, isOneOf, document }) => {
    const good = accepted(type).filter((literal) => !isOneOf || literal !== 'null');
    const chosen = [...sample(next, good, ACCEPTED_EACH), ...sample(next, refused(type), REFUSED_EACH)];
    return chosen.map((literal) => document(literal));
  });
}

/** Returns a type that is incompatible with a type. */
function otherType(type) {
  const others = { Boolean: 'Int', Date: 'DateTime', Float: 'String', ID: 'String', Int: 'Float', String: 'ID' };
  return others[getNamedType(type).name] ?? (isLeafType(getNamedType(type)) ? 'String' : 'PlaceRef');
}

/** Returns valid and invalid declarations of a variable `$x` that is used where a type is expected. */
function declarations(type) {
  const nullable = getNullableType(type);
  const named = getNamedType(type);
  const literal = minimal(type);
  const wrongDefault = refused(nullable).find((text) => text !== 'null') ?? '{}';
  const texts = [
    `${nullable}!`, `${nullable}`, `${nullable} = null`, `${nullable}! = null`, `${nullable} = ${literal}`,
    `${nullable}! = ${literal}`, `${nullable} = ${wrongDefault}`, `[${nullable}]`, `[${nullable}!]!`,
    `${otherType(type)}`, `${otherType(type)}!`,
  ];
  if (isListType(nullable)) {
    texts.push(`${nullable.ofType}`, `${named}!`, `[${named}]!`, `[${named}]`, `[${named}!]! = [${minimal(named)}]`);
  }
  return texts.map((text) => `$x: ${text}`);
}

/** Returns documents with a variable at every input position, and inside a list at positions of a list type. */
function variables() {
  const next = random(SEED + 1);
  return positions.flatMap(({ type, document }) => {
    const documents = sample(next, declarations(type), VARIABLES_EACH).map((text) => document('$x', text));
    const nullable = getNullableType(type);
    if (isListType(nullable)) {
      const ofItem = sample(next, declarations(nullable.ofType), 2);
      documents.push(...ofItem.map((text) => document(`[$x, ${minimal(nullable.ofType)}]`, text)));
    }
    return documents;
  });
}

/**
 * Returns documents with an input object that has a variable in an optional field, at every position of an input
 * object type.
 */
function fieldsOfObjects() {
  const next = random(SEED + 2);
  return positions.flatMap(({ type, document }) => {
    const named = getNamedType(type);
    if (!isInputObjectType(named) || named.isOneOf || isListType(getNullableType(type))) return [];
    const fields = Object.values(named.getFields()).filter((field) => !isNonNullType(field.type));
    return sample(next, fields, 1).map((field) => document(`{${field.name}: $x}`, `$x: ${field.type}`));
  });
}

/**
 * Returns documents for every type: an unknown field, a leaf field with a selection, two fields with the same
 * response key, an object field without a selection, and all fields.
 */
function selections() {
  return compositeTypes.flatMap((type) => {
    const fields = Object.values(type.getFields());
    const free = fields.filter((field) => !field.args.some(isRequiredArgument));
    const leaves = free.filter((field) => isLeafType(getNamedType(field.type)));
    const objects = free.filter((field) => !isLeafType(getNamedType(field.type)));
    const all = [...leaves.map(({ name }) => name), ...objects.map(({ name }) => `${name} { __typename }`)].join(' ');
    const unknown = ['__typename unknown', `x: unknown { ${fields[0].name} }`];
    const documents = unknown.map((text) => documentOf(type.name, text));
    if (leaves.length > 0) documents.push(documentOf(type.name, `${leaves[0].name} { __typename }`));
    if (leaves.length > 1) documents.push(documentOf(type.name, `x: ${leaves[0].name} x: ${leaves.at(-1).name}`));
    if (objects.length > 0) documents.push(documentOf(type.name, objects[0].name));
    // A subscription must have exactly one field.
    if (all && type.name !== 'Subscription') documents.push(documentOf(type.name, all));
    return documents;
  });
}

/**
 * Returns documents in which a fragment on one composite type is spread inside another type, for a sample of all
 * pairs of types.
 */
function spreads() {
  const next = random(SEED + 3);
  const pairs = compositeTypes.flatMap((outer) => compositeTypes.map((inner) => [outer.name, inner.name]));
  return sample(next, pairs, 100).map(([outer, inner], index) => {
    if (index % 2 === 0) return documentOf(outer, `... on ${inner} { __typename }`);
    return `${documentOf(outer, '...F')} fragment F on ${inner} { __typename }`;
  });
}

export const generated = [...literals(), ...variables(), ...fieldsOfObjects(), ...selections(), ...spreads()];

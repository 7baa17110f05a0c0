// Input positions of the schema: every argument of every field, and every field of every input object. Each position
// has a function that returns a document with a value at the position.
import { getNamedType, isInputObjectType, isLeafType, isRequiredArgument } from 'graphql';
import { minimal, objectWith } from './literals.mjs';
import { compositeTypes, inputTypes, schema } from '../schema.mjs';

const list = (given) => (given.length > 0 ? `(${given.join(', ')})` : '');

/** Returns a field with its required arguments, and with the argument `name` if it is given. */
function call(field, name, literal) {
  const required = field.args.filter((argument) => isRequiredArgument(argument) && argument.name !== name);
  const given = required.map((argument) => `${argument.name}: ${minimal(argument.type)}`);
  if (name) given.push(`${name}: ${literal}`);
  return field.name + list(given);
}

/** Returns a minimal selection for the type of a field. It is empty for a leaf type. */
const selectionOf = (field) => (isLeafType(getNamedType(field.type)) ? '' : ' { __typename }');

/** For each type, a function that returns a short document with a selection on the type. */
const documents = new Map([
  ['Query', (selection, definitions) => `${definitions ? `query(${definitions}) ` : ''}{ ${selection} }`],
  ['Mutation', (selection, definitions) => `mutation${definitions ? `(${definitions})` : ''} { ${selection} }`],
  ['Subscription', (selection, definitions) => `subscription${definitions ? `(${definitions})` : ''} { ${selection} }`],
]);
for (const name of documents.keys()) {
  for (const field of Object.values(schema.getType(name).getFields())) {
    const target = getNamedType(field.type).name;
    if (isLeafType(getNamedType(field.type)) || documents.has(target)) continue;
    const around = documents.get(name);
    documents.set(target, (selection, definitions) => around(`${call(field)} { ${selection} }`, definitions));
  }
}
for (const type of compositeTypes) {
  if (documents.has(type.name)) continue;
  const [first] = schema.getPossibleTypes(type).filter((possible) => documents.has(possible.name));
  const around = documents.get(first.name);
  documents.set(type.name, (selection, definitions) => around(`... on ${type.name} { ${selection} }`, definitions));
}

/** Returns a document that contains a selection on a type. */
export function documentOf(typeName, selection, definitions = '') {
  return documents.get(typeName)(selection, definitions);
}

/**
 * Every argument of every field. `document(literal, definitions)` returns a document that passes the literal as the
 * argument.
 */
export const argumentPositions = compositeTypes.flatMap((type) => {
  return Object.values(type.getFields()).flatMap((field) => {
    return field.args.map((argument) => ({
      name: `${type.name}.${field.name}(${argument.name}:)`,
      type: argument.type,
      hasDefault: argument.defaultValue !== undefined,
      document: (literal, definitions) => {
        return documentOf(type.name, call(field, argument.name, literal) + selectionOf(field), definitions);
      },
    }));
  });
});

/** For each input object type, a function that returns a document with a literal of the type. */
const objects = new Map();
for (const position of argumentPositions) {
  const type = getNamedType(position.type);
  if (isInputObjectType(type) && !objects.has(type.name)) objects.set(type.name, position.document);
}
for (const name of objects.keys()) {
  const type = schema.getType(name);
  for (const field of Object.values(type.getFields())) {
    const target = getNamedType(field.type);
    if (!isInputObjectType(target) || objects.has(target.name)) continue;
    const around = objects.get(name);
    objects.set(target.name, (literal, definitions) => around(objectWith(type, field.name, literal), definitions));
  }
}

/** Every field of every input object type, like `argumentPositions`. */
export const inputFieldPositions = inputTypes.flatMap((type) => {
  return Object.values(type.getFields()).map((field) => ({
    name: `${type.name}.${field.name}`,
    type: field.type,
    hasDefault: field.defaultValue !== undefined,
    isOneOf: type.isOneOf,
    document: (literal, definitions) => objects.get(type.name)(objectWith(type, field.name, literal), definitions),
  }));
});

export const positions = [...argumentPositions, ...inputFieldPositions];

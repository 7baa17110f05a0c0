// The reference for the execution test: graphql-js executes a request and reads the data from Dateline. graphql-js
// coerces variables and arguments, applies defaults and directives, merges fields and orders keys. It reads each
// field from Dateline with a separate query that has no variables, directives or aliases.
import {
  GraphQLError, execute, getNamedType, isAbstractType, isEnumType, isInputObjectType, isLeafType, isListType,
  isNonNullType,
} from 'graphql';
import { postJson } from './requests.mjs';
import { validateText } from './rules.mjs';
import { schema } from './schema.mjs';

/** Returns a coerced value of an input type as a GraphQL literal. */
export function literal(value, type) {
  if (isNonNullType(type)) return literal(value, type.ofType);
  if (value === null) return 'null';
  if (isListType(type)) return `[${value.map((item) => literal(item, type.ofType)).join(', ')}]`;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(({ name }) => value[name] !== undefined);
    return `{${fields.map((field) => `${field.name}: ${literal(value[field.name], field.type)}`).join(', ')}}`;
  }
  return isEnumType(type) ? value : JSON.stringify(value);
}

/** Returns a field with its coerced arguments written as literals. */
export function call(field, args) {
  const given = field.args.filter(({ name }) => args[name] !== undefined);
  if (given.length === 0) return field.name;
  return `${field.name}(${given.map(({ name, type }) => `${name}: ${literal(args[name], type)}`).join(', ')})`;
}

/** Returns a query with a selection on the object to which the steps (fields from the root) lead. */
function queryAt(steps, selection) {
  const around = (inner, { text, on }) => `${text} { ${on ? `... on ${on} { ${inner} }` : inner} }`;
  return `{ ${[...steps].reverse().reduce(around, selection)} }`;
}

/** Returns the response path of the object to which the steps lead. */
const pathOf = (steps) => steps.flatMap(({ name, indexes }) => [name, ...indexes]);

/** Returns an executor. Its function `run({ query, variables, operationName })` returns the result of graphql-js. */
export function referenceOf(server, headers = {}) {
  const answers = new Map();
  const ask = (query) => {
    if (!answers.has(query)) answers.set(query, postJson(server, { query }, headers));
    return answers.get(query);
  };

  /** Converts a field value for graphql-js. An object becomes the steps that lead to it from the root. */
  function wrap(value, step, steps) {
    if (value === null) return null;
    if (Array.isArray(value)) {
      return value.map((item, index) => wrap(item, { ...step, indexes: [...step.indexes, index] }, steps));
    }
    const { isAbstract, ...rest } = step;
    return { typeName: value.__typename, steps: [...steps, { ...rest, on: isAbstract ? value.__typename : null }] };
  }

  async function fieldResolver(source, args, _context, info) {
    const steps = source?.steps ?? [];
    const text = call(info.parentType.getFields()[info.fieldName], args);
    const type = getNamedType(info.returnType);
    const query = queryAt(steps, isLeafType(type) ? text : `${text} { __typename }`);
    const { data, errors = [] } = await ask(query);
    if (data === undefined) throw new Error(`a query of one field was rejected: ${query}: ${JSON.stringify(errors)}`);
    const path = [...pathOf(steps), info.fieldName];
    const error = errors.find((of) => JSON.stringify(of.path) === JSON.stringify(path));
    if (error) throw new GraphQLError(error.message, { extensions: error.extensions });
    const value = path.reduce((at, part) => at[part], data);
    if (isLeafType(type)) return value;
    return wrap(value, { text, name: info.fieldName, indexes: [], isAbstract: isAbstractType(type) }, steps);
  }

  async function run({ query, variables, operationName }) {
    const { document, violated } = validateText(query);
    if (violated.length > 0) return { errors: violated.map((message) => ({ message })) };
    return execute({
      schema,
      document,
      variableValues: variables,
      operationName,
      fieldResolver,
      typeResolver: ({ typeName }) => typeName,
    });
  }
  return { run, queries: answers };
}

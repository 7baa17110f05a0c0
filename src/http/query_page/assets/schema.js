// The schema of the API, read by introspection.
import { post } from "./client.js";

const QUERY = `{
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description possibleTypes { name }
      fields { name description args { name description type { ...T } } type { ...T } }
      inputFields { name description type { ...T } }
      enumValues { name description }
    }
  }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

/** The schema cannot be read. The message says why. */
export class SchemaError extends Error {}

/** Loads the schema. `headers` can contain a token. */
export async function loadSchema(headers) {
  const response = await post({ query: QUERY }, headers);
  const { data, errors } = await response.json();
  if (!data?.__schema) {
    const isHidden = errors?.[0]?.extensions?.code === "INTROSPECTION_DISABLED";
    throw new SchemaError(isHidden
      ? "This server does not show its schema to the public. Queries can be run, but there are no suggestions. "
        + "Enter a token to read the schema, or read the file schema.graphql of Dateline."
      : `The schema cannot be read: ${errors?.[0]?.message ?? `status ${response.status}`}`);
  }
  const { types, queryType, mutationType, subscriptionType } = data.__schema;
  const roots = { query: queryType?.name, mutation: mutationType?.name, subscription: subscriptionType?.name };
  return { types: new Map(types.map((type) => [type.name, type])), roots };
}

/** Returns a type in the syntax of GraphQL, for example `[String!]`. */
export function typeText(type) {
  if (type.kind === "NON_NULL") return `${typeText(type.ofType)}!`;
  return type.kind === "LIST" ? `[${typeText(type.ofType)}]` : type.name;
}

/** Returns the name of a type without its lists and exclamation marks. */
export function typeName(type) {
  return type?.ofType ? typeName(type.ofType) : type?.name;
}

/** Returns fields, input fields and enum values of a type. */
export function membersOf(type) {
  return [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])];
}

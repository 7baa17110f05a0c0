// Reads schema.graphql as a graphql-js schema.
import { readFileSync } from 'node:fs';
import {
  buildSchema, isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType, isSpecifiedScalarType,
} from 'graphql';
import { SCHEMA } from '../server.mjs';
import { attachScalars } from './scalars.mjs';

export const schema = attachScalars(buildSchema(readFileSync(SCHEMA, 'utf8')));

/** The types of schema.graphql, without the introspection types and the built-in scalars. */
export const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

/** The object and interface types of schema.graphql, which have fields to select. */
export const compositeTypes = types.filter((type) => isObjectType(type) || isInterfaceType(type));

export const inputTypes = types.filter(isInputObjectType);

/** All names that the schema defines: types, fields, arguments, input fields and enum values. */
export function schemaNames() {
  const names = new Set(types.map((type) => type.name));
  for (const type of types) {
    if (isEnumType(type)) type.getValues().forEach((value) => names.add(value.name));
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      names.add(field.name);
      for (const argument of field.args ?? []) names.add(argument.name);
    }
  }
  return names;
}

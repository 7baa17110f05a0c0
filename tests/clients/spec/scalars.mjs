// The checks of custom scalars in src/graphql/base/scalars.rs, repeated in JavaScript, so that graphql-js accepts the
// same values as Dateline.
import { GraphQLError, Kind } from 'graphql';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** Returns whether a text is a calendar date from 0001-01-01 to 9999-12-31. */
export function isDate(text) {
  const [, year, month, day] = text.match(DATE)?.map(Number) ?? [];
  if (!year || !month || !day || month > 12) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}

/**
 * Returns whether a text is an instant with a UTC offset, in the years 0001 to 9999 in UTC. Leap seconds are not
 * accepted.
 */
export function isDateTime(text) {
  const parts = text.match(DATE_TIME);
  if (!parts || !isDate(parts[1])) return false;
  const [hour, minute, second] = parts.slice(2, 5).map(Number);
  const [offsetHour, offsetMinute] = [Number(parts[7] ?? 0), Number(parts[8] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return false;
  const local = Date.parse(`${parts[1]}T${parts[2]}:${parts[3]}:${parts[4]}Z`);
  const offset = (parts[6] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute) * 60_000;
  const year = new Date(local - offset).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** The check of scalars that accept any text. Dateline checks the format of these texts in the resolvers. */
const accepted = () => true;

const CHECKS = {
  Date: isDate,
  DateTime: isDateTime,
  Duration: accepted,
  LanguageTag: accepted,
  LocalDateTime: accepted,
  Slug: accepted,
  TimeZone: accepted,
  URL: accepted,
};

/** Adds the checks in this file to the custom scalars of a schema. */
export function attachScalars(schema) {
  for (const [name, isValid] of Object.entries(CHECKS)) {
    const scalar = schema.getType(name);
    scalar.parseValue = (value) => {
      if (typeof value === 'string' && isValid(value)) return value;
      throw new GraphQLError(`not a ${name}: ${JSON.stringify(value)}`);
    };
    scalar.parseLiteral = (node) => {
      if (node.kind !== Kind.STRING) throw new GraphQLError(`not a ${name}: ${node.kind}`, { nodes: node });
      return scalar.parseValue(node.value);
    };
    scalar.serialize = (value) => value;
  }
  return schema;
}

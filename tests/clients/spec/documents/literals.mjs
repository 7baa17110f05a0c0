// Returns GraphQL literals for an input type: literals that the type accepts, and literals that violate
// ValuesOfCorrectTypeRule.
import { isEnumType, isInputObjectType, isListType, isNonNullType, isRequiredInputField } from 'graphql';

const ACCEPTED = {
  Boolean: ['true', 'false'],
  Date: ['"2006-05-08"', '"2004-02-29"', '"""2006-05-08"""'],
  DateTime: ['"2006-05-08T09:00:00Z"', '"2006-05-08T09:00:00.25+07:00"'],
  Duration: ['"P30D"'],
  Float: ['1.5', '3', '-0.25', '1e2'],
  ID: ['"none"', '5', '99999999999', '"""none"""'],
  Int: ['1', '7', '2147483647', '-0'],
  LanguageTag: ['"en"'],
  LocalDateTime: ['"2026-03-29T09:00"'],
  Slug: ['"none"'],
  String: ['"text"', '""', '"""text"""'],
  TimeZone: ['"UTC"'],
  URL: ['"https://example.org/"'],
};

const TEXT_REFUSED = ['1', '1.5', 'true', 'text', '{a: "b"}', '["a"]'];

const REFUSED = {
  Boolean: ['"true"', '1', '0', 'TRUE', '1.0', '{}', '[true]'],
  Date: ['20060508', '"2006-02-30"', '"2006-5-8"', '"0000-01-01"', '"2006-05-08T09:00:00Z"', 'TODAY', '["2006-05-08"]'],
  DateTime: ['1147078800', '"2006-05-08"', '"2006-05-08T09:00:00"', '"2006-05-08T25:00:00Z"', '"2016-12-31T23:59:60Z"'],
  Duration: TEXT_REFUSED,
  Float: ['"1.5"', 'true', 'INFINITY', '{a: 1}', '[1.5]'],
  ID: ['1.5', 'true', 'none', '{id: "none"}', '["none"]'],
  Int: ['"1"', '1.0', '1.5', '1e3', 'true', 'ONE', '2147483648', '-2147483649', '99999999999999999999', '[1]', '{}'],
  LanguageTag: TEXT_REFUSED,
  LocalDateTime: TEXT_REFUSED,
  Slug: TEXT_REFUSED,
  String: TEXT_REFUSED,
  TimeZone: TEXT_REFUSED,
  URL: TEXT_REFUSED,
};

/** Returns the shortest literal that a type accepts. */
export function minimal(type) {
  if (isNonNullType(type)) return minimal(type.ofType);
  if (isListType(type)) return `[${minimal(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0].name;
  return isInputObjectType(type) ? objectWith(type) : ACCEPTED[type.name][0];
}

const given = (field) => `${field.name}: ${minimal(field.type)}`;

/** Returns a literal of an input object type with its required fields, and with the field `name` if it is given. */
export function objectWith(type, name, literal) {
  const all = Object.values(type.getFields());
  const required = type.isOneOf ? (name ? [] : all.slice(0, 1)) : all.filter(isRequiredInputField);
  const fields = required.filter((field) => field.name !== name).map(given);
  if (name) fields.push(`${name}: ${literal}`);
  return `{${fields.join(', ')}}`;
}

/** Returns literals that a type accepts. */
export function accepted(type) {
  if (isNonNullType(type)) return accepted(type.ofType).filter((literal) => literal !== 'null');
  if (isListType(type)) {
    const items = accepted(type.ofType);
    return [`[${items[0]}]`, `[${items.join(', ')}]`, '[]', items.at(-1), 'null'];
  }
  if (isEnumType(type)) return [...type.getValues().map((value) => value.name), 'null'];
  return [...(isInputObjectType(type) ? acceptedObjects(type) : ACCEPTED[type.name]), 'null'];
}

function acceptedObjects(type) {
  const fields = Object.values(type.getFields());
  const objects = fields.map((field) => objectWith(type, field.name, minimal(field.type)));
  if (type.isOneOf) return objects;
  return [`{${fields.map(given).join(', ')}}`, objectWith(type), ...objects];
}

/** Returns literals that a type does not accept. */
export function refused(type) {
  if (isNonNullType(type)) return ['null', ...refused(type.ofType)];
  if (isListType(type)) {
    const items = refused(type.ofType);
    const single = items.filter((literal) => literal !== 'null' && !literal.startsWith('['));
    return [...items.map((literal) => `[${literal}]`), `[${minimal(type.ofType)}, ${items.at(-1)}]`, ...single];
  }
  if (isEnumType(type)) return refusedEnums(type);
  return isInputObjectType(type) ? refusedObjects(type) : REFUSED[type.name];
}

function refusedEnums(type) {
  const [{ name }] = type.getValues();
  return [`"${name}"`, name.toLowerCase(), `${name}S`, '1', '0.5', 'false', `{a: ${name}}`, `[${name}]`];
}

function refusedObjects(type) {
  const fields = Object.values(type.getFields());
  const texts = ['1', '"text"', 'true', 'TEXT', `[${objectWith(type)}]`, objectWith(type, 'unknown', '1')];
  if (type.isOneOf) {
    texts.push('{}', `{${fields.slice(0, 2).map(given).join(', ')}}`, `{${fields.map(given).join(', ')}}`);
    texts.push(`{${fields[0].name}: null}`, `{${given(fields[0])}, ${fields[1].name}: null}`);
  }
  for (const missing of fields.filter(isRequiredInputField)) {
    const others = fields.filter((field) => isRequiredInputField(field) && field !== missing);
    texts.push(`{${others.map(given).join(', ')}}`);
  }
  for (const field of fields.filter(({ type: of }) => isNonNullType(of))) {
    texts.push(objectWith(type, field.name, 'null'));
  }
  return texts;
}

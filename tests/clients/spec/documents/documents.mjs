// All documents of the validation test, without duplicates. Each document comes with the rules that it violates
// according to graphql-js.
import { Kind, OperationTypeNode } from 'graphql';
import { edits } from './edits.mjs';
import { generated } from './generator.mjs';
import { invalid } from './invalid.mjs';
import { overlaps } from './overlaps.mjs';
import { validateText } from '../rules.mjs';
import { syntax } from './syntax.mjs';
import { valid } from './valid.mjs';
import { values } from './values.mjs';

/** Handwritten documents. `tag` is the rule that a document is meant to violate, or `null` for a valid document. */
const tagged = [
  ...valid.map((text) => ({ text, tag: null })),
  ...Object.entries(invalid).flatMap(([tag, texts]) => texts.map((text) => ({ text, tag }))),
];

const untagged = [...syntax, ...values, ...overlaps, ...generated, ...edits].map((text) => ({ text }));

function describe({ text, tag }) {
  const { document, violated, message } = validateText(text);
  const operations = document?.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION) ?? [];
  const isSubscription = ({ operation }) => operation === OperationTypeNode.SUBSCRIPTION;
  return {
    text,
    tag,
    violated,
    message,
    isValid: violated.length === 0,
    // If a document has several operations, the request must name one. Otherwise the server would reject the request
    // for that reason.
    operationName: operations.length > 1 ? operations.find(({ name }) => name)?.name.value : undefined,
    followsChanges: document ? operations.some(isSubscription) : text.includes('subscription'),
  };
}

const byText = new Map();
for (const document of [...tagged, ...untagged]) {
  if (!byText.has(document.text)) byText.set(document.text, document);
}

export const documents = [...byText.values()].map(describe);

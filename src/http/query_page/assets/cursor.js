// What can be written at a position in a query: fields, arguments, input fields, enum values, types.
import { typeName, typeText } from "./schema.js";

const TOKEN = /"""[^]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?|#[^\n]*|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|-?[0-9][0-9.eE+-]*|[^\s,]/g;
const NAME = /^[_A-Za-z]/;
const OPERATIONS = ["query", "mutation", "subscription"];

/**
 * Returns the suggestions at a position: `from` is the start of the word that a suggestion replaces, and `items` are
 * the suggestions that begin with that word: name, detail and description.
 */
export function suggestionsAt(schema, text, position) {
  const before = text.slice(0, position);
  const word = before.match(/[_A-Za-z][_0-9A-Za-z]*$/)?.[0] ?? "";
  const from = position - word.length;
  const tokens = tokenize(before.slice(0, from));
  // Nothing is suggested in a comment, in a string, or for the name of a variable or directive.
  const isOpen = tokens === null || ["$", "@"].includes(tokens.at(-1));
  const items = isOpen ? [] : candidates(schema, frameAt(schema, tokens));
  const start = word.toLowerCase();
  const rank = ({ name }) => (name.toLowerCase().startsWith(start) ? 0 : 1);
  const matches = items.filter(({ name }) => name.toLowerCase().includes(start));
  return { from, word, items: matches.sort((a, b) => rank(a) - rank(b)) };
}

/** Splits a text into tokens, without comments. Returns null if the text ends in a comment or string. */
function tokenize(text) {
  const tokens = [];
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const isLast = index + token.length === text.length;
    if (token.startsWith("#")) {
      if (isLast) return null;
      continue;
    }
    const quote = token.startsWith('"""') ? '"""' : '"';
    const isClosed = token.length >= 2 * quote.length && token.endsWith(quote);
    if (isLast && token.startsWith('"') && !isClosed) return null;
    tokens.push(token);
  }
  return tokens;
}

/** Follows the tokens, and returns the frame in which they end: the innermost open bracket with its types. */
function frameAt(schema, tokens) {
  const frames = [{ kind: "document", root: schema.roots.query }];
  tokens.forEach((token, index) => {
    const frame = frames.at(-1);
    const previous = tokens[index - 1];
    frame.previous = token;
    if (token === "(" || token === "{" || token === "[") {
      frames.push(openBracket(schema, frame, token, previous));
    } else if (token === ")" || token === "}" || token === "]") {
      if (frames.length > 1) frames.pop();
      endValue(frames.at(-1));
      if (frames.length === 1 && token === "}") frames[0].root = schema.roots.query;
      frames.at(-1).previous = token;
    } else if (token === ":") {
      frame.isValue = frame.kind !== "selection";
    } else if (NAME.test(token) || frame.isValue) {
      readWord(schema, frame, token, previous);
    }
  });
  return frames.at(-1);
}

function openBracket(schema, frame, bracket, previous) {
  const value = frame.member?.type;
  if (bracket === "[") return { kind: "list", member: { type: value }, isValue: true };
  if (frame.kind === "document") {
    return bracket === "(" ? { kind: "variables" } : { kind: "selection", type: frame.root };
  }
  if (frame.kind === "selection") {
    if (bracket === "(") return { kind: "members", members: frame.directive ? [] : frame.member?.args };
    // `... { }` has the type of the selection around it.
    const type = frame.condition ?? (previous === "..." ? frame.type : typeName(frame.member?.type));
    frame.condition = undefined;
    frame.directive = false;
    return { kind: "selection", type };
  }
  return { kind: "members", members: schema.types.get(typeName(value))?.inputFields };
}

/** After a value, the next word is the name of an argument or input field, or the next element of a list. */
function endValue(frame) {
  if (frame.kind !== "list") frame.isValue = false;
}

function readWord(schema, frame, word, previous) {
  if (frame.kind === "document") {
    if (OPERATIONS.includes(word)) frame.root = schema.roots[word];
    if (previous === "on") frame.root = word;
  } else if (frame.kind === "selection") {
    frame.directive = previous === "@";
    if (frame.directive || previous === "...") return;
    if (previous === "on") {
      frame.condition = word;
      return;
    }
    frame.member = schema.types.get(frame.type)?.fields?.find(({ name }) => name === word);
  } else if (frame.isValue) {
    if (previous !== "$" || frame.kind !== "list") endValue(frame);
  } else {
    frame.member = frame.members?.find(({ name }) => name === word);
  }
}

function candidates(schema, frame) {
  const described = ({ name, type, description }) => ({ name, detail: type ? typeText(type) : "", description });
  const types = (kinds) => [...schema.types.values()]
    .filter(({ kind, name }) => kinds.includes(kind) && !name.startsWith("__"))
    .map(({ name, description }) => ({ name, detail: "", description }));
  if (frame.previous === "on") return types(["OBJECT", "INTERFACE", "UNION"]);
  if (frame.kind === "document") return [...OPERATIONS, "fragment"].map((name) => ({ name, detail: "" }));
  if (frame.kind === "variables") return frame.isValue ? types(["SCALAR", "ENUM", "INPUT_OBJECT"]) : [];
  if (frame.kind === "selection") {
    if (frame.previous === "...") return [{ name: "on", detail: "" }];
    const fields = schema.types.get(frame.type)?.fields ?? [];
    return [...fields.map(described), { name: "__typename", detail: "String!" }];
  }
  if (!frame.isValue) return (frame.members ?? []).map(described);
  const name = typeName(frame.member?.type);
  if (name === "Boolean") return ["true", "false"].map((value) => ({ name: value, detail: "Boolean" }));
  const values = schema.types.get(name)?.enumValues ?? [];
  return values.map(({ name: value, description }) => ({ name: value, detail: name, description }));
}

// The basic query page: runs queries and subscriptions, with examples, recent queries, the schema, and suggestions.
import { BASE, loadExamples, post, queryInAddress, setQueryInAddress, subscribe, variablesText } from "./client.js";
import { addCompletion } from "./completion.js";
import { SchemaError, loadSchema, membersOf, typeText } from "./schema.js";

const RECENT = "dateline.recent";
const TOKEN = "dateline.token";
const MAX_RECENT = 8;
/** Maximum number of events of a subscription that are shown. */
const MAX_EVENTS = 100;

const byId = (id) => document.getElementById(id);

let schema = null;
let schemaMessage = "The schema is being loaded.";
let schemaRequests = 0;
let subscription = null;

function stored(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null;
  }
}

function store(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser may refuse to store anything.
  }
}

function element(name, text, properties = {}) {
  return Object.assign(document.createElement(name), text === undefined ? {} : { textContent: text }, properties);
}

function authorization() {
  const token = byId("token").value.trim();
  return token ? { authorization: `Bearer ${token}` } : {};
}

function show(query, variables) {
  byId("query").value = query;
  byId("variables").value = variablesText(variables);
  byId("query").focus();
}

function listItem(label, query, variables) {
  const item = element("li");
  item.append(element("button", label, { type: "button", onclick: () => show(query, variables) }));
  return item;
}

function showRecent() {
  const recent = stored(localStorage, RECENT) ?? [];
  const items = recent.map(([query, variables]) => listItem(query.replace(/\s+/g, " ").slice(0, 48), query, variables));
  byId("recent").replaceChildren(...items);
  byId("no-recent").hidden = items.length > 0;
}

function keepRecent(query, variables) {
  const others = (stored(localStorage, RECENT) ?? []).filter(([other]) => other !== query);
  store(localStorage, RECENT, [[query, variables], ...others].slice(0, MAX_RECENT));
  showRecent();
}

function setStatus(text, isFailure = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("failed", isFailure);
}

/** Returns the number of user errors in the data. The field that contains them can have an alias. */
function countUserErrors(data) {
  if (!data || typeof data !== "object") return 0;
  const isError = (entry) => entry && typeof entry === "object" && ("message" in entry || "code" in entry);
  if (Array.isArray(data) && data.length > 0 && data.every(isError)) return data.length;
  return Object.values(data).reduce((sum, value) => sum + countUserErrors(value), 0);
}

/** Returns true if the operation is a subscription. A query page runs documents with one operation. */
function isSubscription(query) {
  return /^\s*subscription\b/m.test(query.replace(/#.*/g, ""));
}

async function runOnce(body) {
  const begun = performance.now();
  const response = await post(body, authorization());
  const text = await response.text();
  const milliseconds = (performance.now() - begun).toFixed(1);
  let failed = response.status !== 200;
  let refused = 0;
  try {
    const result = JSON.parse(text);
    byId("result").textContent = JSON.stringify(result, null, 2);
    failed ||= Boolean(result.errors);
    refused = countUserErrors(result.data);
  } catch {
    byId("result").textContent = text;
  }
  const errors = `${refused} userError${refused === 1 ? "" : "s"}`;
  const outcome = failed ? "Refused or failed" : refused ? `Refused with ${errors}` : "Answered";
  const size = text.length.toLocaleString("en");
  setStatus(`${outcome} (${response.status}) after ${milliseconds} ms, ${size} characters`, failed || refused > 0);
}

async function runSubscription(body) {
  const events = [];
  byId("result").textContent = "";
  setStatus("Subscribed. Each event is shown when it arrives.");
  subscription = subscribe(body, authorization());
  byId("run").textContent = "Stop";
  try {
    for await (const result of subscription) {
      events.unshift(JSON.stringify(result, null, 2));
      byId("result").textContent = events.slice(0, MAX_EVENTS).join("\n\n");
      setStatus(`${events.length} event${events.length === 1 ? "" : "s"}, the newest first.`, Boolean(result.errors));
    }
  } finally {
    subscription = null;
    byId("run").textContent = "Run";
    setStatus(`${byId("status").textContent} The subscription has ended.`);
  }
}

async function run() {
  if (subscription) {
    await subscription.return();
    return;
  }
  let variables;
  try {
    variables = JSON.parse(byId("variables").value.trim() || "{}");
  } catch (error) {
    setStatus(`The variables are not JSON: ${error.message}`, true);
    return;
  }
  const query = byId("query").value;
  setQueryInAddress(query, variables);
  keepRecent(query, variables);
  setStatus("Running …");
  try {
    await (isSubscription(query) ? runSubscription : runOnce)({ query, variables });
  } catch (error) {
    setStatus(`The server does not answer: ${error.message}`, true);
  }
}

function schemaEntry(type, members, isOpen) {
  const details = element("details", undefined, { open: isOpen });
  details.append(element("summary", type.name));
  if (type.description) details.append(element("p", type.description, { className: "note" }));
  if (members.length === 0) return details;
  const list = element("dl");
  for (const member of members) {
    const args = (member.args ?? []).map((arg) => `${arg.name}: ${typeText(arg.type)}`).join(", ");
    const signature = `${member.name}${args ? `(${args})` : ""}${member.type ? `: ${typeText(member.type)}` : ""}`;
    list.append(element("dt", signature), element("dd", member.description ?? ""));
  }
  details.append(list);
  return details;
}

function showSchema() {
  const wanted = byId("find").value.trim().toLowerCase();
  const rank = ({ name }) => Object.values(schema.roots).indexOf(name) >>> 0;
  const types = [...schema.types.values()].filter(({ name }) => !name.startsWith("__"));
  types.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  const matches = (name) => name.toLowerCase().includes(wanted);
  const entries = types.flatMap((type) => {
    const members = membersOf(type).filter(({ name }) => matches(type.name) || matches(name));
    return members.length > 0 || matches(type.name) ? [schemaEntry(type, members, wanted !== "" && members.length < 12)] : [];
  });
  byId("schema").replaceChildren(...(entries.length > 0 ? entries : [element("p", "Nothing found.", { className: "note" })]));
}

async function readSchema() {
  schemaRequests += 1;
  const own = schemaRequests;
  let loaded = null;
  let message = "";
  try {
    loaded = await loadSchema(authorization());
  } catch (error) {
    message = error instanceof SchemaError ? error.message : `The schema cannot be read: ${error.message}`;
  }
  // The request with a later token may have been faster.
  if (own !== schemaRequests) return;
  schema = loaded;
  schemaMessage = message;
  byId("find").disabled = !schema;
  if (schema) showSchema();
  else byId("schema").replaceChildren(element("p", schemaMessage, { className: "note" }));
}

async function showExamples() {
  const examples = await loadExamples();
  byId("examples").replaceChildren(...examples.map(({ label, query, variables }) => listItem(label, query, variables)));
  if (!byId("query").value) show(examples[0].query, examples[0].variables);
}

function showAddress() {
  const shared = queryInAddress();
  if (shared) show(shared.query, shared.variables);
  // The link to GraphiQL opens the same query.
  const link = byId("graphiql-link");
  link?.addEventListener("click", () => {
    link.href = `${BASE}/graphiql${location.hash}`;
  });
}

byId("token").value = stored(sessionStorage, TOKEN) ?? "";
// The schema that a caller may read can depend on the token.
byId("token").onchange = () => {
  store(sessionStorage, TOKEN, byId("token").value);
  readSchema();
};
byId("find").oninput = showSchema;
byId("run").onclick = run;
byId("unavailable").hidden = new URLSearchParams(location.search).get("graphiql") !== "unavailable";
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
addEventListener("hashchange", showAddress);
addCompletion({
  area: byId("query"),
  list: byId("suggestions"),
  status: byId("completion-status"),
  schema: () => schema,
  unavailable: () => schemaMessage,
});
showAddress();
showRecent();
showExamples();
readSchema();

// Loads GraphiQL and starts it. If it cannot be loaded, opens the basic query page with the same query.
import { BASE, loadExamples, post, queryInAddress, setQueryInAddress, subscribe, variablesText } from "./client.js";

/** Maximum time for loading GraphiQL, in milliseconds. A host that does not respond causes no error event. */
const TIMEOUT_MS = 30_000;

/** Adds an element that loads a file. The promise is rejected if the file is missing, blocked, or has another hash. */
function loadFile(element, { integrity }) {
  return new Promise((resolve, reject) => {
    Object.assign(element, { integrity, crossOrigin: "anonymous", onload: resolve, onerror: reject });
    document.head.append(element);
  });
}

function loadFiles({ styles, scripts }) {
  const element = (name, properties) => Object.assign(document.createElement(name), properties);
  const style = (file) => loadFile(element("link", { rel: "stylesheet", href: file.url }), file);
  // `async = false`: the scripts run in the order of the list.
  const script = (file) => loadFile(element("script", { async: false, src: file.url }), file);
  const timeout = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("timeout")), TIMEOUT_MS);
  });
  return Promise.race([Promise.all([...styles.map(style), ...scripts.map(script)]), timeout]);
}

function openBasicPage() {
  location.replace(`${BASE}/graphiql/basic?graphiql=unavailable${location.hash}`);
}

function showNotice(text) {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  notice.hidden = text === "";
}

/** Says what is possible if the server does not show its schema. */
function reportIntrospection({ data, errors }) {
  if (data?.__schema) showNotice("");
  if (errors?.[0]?.extensions?.code !== "INTROSPECTION_DISABLED") return;
  showNotice("This server does not show its schema to the public, so there is no documentation and no completion. Queries "
    + "can be run. To read the schema, write your token in the tab “Headers” and select “Re-fetch GraphQL schema”.");
}

/** Text of the header editor in a new tab. */
const HEADERS = '{\n  "Authorization": "Bearer "\n}';

/** Leaves out headers without a value, such as the `Authorization` of a new tab. */
function headersWithValue(headers) {
  const hasValue = ([, value]) => !["", "Bearer"].includes(String(value).trim());
  return Object.fromEntries(Object.entries(headers ?? {}).filter(hasValue));
}

/**
 * Returns the operation of a document that has the name. After a change of the tab, GraphiQL gives the name of the
 * earlier tab for a moment, so a name that the document lacks means the first operation. Returns undefined if the
 * document cannot be parsed.
 */
function findOperation(parse, document, name) {
  try {
    const operations = parse(document).definitions.filter(({ kind }) => kind === "OperationDefinition");
    return operations.find((operation) => operation.name?.value === name) ?? operations[0];
  } catch {
    // The server reports the error with its position.
    return undefined;
  }
}

/** Runs an operation for GraphiQL. Returns a result, or an async iterator of results for a subscription. */
function fetcherWith(parse) {
  return async ({ query, variables, operationName }, options) => {
    const headers = headersWithValue(options?.headers);
    const operation = findOperation(parse, query, operationName);
    const body = { query, variables, operationName: operation?.name?.value };
    const isIntrospection = operationName === "IntrospectionQuery";
    if (!isIntrospection) setQueryInAddress(query, variables);
    if (operation?.operation === "subscription") return subscribe(body, headers);
    const response = await post(body, headers);
    const result = await response.json();
    if (isIntrospection) reportIntrospection(result);
    return result;
  };
}

/**
 * Storage for GraphiQL that never keeps headers. With `shouldPersistHeaders: false`, the history of GraphiQL still
 * stores the headers of each query, and they contain a token.
 */
const storageWithoutHeaders = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => key !== "graphiql:headers" && localStorage.setItem(key, withoutHeaders(value)),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => storedKeys().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return storedKeys().length;
  },
};

function storedKeys() {
  return Object.keys(localStorage).filter((key) => key.startsWith("graphiql:"));
}

/** Sets all members `headers` in a JSON text to null. Other texts stay the same. GraphiQL refuses tabs without the member. */
function withoutHeaders(value) {
  try {
    const json = JSON.parse(value);
    const keep = (name, member) => (name === "headers" ? null : member);
    return json && typeof json === "object" ? JSON.stringify(json, keep) : value;
  } catch {
    return value;
  }
}

/** Returns the tabs of the first visit: the query in the address, and the examples. */
function firstTabs(shared, examples) {
  const tab = ({ query, variables }) => ({ query, variables: variablesText(variables), headers: HEADERS });
  return [...(shared ? [shared] : []), ...examples].map(tab);
}

async function start() {
  const examples = await loadExamples();
  const { React, ReactDOM, GraphiQL, GraphiQLPluginExplorer } = window;
  const shared = queryInAddress();
  const logo = React.createElement(GraphiQL.Logo, null, React.createElement("a", { href: `${BASE}/` }, "Dateline"));
  const page = React.createElement(GraphiQL, {
    fetcher: fetcherWith(GraphiQL.GraphQL.parse),
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    defaultTabs: firstTabs(shared, examples),
    query: shared?.query,
    variables: shared ? variablesText(shared.variables) : undefined,
    defaultHeaders: HEADERS,
    isHeadersEditorEnabled: true,
    // A token must not stay in the storage of the browser.
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
    storage: storageWithoutHeaders,
  }, logo);
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
  addEventListener("hashchange", () => location.reload());
}

loadFiles(JSON.parse(document.getElementById("files").textContent)).then(start).catch(openBasicPage);

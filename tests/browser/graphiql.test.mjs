// Tests of GraphiQL at /graphiql in Chromium, with its files from a local server instead of a CDN.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { serve } from '../clients/server.mjs';
import { launch } from './browser.mjs';
import { installedFile, serveFiles } from './cdn.mjs';

/** Options for `test`: a time limit, so that no test hangs. */
const LIMITED = { timeout: 120_000 };

let files, server, site, browser;

before(async () => {
  files = await serveFiles();
  server = await serve({ DATELINE_GRAPHIQL_BASE_URL: files.url });
  site = siteOf(server);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await files?.stop();
});

function siteOf({ url }) {
  return url.replace(/\/graphql$/, '');
}

/** Returns the address of a query page with a query. */
const addressOf = (query, variables = {}) => `#${encodeURIComponent(JSON.stringify([query, variables]))}`;

/**
 * Opens GraphiQL in a new context, which has no stored tabs, and waits until it has read the schema. Fails if the page
 * has an error, which includes everything that its content security policy blocks.
 */
async function withGraphiql(hash, use, origin = site) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  try {
    const schema = page.waitForResponse((response) => response.request().postData()?.includes('IntrospectionQuery'));
    await page.goto(`${origin}/graphiql${hash}`);
    await page.locator('.graphiql-query-editor .CodeMirror').waitFor();
    await page.locator('.graphiql-response .CodeMirror').waitFor();
    await schema;
    await use(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(problems, [], 'errors of the page');
}

/** Opens the tab of an example. */
async function openTab(page, name) {
  await page.getByRole('button', { name, exact: true }).click();
  await page.locator('.graphiql-query-editor .CodeMirror-line', { hasText: name }).waitFor();
}

const execute = (page) => page.getByRole('button', { name: /^Execute query/ }).click();

/** Waits until the response on the page contains a text. */
const seeResponse = (page, text) => page.locator('.graphiql-response', { hasText: text }).waitFor();

/** Writes the headers of the current tab. */
async function writeHeaders(page, token) {
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await page.locator('.graphiql-editor:not(.hidden) .CodeMirror').last().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(`{"Authorization": "Bearer ${token}"}`);
}

/** Runs a mutation as the editor of the demo newsroom, without a browser. */
async function mutate(query, variables) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return Object.values(data)[0];
}

test('the integrity hashes are those of the files in the npm packages', LIMITED, async () => {
  const html = await (await fetch(`${site}/graphiql`)).text();
  const { styles, scripts } = JSON.parse(html.match(/<script type="application\/json" id="files">(.*?)<\/script>/s)[1]);
  assert.equal(styles.length + scripts.length, 6);
  for (const { url, integrity } of [...styles, ...scripts]) {
    assert.ok(url.startsWith(`${files.url}/`), url);
    const content = await installedFile(url.slice(files.url.length + 1));
    assert.equal(integrity, `sha384-${createHash('sha384').update(content).digest('base64')}`, url);
  }
});

test('the documentation shows the schema', LIMITED, async () => {
  await withGraphiql('', async (page) => {
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const documentation = page.locator('.graphiql-doc-explorer');
    await documentation.getByText('Query', { exact: true }).click();
    await documentation.getByText('releaseStats', { exact: true }).click();
    await documentation.getByText('ReleaseStats', { exact: false }).first().waitFor();
  });
});

test('the explorer lists the fields of the schema', LIMITED, async () => {
  await withGraphiql('', async (page) => {
    await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
    await page.locator('.docExplorerWrap').getByText('trendingTopics', { exact: true }).waitFor();
  });
});

test('field names are completed', LIMITED, async () => {
  await withGraphiql(addressOf('{\n  releaseSt\n}'), async (page) => {
    await page.locator('.graphiql-query-editor .CodeMirror-line', { hasText: 'releaseSt' }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Control+Space');
    await page.locator('.CodeMirror-hints').getByText('releaseStats', { exact: true }).click();
    await page.locator('.graphiql-query-editor .CodeMirror-line', { hasText: 'releaseStats' }).waitFor();
  });
});

test('the examples are tabs, and an example can be run', LIMITED, async () => {
  const examples = await (await fetch(`${site}/graphiql/assets/examples.json`)).json();
  await withGraphiql('', async (page) => {
    const names = await page.locator('.graphiql-tab-button').allTextContents();
    assert.deepEqual(names, examples.map(({ query }) => query.match(/^\w+ (\w+)/)[1]));
    await openTab(page, 'Dashboard');
    await execute(page);
    await seeResponse(page, '"cumulative"');
  });
});

test('a query in the address opens in a tab, also if tabs are stored', LIMITED, async () => {
  const query = 'query FromAddress($first: Int!) { releases(first: $first) { nodes { slug } totalCount } }';
  await withGraphiql(addressOf(query, { first: 1 }), async (page) => {
    const active = page.locator('.graphiql-tab-active');
    assert.equal(await active.locator('.graphiql-tab-button').textContent(), 'FromAddress');
    await execute(page);
    await seeResponse(page, '"totalCount": 148');
    // GraphiQL stores its tabs a moment after a change.
    await page.waitForFunction(() => localStorage.getItem('graphiql:tabState')?.includes('FromAddress'));
    // A link to another query opens a further tab.
    await page.evaluate((hash) => { location.hash = hash; }, addressOf('query SecondAddress { viewer { name } }'));
    await page.locator('.graphiql-tab-active', { hasText: 'SecondAddress' }).waitFor();
    await page.locator('.graphiql-tab-button', { hasText: 'FromAddress' }).first().waitFor();
    // A tab in the address that exists already is not opened again.
    const count = await page.locator('.graphiql-tab-button').count();
    await page.reload();
    await page.locator('.graphiql-tab-active', { hasText: 'SecondAddress' }).waitFor();
    assert.equal(await page.locator('.graphiql-tab-button').count(), count);
  });
});

test('a mutation runs with the token in the headers', LIMITED, async () => {
  const mutation = 'mutation { releaseCreate(input: { headline: "Written in GraphiQL" }) { release { slug } userErrors { message } } }';
  await withGraphiql(addressOf(mutation), async (page) => {
    await writeHeaders(page, server.token);
    // GraphiQL reads its editors into its state a moment after a change.
    await page.waitForTimeout(1000);
    await execute(page);
    await seeResponse(page, '"slug": "written-in-graphiql"');
    // The history stores the query, but not the token.
    await page.waitForFunction(() => localStorage.getItem('graphiql:queries')?.includes('Written in GraphiQL'));
    await page.waitForTimeout(1000);
    const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    assert.ok(!stored.includes(server.token), 'the token is in the storage of the browser');
  });
});

test('a subscription shows a change, and can be stopped', LIMITED, async () => {
  await withGraphiql('', async (page) => {
    await openTab(page, 'Changes');
    const stream = page.waitForResponse((response) => response.headers()['content-type']?.startsWith('text/event-stream'));
    await execute(page);
    await stream;
    const { release: { id } } = await mutate('mutation { releaseCreate(input: { headline: "Seen as it happens", releaseDate: "2007-01-01" }) { release { id } } }');
    await mutate('mutation($id: ID!) { releasePublish(id: $id, expectedRevision: 1) { userErrors { message } } }', { id });
    await seeResponse(page, '"headline": "Seen as it happens"');
    const ended = page.waitForEvent('requestfailed', (request) => request.url() === server.url);
    await page.getByRole('button', { name: /^Stop query/ }).click();
    await ended;
  });
});

test('without introspection, GraphiQL says what is possible', LIMITED, async () => {
  const hidden = await serve({ DATELINE_GRAPHIQL_BASE_URL: files.url, DATELINE_INTROSPECTION: 'false' });
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${siteOf(hidden)}/graphiql`);
    await page.getByRole('status').filter({ hasText: 'does not show its schema to the public' }).waitFor();
    await execute(page);
    await seeResponse(page, '"totalCount": 148');
    await writeHeaders(page, hidden.token);
    await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click();
    await page.locator('#notice').waitFor({ state: 'hidden' });
    await context.close();
  } finally {
    await hidden.stop();
  }
});

/** Opens /graphiql of a server with a base URL. Expects the basic query page, with the query of the address. */
async function expectBasicPage(baseUrl, use = async () => {}) {
  const fallback = await serve({ DATELINE_GRAPHIQL_BASE_URL: baseUrl });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${siteOf(fallback)}/graphiql${addressOf('{ viewer { name } }')}`);
    await page.waitForURL('**/graphiql/basic**');
    await page.getByText('GraphiQL could not be loaded').waitFor();
    assert.equal(await page.locator('#query').inputValue(), '{ viewer { name } }');
    assert.equal(await page.title(), 'Dateline: query page');
    await use(page);
  } finally {
    await context.close();
    await fallback.stop();
  }
}

test('the basic page stands in if a file has another hash', LIMITED, async () => {
  for (const changed of ['graphiql.min.js', 'graphiql.min.css', 'index.umd.js']) {
    const corrupted = await serveFiles((path, content) => (path.endsWith(changed) ? `${content}\n` : content));
    try {
      await expectBasicPage(corrupted.url);
      assert.ok(corrupted.requests.some((path) => path.endsWith(changed)));
    } finally {
      await corrupted.stop();
    }
  }
});

test('the basic page stands in if the host cannot be reached or lacks a file', LIMITED, async () => {
  const stopped = await serveFiles();
  await stopped.stop();
  await expectBasicPage(stopped.url);
  await expectBasicPage(`${files.url}/nowhere`);
});

test('the basic page stands in if the host does not respond', LIMITED, async () => {
  const connections = new Set();
  const silent = createServer((connection) => connections.add(connection)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const slow = await serve({ DATELINE_GRAPHIQL_BASE_URL: `http://127.0.0.1:${silent.address().port}` });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(`${siteOf(slow)}/graphiql`, { waitUntil: 'commit' });
    await page.getByRole('link', { name: 'Open the basic query page' }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('script[integrity]').length === 4);
    await page.clock.fastForward(29_000);
    assert.match(page.url(), /\/graphiql$/);
    await page.clock.fastForward(2_000);
    await page.waitForURL('**/graphiql/basic**');
    await page.getByText('GraphiQL could not be loaded').waitFor();
  } finally {
    await context.close();
    connections.forEach((connection) => connection.destroy());
    silent.close();
    await slow.stop();
  }
});

// Tests of Relay: the compiler, paginated connections in React, and Relay's persisted queries as trusted documents.
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { JSDOM } from 'jsdom';
import { FOLDER, serve } from '../server.mjs';
import { LIMITED, PAGE, PUBLIC_PAGES, PUBLIC_RELEASES, checkAll, post } from '../newsroom.mjs';
import { run } from '../tools.mjs';

const APP = join(FOLDER, 'relay');
const GENERATED = join(APP, '__generated__');
const MANIFEST = join(GENERATED, 'documents.json');

// The test app (`relay/newsroom.js`) is a CommonJS module, so that Babel can compile it when `require` loads it.
const require = createRequire(import.meta.url);

before(async () => {
  await rm(GENERATED, { recursive: true, force: true });
  await mkdir(GENERATED);
  // The Relay compiler adds queries to an existing manifest, but does not create the file.
  await writeFile(MANIFEST, '{}');
  await run('relay-compiler', ['relay.config.json'], { folder: 'relay' });
  const { window } = new JSDOM('<!doctype html><div id="root"></div>');
  Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
  globalThis.navigator ??= window.navigator;
  forgetLongTimers();
  require('@babel/register')({
    only: [join(APP, 'newsroom.js')],
    cache: false,
    configFile: false,
    sourceType: 'script',
    presets: [['@babel/preset-react', { runtime: 'automatic' }]],
    plugins: [['relay', { eagerEsModules: false }]],
  });
});

/**
 * Stops long timers from keeping the process alive. Relay keeps unused data for five minutes, and the process would
 * wait for these timers.
 */
function forgetLongTimers() {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (work, ms, ...rest) => {
    const timer = setTimeout(work, ms, ...rest);
    return ms >= 300_000 ? timer.unref() : timer;
  };
}

/** Renders the app and loads pages until there are no more. `fields(params)` returns the request fields for a query. */
async function readToTheEnd(t, server, fields) {
  const { act, createElement } = require('react');
  const { createRoot } = require('react-dom/client');
  const { Environment, Network, RecordSource, Store } = require('relay-runtime');
  const { Newsroom } = require('../relay/newsroom.js');

  let requests = 0;
  const network = Network.create(async (params, variables) => {
    requests += 1;
    return (await post(server, { ...fields(params), variables })).body;
  });
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  const root = createRoot(document.getElementById('root'));
  t.after(() => act(() => root.unmount()));

  await act(() => root.render(createElement(Newsroom, { environment })));
  const shown = () => [...document.querySelectorAll('li')];
  const more = () => document.querySelector('button');
  await until(act, () => shown().length > 0);
  while (more()) {
    const before = shown().length;
    assert.equal(before, requests * 20);
    await act(() => more().click());
    await until(act, () => shown().length > before);
  }
  return { requests, heading: document.querySelector('h1').textContent, items: shown() };
}

/** Lets React process updates until a condition holds. */
async function until(act, isSo) {
  while (!isSo()) {
    await act(() => new Promise((done) => setTimeout(done, 5)));
  }
}

test('Relay: a connection in React loads all pages', LIMITED, async (t) => {
  const server = await serve();
  t.after(server.stop);
  const { requests, heading, items } = await readToTheEnd(t, server, (params) => ({ query: params.text }));
  assert.equal(heading, `${PUBLIC_RELEASES} releases`);
  checkAll(items.map((item) => item.id));
  assert.ok(items.every((item) => item.textContent.length > 0));
  assert.equal(requests, PUBLIC_PAGES);
});

test('Relay: with trusted documents only the queries of the app are accepted', LIMITED, async (t) => {
  const settings = { DATELINE_DOCUMENTS_MANIFEST: MANIFEST, DATELINE_DOCUMENTS_TRUST: 'only' };
  const server = await serve(settings);
  t.after(server.stop);
  const manifest = JSON.parse(await readFile(MANIFEST, 'utf8'));
  assert.equal(Object.keys(manifest).length, 2);

  const { requests, items } = await readToTheEnd(t, server, (params) => {
    assert.ok(params.id in manifest);
    return { doc_id: params.id };
  });
  checkAll(items.map((item) => item.id));
  assert.equal(requests, PUBLIC_PAGES);

  const foreign = await post(server, { query: PAGE });
  assert.equal(foreign.status, 400);
  assert.equal(foreign.body.errors[0].extensions.code, 'DOCUMENT_NOT_TRUSTED');
  assert.equal(foreign.body.data, undefined);
  const unknown = await post(server, { doc_id: '0'.repeat(64) });
  assert.equal(unknown.status, 400);
  assert.equal(unknown.body.errors[0].extensions.code, 'DOCUMENT_NOT_FOUND');
});
